"""A lake beside a test's database, and orders written by hand in transactions of the test's choosing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from core.ids import new_id
from core.lake import LakeTable, Manifest, read_manifest
from core.settings import Settings
from core.warehouse import open_scratch, segments_sql
from pipelines.feed.pull import PullReport, pull
from pipelines.feed.totals import amount_columns, company_column, unit_columns
from pipelines.feed.versions import newest_versions_sql
from tests.support.companies import Company

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Lake:
    """A lake of a test's own, fed from one database."""

    settings: Settings
    dsn: str

    def pull(self, **options: Any) -> PullReport:
        """Pull once."""
        return pull(self.settings, self.dsn, **options)

    @property
    def manifest(self) -> Manifest:
        """The committed state."""
        manifest = read_manifest(self.settings)
        assert manifest is not None
        return manifest

    def table(self, name: str) -> LakeTable:
        """One table of the committed state."""
        table = self.manifest.table(name)
        assert table is not None
        return table

    def versions(self, name: str, columns: str) -> list[tuple[Any, ...]]:
        """Every version of every row, in the order of pulls."""
        return self.query(f"select {columns} from {self._relation(name)} order by pull_number")

    def current(self, name: str, columns: str) -> set[tuple[Any, ...]]:
        """The rows as the last pull saw them."""
        table = self.table(name)
        newest = newest_versions_sql(
            table, versions=self._relation(name), tombstones=self._relation("tombstones")
        )
        return set(self.query(f"select {columns} from ({newest})"))

    def totals(self) -> set[tuple[str, str, int, int, int]]:
        """Rows, units and cents per table and company, counted in the lake."""
        return {
            (row[0], row[1], row[2], row[3], row[4])
            for row in self.query(" union all ".join(map(self._totals_sql, self.manifest.tables)))
        }

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask DuckDB."""
        with open_scratch(self.settings) as connection:
            return connection.execute(sql).fetchall()

    def _totals_sql(self, table: LakeTable) -> str:
        units = " + ".join(f"coalesce(sum({name}), 0)" for name in unit_columns(table.columns)) or "0"
        cents = " + ".join(f"coalesce(sum({name}), 0)" for name in amount_columns(table.columns)) or "0"
        newest = newest_versions_sql(
            table, versions=self._relation(table.name), tombstones=self._relation("tombstones")
        )
        return (
            f"select {company_column(table)}, '{table.name}', count(*), ({units})::bigint,"
            f" (({cents}) * 100)::bigint from ({newest}) group by all"
        )

    def _relation(self, name: str) -> str:
        return segments_sql(self.settings, self.table(name))


def expected_totals(manifest: Manifest) -> set[tuple[str, str, int, int, int]]:
    """The control totals that the pull counted in PostgreSQL."""
    return {(one.company_id, one.table, one.rows, one.units, one.cents) for one in manifest.totals}


def write_order(connection: Connection, company: Company, *, units: int = 2) -> UUID:
    """Insert an order with one line, without committing."""
    order_id, line_id = new_id(), new_id()
    amount = units * 10
    connection.execute(
        "insert into orders (company_id, id, order_number, shop_id, placed_by, currency, subtotal_amount,"
        " total_amount) values (%s, %s, %s, %s, 'guest', 'EUR', %s, %s)",
        [company.id, order_id, f"ORD-{order_id.hex}", company.shop_id, amount, amount],
    )
    connection.execute(
        "insert into order_lines (company_id, id, order_id, variant_id, line_number, sku, product_name,"
        " quantity_units, unit_price_amount, line_amount, net_amount, tax_amount, gross_amount)"
        " values (%s, %s, %s, %s, 1, %s, 'Thing', %s, 10, %s, %s, 0, %s)",
        [company.id, line_id, order_id, company.variant_id, company.sku, units, amount, amount, amount],
    )
    return order_id


def set_status(connection: Connection, order_id: UUID, status: str) -> None:
    """Change an order, without committing."""
    connection.execute("update orders set status = %s where id = %s", [status, order_id])
