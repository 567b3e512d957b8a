"""What is on its way between locations is owned, but not for sale: nowhere and in no way."""

import psycopg
import pytest

from api.inventory.buyable import buyable_products
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.api.inventory.test_transfers_and_counts import TRANSFERS, two_places
from tests.support.api_client import Api, assert_problem
from tests.support.carts import customer, item
from tests.support.companies import Company
from tests.support.orders import assert_all_adds_up, place


async def test_units_on_their_way_can_t_be_bought_until_they_arrive(
    api: Api, database: Database, company: Company
) -> None:
    places = await two_places(api, company)

    async def on_the_page() -> list[int]:
        page = await api.client.get(f"/api/v1/products/{company.product_id}", headers=places.admin)
        return [one["available_units"] for one in page.json()["variants"]]

    assert await on_the_page() == [100]
    draft = await places.draft(100)
    await places.done(f"{TRANSFERS}/{draft['id']}/send")
    assert api.rows(
        "select kind, on_hand_units, available_units from stock_levels"
        " inner join locations on locations.id = location_id where on_hand_units > 0"
    ) == [("in_transit", 100, 100)]
    assert_problem(await place(api, company, quantity_units=1), 409, "out_of_stock")
    assert (await customer(api, company).add(item(company))).status_code == 409
    async with transaction(database, company_id=company.id) as connection:
        for shop_id in (None, company.shop_id):
            assert await buyable_products(connection, [company.product_id], shop_id=shop_id) == set()
    assert await on_the_page() == [0]
    line_id = draft["lines"][0]["id"]
    await places.done(
        f"{TRANSFERS}/{draft['id']}/receive", {"lines": [{"line_id": line_id, "received_units": 100}]}
    )
    async with transaction(database, company_id=company.id) as connection:
        assert await buyable_products(connection, [company.product_id], shop_id=None) == {company.product_id}
    assert_all_adds_up(api)


async def test_no_shop_can_draw_on_it_even_past_the_api(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    draft = await places.draft(10)
    await places.done(f"{TRANSFERS}/{draft['id']}/send")
    transit_id = api.scalar("select id from locations where kind = 'in_transit'")
    refused = await api.client.put(
        f"/api/v1/locations/{transit_id}/shops/{company.shop_id}",
        json={"priority": 1},
        headers={"If-Match": "*", **places.admin},
    )
    assert_problem(refused, 409, "system_location")
    for name in ("from_location_id", "to_location_id"):
        wanted = {
            "from_location_id": str(company.location_id),
            "to_location_id": places.second_id,
            "lines": [{"variant_id": str(company.variant_id), "units": 1}],
        } | {name: str(transit_id)}
        problem = assert_problem(await places.post(TRANSFERS, wanted), 422, "unknown_reference")
        assert problem["errors"][0]["pointer"] == f"/{name}"
    with api.database.connect("owner") as owner:
        with pytest.raises(psycopg.errors.CheckViolation, match="in transit"):
            owner.execute(
                "insert into shop_locations (company_id, shop_id, location_id) values (%s, %s, %s)",
                [company.id, company.shop_id, transit_id],
            )
        with pytest.raises(psycopg.errors.CheckViolation, match="draw on"):
            owner.execute("update locations set kind = 'in_transit' where id = %s", [company.location_id])
    assert api.scalar("select count(*) from shop_locations") == 1
