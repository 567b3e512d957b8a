"""What shipping costs: zones, bands, thresholds and free goods, through the published functions."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from api.shipping.errors import ShippingUnavailable
from api.shipping.rules import sound_area
from api.shipping.service import ShippingQuote, list_quotes, quote_shipping
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.companies import Company
from tests.support.databases import FreshDatabase


@dataclass
class Address:
    country: str | None = None
    state: str | None = None
    postal_code: str | None = None


class Shipping:
    """Writes methods, zones and tariffs past the API."""

    def __init__(self, fresh_database: FreshDatabase, company: Company) -> None:
        self.fresh_database, self.company = fresh_database, company

    def insert(self, table: str, **values: Any) -> UUID:
        values = {"company_id": self.company.id} | values
        with self.fresh_database.connect("owner") as owner:
            columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
            owner.execute(f"insert into {table} ({columns}) values ({places})", values)
        return values.get("id", self.company.id)  # type: ignore[no-any-return]

    def zone(self, name: str, *areas: dict[str, str], **fields: Any) -> UUID:
        zone_id = self.insert("shipping_zones", id=new_id(), name=name, **fields)
        empty = dict.fromkeys(("country", "region", "postal_prefix", "postal_from", "postal_to"))
        for position, area in enumerate(areas):
            spelled = sound_area(**{**empty, **area})  # type: ignore[arg-type]
            self.insert("shipping_zone_areas", zone_id=zone_id, position=position, **vars(spelled))
        return zone_id

    def method(self, code: str, **fields: Any) -> UUID:
        days = {"estimated_days_min": 2, "estimated_days_max": 4}
        return self.insert("shipping_methods", id=new_id(), code=code, name=code, **{**days, **fields})

    def tariff(self, method_id: UUID, zone_id: UUID, bands: dict[str, str | None], **fields: Any) -> None:
        self.insert("shipping_tariffs", method_id=method_id, zone_id=zone_id, **fields)
        for bound, amount in bands.items():
            self.insert(
                "shipping_bands", method_id=method_id, zone_id=zone_id, from_bound=bound, amount=amount
            )


@pytest.fixture
def shipping(fresh_database: FreshDatabase, company: Company) -> Shipping:
    return Shipping(fresh_database, company)


PARCEL: dict[str, Any] = {
    "goods_amount": Decimal("20.00"),
    "weight_kg": Decimal("1.5"),
    "has_only_free_shipping": False,
}


async def quotes(
    database: Database, company: Company, destination: Address | None, **parcel: Any
) -> list[ShippingQuote]:
    async with transaction(database, company_id=company.id) as connection:
        return await list_quotes(
            connection, company.id, shop_id=company.shop_id, destination=destination, **{**PARCEL, **parcel}
        )


async def quote(
    database: Database, company: Company, code: str | None, destination: Address | None, **parcel: Any
) -> ShippingQuote:
    async with transaction(database, company_id=company.id) as connection:
        return await quote_shipping(
            connection,
            company.id,
            shop_id=company.shop_id,
            method_code=code,
            destination=destination,
            **{**PARCEL, **parcel},
        )


async def zone_of(database: Database, company: Company, destination: Address) -> str | None:
    found = await quotes(database, company, destination)
    return found[0].zone_name if found else None


@pytest.fixture
def zones(shipping: Shipping) -> Shipping:
    """One method in zones of every kind."""
    method = shipping.method("standard")
    areas = {
        "world": {},
        "germany": {"country": "DE"},
        "bavaria": {"country": "DE", "region": "Bayern"},
        "berlin": {"country": "DE", "postal_prefix": "1"},
        "berlin centre": {"country": "DE", "postal_from": "10115", "postal_to": "10179"},
        "one street": {"country": "DE", "postal_prefix": "10117"},
        "helgoland": {"country": "DE", "postal_from": "27498", "postal_to": "27498"},
        "manchester centre": {"country": "GB", "postal_prefix": "m1"},
        "sheffield": {"country": "GB", "postal_prefix": "S"},
        "westminster": {"country": "GB", "postal_from": "SW1A", "postal_to": "SW1Y"},
        "zip": {"country": "US", "postal_from": "10001", "postal_to": "10282"},
    }
    for name, area in areas.items():
        shipping.tariff(method, shipping.zone(name, area), {"0": "5.00"})
    return shipping


ZONE_OF = (
    (Address("FR", None, "75001"), "world"),
    (Address("de", None, None), "germany"),
    (Address("DE", "bayern", "80331"), "bavaria"),
    (Address("DE", "Bayern", "12345"), "berlin"),  # a postal code beats a region
    (Address("DE", None, "10 178"), "berlin centre"),  # three characters fixed beat one
    (Address("DE", None, "10180"), "berlin"),
    (Address("DE", None, "10117"), "one street"),  # five beat three
    (Address("DE", None, "27498"), "helgoland"),
    (Address("DE", None, "27499"), "germany"),
    (Address("GB", None, "M1 1AA"), "manchester centre"),
    (Address("GB", None, "m10 1aa"), "world"),  # M10 is not part of M1
    (Address("GB", None, "S1 2HE"), "sheffield"),
    (Address("GB", None, "SK1 3AA"), "world"),
    (Address("GB", None, "SW1P 3JX"), "westminster"),
    (Address("GB", None, "SW1Z 3JX"), "world"),
    (Address("US", "NY", "10001-2345"), "zip"),  # ZIP+4 lies in its ZIP
    (Address("US", "NY", "100A1"), "world"),  # no number, so not between numbers
    (Address("US", "NY", "1000"), "world"),  # too short to tell
    (Address(None, None, "10117"), "world"),
)


async def test_the_most_specific_zone_wins(database: Database, company: Company, zones: Shipping) -> None:
    found = [(address, await zone_of(database, company, address)) for address, _ in ZONE_OF]

    assert found == list(ZONE_OF)


async def test_of_equally_close_zones_the_shop_s_own_then_the_priority_decides(
    database: Database, company: Company, shipping: Shipping
) -> None:
    method = shipping.method("standard")
    for name, fields in (
        ("late", {"priority": 5}),
        ("early", {"priority": 1}),
        ("own", {"priority": 9, "shop_id": company.shop_id}),
    ):
        shipping.tariff(method, shipping.zone(name, {"country": "DE"}, **fields), {"0": "5.00"})
    germany = Address("DE")

    assert await zone_of(database, company, germany) == "own"
    with shipping.fresh_database.connect("owner") as owner:
        owner.execute("update shipping_zones set is_active = false where name = 'own'")
    assert await zone_of(database, company, germany) == "early"


async def test_one_zone_holds_for_all_methods(
    database: Database, company: Company, shipping: Shipping
) -> None:
    """An island's zone without express keeps express away, though its country has it."""
    standard, express = shipping.method("standard"), shipping.method("express")
    country, island = (
        shipping.zone("country", {"country": "DE"}),
        shipping.zone("island", {"country": "DE", "postal_prefix": "27498"}),
    )
    shipping.tariff(standard, country, {"0": "4.00"})
    shipping.tariff(express, country, {"0": "9.00"})
    shipping.tariff(standard, island, {"0": "14.00"})

    found = await quotes(database, company, Address("DE", None, "27498"))
    assert [(offer.method_code, offer.amount) for offer in found] == [("standard", Decimal("14.00"))]


