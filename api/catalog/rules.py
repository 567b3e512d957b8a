"""Decisions on products that need no database."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_LONGEST_SLUG = 100


def slug_of(*words: str) -> str:
    """Make an address of a name and whatever makes it unique: small letters, digits and hyphens.

    Examples
    --------
    >>> slug_of("Café-Tasse, weiß", "CT 1")
    'cafe-tasse-wei-ct-1'
    """
    plain = unicodedata.normalize("NFKD", " ".join(words)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "product"


def tag_slug(name: str) -> str:
    """Make a tag's address, with a mark where letters were lost: C, C+ and C++ are three tags.

    Examples
    --------
    >>> tag_slug("Summer sale"), tag_slug("C++")
    ('summer-sale', 'c-cedb1b')
    """
    slug = slug_of(name)
    if slug.replace("-", " ") == name.lower():
        return slug
    return f"{slug[: _LONGEST_SLUG - 7]}-{hashlib.sha256(name.lower().encode()).hexdigest()[:6]}"


def is_sale_below_price(price_amount: Decimal, sale_price_amount: Decimal | None) -> bool:
    """Tell whether a sale price, if there is one, is below the regular price."""
    return sale_price_amount is None or sale_price_amount < price_amount


def is_price_possible(lowest_price_amount: Decimal, modifier_amount: Decimal) -> bool:
    """Tell whether a variant's modifier leaves a price that is not below zero."""
    return lowest_price_amount + modifier_amount >= 0


def with_one_primary(images: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the images with the first as the primary one, if none is."""
    has_primary = any(image.get("is_primary") for image in images)
    return [
        {**image, "is_primary": bool(image.get("is_primary")) or (not has_primary and place == 0)}
        for place, image in enumerate(images)
    ]


def combinations(options: Sequence[Mapping[str, Any]]) -> list[tuple[dict[str, str], Decimal]]:
    """Return each choice of one value per option, with the sum of the values' price modifiers.

    Examples
    --------
    >>> combinations([{"name": "size", "values": ["S", "L"], "price_modifiers": {"L": "2"}}])
    [({'size': 'S'}, Decimal('0')), ({'size': 'L'}, Decimal('2'))]
    """
    chosen = itertools.product(*([(option, value) for value in option["values"]] for option in options))
    return [
        (
            {option["name"]: value for option, value in choice},
            sum(
                (Decimal(option.get("price_modifiers", {}).get(value, 0)) for option, value in choice),
                Decimal(0),
            ),
        )
        for choice in chosen
    ]


def fits_options(options: Sequence[Mapping[str, Any]], chosen: Mapping[str, str]) -> bool:
    """Tell whether a variant chooses one known value of each of its product's options, if it has any."""
    known = {option["name"]: option["values"] for option in options}
    return not known or (
        set(chosen) == set(known) and all(value in known[name] for name, value in chosen.items())
    )


def variant_sku(product_sku: str, chosen: Mapping[str, str]) -> str:
    """Name a generated variant.

    Examples
    --------
    >>> variant_sku("SHIRT", {"size": "X L", "color": "blue"})
    'SHIRT-X-L-BLUE'
    """
    parts = [re.sub(r"\W+", "-", value).strip("-").upper() for value in chosen.values()]
    return "-".join([product_sku, *parts])
