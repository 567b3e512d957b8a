"""What all request and response bodies have in common."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

Item = TypeVar("Item")
LARGEST_INTEGER = 2_147_483_647


class InputModel(BaseModel):
    """A body that a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class OutputModel(BaseModel):
    """A body that we send: every field is always there, built from rows or dataclasses."""

    model_config = ConfigDict(from_attributes=True)


class Page(OutputModel, Generic[Item]):
    """Some of the items, in a fixed order, and the cursor of the next page (null on the last)."""

    items: list[Item]
    next_cursor: str | None


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _refuse_binary_fraction(value: object) -> object:
    if isinstance(value, (float, bool)):
        raise ValueError('send money and rates as a decimal string, such as "19.90"')
    return value


_AS_TEXT = PlainSerializer(_plain, return_type=str, when_used="json-unless-none")
_EXACT = BeforeValidator(_refuse_binary_fraction)

# Money in JSON is a decimal string. A JSON fraction is refused on the way in: it was rounded to binary.
Amount = Annotated[Decimal, _EXACT, Field(max_digits=14, decimal_places=2, examples=["19.90"]), _AS_TEXT]
UnitAmount = Annotated[
    Decimal, _EXACT, Field(max_digits=18, decimal_places=6, examples=["19.900000"]), _AS_TEXT
]
Rate = Annotated[Decimal, _EXACT, Field(max_digits=9, decimal_places=6, examples=["0.190000"]), _AS_TEXT]

Units = Annotated[int, Field(strict=True, ge=0, le=LARGEST_INTEGER)]
PositiveUnits = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=10_000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=100)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
JsonObject = dict[str, Any]
Instant = datetime
