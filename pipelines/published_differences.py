"""Find by which rows a large table differs from what files held before, and bring a copied file up to date.

After a round most rows of most tables are as they were, and to write a million takes DuckDB two to three
seconds, nearly all of it to compress them. A served table is a view, dearer to evaluate than to hash: it is
evaluated once, its rows are hashed and looked up among the hashes of the rows held, and only those that are
not found are set aside.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from core.warehouse import WarehouseConnection
from pipelines.published_tables import RowSums, attached

LARGEST_DIFFERENCE_RATIO = 0.5
_HELD = "held_rows"
_SERVED = "served_rows"
_SUMS = "count(*) as row_count, bit_xor(mark) as mark_xor, sum(mark) as mark_total"


def set_differences_aside(
    connection: WarehouseConnection, table: str, files: Mapping[str, Path]
) -> tuple[dict[str, RowSums], list[str]]:
    """Evaluate a served table once, and keep in temporary tables by which rows files differ from it.

    Parameters
    ----------
    files : Mapping[str, Path]
        By company the file to compare, which holds the table with the same columns.

    Returns
    -------
    tuple
        Sums of what is served of each company, and the companies whose file `replace_differing_rows` can
        bring up to date: by few rows, and reckoned from all hashes to hold then what is served. Where one of
        equal rows came or went, hashes alone do not say so.
    """
    _read_held(connection, table, files)
    _read_served(connection, table, files)
    served, held = _sums(connection, table, _SERVED), _sums(connection, table, _HELD)
    none = RowSums()
    changed = [company for company in files if served.get(company, none) != held.get(company, none)]
    alike: list[str] = []
    if changed:
        connection.execute(
            f"create or replace temp table gone_{table} as"
            f" select * from {_HELD} where mark not in (select mark from {_SERVED})"
        )
        connection.execute(
            f"create or replace temp table came_{table} as"
            f" select company, mark, differing from {_SERVED} where differing is not null"
        )
        gone, came = _sums(connection, table, f"gone_{table}"), _sums(connection, table, f"came_{table}")
        alike = [
            company
            for company in changed
            if _is_enough(*(sums.get(company, none) for sums in (held, gone, came, served)))
        ]
        if not alike:
            connection.execute(f"drop table came_{table}")
    connection.execute(f"drop table {_HELD}")
    connection.execute(f"drop table {_SERVED}")
    return served, alike


def replace_differing_rows(connection: WarehouseConnection, table: str, company_id: str) -> None:
    """Make ``target.<table>``, in a copy of the file that was compared, what is served of a company."""
    connection.execute("begin")
    connection.execute(
        f"delete from target.{table} where rowid in"
        f" (select row_number from gone_{table} where company = hash('{company_id}'))"
    )
    connection.execute(
        f"insert into target.{table} select unnest(differing[1])"
        f" from came_{table} where company = hash('{company_id}')"
    )
    connection.execute("commit")


def _read_held(connection: WarehouseConnection, table: str, files: Mapping[str, Path]) -> None:
    """Hash the rows that the files hold."""
    connection.execute(
        f"create or replace temp table {_HELD} (company ubigint, mark ubigint, row_number bigint)"
    )
    for company_id, file in files.items():
        with attached(connection, file, read_only=True):
            connection.execute(
                f"insert into {_HELD} select hash('{company_id}'), hash(content), rowid"
                f" from target.{table} as content"
            )


def _read_served(connection: WarehouseConnection, table: str, companies: Collection[str]) -> None:
    """Hash the rows served, and set aside those of these companies that no file held."""
    compared = ", ".join(f"'{company}'" for company in companies)
    # A list, because one that is null takes no room; hashes of companies, because names take much.
    connection.execute(
        f"""
        create or replace temp table {_SERVED} as
        select
            hash(company_id) as company,
            mark,
            case
                when company_id in ({compared}) and mark not in (select mark from {_HELD}) then [content]
            end as differing
        from (select company_id, content, hash(content) as mark from serving.{table} as content)
        """
    )


def _sums(connection: WarehouseConnection, table: str, relation: str) -> dict[str, RowSums]:
    """Sums of hashed rows by the name of their company."""
    found = connection.execute(f"select company, {_SUMS} from {relation} group by company").fetchall()
    named = "select distinct hash(company_id), company_id from serving.{}"
    names = dict(connection.execute(named.format("srv_company")).fetchall())
    if any(company not in names for company, *_ in found):
        names = dict(connection.execute(named.format(table)).fetchall())
    return {names[company]: RowSums(*sums) for company, *sums in found}


def _is_enough(held: RowSums, gone: RowSums, came: RowSums, served: RowSums) -> bool:
    is_small = gone.rows + came.rows <= served.rows * LARGEST_DIFFERENCE_RATIO
    return is_small and held.minus(gone).plus(came) == served
