"""What may be searched for, decided without the database."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from api.errors import InvalidContent
from api.search.sorting import SORTS, Sort, SortName

MOST_ATTRIBUTE_NAMES = 10
_WORD_CATEGORIES = ("L", "N")


def require_words(text: str | None) -> None:
    """Refuse a text without a letter or digit: nothing could be looked up.

    Raises
    ------
    InvalidContent
        If there is a text, and no word in it.
    """
    if text is None:
        return
    plain = unicodedata.normalize("NFKD", text)
    if not any(unicodedata.category(character)[0] in _WORD_CATEGORIES for character in plain):
        raise InvalidContent("The text has no letter or digit to look for.", pointer="/query/q")


def choose_sort(wanted: SortName | None, *, has_words: bool) -> Sort:
    """Return the wanted order; left out: by relevance to the words, or by popularity without words.

    Raises
    ------
    InvalidContent
        If hits should be relevant to words that were not given.
    """
    if wanted == "relevance" and not has_words:
        raise InvalidContent("Without words in q nothing is more relevant.", pointer="/query/sort")
    return SORTS[wanted or ("relevance" if has_words else "popularity")]


def require_price_range(lowest: Decimal | None, highest: Decimal | None, below: Decimal | None) -> None:
    """Refuse a range of prices that no price lies in.

    Raises
    ------
    InvalidContent
        If it ends before it begins.
    """
    if lowest is None:
        return
    if (highest is not None and highest < lowest) or (below is not None and below <= lowest):
        raise InvalidContent("The range is the wrong way round.", pointer="/query/unit_price_amount[gte]")


def by_name(pairs: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Gather ``name:value`` texts: each name once, with its values, in the order in which they come.

    Raises
    ------
    InvalidContent
        If there are more names than a search looks at.
    """
    values: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, value = pair.partition(":")
        values.setdefault(name, []).append(value)
    if len(values) > MOST_ATTRIBUTE_NAMES:
        raise InvalidContent(
            f"A search is filtered by {MOST_ATTRIBUTE_NAMES} attributes at most.", pointer="/query/attribute"
        )
    return tuple((name, tuple(listed)) for name, listed in values.items())
