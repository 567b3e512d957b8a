"""What time does to carts: abandoned, forgotten, and held stock given back. And how checkout ends them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.carts.owners import CartOwner
from api.carts.service import convert_cart, lock_cart
from api.carts.sweeping import sweep_carts
from api.errors import IllegalTransition, NotFound
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.api_client import Api
from tests.support.carts import CART, customer, guest, item
from tests.support.companies import Company
from tests.support.orders import add_variant, assert_all_adds_up, place

DAY = timedelta(hours=24)


async def test_an_idle_cart_is_abandoned_once_and_comes_back_to_life(
    api: Api, database: Database, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    buyer, other = customer(api, acme), customer(api, bolt)
    await buyer.add(item(acme))
    await other.send("POST", CART)  # nothing in it: nobody is told
    busy = guest(api, acme)
    await busy.add(item(acme))
    with api.database.connect("owner") as owner:
        touched = "update carts set last_activity_at = last_activity_at + interval '2 hours' where id = %s"
        owner.execute(touched, [(await busy.cart())["id"]])
    now = datetime.now(UTC)
    assert await sweep_carts(database, now + timedelta(hours=23), abandoned_after=DAY) == 0
    later = now + timedelta(hours=25)
    assert await sweep_carts(database, later, abandoned_after=DAY) == 2
    assert await sweep_carts(database, later, abandoned_after=DAY) == 0
    told = api.rows("select status, abandoned_at from carts order by last_activity_at")
    assert told == [("abandoned", later), ("abandoned", later), ("active", None)]
    assert api.rows(
        "select company_id, payload ->> 'line_count' from events where type = 'cart.abandoned'"
    ) == [(acme.id, "1")]
    assert (await buyer.cart())["status"] == "abandoned"
    again = (await buyer.add(item(acme))).json()
    assert (again["status"], again["quantity_units"]) == ("active", 2)


async def test_a_forgotten_cart_is_gone_with_what_the_guest_saved(
    api: Api, database: Database, company: Company
) -> None:
    add_variant(api, company, "SKU-2")
    visitor, buyer, younger = guest(api, company), customer(api, company), guest(api, company)
    for shopper in (visitor, buyer, younger):
        lines = (await shopper.add(item(company), item(company, "SKU-2"))).json()["lines"]
        await shopper.send("POST", f"{CART}/items/{lines[0]['id']}/save-for-later")
    with api.database.connect("owner") as owner:
        for table in ("carts", "saved_items"):
            newest = f"select id from {table} where session_sha256 is not null order by id desc limit 1"
            owner.execute(
                f"update {table} set expires_at = expires_at + interval '2 days' where id = ({newest})"
            )
    after = datetime.now(UTC) + timedelta(days=31)
    await sweep_carts(database, after, abandoned_after=DAY)
    assert api.rows("select (select count(*) from carts), (select count(*) from cart_lines)") == [(1, 1)]
    assert await visitor.saved() == {}
    assert len(await younger.saved()) == 1
    assert len(await buyer.saved()) == 1  # a customer's are kept


async def test_an_expired_cart_that_nobody_swept_is_as_good_as_gone(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    first = (await buyer.add(item(company, units=5))).json()["id"]
    with api.database.connect("owner") as owner:
        owner.execute("update carts set expires_at = now() - interval '1 second'")
    assert (await buyer.cart())["id"] is None
    second = (await buyer.add(item(company))).json()
    assert (second["id"] != first, second["quantity_units"]) == (True, 1)
    assert api.scalar("select count(*) from carts") == 1


@pytest.fixture
def holding(api: Api, company: Company) -> Company:
    """The company, whose carts hold their goods for ten minutes."""
    with api.database.connect("owner") as owner:
        owner.execute("update companies set cart_reservation_minutes = 10")
    return company


def available(api: Api) -> int:
    units: int = api.scalar("select available_units from stock_levels")
    return units


async def test_by_default_a_cart_holds_nothing(api: Api, company: Company) -> None:
    await customer(api, company).add(item(company, units=5))
    assert (available(api), api.scalar("select count(*) from reservations")) == (100, 0)


async def test_a_cart_holds_its_goods_where_the_company_wants_it(
    api: Api, database: Database, holding: Company
) -> None:
    buyer, visitor = customer(api, holding), guest(api, holding)
    line = (await buyer.add(item(holding, units=60))).json()["lines"][0]
    assert (available(api), line["available_units"], line["problems"]) == (40, 100, [])
    refused = await visitor.add(item(holding, units=41))
    assert refused.status_code == 409
    assert (await visitor.add(item(holding, units=40))).status_code == 201
    assert available(api) == 0
    changed = await buyer.send("PUT", f"{CART}/items/{line['id']}", {"quantity_units": 10})
    assert changed.status_code == 200, changed.text
    assert available(api) == 50
    assert_all_adds_up(api)
    now = datetime.now(UTC)
    assert await sweep_carts(database, now + timedelta(minutes=9), abandoned_after=DAY) == 0
    assert await sweep_carts(database, now + timedelta(minutes=11), abandoned_after=DAY) == 2
    assert available(api) == 100
    assert api.rows("select distinct status from reservations where status <> 'released'") == [("expired",)]
    assert_all_adds_up(api)
    assert (await place(api, holding, quantity_units=100)).status_code == 201


async def test_a_merge_takes_over_what_the_guest_s_cart_held(api: Api, holding: Company) -> None:
    buyer, visitor = customer(api, holding), guest(api, holding)
    await buyer.add(item(holding, units=10))
    await visitor.add(item(holding, units=20))
    merged = await buyer.send("POST", f"{CART}/merge", {"cart_token": visitor.token})
    assert merged.status_code == 201, merged.text
    assert (await buyer.quantities(), available(api)) == ({holding.sku: 30}, 70)
    assert_all_adds_up(api)


async def test_checkout_locks_a_cart_and_ends_it(api: Api, database: Database, company: Company) -> None:
    buyer, owner = customer(api, company), CartOwner(customer_id=company.customer_id)
    cart_id = UUID((await buyer.add(item(company, units=3))).json()["id"])
    now = datetime.now(UTC)
    async with transaction(database, company_id=company.id) as connection:
        locked = await lock_cart(connection, company.id, cart_id, owner=owner)
        assert [(line.variant_id, line.quantity_units) for line in locked.lines] == [(company.variant_id, 3)]
        assert (locked.is_open, locked.customer_id, locked.destination) == (True, company.customer_id, None)
        with pytest.raises(NotFound):
            await lock_cart(connection, company.id, cart_id, owner=CartOwner(customer_id=new_id()))
        await convert_cart(connection, company.id, cart_id, checkout_id=new_id(), now=now)
        with pytest.raises(IllegalTransition):
            await convert_cart(connection, company.id, cart_id, checkout_id=new_id(), now=now)
        assert not (await lock_cart(connection, company.id, cart_id, owner=owner)).is_open
    assert (await buyer.cart())["id"] is None
    assert (await buyer.add(item(company))).json()["quantity_units"] == 1
    assert api.rows("select status, count(*) from carts group by 1 order by 1") == [
        ("active", 1),
        ("converted", 1),
    ]
    # A cart that was bought is the record of it: it is not forgotten.
    await sweep_carts(database, now + timedelta(days=400), abandoned_after=DAY)
    assert api.scalar("select status from carts") == "converted"
