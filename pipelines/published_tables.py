"""Tables of the serving layer and of a company's file, and what tells the content of one from another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.errors import StockwiseError
from core.warehouse import ENGINE_VERSION, WarehouseConnection


class PublishError(StockwiseError):
    """The build failed a check or could not be written; readers keep the one before."""


@dataclass(frozen=True)
class RowSums:
    """Number of rows, and exclusive or and sum of their hashes: rows that come or go can be reckoned."""

    rows: int = 0
    xor: int = 0
    total: int = 0

    def plus(self, other: "RowSums") -> "RowSums":
        """Sums after these rows came."""
        return RowSums(self.rows + other.rows, self.xor ^ other.xor, self.total + other.total)

    def minus(self, other: "RowSums") -> "RowSums":
        """Sums after these rows went."""
        return RowSums(self.rows - other.rows, self.xor ^ other.xor, self.total - other.total)

    def mark(self, columns: str) -> str:
        """Tell a table's content; the engine counts, because its hash may change."""
        hashes = f"{self.xor} {self.total}" if self.rows else "None None"
        return sha256(f"{ENGINE_VERSION} | {columns} | {self.rows} {hashes}".encode()).hexdigest()


def serving_tables(connection: WarehouseConnection) -> dict[str, str]:
    """Each served table's name with its columns' names and types.

    Raises
    ------
    PublishError
        If there is nothing to serve.
    """
    rows = connection.execute(
        "select table_name, string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position)"
        " from information_schema.columns"
        " where table_schema = 'serving' and table_name like 'srv!_%' escape '!' group by 1 order by 1"
    ).fetchall()
    tables: dict[str, str] = dict(rows)
    if "srv_company" not in tables:
        raise PublishError("There is nothing to publish: the serving tables were not built.")
    return tables


def target_tables(connection: WarehouseConnection) -> dict[str, str]:
    """The same of the file that is attached."""
    rows = connection.execute(
        "select table_name, string_agg(column_name || ' ' || data_type, ', ' order by column_index)"
        " from duckdb_columns() where database_name = 'target'"
        " and table_name like 'srv!_%' escape '!' group by 1 order by 1"
    ).fetchall()
    return dict(rows)


def sums_by_company(connection: WarehouseConnection, relation: str) -> dict[str, RowSums]:
    """Read every row of a relation."""
    rows = connection.execute(
        "select company_id, count(*), bit_xor(hash(content)), sum(hash(content))"
        f" from {relation} as content group by company_id"
    ).fetchall()
    return {company: RowSums(*sums) for company, *sums in rows}


@contextmanager
def attached(connection: WarehouseConnection, file: Path, *, read_only: bool) -> Iterator[None]:
    """Have a company's file as ``target`` during the block."""
    path = str(file).replace("'", "''")
    connection.execute(f"attach '{path}' as target{' (read_only)' if read_only else ''}")
    try:
        yield
    finally:
        connection.execute("detach target")
