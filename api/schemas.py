"""What all request and response bodies have in common."""

import re
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

Item = TypeVar("Item")
_STARTS_WITH_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
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


def _refuse_numbers(value: object) -> object:
    if isinstance(value, (int, float)) or (isinstance(value, str) and not _STARTS_WITH_DATE.match(value)):
        raise ValueError('write an instant as in "2026-11-21T09:30:00Z"')
    return value


def _text_of_decimal(integer_digits: int, decimal_places: int, example: str) -> WithJsonSchema:
    pattern = rf"^-?[0-9]{{1,{integer_digits}}}(\.[0-9]{{1,{decimal_places}}})?$"
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_AS_TEXT = PlainSerializer(_plain, return_type=str, when_used="json-unless-none")
_EXACT = BeforeValidator(_refuse_binary_fraction)

# Money in JSON is a decimal string. A JSON fraction is refused on the way in: it was rounded to binary.
Amount = Annotated[
    Decimal, _EXACT, Field(max_digits=14, decimal_places=2), _AS_TEXT, _text_of_decimal(12, 2, "19.90")
]
UnitAmount = Annotated[
    Decimal, _EXACT, Field(max_digits=18, decimal_places=6), _AS_TEXT, _text_of_decimal(12, 6, "19.900000")
]
Rate = Annotated[
    Decimal, _EXACT, Field(max_digits=9, decimal_places=6), _AS_TEXT, _text_of_decimal(3, 6, "0.190000")
]

Units = Annotated[int, Field(strict=True, ge=0, le=LARGEST_INTEGER)]
PositiveUnits = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=10_000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=100)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
JsonObject = dict[str, Any]
# RFC 3339 with its offset. Numbers, which could be seconds or milliseconds, are refused.
Instant = Annotated[AwareDatetime, BeforeValidator(_refuse_numbers)]
