"""Where words stand in a home folder: in bytes of any file, in Parquet columns, in tables of DuckDB files."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq


def files_with(home: Path, words: tuple[str, ...]) -> set[str]:
    """Files that hold one of the words, also where they are compressed; paths are relative to ``home``."""
    files = [file for file in home.rglob("*") if file.is_file()]
    return {str(file.relative_to(home)) for file in files if _holds(file, words)}


def _holds(file: Path, words: tuple[str, ...]) -> bool:
    content = file.read_bytes().lower()
    if any(word.lower().encode() in content for word in words):
        return True
    if file.suffix == ".parquet":
        return any(word.lower() in text for text in _parquet_texts(file) for word in words)
    if file.suffix == ".duckdb":
        return any(word.lower() in text for text in _duckdb_texts(file) for word in words)
    return False


def _parquet_texts(file: Path) -> Iterator[str]:
    for column in pq.read_table(file).itercolumns():
        text = pc.cast(column, "string") if str(column.type) != "binary" else column.cast("string")
        yield from (value.lower() for value in text.drop_null().to_pylist())


def _duckdb_texts(file: Path) -> Iterator[str]:
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute(
            'select format(\'"{}"."{}"\', schema_name, table_name) from duckdb_tables()'
        ).fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(f"select lower(rows::varchar) from {table} as rows").fetchall():
                yield row