async def test_a_band_holds_from_its_bound_to_the_next_one(
    database: Database, company: Company, shipping: Shipping
) -> None:
    shipping.tariff(
        shipping.method("standard", base_amount="1.00"),
        shipping.zone("world", {}),
        {"0": "2.90", "1": "4.90", "5": "8.90", "30": None},
    )
    wanted = {"0": "3.90", "0.999": "3.90", "1": "5.90", "4.9999": "5.90", "5": "9.90", "30": None}
    found = {weight: await quotes(database, company, None, weight_kg=Decimal(weight)) for weight in wanted}

    assert {weight: [str(offer.amount) for offer in offers] for weight, offers in found.items()} == {
        weight: [] if amount is None else [amount] for weight, amount in wanted.items()
    }


async def test_bands_by_value_look_at_the_goods(
    database: Database, company: Company, shipping: Shipping
) -> None:
    shipping.tariff(
        shipping.method("standard", rate_basis="goods_value"),
        shipping.zone("world", {}),
        {"0": "9", "50": "5"},
    )
    for goods, amount in (("49.99", 9), ("50.00", 5)):
        (offer,) = await quotes(
            database, company, None, goods_amount=Decimal(goods), weight_kg=Decimal("999")
        )
        assert offer.amount == amount


async def test_thresholds_and_free_goods_make_a_method_free(
    database: Database, company: Company, shipping: Shipping
) -> None:
    world = shipping.zone("world", {})
    standard = shipping.method("standard", free_from_amount="100")
    overnight = shipping.method("overnight", can_be_free=False, free_from_amount="500")
    shipping.tariff(
        standard, world, {"0": "5"}, free_from_amount="40", estimated_days_min=5, estimated_days_max=9
    )
    shipping.tariff(overnight, world, {"0": "20"})

    async def seen(**parcel: Any) -> dict[str | None, tuple[Decimal, str | None]]:
        found = await quotes(database, company, None, **parcel)
        return {offer.method_code: (offer.amount, offer.free_because) for offer in found}

    assert await seen(goods_amount=Decimal("39.99")) == {"standard": (5, None), "overnight": (20, None)}
    assert await seen(goods_amount=Decimal("40")) == {"standard": (0, "threshold"), "overnight": (20, None)}
    assert await seen(has_only_free_shipping=True) == {"standard": (0, "goods"), "overnight": (20, None)}
    assert (await seen(goods_amount=Decimal(500)))["overnight"] == (0, "threshold")
    offer = await quote(database, company, "standard", None)
    assert (offer.estimated_days_min, offer.estimated_days_max) == (5, 9)
    assert (offer.regular_amount, offer.can_be_free) == (5, True)


