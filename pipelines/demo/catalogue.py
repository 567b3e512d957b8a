"""The three demo companies as their files describe them."""

import tomllib
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

COMPANY_FILES = ("harbour_home.toml", "maple_trail.toml", "kumo_stationery.toml")

Season = Literal["flat", "spring", "summer", "autumn", "winter", "christmas"]
Pattern = Literal["steady", "growing", "fading", "intermittent", "new", "dead"]
Share = Annotated[float, Field(gt=0, le=1)]


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShopPlan(_Described):
    """A shop, the location that serves it first, and its share of the demand."""

    name: str
    slug: str
    location: str
    share: Share
    is_online: bool = False
    city: str | None = None


class LocationPlan(_Described):
    """Where stock lies."""

    code: str
    name: str
    kind: Literal["warehouse", "shop"]


class SupplierPlan(_Described):
    """A supplier; ``spread`` is the standard deviation of the logarithm of its lead times."""

    code: str
    name: str
    quoted_lead_time_days: int
    spread: float
    order_every_weeks: int
    moq_units: int
    pack_units: int
    is_late: bool = False


class CategoryPlan(_Described):
    """A category, whose season its products share."""

    name: str
    season: Season


class PromotionPlan(_Described):
    """A price cut: once, ``days_ago`` days before the end of the history, or from a day of every year."""

    name: str
    days: int
    discount: Share
    uplift: float
    category: str | None = None
    days_ago: int | None = None
    every_year: str | None = None


class ProductPlan(_Described):
    """A product; ``daily_units`` is what all its variants sell in all shops on an average day."""

    name: str
    category: str
    supplier: str
    price: float
    daily_units: float
    options: tuple[str, ...] = ()
    pattern: Pattern = "steady"
    role: Literal["late_bestseller"] | None = None
    cost_ratio: Share = 0.42


class CompanyPlan(_Described):
    """One demo company."""

    name: str
    slug: str
    sku_prefix: str
    currency: str
    timezone: str
    tax_rate: float
    prices_include_tax: bool
    online_shipping: float
    free_shipping_from: float
    yearly_growth: float
    customers: int
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    country: str
    shops: tuple[ShopPlan, ...]
    locations: tuple[LocationPlan, ...]
    suppliers: tuple[SupplierPlan, ...]
    categories: tuple[CategoryPlan, ...]
    promotions: tuple[PromotionPlan, ...]
    products: tuple[ProductPlan, ...]

    @property
    def minor_units(self) -> int:
        """Smallest coins in one unit of the currency."""
        return 1 if self.currency == "JPY" else 100


def load_companies() -> tuple[CompanyPlan, ...]:
    """Read the companies that come with the product."""
    folder = files("pipelines.demo") / "companies"
    return tuple(
        CompanyPlan.model_validate(tomllib.loads((folder / name).read_text(encoding="utf-8")))
        for name in COMPANY_FILES
    )
