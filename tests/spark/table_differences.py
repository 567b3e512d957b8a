"""One table of DuckDB's warehouse beside the Parquet files of Spark's."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.warehouse import WarehouseConnection

TOLERANCE = "1e-9"


@dataclass(frozen=True)
class Comparison:
    """How one table fared; ``reason`` is empty if both are the same."""

    table: str
    rows: int
    spark_rows: int
    different_rows: int
    reason: str

    @property
    def is_equal(self) -> bool:
        """Whether columns, types, number of rows and every value are the same."""
        return not self.reason


def compare(connection: WarehouseConnection, layer: str, table: str, files: Sequence[str]) -> Comparison:
    """Compare names, types and order of columns, then rows."""
    here = _columns(connection, f'select * from {layer}."{table}"')
    if not files:
        return Comparison(f"{layer}.{table}", 0, 0, 0, "not on Spark")
    if not here:
        return Comparison(f"{layer}.{table}", 0, 0, 0, "not on DuckDB")
    spark = f"read_parquet([{', '.join(map(_quoted, files))}])"
    there = _columns(connection, f"select * from {spark}")
    rows, spark_rows = (
        _count(connection, f"select * from {source}") for source in (f'{layer}."{table}"', spark)
    )
    if here != there or list(here) != list(there):
        only = sorted(set(here.items()) ^ set(there.items()))
        reason = f"columns: {only}" if only else "columns in another order"
        return Comparison(f"{layer}.{table}", rows, spark_rows, max(rows, spark_rows), reason)
    different = _different_rows(connection, f'{layer}."{table}"', spark, here)
    reason = f"{different} rows differ" if different else ""
    return Comparison(f"{layer}.{table}", rows, spark_rows, different, reason)


def _different_rows(connection: WarehouseConnection, duckdb: str, spark: str, columns: dict[str, str]) -> int:
    """Count places at which the two differ when both are ordered by what must be equal exactly.

    Floats come last in the order: where everything else is a key, the same row stands at the same place.
    """
    floats = [name for name, kind in columns.items() if kind in ("DOUBLE", "FLOAT")]
    exact = [name for name in columns if name not in floats]
    order = ", ".join(f'"{name}" nulls first' for name in [*exact, *floats])
    equal = [f'here."{name}" is not distinct from there."{name}"' for name in exact]
    equal += [_is_close(name) for name in floats]
    numbered = f"select *, row_number() over (order by {order}) as place from"
    return _count(
        connection,
        f"with here as ({numbered} {duckdb}), there as ({numbered} {spark})"
        f" select 1 from here full join there on here.place = there.place"
        f" where not coalesce({' and '.join(equal)}, false)",
    )


def _is_close(name: str) -> str:
    here, there = f'here."{name}"', f'there."{name}"'
    return (
        f"({here} is not distinct from {there}"
        f" or abs({here} - {there}) <= {TOLERANCE} * greatest(1, abs({here})))"
    )


def _columns(connection: WarehouseConnection, query: str) -> dict[str, str]:
    """Names and types in order; nothing if the table is not there."""
    try:
        described = connection.execute(f"describe {query}").fetchall()
    except Exception as error:
        if "does not exist" in str(error):
            return {}
        raise
    return {str(row[0]): str(row[1]) for row in described}


def _count(connection: WarehouseConnection, query: str) -> int:
    row = connection.execute(f"select count(*) from ({query})").fetchone()
    assert row is not None
    return int(row[0])


def _quoted(file: str) -> str:
    return "'" + file.replace("'", "''") + "'"
