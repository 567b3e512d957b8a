"""Read Parquet, workbooks and CSV as they are, row by row, whoever's layout they have.

A file that can't be read at all is an error of one sentence; a CSV row with another number of fields is kept
and marked.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import fastexcel
import polars as pl

from core.errors import StockwiseError

PROBLEM = "problem"
"""Column that says what is wrong with a row as a whole; only CSV has it."""
SUFFIXES = (".parquet", ".xlsx", ".csv")
_CHUNK_ROWS = 100_000

Names = Callable[[Sequence[str]], list[str]]
"""Gives the header's columns the names that the frame has; as many, and each once."""


class ImportFileError(StockwiseError):
    """A file is missing, cut off, or not what it should be."""


def read_parquet(file: Path) -> pl.DataFrame:
    """Read a whole Parquet file."""
    try:
        return pl.read_parquet(file)
    except Exception as error:
        raise unreadable(file, "Parquet", error) from None


def read_workbook(file: Path, *, as_text: bool, sheet: str | None = None) -> list[tuple[str, pl.DataFrame]]:
    """Read a workbook's sheets, or one of them, in their order; those without columns are left out.

    Parameters
    ----------
    as_text : bool
        Every cell as text; else a column of numbers, dates or booleans throughout keeps its type.
    """
    try:
        workbook = fastexcel.read_excel(file)
        names = [name for name in workbook.sheet_names if sheet in (None, name)]
        sheets = [
            (
                name,
                workbook.load_sheet(
                    name, dtypes="string" if as_text else None, schema_sample_rows=None
                ).to_polars(),
            )
            for name in names
        ]
    except Exception as error:
        raise unreadable(file, "xlsx", error) from None
    return [(name, frame) for name, frame in sheets if frame.width]


def read_csv(
    file: Path, text: str, names: Names, *, delimiter: str = ","
) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield (line of the first row, rows as text) chunk by chunk, each frame with a column `PROBLEM`."""
    if not text.strip():
        raise ImportFileError(f"{file} is empty.")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        columns = names(next(rows))
        first = 2
        while chunk := list(islice(rows, _CHUNK_ROWS)):
            last = chunk[-1]
            if len(last) < len(columns) and not text.endswith("\n") and not list(islice(rows, 1)):
                raise ImportFileError(
                    f"{file} is cut off in its last line.", hint="Copy or download it again."
                )
            yield first, _frame_of(chunk, columns)
            first += len(chunk)
    except csv.Error as error:
        raise unreadable(file, "CSV", error) from None


def unreadable(file: Path, kind: str, error: Exception) -> ImportFileError:
    """Say in one sentence that a file is broken, and how."""
    said = " ".join(str(error).split())[:120]
    return ImportFileError(
        f"{file} is not a readable {kind} file: {said}.", hint="It may be cut off: copy or download it again."
    )


def _frame_of(chunk: list[list[str]], columns: list[str]) -> pl.DataFrame:
    """Make a frame of CSV rows; of a row with too many fields the last ones stand together."""
    width = len(columns)
    even: list[list[str | None]] = []
    for row in chunk:
        if len(row) > width:
            even.append([*row[: width - 1], ";".join(row[width - 1 :])])
        else:
            even.append([*row, *[None] * (width - len(row))])
    widths = [None if len(row) == width else f"has {len(row)} fields instead of {width}" for row in chunk]
    frame = pl.DataFrame(even, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.select(pl.when(pl.all() != "").then(pl.all())).with_columns(
        pl.Series(PROBLEM, widths, dtype=pl.String)
    )
