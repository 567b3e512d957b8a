"""A small catalogue with everything that a search looks at, drawn from a seed."""

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core.ids import new_id
from tests.support.api_client import Api
from tests.support.companies import Company

BRANDS = ["Nähwerk", "NÄHWERK", "Øre", "Straße & Söhne", "Acme", None]
TAGS = ["Sale", "Été", "new in", "C++"]
SIZES = ["S", "M", "L"]
COLOURS = ["red", "blue", "Grün"]
NAMES = [
    "Hemd",
    "Crème brûlée pan",
    "Łódź mug",
    "σοφός lamp",
    "Ёлка star",
    "Red shoe",
    "T-Shirt",
    "x-ray 3000",
]
MATERIALS = ["cotton", "steel"]


@dataclass(frozen=True)
class Places:
    """What the catalogue hangs on."""

    categories: list[UUID]
    other_shop_id: UUID


def add_catalogue(api: Api, company: Company, seed: int, count: int) -> Places:
    """Write products in all states, some with variants, stock in several places and scheduled prices."""
    random = Random(seed)
    writer = _Writer(api, company, random)
    places = writer.add_places()
    for number in range(count):
        writer.add_product(number, places)
    writer.flush()
    return places


class _Writer:
    def __init__(self, api: Api, company: Company, random: Random) -> None:
        self._api, self._company, self._random = api, company, random
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._locations: list[UUID] = [company.location_id]

    def add_places(self) -> Places:
        shop_id = new_id()
        self._add("shops", id=shop_id, name="Other", slug="other")
        for code, kind in (("B", "warehouse"), ("W", "in_transit"), ("OLD", "warehouse")):
            location_id = new_id()
            archived = "2026-01-01T00:00:00Z" if code == "OLD" else None
            self._add("locations", id=location_id, code=code, name=code, kind=kind, archived_at=archived)
            shops = {"B": [shop_id], "W": [], "OLD": [self._company.shop_id, shop_id]}[code]
            for one in shops:
                self._add("shop_locations", shop_id=one, location_id=location_id)
            self._locations.append(location_id)
        categories = [self._company.category_id]
        for number in range(7):
            category_id = new_id()
            parent = self._random.choice([None, *categories])
            self._add(
                "categories",
                id=category_id,
                parent_id=parent,
                name=f"Kategorie Nö{number}",
                slug=f"c{number}",
            )
            categories.append(category_id)
        return Places(categories, shop_id)

    def add_product(self, number: int, places: Places) -> None:
        pick, random = self._random.choice, self._random
        product_id, price = new_id(), random.choice([5, 9, 10, 24, 49, 50, 99, 240, 600, 1200])
        is_old = random.random() < 0.05
        self._add(
            "products",
            id=product_id, sku=f"P-{number}", slug=f"p-{number}", name=f"{pick(NAMES)} {number}",
            category_id=pick([*places.categories, None]), brand=pick(BRANDS),
            gender=pick(["male", "female", None]), material=pick([*MATERIALS, None]),
            collection=pick(["Sommer", None]),
            shop_id=pick([None, None, None, self._company.shop_id, places.other_shop_id]),
            description=pick(["", "Soft, and washable at 40°."]), short_description=pick([None, "Très joli"]),
            price_amount=price, sale_price_amount=pick([None, None, price - 1]),
            tags=Jsonb(random.sample(TAGS, random.randrange(3))),
            specifications=Jsonb(
                {name: pick(values) for name, values in _SPECIFICATIONS.items() if random.random() < 0.5}
            ),
            rating_average=pick(["0", "1.00", "2.50", "4.00", "4.99"]), rating_count=random.randrange(3),
            sold_units=random.randrange(4), view_count=random.randrange(4),
            status="archived" if is_old else pick(["published"] * 8 + ["draft"]),
            archived_at="2026-01-01T00:00:00Z" if is_old else None, is_active=random.random() < 0.95,
            is_featured=random.random() < 0.3, is_new_arrival=random.random() < 0.3,
            published_at=pick([None, f"2026-03-{1 + number % 28:02}T00:00:00Z"]),
        )  # fmt: skip
        for place in range(pick([0, 1, 1, 2, 4])):
            self._add_variant(product_id, f"P-{number}-{place}")
        if random.random() < 0.2:
            self._add_schedule(product_id, price)

    def _add_variant(self, product_id: UUID, sku: str) -> None:
        pick, random, variant_id = self._random.choice, self._random, new_id()
        options = {
            pick(names): pick(values)
            for names, values in (
                (["size", "Size"], SIZES),
                (["colour", "Color"], COLOURS),
                (["fit"], ["slim"]),
            )
            if random.random() < 0.6
        } | {"number": sku[-1]}
        self._add(
            "variants", id=variant_id, product_id=product_id, sku=sku, options=Jsonb(options),
            price_modifier_amount=pick([0, 0, 5]), is_active=random.random() < 0.9,
            archived_at=pick([None] * 9 + ["2026-01-01T00:00:00Z"]),
        )  # fmt: skip
        for location_id in self._locations:
            if random.random() < 0.4:
                on_hand = random.randrange(1, 4)
                self._add(
                    "stock_ledger", location_id=location_id, variant_id=variant_id, delta_units=on_hand,
                    reason="opening",
                )  # fmt: skip
                self._add(
                    "reservations", location_id=location_id, variant_id=variant_id, owner_id=new_id(),
                    reserved_units=random.randrange(on_hand + 1),
                )  # fmt: skip

    def _add_schedule(self, product_id: UUID, price: int) -> None:
        starts, ends = self._random.choice(
            [("2026-01-01", None), ("2026-01-01", "2026-02-01"), ("2999-01-01", None)]
        )
        self._add(
            "price_schedules", product_id=product_id, sale_price_amount=max(price - 5, 0), starts_at=starts,
            ends_at=ends,
        )  # fmt: skip

    def _add(self, table: str, **row: Any) -> None:
        self._rows.setdefault(table, []).append({"company_id": self._company.id, **row})

    def flush(self) -> None:
        with self._api.database.connect("owner") as owner, owner.transaction():
            for table, rows in self._rows.items():
                columns = list(rows[0])
                places = ", ".join(f"%({column})s" for column in columns)
                statement = f"insert into {table} ({', '.join(columns)}) values ({places})"
                owner.cursor().executemany(statement, rows)
            owner.execute(
                "update stock_levels set allow_backorder = hashtext(variant_id::text) % 3 = 0,"
                " reserved_units = coalesce((select sum(reservations.reserved_units) from reservations"
                " where reservations.location_id = stock_levels.location_id"
                " and reservations.variant_id = stock_levels.variant_id), 0)"
            )


_SPECIFICATIONS = {
    "Material": ["oak", "steel"],
    "color": COLOURS,
    "Garantie": ["2 Jahre", "a:b"],
    "Size": SIZES,
}
