"""Read the files of Online Retail II: Parquet, the original workbook, or CSV, one row after another.

What can't be read as a row goes to the rejects, with the reason; a file that can't be read at all is an
error of one sentence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from core.progress import Step
from pipelines.imports.raw_files import PROBLEM, ImportFileError, read_csv, read_parquet, read_workbook

RAW_COLUMNS = (
    "invoice", "stock_code", "description", "quantity", "invoice_date", "price", "customer_id", "country",
)  # fmt: skip
REJECT_SCHEMA: dict[str, type[pl.DataType]] = {
    "file": pl.String,
    "line_number": pl.Int64,
    "reason": pl.String,
    **dict.fromkeys(RAW_COLUMNS, pl.String),
}
_HEADERS = {
    "invoice": "invoice", "invoiceno": "invoice", "stockcode": "stock_code", "description": "description",
    "quantity": "quantity", "invoicedate": "invoice_date", "price": "price", "unitprice": "price",
    "customerid": "customer_id", "country": "country",
}  # fmt: skip
_DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
)
_LARGEST_UNITS = 2**31 - 1
_LARGEST_PRICE = 1e11
_MOST_UNREADABLE_RATIO = 0.5


@dataclass(frozen=True)
class SourceRows:
    """Rows of one or more files.

    ``rows`` has ``file``, ``line_number``, ``invoice``, ``stock_code`` (as written), ``description``,
    ``quantity``, ``local_time``, ``price``, ``customer_id`` and ``country``; ``rejects`` is as
    `REJECT_SCHEMA` says. ``rows_read`` counts the rows of each source, rejected ones too; the sheets of a
    workbook count as sources of their own.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    rows_read: dict[str, int]


def read_sources(files: Sequence[Path], step: Step) -> SourceRows:
    """Read all files in the order given.

    Raises
    ------
    ImportFileError
        If one is missing, cut off, has no such columns, or makes no sense in more than half of its rows.
    """
    if not files:
        raise ImportFileError("No file was named.", hint="Name the Parquet, xlsx or CSV files to import.")
    if len({file.resolve() for file in files}) < len(files):
        raise ImportFileError("A file is named twice.")
    rows: list[pl.DataFrame] = []
    rejects: list[pl.DataFrame] = []
    rows_read: dict[str, int] = {}
    for file in files:
        has_twin = sum(other.name == file.name for other in files) > 1
        good_of_file, refused_of_file = [], []
        for source, first_line, raw in _read_raw(file, str(file) if has_twin else file.name):
            good, refused = _parse(raw, source, first_line)
            good_of_file.append(good)
            refused_of_file.append(refused)
            rows_read[source] = rows_read.get(source, 0) + raw.height
            step.advance(raw.height)
        _require_sense(file, good_of_file, refused_of_file)
        rows += good_of_file
        rejects += refused_of_file
    return SourceRows(pl.concat(rows), pl.concat(rejects), rows_read)


def _read_raw(file: Path, name: str) -> Iterator[tuple[str, int, pl.DataFrame]]:
    """Yield (source, line of the first row, rows as they are) chunk by chunk; a sheet is a source."""
    readers = {".parquet": _read_parquet, ".xlsx": _read_workbook, ".csv": _read_csv}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise ImportFileError(f"{file} is no .parquet, .xlsx or .csv file.")
    if not file.is_file():
        raise ImportFileError(f"{file} does not exist.")
    for part, first_line, raw in reader(file):
        yield f"{name} [{part}]" if part else name, first_line, raw


def _read_parquet(file: Path) -> Iterator[tuple[str, int, pl.DataFrame]]:
    yield "", 1, _named(file, read_parquet(file))


def _read_workbook(file: Path) -> Iterator[tuple[str, int, pl.DataFrame]]:
    for name, frame in read_workbook(file, as_text=True):
        yield name, 2, _named(file, frame)


def _read_csv(file: Path) -> Iterator[tuple[str, int, pl.DataFrame]]:
    chunks = read_csv(file, _decode(file.read_bytes()), lambda header: _names(file, header))
    for first_line, frame in chunks:
        yield "", first_line, frame.select(*RAW_COLUMNS, PROBLEM)


