"""What a question is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass, fields

# The dimension that each filter looks at.
DIMENSION_OF = {
    "shop_ids": "shop",
    "category_ids": "category",
    "product_ids": "product",
    "variant_ids": "variant",
    "brands": "brand",
    "location_ids": "location",
    "supplier_ids": "supplier",
    "customer_ids": "customer",
    "customer_segments": "customer_segment",
}


@dataclass(frozen=True)
class Filters:
    """Ids to keep; ``None`` keeps all, an empty tuple none. A category stands for its whole subtree."""

    shop_ids: tuple[str, ...] | None = None
    category_ids: tuple[str, ...] | None = None
    product_ids: tuple[str, ...] | None = None
    variant_ids: tuple[str, ...] | None = None
    brands: tuple[str, ...] | None = None
    location_ids: tuple[str, ...] | None = None
    supplier_ids: tuple[str, ...] | None = None
    customer_ids: tuple[str, ...] | None = None
    customer_segments: tuple[str, ...] | None = None

    def given(self) -> dict[str, list[str]]:
        """Return the values to keep, by dimension; only what is narrowed."""
        values = {DIMENSION_OF[each.name]: getattr(self, each.name) for each in fields(self)}
        return {name: list(kept) for name, kept in values.items() if kept is not None}


EVERYTHING = Filters()


def products_kept(filters: Filters) -> tuple[str, list[list[str]]]:
    """Return the SQL condition, with parameters, that keeps a table's products within the categories."""
    if filters.category_ids is None:
        return "true", []
    return (
        "category_id in (select category_id from srv_category_tree"
        " where ancestor_category_id in (select unnest(?::varchar[])))",
        [list(filters.category_ids)],
    )
