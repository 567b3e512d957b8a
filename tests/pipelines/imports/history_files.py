"""Small histories of a shop in any layout, and a company that takes them in."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from core.postgres.connect import tenant_transaction
from core.progress import Progress
from pipelines.imports.import_transaction import slug_of
from pipelines.imports.shop.acceptance import Accepted, accept_rows
from pipelines.imports.shop.history_report import HistoryReport
from pipelines.imports.shop.known_shop import ShopCompany, read_known_shop
from pipelines.imports.shop.mapped_folder import read_mapped_folder
from pipelines.imports.shop.mapping import CompanyPart
from pipelines.imports.shop.shop_import import HistoryOptions, import_tables
from pipelines.imports.shop.typed_tables import Reading, TypedTables, type_tables
from tests.support.databases import FreshDatabase

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
COMPANY = '[company]\ncurrency = "EUR"\ntimezone = "UTC"\n'
PRODUCTS = "sku,name,price_amount\nA,Apple,2.50\nB,Bread,4.00\n"


def write_files(folder: Path, files: Dictionary[str, str | bytes]) -> Path:
    """Write files into a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@dataclass
class Shops:
    """Imports folders into companies of one database, and looks at what is there then."""

    database: FreshDatabase
    imported: list[str] = field(default_factory=list)

    def load(
        self, folder: Path, company: str, *, progress: Progress | None = None, **changes: Any
    ) -> HistoryReport:
        """Import a folder by its own mapping file."""
        raw, mapping = read_mapped_folder(folder, None)
        options = HistoryOptions(company, **changes)
        with self.database.connect("app") as connection:
            return import_tables(connection, raw, mapping, options, now=NOW, progress=progress)

    def rows(self, company: str, query: str) -> list[tuple[Any, ...]]:
        """Ask the company's tables, as the application does."""
        with self.database.connect("app") as connection:
            found = connection.execute("select company_id from auth_find_company(%s)", (slug_of(company),))
            (company_id,) = found.fetchall()[0]
            with tenant_transaction(connection, UUID(str(company_id))):
                return connection.execute(query).fetchall()  # type: ignore[arg-type]


def sort_out(folder: Path) -> tuple[TypedTables, Accepted]:
    """Read and check a folder for a new company; without a database."""
    raw, mapping = read_mapped_folder(folder, None)
    part = CompanyPart(currency="EUR", timezone="UTC")
    company = ShopCompany(
        company_id="0" * 32, name="New", slug="new", currency="EUR", timezone="UTC",
        prices_include_tax=False, tax_micropercent=0, is_new=True,
    )  # fmt: skip
    read = type_tables(raw, mapping, Reading("UTC", 2, NOW))
    return read, accept_rows(read, read_known_shop(cast(Any, None), company, part), company)


def faults(folder: Path) -> dict[tuple[str, int], str]:
    """Return why each rejected row of a folder is, by file and line."""
    _, accepted = sort_out(folder)
    rejects = accepted.tables.rejects.select("file", "line_number", "reason")
    return {(file, line): reason for file, line, reason in rejects.iter_rows()}
