"""Bring a table of a copied file up to date by the rows in which it differs from what is served.

After a round most rows of most tables are as they were. To write a million rows takes DuckDB two to three
seconds, nearly all of it to compress them; to find by hash which differ takes a tenth of that,
beside the evaluation of the view.
"""

from core.warehouse import WarehouseConnection

LARGEST_DIFFERENCE_RATIO = 0.5
_DIFFERENCE = "differing_rows"


def replace_differing_rows(
    connection: WarehouseConnection, table: str, company_id: str, *, rows: int
) -> bool:
    """Make ``target.<table>`` what is served of a company; false, and nothing done, if too much differs.

    Equal rows are not told apart by number: whoever calls compares counts and hashes afterwards.
    """
    connection.execute(f"create or replace temp table {_DIFFERENCE} as {_difference_sql(table, company_id)}")
    found = connection.execute(f"select count(*) from {_DIFFERENCE}").fetchone()
    assert found is not None
    is_small = bool(found[0] <= rows * LARGEST_DIFFERENCE_RATIO)
    if is_small:
        connection.execute("begin")
        connection.execute(f"delete from target.{table} where rowid in (select held_row from {_DIFFERENCE})")
        connection.execute(
            f"insert into target.{table} select served.* from {_DIFFERENCE} where served is not null"
        )
        connection.execute("commit")
    connection.execute(f"drop table {_DIFFERENCE}")
    return is_small


def _difference_sql(table: str, company_id: str) -> str:
    """Rows that are served and not held, and numbers of rows that are held and not served."""
    return f"""
        select fresh.content as served, held.row_number as held_row
        from (
            select content, hash(content) as mark
            from serving.{table} as content
            where company_id = '{company_id}'
        ) as fresh
        full join (
            select rowid as row_number, hash(content) as mark
            from target.{table} as content
        ) as held on fresh.mark = held.mark
        where fresh.mark is null or held.mark is null"""
