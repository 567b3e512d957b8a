"""Recommendations show what can be bought now, with a reason that is true."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.api_client import Api, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.published import publish, small_plan

PATH = "/api/v1/products/recommendations"


@pytest.fixture
async def recommended(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], tmp_path: Path
) -> AsyncIterator[tuple[Api, Company, Company]]:
    """The API over published lists: each company's one product, bought before and popular."""
    acme, bolt = two_companies
    settings = fresh_database.settings.model_copy(update={"home": tmp_path})
    tables = {company: small_plan(company) for company in two_companies}
    other = str(uuid4())
    tables[acme]["srv_recommendations_together"] = [
        {"item_id": other, "other_item_id": acme.product_id, "other_product_name": "Thing", "rank": 1,
         "score": 0.5, "common_baskets": 4}
    ]  # fmt: skip
    tables[acme]["srv_products"] = [
        *tables[acme]["srv_products"],
        {"product_id": other, "variant_id": uuid4(), "sku": "SKU-2", "product_name": "Other"},
    ]
    publish(settings, tables)
    async with open_api(replace(fresh_database, settings=settings)) as api:
        api.app.state.other_product_id = other
        yield api, acme, bolt


async def test_a_customer_sees_their_own_list_with_reasons(recommended: tuple[Api, Company, Company]) -> None:
    api, acme, _ = recommended
    answer = (await api.client.get(PATH, headers=api.token("customer", acme))).json()
    (item,) = answer["items"]
    assert (item["product_id"], item["reason_code"]) == (str(acme.product_id), "BOUGHT_BEFORE")
    assert item["reason_text"] == "You bought it 3 times, last on 2026-11-20."


async def test_a_guest_sees_what_is_popular_or_goes_with_the_cart(
    recommended: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = recommended
    storefront = api.storefront(acme)
    popular = (await api.client.get(PATH, headers=storefront)).json()["items"]
    assert [item["reason_code"] for item in popular] == ["POPULAR"]
    other = api.app.state.other_product_id
    together = (await api.client.get(f"{PATH}?product_ids={other}", headers=storefront)).json()["items"]
    assert [item["reason_text"] for item in together] == ["Bought together with Other in 4 baskets."]
    own = await api.client.get(f"{PATH}?product_ids={acme.product_id}", headers=storefront)
    assert own.json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        "update products set status = 'draft' where company_id = %s returning id",
        "update variants set is_active = false where company_id = %s returning id",
        "update stock_levels set reserved_units = on_hand_units where company_id = %s returning location_id",
        "delete from shop_locations where company_id = %s returning shop_id",
    ],
)
async def test_what_cannot_be_bought_now_is_not_shown(
    recommended: tuple[Api, Company, Company], change: str
) -> None:
    api, acme, _ = recommended
    api.rows(change, [acme.id])
    assert (await api.client.get(PATH, headers=api.storefront(acme))).json()["items"] == []


async def test_another_customers_list_is_not_shown(recommended: tuple[Api, Company, Company]) -> None:
    api, acme, bolt = recommended
    customer = api.token("customer", acme, customer_id=uuid4())
    asked = await api.client.get(f"{PATH}?customer_id={acme.customer_id}", headers=customer)
    assert_problem(asked, 403, "forbidden")
    staff = api.token("company_admin", acme)
    seen = (await api.client.get(f"{PATH}?customer_id={acme.customer_id}", headers=staff)).json()["items"]
    assert [item["reason_code"] for item in seen] == ["BOUGHT_BEFORE"]
    foreign = (await api.client.get(f"{PATH}?customer_id={bolt.customer_id}", headers=staff)).json()["items"]
    assert [item["reason_code"] for item in foreign] == ["POPULAR"]
