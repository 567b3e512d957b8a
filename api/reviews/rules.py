"""Decisions on reviews that need no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

STARS = (1, 2, 3, 4, 5)
_CENT = Decimal("0.01")
# What a moderator may make of a review. A writer's change makes it pending again.
_NEXT_STATUSES = {
    "pending": frozenset({"approved", "rejected"}),
    "approved": frozenset({"rejected"}),
    "rejected": frozenset({"approved"}),
}


@dataclass(frozen=True)
class RatingSummary:
    """The approved reviews of a product in numbers."""

    average: Decimal
    count: int
    histogram: dict[int, int]


def summarise(histogram: Mapping[int, int]) -> RatingSummary:
    """Sum up how many reviews give each number of stars; without any the average is 0.

    Examples
    --------
    >>> summarise({5: 2, 4: 1}).average, summarise({}).average
    (Decimal('4.67'), Decimal('0.00'))
    """
    whole = {stars: histogram.get(stars, 0) for stars in STARS}
    count = sum(whole.values())
    total = Decimal(sum(stars * times for stars, times in whole.items()))
    average = (total / count if count else Decimal(0)).quantize(_CENT, rounding=ROUND_HALF_UP)
    return RatingSummary(average=average, count=count, histogram=whole)


def counted_stars(status: str, rating: int, *, is_archived: bool) -> int | None:
    """Return the rating by which a review counts; None: it does not count."""
    return rating if status == "approved" and not is_archived else None


def can_become(status: str, wanted: str) -> bool:
    """Tell whether a moderator may make this change."""
    return wanted in _NEXT_STATUSES[status]


def shown_name(first_name: str | None, last_name: str | None) -> str:
    """Return a writer's public name: the first name, and of the last one its first letter.

    Examples
    --------
    >>> shown_name("Ada", "Lovelace"), shown_name("Ada", ""), shown_name(None, "Lovelace")
    ('Ada L.', 'Ada', '')
    """
    first, last = (first_name or "").strip(), (last_name or "").strip()
    return f"{first} {last[0]}." if first and last else first
