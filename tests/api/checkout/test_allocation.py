"""Which location gives first, and the taxes and days of orders where the company says so."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import place
from tests.support.shopping import ADDRESS

BERLIN = {"latitude": 52.52, "longitude": 13.40}


def add_location(api: Api, company: Company, code: str, place: tuple[float, float], units: int) -> UUID:
    """Add a location behind all others, with stock of the company's variant."""
    location_id = uuid4()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into locations (company_id, id, code, name, latitude, longitude)"
            " values (%s, %s, %s, %s, %s, %s)",
            [company.id, location_id, code, code, *place],
        )
        owner.execute(
            "insert into shop_locations (company_id, shop_id, location_id, priority) values (%s, %s, %s, 9)",
            [company.id, company.shop_id, location_id],
        )
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " values (%s, %s, %s, %s, 'opening')",
            [company.id, location_id, company.variant_id, units],
        )
    return location_id


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("priority", {"MAIN": 100, "PARIS": 5}),
        # Potsdam is near, Paris further, and where MAIN is nobody knows.
        ("nearest", {"POTSDAM": 30, "PARIS": 75}),
        ("most_stock", {"PARIS": 105}),
    ],
)
async def test_locations_give_by_the_company_s_strategy(
    api: Api, company: Company, strategy: str, expected: dict[str, int]
) -> None:
    add_location(api, company, "PARIS", (48.86, 2.35), 120)
    add_location(api, company, "POTSDAM", (52.40, 13.06), 30)
    with api.database.connect("owner") as owner:
        owner.execute("update companies set allocation_strategy = %s", [strategy])
        if strategy == "priority":
            owner.execute(
                "update shop_locations set priority = 8 where location_id ="
                " (select id from locations where code = 'PARIS')"
            )
    answer = await place(api, company, quantity_units=105, shipping_address=ADDRESS | BERLIN)
    assert answer.status_code == 201, answer.text
    held = dict(
        api.rows(
            "select code, reserved_units from reservations inner join locations"
            " on reservations.location_id = locations.id"
        )
    )
    assert held == expected


async def test_the_shop_stands_in_for_an_address_without_coordinates(api: Api, company: Company) -> None:
    add_location(api, company, "PARIS", (48.86, 2.35), 20)
    add_location(api, company, "POTSDAM", (52.40, 13.06), 20)
    with api.database.connect("owner") as owner:
        owner.execute("update companies set allocation_strategy = 'nearest'")
        owner.execute("update shops set latitude = 48.9, longitude = 2.3")
    await place(api, company, shipping_address=ADDRESS)
    assert api.rows(
        "select code from reservations inner join locations on reservations.location_id = locations.id"
    ) == [("PARIS",)]


async def test_the_strategy_is_a_setting_of_the_company(api: Api, company: Company) -> None:
    headers = api.token("company_admin", company)
    address = f"/api/v1/companies/{company.id}/settings"
    changed = await api.client.patch(address, json={"allocation_strategy": "nearest"}, headers=headers)
    if changed.status_code == 428:
        changed = await api.client.patch(
            address, json={"allocation_strategy": "nearest"}, headers=headers | {"If-Match": "*"}
        )
    assert changed.status_code == 200, changed.text
    assert changed.json()["allocation_strategy"] == "nearest"
    wrong = await api.client.patch(
        address, json={"allocation_strategy": "random"}, headers=headers | {"If-Match": "*"}
    )
    assert_problem(wrong, 422, "invalid_content")


@pytest.mark.parametrize("is_quoted", [False, True])
async def test_a_direct_order_pays_the_tax_of_its_category_and_region(
    api: Api, company: Company, is_quoted: bool
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update companies set tax_rate = 0.19")
        for country, region, category_id, rate in (
            ("DE", None, None, "0.16"),
            ("DE", None, company.category_id, "0.07"),
            ("DE", "BY", company.category_id, "0.05"),
        ):
            owner.execute(
                "insert into tax_rates (company_id, name, country, region, category_id, rate, valid_from)"
                " values (%s, 'rate', %s, %s, %s, %s, now() - interval '1 day')",
                [company.id, country, region, category_id, rate],
            )
        owner.execute(
            "insert into coupons (company_id, code, kind, value) values (%s, 'ONE', 'fixed', 1)", [company.id]
        )
    codes = ["ONE"] if is_quoted else []
    rates = []
    for address in ({"country": "de", "state": "by"}, {"country": "DE"}, {"country": "FR"}):
        answer = await place(api, company, shipping_address=ADDRESS | address, coupon_codes=codes)
        assert answer.status_code == 201, answer.text
        rates.append(answer.json()["lines"][0]["tax_rate"])
    assert rates == ["0.050000", "0.070000", "0.190000"]


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Europe/Berlin", "2026-03-28T22:59:59+00:00", "20260328"),
        ("Europe/Berlin", "2026-03-28T23:00:00+00:00", "20260329"),
        ("Europe/Berlin", "2026-03-29T21:59:59+00:00", "20260329"),
        ("Europe/Berlin", "2026-03-29T22:00:00+00:00", "20260330"),
        ("Europe/Berlin", "2026-10-24T22:00:00+00:00", "20261025"),
        ("Europe/Berlin", "2026-10-25T22:59:59+00:00", "20261025"),
        ("Europe/Berlin", "2026-10-25T23:00:00+00:00", "20261026"),
    ],
)
async def test_order_numbers_name_the_company_s_day_over_both_changes_of_clocks(
    api: Api, zone: str, moment: str, day: str
) -> None:
    at = datetime.fromisoformat(moment)
    number = api.scalar("select document_number('ORD', 7, %s, %s)", [at, zone])
    assert number.split("-")[:2] == ["ORD", day]