async def test_a_method_carries_only_its_classes(
    database: Database, company: Company, shipping: Shipping
) -> None:
    world = shipping.zone("world", {})
    shipping.tariff(shipping.method("truck", shipping_classes='["standard"]'), world, {"0": "5"})
    shipping.tariff(shipping.method("plane"), world, {"0": "50"})

    async def codes(*classes: str) -> list[str | None]:
        found = await quotes(database, company, None, shipping_classes=classes)
        return [offer.method_code for offer in found]

    assert await codes("standard") == ["plane", "truck"]
    assert await codes("standard", "overnight") == ["plane"]


async def test_a_shop_s_own_method_stands_in_for_the_company_s(
    database: Database, company: Company, shipping: Shipping
) -> None:
    world, other_shop = shipping.zone("world", {}), new_id()
    shipping.insert("shops", id=other_shop, name="Other", slug="other")
    shipping.tariff(shipping.method("standard"), world, {"0": "5"})
    shipping.tariff(shipping.method("standard", shop_id=company.shop_id), world, {"0": "3"})
    shipping.tariff(shipping.method("bike", shop_id=other_shop), world, {"0": "1"})

    found = await quotes(database, company, None)
    assert [(offer.method_code, offer.amount) for offer in found] == [("standard", 3)]


async def test_without_a_code_the_cheapest_then_the_fastest_is_quoted(
    database: Database, company: Company, shipping: Shipping
) -> None:
    world = shipping.zone("world", {})
    shipping.tariff(shipping.method("slow"), world, {"0": "5"})
    shipping.tariff(shipping.method("fast", estimated_days_min=1, estimated_days_max=1), world, {"0": "5"})
    shipping.tariff(shipping.method("dear"), world, {"0": "6"})

    assert (await quote(database, company, None, None)).method_code == "fast"
    assert (await quote(database, company, "dear", None)).amount == 6


async def test_what_cannot_be_shipped_is_refused_and_a_shop_without_methods_charges_nothing(
    database: Database, two_companies: tuple[Company, Company], fresh_database: FreshDatabase
) -> None:
    acme, bolt = two_companies
    shipping = Shipping(fresh_database, acme)
    method = shipping.method("standard", is_active=False)
    shipping.tariff(method, shipping.zone("germany", {"country": "DE"}), {"0": "5"})

    for code, address in ((None, Address("DE")), ("standard", Address("DE"))):
        with pytest.raises(ShippingUnavailable):
            await quote(database, acme, code, address)
    with fresh_database.connect("owner") as owner:
        owner.execute("update shipping_methods set is_active = true")
    assert (await quote(database, acme, "standard", Address("DE"))).amount == 5
    for code, address in ((None, Address("FR")), ("express", Address("DE")), (None, None)):
        with pytest.raises(ShippingUnavailable):
            await quote(database, acme, code, address)
    free = await quote(database, bolt, "express", Address("DE"))
    assert (free.method_id, free.amount, free.free_because) == (None, 0, "no_methods")
