"""Product files: CSV and Parquet, read row by row within limits, and written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from api.catalog.errors import UnreadableFile
from api.catalog.transfer_columns import FILE_COLUMNS, ImportRow, as_cell, from_cell
from api.content import is_storable

FileFormat = Literal["csv", "parquet"]
# Unpacked, a file for the API stays below this; the header of a Parquet file tells before a row is read.
MOST_UNPACKED_BYTES = 100_000_000
_PARQUET_BATCH = 1_000
_PARQUET_SCHEMA = pa.schema([(name, pa.string()) for name in FILE_COLUMNS])


@dataclass(frozen=True)
class Reject:
    """A row that was not taken: its line in the file (in Parquet its number), and why."""

    line: int
    sku: str | None
    reason: str


@dataclass(frozen=True)
class CheckedRow:
    """A row that is sound by itself."""

    line: int
    row: ImportRow


def format_of(name: str, start: bytes) -> FileFormat:
    """Tell the format of a file by how it starts."""
    return "parquet" if start.startswith(b"PAR1") or Path(name).suffix == ".parquet" else "csv"


def read_rows(
    file: BinaryIO, kind: FileFormat, *, most_rows: int | None = None
) -> Iterator[CheckedRow | Reject]:
    """Read and check each row by itself.

    Raises
    ------
    UnreadableFile
        If it is no such file, has unknown columns, or more rows than ``most_rows``.
    """
    cells = _read_csv(file) if kind == "csv" else _read_parquet(file)
    for count, (line, values) in enumerate(cells, start=1):
        if most_rows is not None and count > most_rows:
            raise UnreadableFile(
                f"The file has more than {most_rows:,} rows; load it with stockwise import products.",
                pointer="/file",
            )
        yield values if isinstance(values, Reject) else _check(line, values)


def _check(line: int, values: Mapping[str, str | None]) -> CheckedRow | Reject:
    present = {name: value for name, value in values.items() if value is not None}
    sku = present.get("sku")
    if not all(map(is_storable, present.values())):
        return Reject(line, None, "a cell holds a character that can't be stored")
    try:
        return CheckedRow(line, ImportRow.model_validate(present))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = str(first["loc"][0]) if first["loc"] else "row"
        return Reject(line, sku and sku[:100], f"{where}: {first['msg'].removeprefix('Value error, ')}")


def _read_csv(file: BinaryIO) -> Iterator[tuple[int, Mapping[str, str | None] | Reject]]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    line = 1
    try:
        header = next(reader, [])
        _require_header(header)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield line, _named(header, cells, line)
            line = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFile(f"Line {line} can't be read: {error}.", pointer="/file") from None
    finally:
        if not file.closed:
            text.detach()  # who opened it closes it


def _named(header: Sequence[str], cells: Sequence[str], line: int) -> Mapping[str, str | None] | Reject:
    if len(cells) != len(header):
        return Reject(line, None, f"the row has {len(cells)} cells, the header {len(header)}")
    try:
        return {name: from_cell(cell) for name, cell in zip(header, cells, strict=True)}
    except ValueError as error:
        return Reject(line, None, str(error))


def _read_parquet(file: BinaryIO) -> Iterator[tuple[int, Mapping[str, str | None] | Reject]]:
    try:
        table = pq.ParquetFile(file)
        _require_header(table.schema_arrow.names)
        groups = range(table.metadata.num_row_groups)
        if sum(table.metadata.row_group(group).total_byte_size for group in groups) > MOST_UNPACKED_BYTES:
            raise UnreadableFile("Unpacked, the file is too large; split it.", pointer="/file")
        number = 0
        for batch in table.iter_batches(batch_size=_PARQUET_BATCH):
            for values in batch.to_pylist():
                number += 1
                yield number, {name: _text(value) for name, value in values.items()}
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"It is no sound Parquet file: {error}"[:300], pointer="/file") from None


def _text(value: Any) -> str | None:
    """Write a Parquet value as the text that a CSV file would hold."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=str).decode()
    return str(value)


def _require_header(names: Sequence[str]) -> None:
    unknown = [name[:60] for name in names if name not in FILE_COLUMNS]
    if unknown:
        raise UnreadableFile(f"Unknown columns: {', '.join(unknown[:10])}.", pointer="/file")
    if "sku" not in names or len(set(names)) < len(names):
        raise UnreadableFile("The file needs a column sku, and each column once.", pointer="/file")


def write_csv(rows: Sequence[Mapping[str, Any]], *, has_header: bool) -> bytes:
    """Write rows as CSV in which no text is taken for a formula; texts are quoted, numbers are not."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    if has_header:
        writer.writerow(FILE_COLUMNS)
    for row in rows:
        cells = (as_cell(row[name]) for name in FILE_COLUMNS)
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue().encode()


def parquet_batch(rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Return rows as a batch of texts: a Parquet file has no formulas, so nothing is marked."""
    return pa.RecordBatch.from_pylist(
        [{name: _plain(row[name]) for name in FILE_COLUMNS} for row in rows], schema=_PARQUET_SCHEMA
    )


def open_parquet(target: Any) -> pq.ParquetWriter:
    """Open a Parquet file with an export's columns for writing."""
    return pq.ParquetWriter(target, _PARQUET_SCHEMA, compression="zstd")


def _plain(value: Any) -> str | None:
    return format(value, "f") if isinstance(value, Decimal) else _text(value)
