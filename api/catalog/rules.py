"""Decisions on products that need no database."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_LONGEST_SLUG = 100


def slug_of(name: str, sku: str) -> str:
    """Make an address for a product: its name and SKU in small letters, digits and hyphens.

    Examples
    --------
    >>> slug_of("Café-Tasse, weiß", "CT 1")
    'cafe-tasse-wei-ct-1'
    """
    plain = unicodedata.normalize("NFKD", f"{name} {sku}").encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "product"


def is_sale_below_price(price_amount: Decimal, sale_price_amount: Decimal | None) -> bool:
    """Tell whether a sale price, if there is one, is below the regular price."""
    return sale_price_amount is None or sale_price_amount < price_amount


def is_price_possible(lowest_price_amount: Decimal, modifier_amount: Decimal) -> bool:
    """Tell whether a variant's modifier leaves a price that is not below zero."""
    return lowest_price_amount + modifier_amount >= 0
