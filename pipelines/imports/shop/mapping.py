"""The mapping file: which file is which table, what its columns are called, how its values are written."""

import codecs
import tomllib
from collections.abc import Callable, Iterable
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import StockwiseError
from core.money import currency_digits
from core.time import time_zone
from pipelines.imports.shop.layout import TABLES, Kind

DEFAULT_FILE = "mapping.toml"
"""Read from the folder of the history if no other is named."""
_DECIMALS = {".", ","}
_GROUPS = {"", ".", ",", " ", "'"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CompanyPart(_Part):
    """The company that gets the history, as far as it does not exist yet."""

    currency: str | None = None
    timezone: str | None = None
    prices_include_tax: bool = False
    tax_percent: Annotated[float, Field(ge=0, lt=100)] = 0
    shop: str | None = None
    location: str | None = None

    @field_validator("currency")
    @classmethod
    def _is_currency(cls, value: str | None) -> str | None:
        if value is not None:
            _said_as_value_error(currency_digits, value)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_time_zone(cls, value: str | None) -> str | None:
        if value is not None:
            _said_as_value_error(time_zone, value)
        return value


class FormatPart(_Part):
    """How values are written in text; a table may have its own."""

    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: str = "."
    thousands: str = ""
    dates: tuple[str, ...] = ()
    """Formats of dates and times as in `strftime`; ISO 8601 if none is given."""
    yes: tuple[str, ...] = ("true", "yes", "1", "y")
    no: tuple[str, ...] = ("false", "no", "0", "n")
    earliest: date = date(1990, 1, 1)
    """A date before this one is taken for a mistake."""

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError:
            raise ValueError(f"{value!r} is no encoding") from None
        return value

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.decimal not in _DECIMALS or self.thousands not in _GROUPS:
            raise ValueError("decimal is '.' or ',', thousands is '', '.', ',', ' ' or \"'\"")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign")
        return self


class TablePart(_Part):
    """One table: its file, the names of its columns, and what its values mean."""

    file: str | None = None
    sheet: str | None = None
    columns: dict[str, str] = {}
    """Our name of the column → the file's."""
    values: dict[str, dict[str, str]] = {}
    """Our name of the column → what the file says → what that is here."""
    format: FormatPart | None = None


class Mapping(_Part):
    """A whole mapping file; without one, files and columns have the layout's own names."""

    company: CompanyPart = CompanyPart()
    format: FormatPart = FormatPart()
    products: TablePart = TablePart()
    customers: TablePart = TablePart()
    orders: TablePart = TablePart()
    lines: TablePart = TablePart()
    stock: TablePart = TablePart()
    purchase_orders: TablePart = TablePart()

    @model_validator(mode="after")
    def _knows_its_columns(self) -> Self:
        for name, table in TABLES.items():
            part = self.part(name)
            known = [column.name for column in table.columns]
            for column in [*part.columns, *part.values]:
                if column not in known:
                    raise ValueError(f"{name} has no column {column}{_meant(column, known)}")
            for column, meanings in part.values.items():
                _require_choices(name, column, meanings)
        return self

    def part(self, table: str) -> TablePart:
        """Return what is said of a table."""
        part: TablePart = getattr(self, table)
        return part

    def format_of(self, table: str) -> FormatPart:
        """Return how the values of a table are written: as everywhere, but for what it says itself."""
        own = self.part(table).format
        if own is None:
            return self.format
        return self.format.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def load_mapping(file: Path | None) -> Mapping:
    """Read a mapping file; none is an empty one.

    Raises
    ------
    StockwiseError
        If it can't be read, is no TOML, or names a table, column or value that there is not.
    """
    if file is None:
        return Mapping()
    try:
        return Mapping.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StockwiseError(f"The mapping file {file} cannot be read: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            said = f"there is no setting {place}{_meant(place, Mapping.model_fields)}"
        elif place:
            said = f"{place}: {said}"
        raise StockwiseError(
            f"The mapping file {file} is wrong: {said}.", hint="docs/how-to/bring-your-history.md shows one."
        ) from None


def _require_choices(table: str, column: str, meanings: dict[str, str]) -> None:
    described = TABLES[table].column(column)
    assert described is not None, "checked just before"
    if described.kind not in (Kind.TEXT, Kind.FLAG):
        raise ValueError(f"values of {table}.{column} can't be renamed: it is a {described.kind}")
    for meaning in meanings.values():
        if described.choices and meaning not in described.choices:
            raise ValueError(f"{table}.{column} cannot be {meaning!r}{_meant(meaning, described.choices)}")


def _meant(written: str, known: Iterable[str]) -> str:
    close = get_close_matches(written, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _said_as_value_error(check: Callable[[str], object], value: str) -> None:
    try:
        check(value)
    except StockwiseError as error:
        raise ValueError(error.message.rstrip(".")) from None
