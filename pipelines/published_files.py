"""Write one file of a build and check it, through the warehouse's connection."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.errors import StockwiseError
from core.lake import sync_file
from core.published import PLATFORM, BuildInfo
from core.warehouse import ENGINE_VERSION, WarehouseConnection
from pipelines.published_differences import replace_differing_rows

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


class PublishError(StockwiseError):
    """The build failed a check or could not be written; readers keep the one before."""


@dataclass(frozen=True)
class CompanyContent:
    """What one company's file holds: rows per table, and a mark that tells a table's content from others."""

    rows: Mapping[str, int]
    marks: Mapping[str, str]


@dataclass(frozen=True)
class WrittenBefore:
    """A company's file of the build before, with its marks."""

    file: Path
    marks: Mapping[str, str]


def read_contents(connection: WarehouseConnection) -> dict[str, CompanyContent]:
    """Count and mark every company's rows of every serving table.

    Raises
    ------
    PublishError
        If there is nothing to serve, or a table has rows of a company that ``srv_company`` does not know.
    """
    tables = _serving_tables(connection)
    companies = connection.execute("select company_id from serving.srv_company order by 1").fetchall()
    rows: dict[str, dict[str, int]] = {company: dict.fromkeys(tables, 0) for (company,) in companies}
    empty = {table: _mark(columns) for table, columns in tables.items()}
    marks = {company: dict(empty) for company in rows}
    for table, columns in tables.items():
        for company, count, *hashes in connection.execute(_content_sql(f"serving.{table}")).fetchall():
            if company not in rows:
                raise PublishError(
                    f"{table} has rows of a company that srv_company does not know: {company}."
                )
            rows[company][table] = count
            marks[company][table] = _mark(columns, count, *hashes)
    return {company: CompanyContent(rows[company], marks[company]) for company in rows}


def read_marks(connection: WarehouseConnection, file: Path) -> dict[str, str]:
    """Read every row of a written company's file, and mark its tables as `read_contents` does.

    Raises
    ------
    EngineError
        If the file cannot be read.
    """
    _attach(connection, file, read_only=True)
    try:
        return {
            table: _target_mark(connection, table, columns)
            for table, columns in _target_tables(connection).items()
        }
    finally:
        connection.execute("detach target")


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
        Tables that are as in this file come from a copy of it, and of others the rows that are: to copy a
        file takes a tenth of a second where a million rows take six to write.

    Raises
    ------
    PublishError
        If what was written is not what the serving tables hold.
    """
    kept = [table for table, mark in content.marks.items() if before and before.marks.get(table) == mark]
    selects = {
        table: f"select * from serving.{table} where company_id = '{company_id}'"
        for table in content.rows
        if table not in kept
    }
    renewed: list[str] = []
    if before and kept:
        shutil.copyfile(before.file, file)
        renewed = _renew_copy(connection, file, company_id, content, kept)
    anew = {table: select for table, select in selects.items() if table not in renewed}
    _write(connection, file, {**anew, "build_info": _build_info_sql(build, company_id)})
    _check(connection, file, company_id, content)
    return list(selects)


def _check(connection: WarehouseConnection, file: Path, company_id: str, content: CompanyContent) -> None:
    _attach(connection, file, read_only=True)
    try:
        for table, columns in _serving_tables(connection).items():
            found = connection.execute(_content_sql(f"target.{table}")).fetchall()
            others = [company for company, *_ in found if company != company_id]
            mark = _mark(columns, *found[0][1:]) if found else _mark(columns)
            if others or mark != content.marks[table]:
                held = sum(count for _, count, *_ in found)
                raise PublishError(
                    f"The file of company {company_id} does not hold in {table} what is served: {held} rows,"
                    f" of {len(others)} other companies too, expected {content.rows[table]}."
                )
    finally:
        connection.execute("detach target")


def write_platform_file(connection: WarehouseConnection, file: Path, build: BuildInfo) -> None:
    """Write the totals of all companies."""
    _write(connection, file, {**_PLATFORM_TABLES, "build_info": _build_info_sql(build, PLATFORM)})


def _serving_tables(connection: WarehouseConnection) -> dict[str, str]:
    """Each table's name with its columns' names and types."""
    rows = connection.execute(
        "select table_name, string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position)"
        " from information_schema.columns"
        " where table_schema = 'serving' and table_name like 'srv!_%' escape '!' group by 1 order by 1"
    ).fetchall()
    tables: dict[str, str] = dict(rows)
    if "srv_company" not in tables:
        raise PublishError("There is nothing to publish: the serving tables were not built.")
    return tables


def _target_tables(connection: WarehouseConnection) -> dict[str, str]:
    """The same of the file that is attached."""
    rows = connection.execute(
        "select table_name, string_agg(column_name || ' ' || data_type, ', ' order by column_index)"
        " from duckdb_columns() where database_name = 'target'"
        " and table_name like 'srv!_%' escape '!' group by 1 order by 1"
    ).fetchall()
    return dict(rows)


def _target_mark(connection: WarehouseConnection, table: str, columns: str) -> str:
    found = connection.execute(_content_sql(f"target.{table}")).fetchall()
    return _mark(columns, *found[0][1:]) if len(found) == 1 else _mark(columns)


def _content_sql(relation: str) -> str:
    return (
        "select company_id, count(*), bit_xor(hash(content)), sum(hash(content))"
        f" from {relation} as content group by company_id"
    )


def _mark(columns: str, count: int = 0, xor: int | None = None, total: int | None = None) -> str:
    """Tell a table's content; the engine counts, because its hash may change."""
    return sha256(f"{ENGINE_VERSION} | {columns} | {count} {xor} {total}".encode()).hexdigest()


