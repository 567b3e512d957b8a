"""What shipping costs, and what a tariff and a zone must be: decided without a database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from urllib.parse import quote

from api.places import LONGEST_POSTAL_CODE, normal_name, normal_postal_code, shared_characters

FreeBecause = Literal["goods", "threshold", "no_methods"]
NUMBER_PLACEHOLDER = "{tracking_number}"
_ZERO = Decimal("0.00")


class UnsoundTariff(ValueError):
    """A tariff or an area contradicts itself; ``field`` says where, the message how."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Band:
    """From a weight or value on, up to the next band; an amount of None: not carried from here on."""

    from_bound: Decimal
    amount: Decimal | None


@dataclass(frozen=True)
class Area:
    """A place of a zone, spelled as `api.places` does, and how closely it names it."""

    country: str | None
    region: str | None
    postal_prefix: str | None
    postal_from: str | None
    postal_to: str | None
    fixed_characters: int


@dataclass(frozen=True)
class Charge:
    """What a method costs for a parcel, and why nothing if nothing."""

    amount: Decimal
    free_because: FreeBecause | None


def charge(
    *,
    base_amount: Decimal,
    band_amount: Decimal,
    free_from_amount: Decimal | None,
    can_be_free: bool,
    goods_amount: Decimal,
    has_only_free_shipping: bool,
) -> Charge:
    """Return what a method costs: base and band, or nothing.

    Goods that ship free make only a method free that can be; the threshold is the method's own promise and
    counts always.

    Examples
    --------
    >>> charge(base_amount=Decimal(1), band_amount=Decimal("3.90"), free_from_amount=Decimal(50),
    ...        can_be_free=True, goods_amount=Decimal("49.99"), has_only_free_shipping=False)
    Charge(amount=Decimal('4.90'), free_because=None)
    """
    if has_only_free_shipping and can_be_free:
        return Charge(_ZERO, "goods")
    if free_from_amount is not None and goods_amount >= free_from_amount:
        return Charge(_ZERO, "threshold")
    return Charge(base_amount + band_amount, None)


def sound_bands(bands: Sequence[Band]) -> list[Band]:
    """Return a tariff's bands in order, from 0 on.

    Raises
    ------
    UnsoundTariff
        If the lightest parcel has no band, two begin at one bound, or nothing is carried at all.
    """
    ordered = sorted(bands, key=lambda band: band.from_bound)
    if not ordered or ordered[0].from_bound != 0:
        raise UnsoundTariff("bands", "The first band must begin at 0.")
    bounds = [band.from_bound for band in ordered]
    if len(set(bounds)) != len(bounds):
        raise UnsoundTariff("bands", "Two bands begin at the same bound.")
    if all(band.amount is None for band in ordered):
        raise UnsoundTariff("bands", "No band has an amount.")
    return ordered


def sound_area(
    *,
    country: str | None,
    region: str | None,
    postal_prefix: str | None,
    postal_from: str | None,
    postal_to: str | None,
) -> Area:
    """Spell an area and check that its parts fit together.

    A range holds all codes whose first characters, as many as its ends have, lie between them: compared
    byte by byte, digits before letters. A range between numbers holds numbers only. Both ends have one
    length, so for numbers this is the order of the numbers (``01000`` to ``01999``).

    Raises
    ------
    UnsoundTariff
        If a part needs a country, a code is empty or too long, or a range has no order.
    """
    prefix, first, last = (
        _code(field, value)
        for field, value in (
            ("postal_prefix", postal_prefix),
            ("postal_from", postal_from),
            ("postal_to", postal_to),
        )
    )
    country, region = normal_name(country), normal_name(region)
    if country is None and any(part is not None for part in (region, prefix, first, last)):
        raise UnsoundTariff("country", "A region or postal code needs its country.")
    if (first is None) != (last is None):
        raise UnsoundTariff("postal_to", "A range has a first and a last code.")
    if prefix is not None and first is not None:
        raise UnsoundTariff("postal_prefix", "Give a prefix or a range, not both.")
    fixed = len(prefix or "")
    if first is not None and last is not None:
        _require_order(first, last)
        fixed = shared_characters(first, last)
    return Area(country, region, prefix, first, last, fixed)


def tracking_url(template: str | None, tracking_number: str) -> str | None:
    """Return the address at which a parcel can be followed.

    Examples
    --------
    >>> tracking_url("https://track.example/{tracking_number}?l=en", "JD 01/2")
    'https://track.example/JD%2001%2F2?l=en'
    """
    if template is None:
        return None
    return template.replace(NUMBER_PLACEHOLDER, quote(tracking_number, safe=""))


def _code(field: str, value: str | None) -> str | None:
    code = normal_postal_code(value)
    if value is not None and code is None:
        raise UnsoundTariff(field, "A postal code holds letters and digits.")
    if code is not None and len(code) > LONGEST_POSTAL_CODE:
        raise UnsoundTariff(field, f"A postal code has at most {LONGEST_POSTAL_CODE} letters and digits.")
    return code


def _require_order(first: str, last: str) -> None:
    if len(first) != len(last):
        raise UnsoundTariff("postal_to", "Both ends of a range have the same length.")
    if first > last:
        raise UnsoundTariff("postal_to", "The range ends before it begins.")
    if bool(re.fullmatch("[0-9]+", first)) != bool(re.fullmatch("[0-9]+", last)):
        raise UnsoundTariff(
            "postal_to", "A range lies between two numbers, or between two codes with letters."
        )
