"""Notes, history and what can be read with an order."""

from datetime import timedelta
from uuid import uuid4

import pytest

from api.orders.completion import complete_orders
from core.postgres.pools import Database
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.lifecycle import ORDERS, ask_return, delivered, ordered, read, send, step
from tests.support.orders import counts


async def test_staff_and_customer_write_their_notes_and_see_their_own(api: Api, company: Company) -> None:
    order = await ordered(api, company, is_paid=False)
    path = f"{ORDERS}/{order['id']}"
    staff, customer = api.token("shop_staff", company), api.token("customer", company)
    noted = await api.client.patch(path, json={"internal_note": "fragile"}, headers=staff)
    assert noted.json()["internal_note"] == "fragile"
    own = await api.client.patch(path, json={"customer_note": "ring twice"}, headers=customer)
    assert (own.status_code, own.json()["internal_note"]) == (200, None)
    refused = await api.client.patch(path, json={"internal_note": "mine"}, headers=customer)
    assert_problem(refused, 403, "forbidden")
    stored = api.rows("select customer_note, internal_note from orders")
    assert stored == [("ring twice", "fragile")]
    rows = api.rows("select change, from_status, to_status, note from order_history order by id")
    assert rows[1:] == [
        ("note", "pending", "pending", "internal_note changed"),
        ("note", "pending", "pending", "customer_note changed"),
    ]


async def test_a_customer_s_note_is_closed_when_the_goods_have_left(api: Api, company: Company) -> None:
    order = await delivered(api, company)
    answer = await api.client.patch(
        f"{ORDERS}/{order['id']}", json={"customer_note": "late"}, headers=api.token("customer", company)
    )
    assert_problem(answer, 409, "illegal_transition")


async def test_history_says_who_when_and_why(api: Api, company: Company) -> None:
    order = await delivered(api, company)
    answer = await api.client.get(f"{ORDERS}/{order['id']}/history", headers=api.token("customer", company))
    items = answer.json()["items"]
    assert [(item["change"], item["to_status"]) for item in items] == [
        ("status", "pending"),
        ("payment", "pending"),
        ("status", "confirmed"),
        ("status", "processing"),
        ("shipment", "processing"),
        ("status", "shipped"),
        ("delivery", "shipped"),
        ("status", "delivered"),
    ]
    assert items[1]["note"] == "payment paid"
    assert {item["changed_by"] for item in items[3:]} == {str(company.admin_user_id)}
    assert all(item["occurred_at"] for item in items)


async def test_expand_reads_what_is_asked_for(api: Api, company: Company) -> None:
    order = await delivered(api, company)
    plain = await read(api, company, order["id"])
    assert [plain[name] for name in ("history", "shipments", "returns", "payments")] == [None] * 4
    assert (await ask_return(api, company, order["id"])).status_code == 201
    whole = await read(api, company, order["id"], "history", "shipments", "returns", "payments")
    assert len(whole["history"]) == 9
    assert [one["status"] for one in whole["shipments"]] == ["delivered"]
    assert [one["status"] for one in whole["returns"]] == ["requested"]
    assert whole["payments"] == {
        "payment_status": "paid",
        "due_amount": "0.00",
        "captured_amount": "40.00",
        "refunded_amount": "0.00",
    }
    unknown = await api.client.get(
        f"{ORDERS}/{order['id']}?expand=secrets", headers=api.token("shop_staff", company)
    )
    assert_problem(unknown, 422, "invalid_content")


async def test_a_status_change_under_a_key_happens_once(api: Api, company: Company) -> None:
    order = await ordered(api, company, is_paid=False)
    headers = {"Idempotency-Key": str(uuid4()), **api.token("shop_staff", company)}
    path = f"{ORDERS}/{order['id']}/status"
    first = await api.client.patch(path, json={"status": "confirmed"}, headers=headers)
    again = await api.client.patch(path, json={"status": "confirmed"}, headers=headers)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    other = await api.client.patch(path, json={"status": "processing"}, headers=headers)
    assert_problem(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize("is_returned", [False, True])
async def test_the_worker_completes_orders_that_nobody_may_return(
    api: Api, company: Company, database: Database, is_returned: bool
) -> None:
    order = await delivered(api, company)
    await send(api, company, (await ordered(api, company))["id"])
    if is_returned:
        asked = (await ask_return(api, company, order["id"])).json()
    now = utc_now()
    assert await complete_orders(database, now + timedelta(days=29)) == 0
    later = now + timedelta(days=31)
    if is_returned:
        assert await complete_orders(database, later) == 0
        await step(api, company, asked["id"], "reject")
    assert await complete_orders(database, later) == 1
    before = counts(api)
    assert await complete_orders(database, later) == 0
    assert counts(api) == before
    assert api.rows("select status from orders order by id") == [("completed",), ("shipped",)]