def _renew_copy(
    connection: WarehouseConnection, file: Path, company_id: str, content: CompanyContent, kept: Sequence[str]
) -> list[str]:
    """Bring what a copy of an older file holds up to date by rows, and name the tables where that was enough.

    All others but the kept ones leave it; the checkpoint frees their space for new ones.
    """
    file.chmod(_WRITABLE)
    _attach(connection, file, read_only=False)
    try:
        held, served = _target_tables(connection), _serving_tables(connection)
        renewed = [
            table
            for table, columns in held.items()
            if table not in kept
            and served.get(table) == columns
            and replace_differing_rows(connection, table, company_id, rows=content.rows[table])
            and _target_mark(connection, table, columns) == content.marks[table]
        ]
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'target'"
        ).fetchall():
            if table not in (*kept, *renewed):
                connection.execute(f'drop table target."{table}"')
        connection.execute("checkpoint target")
        return renewed
    finally:
        connection.execute("detach target")


def _write(connection: WarehouseConnection, file: Path, selects: Mapping[str, str]) -> None:
    """Write tables into a new, checkpointed file that nobody can change any more."""
    _attach(connection, file, read_only=False)
    try:
        connection.execute("begin")
        for table, select in selects.items():
            connection.execute(f"create table target.{table} as {select}")
        connection.execute("commit")
        connection.execute("checkpoint target")
    finally:
        connection.execute("detach target")
    file.chmod(READ_ONLY)
    sync_file(file)


def _attach(connection: WarehouseConnection, file: Path, *, read_only: bool) -> None:
    path = str(file).replace("'", "''")
    connection.execute(f"attach '{path}' as target{' (read_only)' if read_only else ''}")


def _build_info_sql(build: BuildInfo, company_id: str) -> str:
    return (
        f"select '{build.build_id}' as build_id, '{build.built_at.isoformat()}'::timestamptz as built_at,"
        f" '{build.horizon_at.isoformat()}'::timestamptz as horizon_at,"
        f" '{build.feed_pull_id}' as feed_pull_id, '{company_id}' as company_id"
    )
