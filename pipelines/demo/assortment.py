"""What a demo company sells, one entry per variant, as arrays that the simulation can work on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.catalogue import CompanyPlan, Pattern, ProductPlan

_FURTHER_OPTION_WEIGHT = 0.6


@dataclass(frozen=True)
class Assortment:
    """The variants of a company in the order of its file; all arrays have one entry per variant."""

    skus: tuple[str, ...]
    option_names: tuple[str | None, ...]
    product: NDArray[np.int64]
    category: NDArray[np.int64]
    supplier: NDArray[np.int64]
    daily_units: NDArray[np.float64]
    price_minor: NDArray[np.int64]
    cost_minor: NDArray[np.int64]
    patterns: tuple[Pattern, ...]
    seasons: tuple[str, ...]
    is_late_bestseller: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.skus)

    def with_pattern(self, pattern: Pattern) -> NDArray[np.int64]:
        """Return the positions of the variants that sell by this pattern."""
        return np.flatnonzero([own == pattern for own in self.patterns])


def list_variants(plan: CompanyPlan) -> Assortment:
    """Spread each product's demand over its options: the first sells best."""
    categories = [category.name for category in plan.categories]
    suppliers = [supplier.code for supplier in plan.suppliers]
    rows = [
        (number, product, option, weight)
        for number, product in enumerate(plan.products)
        for option, weight in _weighted_options(product)
    ]
    category = np.array([categories.index(product.category) for _, product, _, _ in rows])
    return Assortment(
        skus=tuple(_sku(plan.sku_prefix, number, option) for number, _, option, _ in rows),
        option_names=tuple(option for _, _, option, _ in rows),
        product=np.array([number for number, _, _, _ in rows]),
        category=category,
        supplier=np.array([suppliers.index(product.supplier) for _, product, _, _ in rows]),
        daily_units=np.array([product.daily_units * weight for _, product, _, weight in rows]),
        price_minor=np.array([round(product.price * plan.minor_units) for _, product, _, _ in rows]),
        cost_minor=np.array(
            [round(product.price * product.cost_ratio * plan.minor_units) for _, product, _, _ in rows]
        ),
        patterns=tuple(product.pattern for _, product, _, _ in rows),
        seasons=tuple(plan.categories[index].season for index in category),
        is_late_bestseller=np.array([product.role == "late_bestseller" for _, product, _, _ in rows]),
    )


def _weighted_options(product: ProductPlan) -> list[tuple[str | None, float]]:
    options: tuple[str | None, ...] = product.options or (None,)
    weights = _FURTHER_OPTION_WEIGHT ** np.arange(len(options))
    return list(zip(options, (weights / weights.sum()).tolist(), strict=True))


def _sku(prefix: str, number: int, option: str | None) -> str:
    sku = f"{prefix}-{number + 1:03d}"
    letters = "".join(letter for letter in option or "" if letter.isalnum()).upper()
    return f"{sku}-{letters[:4]}" if letters else sku
