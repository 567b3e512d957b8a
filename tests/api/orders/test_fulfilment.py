"""What becomes of an order: confirmed, shipped, delivered, completed, cancelled, expired, listed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from api.orders.expiry import release_expired_reservations
from api.orders.rules import NEXT_STATUSES
from core.postgres.pools import Database
from tests.support.api_client import Api, TestClock, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.orders import assert_all_adds_up, counts, place

LEVEL = "select on_hand_units, reserved_units, available_units from stock_levels"


async def change(api: Api, company: Company, order_id: str, status: str) -> httpx.Response:
    return await api.client.patch(
        f"/api/v1/orders/{order_id}/status",
        json={"status": status},
        headers=api.token("shop_staff", company),
    )


async def cancel(
    api: Api, headers: dict[str, str], order_id: str, *, key: str | None = None
) -> httpx.Response:
    return await api.client.post(
        f"/api/v1/orders/{order_id}/cancel",
        json={"reason": "changed my mind"},
        headers={"Idempotency-Key": key or str(uuid4()), **headers},
    )


async def new_order(api: Api, company: Company, **changes: Any) -> str:
    answer = await place(api, company, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_the_whole_way_of_an_order(fresh_database: FreshDatabase, company: Company) -> None:
    clock = TestClock()
    async with open_api(fresh_database, clock=clock) as api:
        order_id = await new_order(api, company, quantity_units=4)
        confirmed = (await change(api, company, order_id, "confirmed")).json()
        assert confirmed["reservation_expires_at"] is None
        assert api.rows("select expires_at from reservations") == [(None,)]
        assert (await change(api, company, order_id, "processing")).status_code == 200
        assert api.rows(LEVEL) == [(100, 4, 96)]
        shipped = (await change(api, company, order_id, "shipped")).json()
        assert shipped["lines"][0]["fulfilled_units"] == 4
        assert api.rows(LEVEL) == [(96, 0, 96)]
        assert api.rows(
            "select delta_units, reason, reference_id::text from stock_ledger where reason <> 'opening'"
        ) == [(-4, "sale", order_id)]
        assert (await change(api, company, order_id, "delivered")).status_code == 200
        assert_problem(await change(api, company, order_id, "completed"), 409, "return_window_open")
        clock.moved = timedelta(days=31)
        assert (await change(api, company, order_id, "completed")).json()["status"] == "completed"
        history = api.rows(
            "select from_status, to_status from order_history where change = 'status' order by id"
        )
        assert history == [
            (None, "pending"),
            ("pending", "confirmed"),
            ("confirmed", "processing"),
            ("processing", "shipped"),
            ("shipped", "delivered"),
            ("delivered", "completed"),
        ]
        told = api.rows("select type from events where aggregate_type = 'order' order by sequence")
        assert [kind for (kind,) in told] == [
            "order.created",
            "order.confirmed",
            "order.started",
            "order.shipped",
            "order.delivered",
            "order.completed",
        ]
        assert_all_adds_up(api)


async def test_every_other_transition_is_refused_by_name(api: Api, company: Company) -> None:
    order_id = await new_order(api, company)
    for current, allowed in NEXT_STATUSES.items():
        with api.database.connect("owner") as owner:
            owner.execute("update orders set status = %s", [current])
        before = counts(api)
        for wanted in set(NEXT_STATUSES) - allowed:
            problem = assert_problem(await change(api, company, order_id, wanted), 409, "illegal_transition")
            assert (problem["current_status"], problem["requested_status"]) == (current, wanted)
        assert counts(api) == before


async def test_cancelling_gives_the_stock_back_once(api: Api, company: Company) -> None:
    customer = api.token("customer", company)
    order_id = await new_order(api, company, headers=customer, quantity_units=7)
    key = str(uuid4())
    first = await cancel(api, customer, order_id, key=key)
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert first.json()["lines"][0]["cancelled_units"] == 7
    assert api.rows(LEVEL) == [(100, 0, 100)]
    after = counts(api)
    replay = await cancel(api, customer, order_id, key=key)
    assert (replay.content, replay.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert (await cancel(api, customer, order_id)).json() == first.json()
    assert counts(api) == after | {"idempotency_keys": after["idempotency_keys"] + 1}
    told = api.rows("select type from events where aggregate_type = 'order' order by sequence")
    assert told == [("order.created",), ("order.cancelled",)]


async def test_what_has_left_is_not_cancelled(api: Api, company: Company) -> None:
    order_id = await new_order(api, company)
    for status in ("confirmed", "processing", "shipped"):
        await change(api, company, order_id, status)
    problem = assert_problem(
        await cancel(api, api.token("customer", company), order_id), 404, "not_found"
    )  # staff placed it: it is no order of the customer's
    problem = assert_problem(
        await cancel(api, api.token("shop_staff", company), order_id), 409, "illegal_transition"
    )
    assert problem["current_status"] == "shipped"
    assert api.rows(LEVEL) == [(99, 0, 99)]


async def test_backordered_goods_ship_when_they_have_come(api: Api, company: Company) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update stock_levels set allow_backorder = true")
    order_id = await new_order(api, company, quantity_units=101)
    await change(api, company, order_id, "confirmed")
    await change(api, company, order_id, "processing")
    before = counts(api)
    assert_problem(await change(api, company, order_id, "shipped"), 409, "not_on_hand")
    assert counts(api) == before
    assert api.rows(LEVEL) == [(100, 101, -1)]
    adjusted = await api.client.post(
        "/api/v1/inventory/adjustments",
        json={
            "location_id": str(company.location_id),
            "variant_id": str(company.variant_id),
            "delta_units": 1,
            "reason": "count",
        },
        headers={"Idempotency-Key": str(uuid4()), **api.token("shop_manager", company)},
    )
    assert adjusted.status_code == 201, adjusted.text
    assert (await change(api, company, order_id, "shipped")).status_code == 200
    assert api.rows(LEVEL) == [(0, 0, 0)]
    assert_all_adds_up(api)


async def test_an_unconfirmed_order_expires_once(api: Api, company: Company, database: Database) -> None:
    kept, lost = await new_order(api, company), await new_order(api, company, quantity_units=2)
    await change(api, company, kept, "confirmed")
    now = datetime.now(UTC)
    assert await release_expired_reservations(database, now) == 0
    later = now + timedelta(minutes=16)
    assert await release_expired_reservations(database, later) == 1
    assert await release_expired_reservations(database, later) == 0
    assert api.rows("select id::text, status, cancellation_reason from orders order by id") == [
        (kept, "confirmed", None),
        (lost, "cancelled", "reservation expired"),
    ]
    assert api.rows("select status from reservations order by id") == [("live",), ("expired",)]
    assert api.rows(LEVEL) == [(100, 1, 99)]
    assert_all_adds_up(api)


async def test_everyone_lists_what_they_may_see_page_by_page(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    company, other = two_companies
    customer = api.token("customer", company)
    own = [await new_order(api, company, headers=customer) for _ in range(3)]
    staff_placed = await new_order(api, company)
    foreign = await new_order(api, other)

    async def listed(headers: dict[str, str], **query: Any) -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await api.client.get(
                "/api/v1/orders",
                params={"limit": 2, **query, **({"cursor": cursor} if cursor else {})},
                headers=headers,
            )
            assert page.status_code == 200, page.text
            found += [order["id"] for order in page.json()["items"]]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                return found

    everything = [staff_placed, *reversed(own)]
    admin = api.token("company_admin", company)
    assert await listed(admin) == everything
    assert await listed(customer) == list(reversed(own))
    assert await listed(admin, customer_id=str(company.customer_id)) == list(reversed(own))
    assert await listed(admin, status="cancelled") == []
    assert await listed(api.token("shop_staff", company, shop_ids=[uuid4()])) == []
    until = api.scalar("select max(placed_at) from orders where id = %s", [own[-1]])
    assert await listed(admin, placed_until=until.isoformat()) == list(reversed(own[:-1]))
    for headers, order_id in ((customer, staff_placed), (admin, foreign), (admin, str(uuid4()))):
        answer = await api.client.get(f"/api/v1/orders/{order_id}", headers=headers)
        assert_problem(answer, 404, "not_found")
    bad = await api.client.get("/api/v1/orders", params={"limit": 1_000_000}, headers=admin)
    assert bad.status_code == 422
