"""Write one file of a build and check it, through the warehouse's connection."""

import shutil
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from core.lake import sync_file
from core.published import PLATFORM, BuildInfo
from core.warehouse import WarehouseConnection
from pipelines.published_contents import CompanyContent, WrittenBefore
from pipelines.published_differences import replace_differing_rows
from pipelines.published_tables import (
    PublishError,
    RowSums,
    attached,
    serving_tables,
    sums_by_company,
    target_tables,
)

READ_ONLY = 0o444
_WRITABLE = 0o644
_PLATFORM_TABLES = {
    "platform_companies": (
        "select company_id, name, slug, currency, timezone, data_origin from serving.srv_company"
    ),
    "platform_sales_daily": """
        select
            company_id,
            sales_date,
            sum(orders_count)::bigint as orders_count,
            sum(units)::bigint as units,
            sum(net_sales_amount)::decimal(18, 2) as net_sales_amount,
            sum(margin_amount)::decimal(18, 2) as margin_amount
        from serving.srv_sales_daily
        group by company_id, sales_date
    """,
}


def read_marks(connection: WarehouseConnection, file: Path) -> dict[str, str]:
    """Read every row of a written company's file, and mark its tables as `read_contents` does.

    Raises
    ------
    EngineError
        If the file cannot be read.
    """
    with attached(connection, file, read_only=True):
        return {
            table: _target_sums(connection, table).mark(columns)
            for table, columns in target_tables(connection).items()
        }


def write_company_file(
    connection: WarehouseConnection,
    file: Path,
    company_id: str,
    content: CompanyContent,
    build: BuildInfo,
    *,
    before: WrittenBefore | None = None,
) -> list[str]:
    """Write a company's file, check that it holds that company as served, and name the tables written.

    Parameters
    ----------
    before : WrittenBefore, optional
        Tables that are as in this file come from a copy of it, and of those that were compared with it the
        rows that are: to copy a file takes a tenth of a second where a million rows take six to write.

    Raises
    ------
    PublishError
        If what was written is not what the serving tables hold.
    """
    marks = before.marks if before else {}
    kept = {table for table, mark in content.marks.items() if marks.get(table) == mark}
    renewed = content.by_rows - kept if before else frozenset()
    if before and (kept or renewed):
        shutil.copyfile(before.file, file)
        _renew_copy(connection, file, company_id, kept=kept, renewed=renewed)
    anew = {
        table: f"select * from serving.{table} where company_id = '{company_id}'"
        for table in content.rows
        if table not in kept | renewed
    }
    _write(connection, file, {**anew, "build_info": _build_info_sql(build, company_id)})
    _check(connection, file, company_id, content)
    return [table for table in content.rows if table not in kept]


def _check(connection: WarehouseConnection, file: Path, company_id: str, content: CompanyContent) -> None:
    """Read every row of the written file: neither a copy nor what was reckoned is taken on trust."""
    tables = serving_tables(connection)
    with attached(connection, file, read_only=True):
        for table, columns in tables.items():
            found = sums_by_company(connection, f"target.{table}")
            held = found.pop(company_id, RowSums())
            if found or held.mark(columns) != content.marks[table]:
                raise PublishError(
                    f"The file of company {company_id} does not hold in {table} what is served: {held.rows}"
                    f" rows, of {len(found)} other companies too, expected {content.rows[table]}."
                )


def write_platform_file(connection: WarehouseConnection, file: Path, build: BuildInfo) -> None:
    """Write the totals of all companies."""
    _write(connection, file, {**_PLATFORM_TABLES, "build_info": _build_info_sql(build, PLATFORM)})


def _target_sums(connection: WarehouseConnection, table: str) -> RowSums:
    found = list(sums_by_company(connection, f"target.{table}").values())
    return found[0] if len(found) == 1 else RowSums()


def _renew_copy(
    connection: WarehouseConnection,
    file: Path,
    company_id: str,
    *,
    kept: AbstractSet[str],
    renewed: AbstractSet[str],
) -> None:
    """Bring tables of a copy of an older file up to date by rows; all others but the kept ones leave it.

    The checkpoint frees their space for new ones.
    """
    file.chmod(_WRITABLE)
    with attached(connection, file, read_only=False):
        for table in sorted(renewed):
            replace_differing_rows(connection, table, company_id)
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'target'"
        ).fetchall():
            if table not in kept | renewed:
                connection.execute(f'drop table target."{table}"')
        connection.execute("checkpoint target")


def _write(connection: WarehouseConnection, file: Path, selects: Mapping[str, str]) -> None:
    """Write tables into a new, checkpointed file that nobody can change any more."""
    with attached(connection, file, read_only=False):
        connection.execute("begin")
        for table, select in selects.items():
            connection.execute(f"create table target.{table} as {select}")
        connection.execute("commit")
        connection.execute("checkpoint target")
    file.chmod(READ_ONLY)
    sync_file(file)


def _build_info_sql(build: BuildInfo, company_id: str) -> str:
    return (
        f"select '{build.build_id}' as build_id, '{build.built_at.isoformat()}'::timestamptz as built_at,"
        f" '{build.horizon_at.isoformat()}'::timestamptz as horizon_at,"
        f" '{build.feed_pull_id}' as feed_pull_id, '{company_id}' as company_id"
    )
