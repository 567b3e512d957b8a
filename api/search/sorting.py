"""In which orders hits come, and how a page goes on after a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

SortName = Literal["relevance", "price", "-price", "popularity", "newest", "rating"]
_LARGEST_KEY = Decimal(10) ** 15


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or abs(number) > _LARGEST_KEY:
        raise ValueError("out of range")
    return number


@dataclass(frozen=True)
class Sort:
    """An order: keys, all rising or all falling, of which the product's id is the last."""

    name: SortName
    keys: tuple[tuple[str, str], ...]  # columns and their types in SQL
    is_falling: bool

    @property
    def is_by_rank(self) -> bool:
        """Whether hits have to be ranked at all."""
        return self.name == "relevance"

    @property
    def is_by_product(self) -> bool:
        """Whether the keys are a product's own, whichever of its variants fit."""
        return all(column != "lowest_price_amount" for column, _ in self.keys)

    @property
    def order(self) -> str:
        """Write the order in SQL."""
        way = " desc" if self.is_falling else ""
        return ", ".join(f"ordered.{column}{way}" for column, _ in self._all_keys)

    @property
    def keys_as_json(self) -> str:
        """Write the keys of a listed row as a JSON array of texts."""
        return f"json_build_array({', '.join(f'listed.{column}::text' for column, _ in self._all_keys)})"

    @property
    def kinds(self) -> list[str]:
        """The types of the keys in SQL."""
        return [kind for _, kind in self._all_keys]

    @property
    def types(self) -> list[Callable[[str], Any]]:
        """How a cursor's parts are read."""
        return [_READERS[kind] for kind in self.kinds]

    def after(self, values: Sequence[str]) -> str:
        """Write the condition of rows after these keys."""
        columns = ", ".join(f"ordered.{column}" for column, _ in self._all_keys)
        return f"and ({columns}) {'<' if self.is_falling else '>'} ({', '.join(values)})"

    @property
    def _all_keys(self) -> tuple[tuple[str, str], ...]:
        return (*self.keys, ("product_id", "uuid"))


_READERS: Mapping[str, Callable[[str], Any]] = {
    "numeric": _number,
    "timestamptz": datetime.fromisoformat,
    "uuid": UUID,
}
SORTS: Mapping[SortName, Sort] = {
    sort.name: sort
    for sort in (
        Sort("relevance", (("rank", "numeric"),), is_falling=True),
        Sort("price", (("lowest_price_amount", "numeric"),), is_falling=False),
        Sort("-price", (("lowest_price_amount", "numeric"),), is_falling=True),
        Sort("popularity", (("sold_units", "numeric"), ("view_count", "numeric")), is_falling=True),
        Sort("newest", (("listed_at", "timestamptz"),), is_falling=True),
        Sort("rating", (("rating_average", "numeric"), ("rating_count", "numeric")), is_falling=True),
    )
}
