"""Control totals: rows, units and cents per company and table, counted where the data is.

Units are the whole-number columns named ``…_units``, cents the two-digit decimal columns named
``…amount``. The same rule is used on both sides, so a new column is counted without being listed here.
"""

from collections.abc import Sequence

from core.lake import LakeColumn, LakeTable
from pipelines.feed.catalogue import quote

_WHOLE_NUMBERS = ("smallint", "integer", "bigint")


def company_column(table: LakeTable) -> str:
    """Name the column that says whose row it is."""
    return "company_id" if any(column.name == "company_id" for column in table.columns) else "id"


def unit_columns(columns: Sequence[LakeColumn]) -> list[str]:
    """Columns that are summed as units."""
    return [
        column.name
        for column in columns
        if column.name.endswith("_units") and column.postgres_type in _WHOLE_NUMBERS
    ]


def amount_columns(columns: Sequence[LakeColumn]) -> list[str]:
    """Columns that are summed as cents."""
    return [
        column.name
        for column in columns
        if column.name.endswith("amount") and column.postgres_type.endswith(",2)")
    ]


def source_totals_sql(tables: Sequence[LakeTable]) -> str:
    """One statement that counts every table in PostgreSQL, per company."""
    return "\nunion all\n".join(_source_totals(table) for table in tables)


def _source_totals(table: LakeTable) -> str:
    return f"""
    select
        {quote(company_column(table))}::text as company_id,
        '{table.name}'::text as table_name,
        count(*) as row_count,
        ({_sum(unit_columns(table.columns))})::bigint as units,
        (({_sum(amount_columns(table.columns))}) * 100)::bigint as cents
    from {quote(table.name)}
    group by 1"""


def _sum(columns: Sequence[str]) -> str:
    return " + ".join(f"coalesce(sum({quote(column)}), 0)" for column in columns) or "0"
