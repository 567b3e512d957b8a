"""What is to be published of each company, and in what it differs from the file of the build before."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.warehouse import WarehouseConnection
from pipelines.published_differences import set_differences_aside
from pipelines.published_tables import (
    PublishError,
    RowSums,
    attached,
    serving_tables,
    sums_by_company,
    target_tables,
)

LARGE_TABLE_ROWS = 20_000
"""Smaller tables that changed are written anew: that costs less than to compare them."""


@dataclass(frozen=True)
class CompanyContent:
    """What one company's file holds: rows per table, and a mark that tells a table's content from others.

    ``by_rows`` are tables that `replace_differing_rows` makes of those of the file of the build before.
    """

    rows: Mapping[str, int]
    marks: Mapping[str, str]
    by_rows: frozenset[str] = frozenset()


@dataclass(frozen=True)
class WrittenBefore:
    """A company's file of the build before, with the rows and marks of its tables."""

    file: Path
    rows: Mapping[str, int]
    marks: Mapping[str, str]


def read_contents(
    connection: WarehouseConnection, before: Mapping[str, WrittenBefore] | None = None
) -> dict[str, CompanyContent]:
    """Count and mark every company's rows of every serving table, and compare the large ones with files.

    Each serving table is evaluated once.

    Parameters
    ----------
    before : Mapping[str, WrittenBefore], optional
        The file of the build before, by company.

    Raises
    ------
    PublishError
        If there is nothing to serve, or a table has rows of a company that ``srv_company`` does not know.
    """
    tables = serving_tables(connection)
    companies = connection.execute("select company_id from serving.srv_company order by 1").fetchall()
    sums: dict[str, dict[str, RowSums]] = {company: {} for (company,) in companies}
    by_rows: dict[str, set[str]] = {company: set() for company in sums}
    large = _large_tables(
        connection, tables, {company: file for company, file in (before or {}).items() if company in sums}
    )
    for table in tables:
        if table in large:
            found, alike = set_differences_aside(connection, table, large[table])
        else:
            found, alike = sums_by_company(connection, f"serving.{table}"), []
        for company, found_sums in found.items():
            if company not in sums:
                raise PublishError(
                    f"{table} has rows of a company that srv_company does not know: {company}."
                )
            sums[company][table] = found_sums
        for company in alike:
            by_rows[company].add(table)
    none = RowSums()
    return {
        company: CompanyContent(
            rows={table: held.get(table, none).rows for table in tables},
            marks={table: held.get(table, none).mark(columns) for table, columns in tables.items()},
            by_rows=frozenset(by_rows[company]),
        )
        for company, held in sums.items()
    }


def _large_tables(
    connection: WarehouseConnection, tables: Mapping[str, str], before: Mapping[str, WrittenBefore]
) -> dict[str, dict[str, Path]]:
    """By table the files, by company, in which it is large and has the columns it is served with."""
    large: dict[str, dict[str, Path]] = {}
    for company, written in before.items():
        names = [table for table in tables if written.rows.get(table, 0) >= LARGE_TABLE_ROWS]
        if names:
            with attached(connection, written.file, read_only=True):
                held = target_tables(connection)
            for table in names:
                if held.get(table) == tables[table]:
                    large.setdefault(table, {})[company] = written.file
    return large
