"""Find the files of a history and read their rows as they are, under the layout's names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.imports.raw_files import (
    PROBLEM,
    SUFFIXES,
    ImportFileError,
    read_csv,
    read_parquet,
    read_workbook,
)
from pipelines.imports.shop.layout import TABLES, Table
from pipelines.imports.shop.mapping import FormatPart, Mapping, TablePart

WORKBOOK = "history.xlsx"
"""A workbook with a sheet per table, if the tables have no files of their own."""
LINE = "line_number_in_file"


@dataclass(frozen=True)
class RawTable:
    """Rows of one table as they are: `LINE`, `PROBLEM` and the mapped columns, under our names."""

    table: Table
    source: str
    frame: pl.DataFrame
    ignored: tuple[str, ...]
    """The file's columns that stand for nothing here."""
    is_workbook: bool = False
    merged_rows: int = 0
    """Rows of the file that only say again what another one says, and are not in the frame."""


@dataclass(frozen=True)
class _Found:
    file: Path
    sheet: str | None


def read_raw_tables(folder: Path, mapping: Mapping) -> list[RawTable]:
    """Read every table of the layout that the folder holds.

    Raises
    ------
    ImportFileError
        If the folder holds none, or a file is missing, broken, ambiguous, or lacks a column.
    """
    if not folder.is_dir():
        raise ImportFileError(f"{folder} is no folder.", hint="Name the folder that holds the files.")
    found = {name: _find(folder, name, mapping.part(name)) for name in TABLES}
    tables = [
        _read(TABLES[name], place, mapping.part(name), mapping.format_of(name))
        for name, place in found.items()
        if place is not None
    ]
    if not tables:
        raise ImportFileError(
            f"{folder} holds none of the files {', '.join(TABLES)} (.csv, .parquet or .xlsx).",
            hint="Name your files in a mapping file: --mapping mapping.toml.",
        )
    return tables


def _find(folder: Path, name: str, part: TablePart) -> _Found | None:
    if part.file is not None:
        file = folder / part.file
        if not file.is_file():
            raise ImportFileError(f"{file} does not exist, but the mapping names it for {name}.")
        if file.suffix.lower() not in SUFFIXES:
            raise ImportFileError(f"{file} is no .parquet, .xlsx or .csv file.")
        return _Found(file, part.sheet)
    own = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    files = [file for file in own if file.is_file()]
    if len(files) > 1:
        raise ImportFileError(
            f"{folder} holds both {files[0].name} and {files[1].name}.",
            hint=f'Say which: file = "{files[0].name}" under [{name}] in the mapping file.',
        )
    if files:
        return _Found(files[0], part.sheet)
    workbook = folder / WORKBOOK
    is_there = workbook.is_file() and bool(read_workbook(workbook, as_text=False, sheet=part.sheet or name))
    return _Found(workbook, part.sheet or name) if is_there else None


def _read(table: Table, place: _Found, part: TablePart, written: FormatPart) -> RawTable:
    label = f"{place.file.name} [{place.sheet}]" if place.sheet else place.file.name
    header: list[str] = []

    def names(columns: Sequence[str]) -> list[str]:
        header[:] = columns
        return _our_names(table, part, label, columns)

    frame = read_rows(place.file, written, names, sheet=place.sheet)
    ours = [column for column in frame.columns if table.column(column) is not None]
    ignored = [theirs for theirs, name in zip(header, names(header.copy()), strict=True) if name not in ours]
    return RawTable(
        table,
        label,
        _without_blank_rows(frame.select(LINE, PROBLEM, *ours)),
        tuple(ignored),
        is_workbook=place.file.suffix.lower() == ".xlsx",
    )


def read_rows(
    file: Path, written: FormatPart, names: Callable[[Sequence[str]], list[str]], *, sheet: str | None = None
) -> pl.DataFrame:
    """Read a file's rows as they are, with `LINE` and `PROBLEM`; ``names`` gives its columns their names."""
    header: list[str] = []

    def noted(columns: Sequence[str]) -> list[str]:
        header[:] = columns
        return names(columns)

    parts = [
        frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(LINE) + first_line)
        for first_line, frame in _chunks(_Found(file, sheet), written, noted)
    ]
    if not parts:  # a header and nothing else
        parts = [pl.DataFrame(schema={**dict.fromkeys(names(header), pl.String), LINE: pl.Int64})]
    frame = pl.concat(parts)
    return frame if PROBLEM in frame.columns else frame.with_columns(pl.lit(None, pl.String).alias(PROBLEM))


def _chunks(
    place: _Found, written: FormatPart, names: Callable[[Sequence[str]], list[str]]
) -> Iterator[tuple[int, pl.DataFrame]]:
    suffix = place.file.suffix.lower()
    if suffix == ".csv":
        yield from read_csv(place.file, _decode(place.file, written), names, delimiter=written.delimiter)
        return
    if suffix == ".parquet":
        frame = read_parquet(place.file)
    else:
        sheets = read_workbook(place.file, as_text=False, sheet=place.sheet)
        if len(sheets) != 1:
            said = f"has no sheet {place.sheet!r}" if place.sheet else f"has {len(sheets)} sheets"
            raise ImportFileError(
                f"{place.file} {said}.", hint='Name the sheet in the mapping: sheet = "…" beside file.'
            )
        frame = sheets[0][1]
    yield (
        1 if suffix == ".parquet" else 2,
        frame.rename(dict(zip(frame.columns, names(frame.columns), strict=True))),
    )


def _decode(file: Path, written: FormatPart) -> str:
    """Read the text in the encoding that was said; a wrong guess would spoil names without a word."""
    content = file.read_bytes()
    try:
        text = content.decode(written.encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ImportFileError(
            f"{file} is not {written.encoding}: line {line} cannot be read.",
            hint='Say how it is written in the mapping file: encoding = "windows-1252" under [format].',
        ) from None
    if "\0" in text:
        raise ImportFileError(
            f"{file} is not {written.encoding}: it holds zero bytes.",
            hint='Say how it is written in the mapping file: encoding = "utf-16" under [format].',
        )
    return text.removeprefix("\ufeff")


def _our_names(table: Table, part: TablePart, label: str, header: Sequence[str]) -> list[str]:
    """Return our names of the file's columns; what stands for nothing is named by its place."""
    plain = [name.strip().lower() for name in header]
    names = [f"other {position}" for position in range(len(header))]
    for column in table.columns:
        theirs = part.columns.get(column.name, column.name)
        places = [position for position, name in enumerate(plain) if name == theirs.strip().lower()]
        if len(places) > 1:
            raise ImportFileError(f"{label} has the column {theirs!r} more than once.")
        if not places and column.name in part.columns:
            raise ImportFileError(
                f"{label} has no column {theirs!r}, which the mapping names for {column.name}.",
                hint=f"It has: {', '.join(header)[:300]}.",
            )
        if not places and column.is_required:
            raise ImportFileError(
                f"{label} has no column for {column.name}.",
                hint=f'Name yours in the mapping file: {column.name} = "…" under [{table.name}.columns].',
            )
        if places and names[places[0]].startswith("other "):
            names[places[0]] = column.name
        elif places:
            raise ImportFileError(
                f"The mapping gives the column {theirs!r} of {label} to both {names[places[0]]} and"
                f" {column.name}."
            )
    return names


def _without_blank_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out rows without any value, which spreadsheets have at their end."""
    return frame.filter(pl.any_horizontal(pl.exclude(LINE).is_not_null()))
