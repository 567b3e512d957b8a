"""Write one file of a build and check it, through the warehouse's connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import StockwiseError
from core.lake import sync_file
from core.published import PLATFORM, BuildInfo
from core.warehouse import ENGINE_VERSION, WarehouseConnection

READ_ONLY = 0o444
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
    """What one company's file holds: rows per table, and a fingerprint of all of them."""

    rows: Mapping[str, int]
    fingerprint: str


def read_contents(connection: WarehouseConnection) -> dict[str, CompanyContent]:
    """Count and fingerprint every company's rows of every serving table.

    Raises
    ------
    PublishError
        If there is nothing to serve, or a table has rows of a company that ``srv_company`` does not know.
    """
    tables = _serving_tables(connection)
    companies = connection.execute("select company_id from serving.srv_company order by 1").fetchall()
    rows: dict[str, dict[str, int]] = {company: dict.fromkeys(tables, 0) for (company,) in companies}
    marks: dict[str, list[str]] = {company: [ENGINE_VERSION] for company in rows}  # its hash may change
    for table in tables:
        counted = connection.execute(
            "select company_id, count(*), bit_xor(hash(content)), sum(hash(content))"
            f" from serving.{table} as content group by company_id"
        ).fetchall()
        for company, count, xor, total in counted:
            if company not in rows:
                raise PublishError(
                    f"{table} has rows of a company that srv_company does not know: {company}."
                )
            rows[company][table] = count
            marks[company].append(f"{table} {count} {xor} {total}")
    return {company: CompanyContent(rows[company], " | ".join(marks[company])) for company in rows}


def write_company_file(
    connection: WarehouseConnection, file: Path, company_id: str, content: CompanyContent, build: BuildInfo
) -> None:
    """Write a company's file and check that it holds all of that company and nothing else.

    Raises
    ------
    PublishError
        If what was written is not what the serving tables hold.
    """
    selects = {
        table: (f"select * from serving.{table} where company_id = '{company_id}'") for table in content.rows
    }
    _write(connection, file, {**selects, "build_info": _build_info_sql(build, company_id)})
    with_build_info = {**content.rows, "build_info": 1}
    _attach(connection, file, read_only=True)
    try:
        for table, expected in with_build_info.items():
            row = connection.execute(
                f"select count(*), count(*) filter (where company_id is distinct from '{company_id}')"
                f" from target.{table}"
            ).fetchone()
            if row != (expected, 0):
                raise PublishError(
                    f"The file of company {company_id} holds {row} (rows, of others) in {table},"
                    f" expected ({expected}, 0)."
                )
    finally:
        connection.execute("detach target")


def write_platform_file(connection: WarehouseConnection, file: Path, build: BuildInfo) -> None:
    """Write the totals of all companies."""
    _write(connection, file, {**_PLATFORM_TABLES, "build_info": _build_info_sql(build, PLATFORM)})


def _serving_tables(connection: WarehouseConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables"
        " where table_schema = 'serving' and table_name like 'srv!_%' escape '!' order by 1"
    ).fetchall()
    if "srv_company" not in {name for (name,) in rows}:
        raise PublishError("There is nothing to publish: the serving tables were not built.")
    return [name for (name,) in rows]


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
