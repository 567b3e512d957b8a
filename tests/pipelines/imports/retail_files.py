"""Small files of Online Retail II, written by hand, and a company that takes them in."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import sql

from core.postgres.connect import Connection, tenant_transaction
from pipelines.imports.import_report import ImportReport
from pipelines.imports.online_retail import ImportOptions, run_import
from pipelines.imports.parameters import load_parameters
from pipelines.imports.stable_ids import stable_id
from tests.support.databases import FreshDatabase

HEADER = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
Row = tuple[object, ...]


def row(
    invoice: str,
    code: str = "85123A",
    units: object = 6,
    at: str = "2010-12-01 08:26:00",
    price: object = "2.55",
    customer: object = "17850",
    description: str = "WHITE HANGING HEART",
    country: str = "United Kingdom",
) -> Row:
    """A row of Online Retail II; what a test does not say is as in the file's first row."""
    return (invoice, code, description, units, at, price, customer, country)


class Shop:
    """Imports files into one company and looks at what is there then."""

    def __init__(self, database: FreshDatabase, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.options = ImportOptions(company="Test shop", rejects=folder / "rejects.csv")
        self._files = 0

    def file(self, *rows: Row, name: str | None = None) -> Path:
        """Write a CSV file."""
        self._files += 1
        path = self.folder / (name or f"part{self._files}.csv")
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([HEADER, *rows])
        return path

    def load(self, *files: Path, **changes: Any) -> ImportReport:
        """Import files."""
        with self.database.connect("app") as connection:
            return run_import(connection, files, replace(self.options, **changes), load_parameters(None))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the company's tables, as the application does."""
        company_id = UUID(stable_id("import|company", "test-shop", 0))
        with self.database.connect("app") as connection, tenant_transaction(connection, company_id):
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def counts(self) -> dict[str, int]:
        """Count the rows of every table, over all companies."""
        with self.database.connect("owner") as owner:
            tables = [
                name
                for (name,) in owner.execute(
                    "select table_name from information_schema.columns where column_name = 'company_id'"
                    " and table_name <> 'variant_terms' order by 1"
                ).fetchall()
            ]
            return {table: self._count(owner, table) for table in tables}

    def _count(self, owner: Connection, table: str) -> int:
        statement = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        return int(owner.execute(statement).fetchall()[0][0])
