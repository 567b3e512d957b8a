"""Rows of what a company has: shops, locations, suppliers, products, their terms, and customers."""

import hashlib
import json

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.demo.assortment import Assortment
from pipelines.demo.baskets import Customers
from pipelines.demo.catalogue import CompanyPlan, ShopPlan
from pipelines.demo.clock import MORNING_SECOND, LocalClock, milliseconds
from pipelines.demo.demand import NEW_PRODUCT_DAYS_AGO
from pipelines.demo.prices import PriceCalendar, change_days
from pipelines.imports.stable_ids import stable_ids

DEMO_EPOCH_MS = 1_700_000_000_000


class MasterRows:
    """Ids and rows of a company's master data. Its frames are named as the tables they fill."""

    def __init__(
        self,
        plan: CompanyPlan,
        assortment: Assortment,
        prices: PriceCalendar,
        customers: Customers,
        clock: LocalClock,
    ) -> None:
        self._plan, self._assortment, self._prices, self._clock = plan, assortment, prices, clock
        self._customers = customers
        self.shop_ids = self._ids("shop", [shop.slug for shop in plan.shops])
        self.location_ids = self._ids("location", [location.code for location in plan.locations])
        self.supplier_ids = self._ids("supplier", [supplier.code for supplier in plan.suppliers])
        self.category_ids = self._ids("category", [category.name for category in plan.categories])
        self.product_ids = self._ids("product", [product.name for product in plan.products])
        self.variant_ids = self._ids("variant", assortment.skus)
        joined = clock.instants(customers.joined_day, np.full(len(customers.joined_day), MORNING_SECOND))
        self._joined_at = joined
        self.customer_ids = stable_ids(
            f"{plan.slug}|customer", map(str, range(len(joined))), milliseconds(joined)
        )

    def frames(self) -> list[tuple[str, pl.DataFrame]]:
        """Return the tables' frames in the order of their foreign keys."""
        return [
            ("shops", self._shops()),
            ("locations", self._locations()),
            ("shop_locations", self._shop_locations()),
            ("storefront_keys", self._storefront_keys()),
            ("suppliers", self._suppliers()),
            ("categories", self._categories()),
            ("products", self._products()),
            ("variants", self._variants()),
            ("product_suppliers", self._product_suppliers()),
            ("price_history", self._price_history()),
            ("cost_history", self._cost_history()),
            ("customers", self._customer_rows()),
        ]

    def _ids(self, kind: str, keys: list[str] | tuple[str, ...]) -> list[str]:
        return stable_ids(f"{self._plan.slug}|{kind}", keys, [DEMO_EPOCH_MS] * len(keys))

    def _start(self) -> pl.Expr:
        return pl.lit(self._clock.instant(0, MORNING_SECOND).item(), pl.Datetime("us", "UTC"))

    def _shops(self) -> pl.DataFrame:
        shops = self._plan.shops
        return pl.DataFrame(
            {
                "id": self.shop_ids,
                "name": [shop.name for shop in shops],
                "slug": [shop.slug for shop in shops],
                "city": [shop.city for shop in shops],
                "country": [self._plan.country] * len(shops),
            },
            schema_overrides={"city": pl.String},
        ).with_columns(created_at=self._start())

    def _locations(self) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "id": self.location_ids,
                "code": [location.code for location in self._plan.locations],
                "name": [location.name for location in self._plan.locations],
                "kind": [location.kind for location in self._plan.locations],
            }
        ).with_columns(created_at=self._start())

    def _shop_locations(self) -> pl.DataFrame:
        """Give each shop its own location first; an online shop may fall back on the others."""
        codes = [location.code for location in self._plan.locations]
        rows = []
        for shop_id, shop in zip(self.shop_ids, self._plan.shops, strict=True):
            served = [shop.location]
            if shop.is_online:
                served += [code for code in codes if code != shop.location]
            rows += [
                (shop_id, self.location_ids[codes.index(code)], priority)
                for priority, code in enumerate(served, start=1)
            ]
        return pl.DataFrame(rows, schema=["shop_id", "location_id", "priority"], orient="row")

    def _storefront_keys(self) -> pl.DataFrame:
        keys = [storefront_key(self._plan, shop) for shop in self._plan.shops]
        return pl.DataFrame(
            {
                "id": self._ids("storefront_key", keys),
                "shop_id": self.shop_ids,
                "name": ["Demo storefront"] * len(keys),
                "key_prefix": [key[:12] for key in keys],
                "key_sha256": ["\\x" + hashlib.sha256(key.encode()).hexdigest() for key in keys],
            }
        )

    def _suppliers(self) -> pl.DataFrame:
        suppliers = self._plan.suppliers
        return pl.DataFrame(
            {
                "id": self.supplier_ids,
                "code": [supplier.code for supplier in suppliers],
                "name": [supplier.name for supplier in suppliers],
                "contact_email": [f"orders@{supplier.code.lower()}.example" for supplier in suppliers],
                "currency": [self._plan.currency] * len(suppliers),
                "quoted_lead_time_days": [supplier.quoted_lead_time_days for supplier in suppliers],
            }
        ).with_columns(created_at=self._start())

    def _categories(self) -> pl.DataFrame:
        names = [category.name for category in self._plan.categories]
        counts = np.bincount(
            [names.index(product.category) for product in self._plan.products], minlength=len(names)
        )
        return pl.DataFrame(
            {
                "id": self.category_ids,
                "name": names,
                "slug": [_slug(name) for name in names],
                "display_order": list(range(1, len(names) + 1)),
                "product_count": counts.tolist(),
            }
        ).with_columns(created_at=self._start())

    def _products(self) -> pl.DataFrame:
        plan, assortment = self._plan, self._assortment
        first_variant = np.array(
            [np.flatnonzero(assortment.product == n)[0] for n in range(len(plan.products))]
        )
        regular = self._money(self._prices.regular_minor[-1][first_variant])
        price = self._money(self._prices.price_minor[-1][first_variant])
        names = [category.name for category in plan.categories]
        begin = self._first_days()[first_variant]
        return pl.DataFrame(
            {
                "id": self.product_ids,
                "category_id": [
                    self.category_ids[names.index(product.category)] for product in plan.products
                ],
                "sku": [f"{plan.sku_prefix}-{number + 1:03d}" for number in range(len(plan.products))],
                "slug": [_slug(product.name) for product in plan.products],
                "name": [product.name for product in plan.products],
                "description": [f"{product.name}. Invented for the demo." for product in plan.products],
                "brand": [plan.name] * len(plan.products),
                "price_amount": regular,
                "sale_price_amount": np.where(price < regular, price, np.nan),
                "cost_amount": self._money(self._prices.cost_minor[-1][first_variant]),
                "options": [
                    json.dumps([{"name": "Option", "values": product.options}] if product.options else [])
                    for product in plan.products
                ],
                "status": ["published"] * len(plan.products),
                "is_new_arrival": [product.pattern == "new" for product in plan.products],
                "created_at": self._clock.instants(begin, np.zeros(len(begin))),
                "published_at": self._clock.instants(begin, np.zeros(len(begin))),
            }
        ).with_columns(pl.col("sale_price_amount").fill_nan(None))

    def _variants(self) -> pl.DataFrame:
        assortment = self._assortment
        begin = self._first_days()
        return pl.DataFrame(
            {
                "id": self.variant_ids,
                "product_id": [self.product_ids[number] for number in assortment.product],
                "sku": list(assortment.skus),
                "name": list(assortment.option_names),
                "options": [json.dumps({"Option": name} if name else {}) for name in assortment.option_names],
                "created_at": self._clock.instants(begin, np.zeros(len(begin))),
            },
            schema_overrides={"name": pl.String},
        )

    def _product_suppliers(self) -> pl.DataFrame:
        suppliers = [self._plan.suppliers[number] for number in self._assortment.supplier]
        return pl.DataFrame(
            {
                "id": self._ids("product_supplier", self._assortment.skus),
                "supplier_id": [self.supplier_ids[number] for number in self._assortment.supplier],
                "variant_id": self.variant_ids,
                "supplier_sku": [
                    f"{supplier.code}-{sku}"
                    for supplier, sku in zip(suppliers, self._assortment.skus, strict=True)
                ],
                "unit_cost_amount": self._money(self._prices.cost_minor[-1]),
                "currency": [self._plan.currency] * len(suppliers),
                "moq_units": [supplier.moq_units for supplier in suppliers],
                "pack_units": [supplier.pack_units for supplier in suppliers],
                "lead_time_days": [supplier.quoted_lead_time_days for supplier in suppliers],
                "is_preferred": [True] * len(suppliers),
            }
        )

    def _price_history(self) -> pl.DataFrame:
        regular, price = self._prices.regular_minor, self._prices.price_minor
        changes = change_days(regular * 10_000_000 + price, self._first_days())
        days = np.array([day for day, _ in changes])
        variants = np.array([variant for _, variant in changes])
        return pl.DataFrame(
            {
                "id": self._change_ids("price", days, variants),
                "variant_id": [self.variant_ids[variant] for variant in variants],
                "unit_price_amount": self._money(price[days, variants]),
                "regular_price_amount": self._money(regular[days, variants]),
                "valid_from": self._clock.instants(days, np.zeros(len(days))),
                "reason": [self._price_reason(day, variant) for day, variant in changes],
            }
        )

    def _price_reason(self, day: int, variant: int) -> str:
        regular, price = self._prices.regular_minor, self._prices.price_minor
        if price[day, variant] < regular[day, variant]:
            return "Promotion"
        if day == self._first_days()[variant]:
            return "First price"
        return "Promotion ended" if regular[day, variant] == regular[day - 1, variant] else "Price rise"

    def _cost_history(self) -> pl.DataFrame:
        changes = change_days(self._prices.cost_minor, self._first_days())
        days = np.array([day for day, _ in changes])
        variants = np.array([variant for _, variant in changes])
        return pl.DataFrame(
            {
                "id": self._change_ids("cost", days, variants),
                "variant_id": [self.variant_ids[variant] for variant in variants],
                "unit_cost_amount": self._money(self._prices.cost_minor[days, variants]),
                "valid_from": self._clock.instants(days, np.zeros(len(days))),
            }
        )

    def _change_ids(self, kind: str, days: NDArray[np.int64], variants: NDArray[np.int64]) -> list[str]:
        keys = (
            f"{self._assortment.skus[variant]}|{day}" for day, variant in zip(days, variants, strict=True)
        )
        instants = self._clock.instants(days, np.zeros(len(days)))
        return stable_ids(f"{self._plan.slug}|{kind}", keys, milliseconds(instants))

    def _customer_rows(self) -> pl.DataFrame:
        plan, count = self._plan, len(self.customer_ids)
        first = [plan.first_names[n % len(plan.first_names)] for n in range(count)]
        last = [plan.last_names[n // len(plan.first_names) % len(plan.last_names)] for n in range(count)]
        return pl.DataFrame(
            {
                "id": self.customer_ids,
                "email": [
                    f"{given}.{family}.{number + 1}@customers.example".lower()
                    for number, (given, family) in enumerate(zip(first, last, strict=True))
                ],
                "first_name": first,
                "last_name": last,
                "country": [plan.country] * count,
                "accepts_marketing": [number % 3 == 0 for number in range(count)],
                "created_at": self._joined_at,
            }
        )

    def _first_days(self) -> NDArray[np.int64]:
        """Return the day from which each variant is sold."""
        first = np.zeros(len(self._assortment), dtype=np.int64)
        first[self._assortment.with_pattern("new")] = len(self._clock.dates) - NEW_PRODUCT_DAYS_AGO
        return first

    def _money(self, minor: NDArray[np.int64]) -> NDArray[np.float64]:
        amounts: NDArray[np.float64] = minor / self._plan.minor_units
        return amounts


def storefront_key(plan: CompanyPlan, shop: ShopPlan) -> str:
    """Return the publishable key of a demo shop: the same in every installation."""
    return f"pk_demo_{plan.slug}_{shop.slug}"


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