def _decode(content: bytes) -> str:
    """Read UTF-8, or Latin-1 as some copies of the data set are written."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _named(file: Path, frame: pl.DataFrame) -> pl.DataFrame:
    names = _names(file, frame.columns)
    return frame.rename(dict(zip(frame.columns, names, strict=True))).select(*RAW_COLUMNS)


def _names(file: Path, header: Sequence[str]) -> list[str]:
    """Return our names of the columns; those that we do not know keep theirs."""
    plain = ["".join(letter for letter in name.lower() if letter.isalnum()) for name in header]
    names = [_HEADERS.get(name, f"other {position}") for position, name in enumerate(plain)]
    missing = [name.replace("_", " ") for name in RAW_COLUMNS if name not in names]
    if missing:
        raise ImportFileError(
            f"{file} has no column for {', '.join(missing)}.",
            hint="Expected: Invoice, StockCode, Description, Quantity, InvoiceDate, Price, Customer ID,"
            " Country.",
        )
    return names


def _parse(raw: pl.DataFrame, source: str, first_line: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turn raw values into typed ones; return the rows that could be, and the others with the reason."""
    if "problem" not in raw.columns:
        raw = raw.with_columns(problem=pl.lit(None, pl.String))
    typed = raw.with_columns(
        file=pl.lit(source),
        line_number=pl.int_range(pl.len(), dtype=pl.Int64) + first_line,
        parsed_invoice=_text("invoice").str.to_uppercase(),
        parsed_code=_text("stock_code"),
        parsed_quantity=_number(raw, "quantity"),
        parsed_time=_instant(raw),
        parsed_price=_number(raw, "price"),
        parsed_customer=_text("customer_id").str.replace(r"\.0+$", ""),
    )
    quantity, price = pl.col("parsed_quantity"), pl.col("parsed_price")
    checks = [
        (pl.col("problem").is_not_null(), pl.col("problem")),
        (pl.col("parsed_invoice").is_null(), pl.lit("no invoice number")),
        (pl.col("parsed_code").is_null(), pl.lit("no stock code")),
        (quantity.is_null() | ~quantity.is_finite(), pl.lit("quantity is no number")),
        (quantity != quantity.floor(), pl.lit("quantity is no whole number")),
        (quantity.abs() > _LARGEST_UNITS, pl.lit("quantity is out of range")),
        (pl.col("parsed_time").is_null(), pl.lit("date cannot be read")),
        (price.is_null() | ~price.is_finite(), pl.lit("price is no number")),
        (price.abs() > _LARGEST_PRICE, pl.lit("price is out of range")),
    ]
    typed = typed.with_columns(reason=pl.coalesce(*(pl.when(bad).then(reason) for bad, reason in checks)))
    good = typed.filter(pl.col("reason").is_null()).select(
        "file",
        "line_number",
        invoice="parsed_invoice",
        stock_code="parsed_code",
        description=_text("description"),
        quantity=quantity.cast(pl.Int64),
        local_time="parsed_time",
        price=price,
        customer_id="parsed_customer",
        country=_text("country"),
    )
    return good, as_rejects(typed.filter(pl.col("reason").is_not_null()))


def as_rejects(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of the rejects file, all as text."""
    return frame.select(pl.col(name).cast(kind) for name, kind in REJECT_SCHEMA.items())


def _text(name: str) -> pl.Expr:
    stripped = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _number(raw: pl.DataFrame, name: str) -> pl.Expr:
    column = _text(name) if raw.schema[name] == pl.String else pl.col(name)
    return column.cast(pl.Float64, strict=False)


def _instant(raw: pl.DataFrame) -> pl.Expr:
    if raw.schema["invoice_date"] != pl.String:
        return pl.col("invoice_date").cast(pl.Datetime("us"), strict=False)
    written = _text("invoice_date")
    return pl.coalesce(
        *(written.str.to_datetime(text, time_unit="us", strict=False) for text in _DATE_FORMATS)
    )


def _require_sense(file: Path, good: list[pl.DataFrame], refused: list[pl.DataFrame]) -> None:
    refused_count = sum(frame.height for frame in refused)
    all_count = refused_count + sum(frame.height for frame in good)
    if not all_count:
        raise ImportFileError(f"{file} holds no rows.")
    if refused_count > _MOST_UNREADABLE_RATIO * all_count:
        line, reason = pl.concat(refused).select("line_number", "reason").row(0)
        raise ImportFileError(
            f"{file} is not Online Retail II: {refused_count:,} of {all_count:,} rows make no sense"
            f" (line {line}: {reason})."
        )
