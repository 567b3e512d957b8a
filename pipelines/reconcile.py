"""Compare the warehouse with the control totals that the pull counted in its own snapshot.

The warehouse side is dbt's staging model of a table where it carries every counted column, else the newest
versions in the lake. Any difference stops the run: numbers that do not add up are not published.
"""

from collections.abc import Sequence

from core.errors import StockwiseError
from core.lake import ControlTotal, LakeTable, Manifest
from core.runs import ReconciliationRecord
from core.warehouse import Warehouse
from pipelines.feed.catalogue import quote
from pipelines.feed.totals import amount_columns, company_column, unit_columns
from pipelines.feed.versions import newest_versions_sql

STAGING_PREFIX = "stg_storefront__"
_NAMED_DIFFERENCES = 3


class ReconciliationError(StockwiseError):
    """The warehouse does not hold what PostgreSQL held."""

    def __init__(self, differences: Sequence[ReconciliationRecord]) -> None:
        named = "; ".join(_describe(line) for line in differences[:_NAMED_DIFFERENCES])
        super().__init__(
            f"The warehouse differs from PostgreSQL in {len(differences)} places: {named}.",
            hint="Nothing was published. Run 'stockwise run --full' to read everything again.",
        )


def reconcile(warehouse: Warehouse, manifest: Manifest) -> tuple[ReconciliationRecord, ...]:
    """Count what the warehouse holds now and set it beside the manifest's totals."""
    staging = _staging_columns(warehouse)
    selects = [_totals_sql(table, staging.get(table.name, set())) for table in manifest.tables]
    found = {
        (row["company_id"], row["table_name"]): (row["row_count"], row["units"], row["cents"])
        for row in warehouse.rows("\nunion all\n".join(selects))
    }
    expected = {(total.company_id, total.table): total for total in manifest.totals}
    return tuple(_compare(key, expected.get(key), found.get(key)) for key in sorted({*expected, *found}))


def require_equal(lines: Sequence[ReconciliationRecord]) -> None:
    """Raise `ReconciliationError` if any line differs."""
    differences = [line for line in lines if not line.is_equal]
    if differences:
        raise ReconciliationError(differences)


def _totals_sql(table: LakeTable, staged: set[str]) -> str:
    units, amounts = unit_columns(table.columns), amount_columns(table.columns)
    is_staged = bool(staged) and {"company_id", *units, *amounts} <= staged
    newest = newest_versions_sql(table, versions=f"raw.{quote(table.name)}", tombstones="raw.tombstones")
    rows = f"staging.{STAGING_PREFIX}{table.name}" if is_staged else f"({newest})"
    company = "company_id" if is_staged else company_column(table)
    return f"""
    select
        "{company}" as company_id,
        '{table.name}' as table_name,
        count(*)::bigint as row_count,
        ({_sum(units)})::bigint as units,
        (({_sum(amounts)}) * 100)::bigint as cents
    from {rows} as counted
    group by all"""


def _sum(columns: Sequence[str]) -> str:
    return " + ".join(f'coalesce(sum("{column}"), 0)' for column in columns) or "0"


def _staging_columns(warehouse: Warehouse) -> dict[str, set[str]]:
    rows = warehouse.rows(
        "select table_name, column_name from information_schema.columns where table_schema = 'staging'"
    )
    columns: dict[str, set[str]] = {}
    for row in rows:
        columns.setdefault(row["table_name"].removeprefix(STAGING_PREFIX), set()).add(row["column_name"])
    return columns


def _compare(
    key: tuple[str, str], total: ControlTotal | None, found: tuple[int, int, int] | None
) -> ReconciliationRecord:
    source = (total.rows, total.units, total.cents) if total else (0, 0, 0)
    here = found or (0, 0, 0)
    return ReconciliationRecord(
        company_id=key[0],
        table=key[1],
        rows_source=source[0],
        rows_lake=here[0],
        units_source=source[1],
        units_warehouse=here[1],
        cents_source=source[2],
        cents_warehouse=here[2],
        is_equal=source == here,
    )


def _describe(line: ReconciliationRecord) -> str:
    return (
        f"{line.table} of company {line.company_id}: "
        f"rows {line.rows_source:,} there and {line.rows_lake:,} here, units {line.units_source:,} and "
        f"{line.units_warehouse:,}, cents {line.cents_source:,} and {line.cents_warehouse:,}"
    )
