"""What all request and response bodies have in common."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Generic, Self, TypeVar, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from core.money import currency_digits

Item = TypeVar("Item")
JsonObject = dict[str, Any]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_STARTS_WITH_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
LARGEST_INTEGER = 2_147_483_647
AMOUNT_PLACES = 2
_WHOLE = Decimal(1)


class InputModel(BaseModel):
    """A body that a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class OutputModel(BaseModel):
    """A body that we send: every field is always there, built from rows or dataclasses."""

    model_config = ConfigDict(from_attributes=True)


class PricedModel(OutputModel):
    """A body whose amounts, and those of its parts, are in its ``currency`` and have its decimals.

    PostgreSQL keeps two decimals for all; ``334.00`` yen are written ``334``. Prices of one unit may be finer
    than money and are written as they are kept; so are amounts in the company's own currency beside it.
    """

    currency: str

    @model_validator(mode="after")
    def _write_in_its_currency(self) -> Self:
        if currency_digits(self.currency) == 0:
            _drop_decimals(self)
        return self


class Page(OutputModel, Generic[Item]):
    """Some of the items, in a fixed order, and the cursor of the next page (null on the last)."""

    items: list[Item]
    next_cursor: str | None


def _drop_decimals(model: BaseModel) -> None:
    amounts = _amount_fields(type(model))
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in amounts and value is not None and value == value.to_integral_value():
            setattr(model, name, value.quantize(_WHOLE))
        for part in value if isinstance(value, list | tuple) else (value,):
            if isinstance(part, BaseModel) and not isinstance(part, PricedModel):
                _drop_decimals(part)


@cache
def _amount_fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields that hold amounts of the model's currency."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if name.endswith("amount")
        and not name.endswith("_company_amount")
        and _is_amount([field.annotation, *field.metadata])
    )


def _is_amount(parts: Sequence[Any]) -> bool:
    """Whether `Amount` is among the parts of an annotation: a decimal with two places."""
    return any(
        getattr(part, "decimal_places", None) == AMOUNT_PLACES
        or _is_amount(getattr(part, "metadata", ()))
        or _is_amount(getattr(part, "__metadata__", ()))
        or _is_amount(get_args(part))
        for part in parts
    )


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


def _refuse_all_but_days(value: object) -> object:
    if not isinstance(value, date) and not (isinstance(value, str) and _DATE.fullmatch(value)):
        raise ValueError('write a day as in "2026-11-21"')
    return value


def _text(integer_digits: int, decimal_places: int, example: str) -> JsonObject:
    pattern = rf"^-?[0-9]{{1,{integer_digits}}}(\.[0-9]{{1,{decimal_places}}})?$"
    return {"type": "string", "pattern": pattern, "examples": [example]}


def _as_written(integer_digits: int, decimal_places: int, example: str) -> WithJsonSchema:
    return WithJsonSchema(_text(integer_digits, decimal_places, example), mode="serialization")


def _as_read(integer_digits: int, decimal_places: int, example: str) -> WithJsonSchema:
    """Whole numbers are taken as numbers too: they are exact."""
    most = 10**integer_digits - 1
    whole = {"type": "integer", "minimum": -most, "maximum": most}
    return WithJsonSchema(
        {"anyOf": [_text(integer_digits, decimal_places, example), whole]}, mode="validation"
    )


_AS_TEXT = PlainSerializer(_plain, return_type=str, when_used="json-unless-none")
_EXACT = BeforeValidator(_refuse_binary_fraction)

# Money in JSON is a decimal string. A JSON fraction is refused on the way in: it was rounded to binary.
Amount = Annotated[
    Decimal,
    _EXACT,
    Field(max_digits=14, decimal_places=AMOUNT_PLACES),
    _AS_TEXT,
    _as_read(12, 2, "19.90"),
    _as_written(12, 2, "19.90"),
]
UnitAmount = Annotated[
    Decimal,
    _EXACT,
    Field(max_digits=18, decimal_places=6),
    _AS_TEXT,
    _as_read(12, 6, "19.900000"),
    _as_written(12, 6, "19.900000"),
]
Rate = Annotated[
    Decimal,
    _EXACT,
    Field(max_digits=9, decimal_places=6),
    _AS_TEXT,
    _as_read(3, 6, "0.190000"),
    _as_written(3, 6, "0.190000"),
]

Units = Annotated[int, Field(strict=True, ge=0, le=LARGEST_INTEGER)]
PositiveUnits = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=10_000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=100)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
# RFC 3339 with its offset. Numbers, which could be seconds or milliseconds, are refused.
Instant = Annotated[AwareDatetime, BeforeValidator(_refuse_numbers)]
# A calendar day; numbers, which would be read as days or seconds since 1970, are refused.
Day = Annotated[date, BeforeValidator(_refuse_all_but_days)]
Flag = Annotated[bool, Field(strict=True)]
Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)]
