"""What a cart holds is given back: at checkout, by removing a line, by merging, by abandonment and expiry."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from api.carts.sweeping import sweep_carts
from core.postgres.pools import Database
from tests.support.api_client import Api
from tests.support.carts import CART, Shopper, customer, guest, item
from tests.support.companies import Company
from tests.support.orders import add_variant, assert_stock_adds_up
from tests.support.shopping import check_out

DAY = timedelta(hours=24)
WEEK_MINUTES = 7 * 24 * 60


@pytest.fixture
async def holder(api: Api, company: Company) -> Shopper:
    """A customer whose cart holds 10 of 100 units and 3 of another variant's, for a week."""
    with api.database.connect("owner") as owner:
        owner.execute("update companies set cart_reservation_minutes = %s", [WEEK_MINUTES])
    add_variant(api, company, "SKU-2")
    buyer = customer(api, company)
    added = await buyer.add(item(company, units=10), item(company, "SKU-2", units=3))
    assert added.status_code == 201, added.text
    assert held(api) == {"SKU-1": 10, "SKU-2": 3}
    return buyer


def held(api: Api) -> dict[str, int]:
    """Units that carts hold by SKU, after checking that levels agree with reservations and ledger."""
    assert_stock_adds_up(api)
    return dict(
        api.rows(
            "select sku, sum(reserved_units)::int from reservations"
            " inner join variants on variants.id = variant_id"
            " where owner_type = 'cart' and reservations.status = 'live' group by sku"
        )
    )


def available(api: Api) -> dict[str, int]:
    """Units that anybody may buy, by SKU."""
    return dict(
        api.rows("select sku, available_units from stock_levels inner join variants on id = variant_id")
    )


async def test_checkout_turns_what_is_held_into_the_order_s(
    api: Api, company: Company, holder: Shopper
) -> None:
    before = available(api)
    bought = await check_out(api.client, (await holder.cart())["id"], holder.headers)
    assert bought.status_code == 201, bought.text
    assert (held(api), available(api)) == ({}, before)


async def test_a_line_that_goes_gives_its_units_back(
    api: Api, company: Company, holder: Shopper, database: Database
) -> None:
    first, second = (await holder.cart())["lines"]
    assert (await holder.send("DELETE", f"{CART}/items/{first['id']}")).is_success
    left = held(api)
    assert left == {second["sku"]: second["quantity_units"]}
    later = await holder.send("POST", f"{CART}/items/{second['id']}/save-for-later")
    assert later.is_success, later.text
    assert held(api) == {}
    assert available(api)[company.sku] == 100


async def test_an_emptied_cart_holds_nothing(api: Api, company: Company, holder: Shopper) -> None:
    assert (await holder.send("DELETE", f"{CART}/items")).is_success
    assert (held(api), available(api)[company.sku]) == ({}, 100)


async def test_a_merged_cart_holds_what_is_in_it_and_the_guest_s_nothing(
    api: Api, company: Company, holder: Shopper
) -> None:
    visitor = guest(api, company)
    await visitor.add(item(company, units=20))
    assert held(api)["SKU-1"] == 30
    merged = await holder.send("POST", f"{CART}/merge", {"cart_token": visitor.token})
    assert merged.status_code == 201, merged.text
    assert (held(api), available(api)["SKU-1"]) == ({"SKU-1": 30, "SKU-2": 3}, 70)
    owners = api.scalar("select count(distinct owner_id) from reservations where status = 'live'")
    assert owners == 1


async def test_an_abandoned_cart_holds_nothing_until_its_buyer_comes_back(
    api: Api, company: Company, holder: Shopper, database: Database
) -> None:
    await sweep_carts(database, datetime.now(UTC) + timedelta(hours=25), abandoned_after=DAY)
    assert (held(api), available(api)["SKU-1"]) == ({}, 100)
    await holder.add(item(company, units=1))
    assert held(api) == {"SKU-1": 11, "SKU-2": 3}


async def test_a_forgotten_cart_leaves_nothing_held(
    api: Api, company: Company, holder: Shopper, database: Database
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update carts set expires_at = now()")
    await sweep_carts(database, datetime.now(UTC) + timedelta(minutes=1), abandoned_after=DAY)
    assert api.scalar("select count(*) from carts") == 0
    assert (held(api), available(api)["SKU-1"]) == ({}, 100)


async def test_two_sweepers_at_once_do_each_thing_once(
    api: Api, company: Company, holder: Shopper, database: Database
) -> None:
    others = [guest(api, company) for _ in range(4)]
    for visitor in others:
        assert (await visitor.add(item(company, units=5), item(company, "SKU-2", units=1))).is_success
    later = datetime.now(UTC) + timedelta(hours=25)
    done = await asyncio.gather(*(sweep_carts(database, later, abandoned_after=DAY) for _ in range(4)))
    assert sum(done) == 5
    assert api.scalar("select count(*) from events where type = 'cart.abandoned'") == 5
    assert (held(api), available(api)["SKU-1"]) == ({}, 100)
    with api.database.connect("owner") as owner:
        owner.execute("update carts set expires_at = now()")
    await asyncio.gather(*(sweep_carts(database, later, abandoned_after=DAY) for _ in range(4)))
    assert api.scalar("select count(*) from carts") == 0
