"""Goods that come back: asked for, approved, received unit by unit, paid back once."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from core.ids import new_id
from tests.support.api_client import Api, TestClock, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.lifecycle import (
    RETURNS,
    ask_return,
    cancel,
    delivered,
    levels,
    ordered,
    post,
    read,
    receive,
    refunds,
    send,
    step,
    track,
)
from tests.support.orders import assert_all_adds_up, counts
from tests.support.payments import run_worker


async def test_a_return_goes_its_whole_way(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 4})
    line_id = order["lines"][0]["id"]
    asked = (await ask_return(api, company, order["id"], {line_id: 3})).json()
    assert (asked["status"], asked["refund_amount"]) == ("requested", "0.00")
    assert levels(api) == [(96, 0, 96)]
    assert (await step(api, company, asked["id"], "approve")).json()["status"] == "approved"
    came = (await receive(api, company, asked, written_off=1)).json()
    assert (came["status"], came["refund_amount"]) == ("received", "30.00")
    parts = [(line["disposition"], line["quantity_units"], line["refund_amount"]) for line in came["lines"]]
    assert parts == [("restocked", 2, "20.00"), ("written_off", 1, "10.00")]
    assert levels(api) == [(98, 0, 98)]
    assert api.rows(
        "select delta_units, reason, reference_id::text from stock_ledger"
        " where reference_type = 'order_return' order by delta_units"
    ) == [(-1, "write_off", asked["id"]), (3, "return", asked["id"])]
    assert refunds(api) == []
    paid = (await step(api, company, asked["id"], "refund")).json()
    assert (paid["status"], paid["refunded_amount"]) == ("refunded", "30.00")
    assert refunds(api) == [("30.00", "too small")]
    await run_worker(api)
    found = await read(api, company, order["id"])
    assert (found["status"], found["payment_status"]) == ("delivered", "partly_refunded")
    assert found["lines"][0]["returned_units"] == 3
    told = api.rows("select type from events where aggregate_id = %s order by sequence", [asked["id"]])
    assert [kind for (kind,) in told] == [
        "return.requested",
        "return.approved",
        "return.received",
        "return.refunded",
    ]
    assert_all_adds_up(api)


async def test_an_order_that_came_back_whole_is_returned_then_refunded(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 2})
    asked = (await ask_return(api, company, order["id"])).json()
    await step(api, company, asked["id"], "approve")
    await receive(api, company, asked)
    assert (await read(api, company, order["id"]))["status"] == "returned"
    await step(api, company, asked["id"], "refund")
    assert (await read(api, company, order["id"]))["status"] == "refunded"
    await run_worker(api)
    assert (await read(api, company, order["id"]))["payment_status"] == "refunded"
    told = api.rows(
        "select type from events where aggregate_id = %s and type in ('order.returned', 'order.refunded')"
        " order by sequence",
        [order["id"]],
    )
    assert told == [("order.returned",), ("order.refunded",)]


async def test_no_unit_comes_back_twice_whoever_asks_at_once(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 4})
    line_id = order["lines"][0]["id"]
    answers = await asyncio.gather(*(ask_return(api, company, order["id"], {line_id: 3}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"not_returnable"}
    assert (await ask_return(api, company, order["id"], {line_id: 1})).status_code == 201
    assert_problem(await ask_return(api, company, order["id"], {line_id: 1}), 409, "not_returnable")
    assert api.scalar("select sum(quantity_units) from order_return_lines") == 4


async def test_a_return_is_received_and_refunded_once_by_twins(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 2})
    asked = (await ask_return(api, company, order["id"])).json()
    await step(api, company, asked["id"], "approve")
    received = await asyncio.gather(*(receive(api, company, asked) for _ in range(4)))
    assert sorted(answer.status_code for answer in received) == [200, 409, 409, 409]
    paid = await asyncio.gather(*(step(api, company, asked["id"], "refund") for _ in range(4)))
    assert sorted(answer.status_code for answer in paid) == [200, 409, 409, 409]
    assert refunds(api) == [("20.00", "too small")]
    assert levels(api) == [(100, 0, 100)]


async def test_units_that_did_not_come_may_be_asked_for_again(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 3})
    asked = (await ask_return(api, company, order["id"])).json()
    await step(api, company, asked["id"], "approve")
    came = (await receive(api, company, asked, missing=1)).json()
    assert (came["refund_amount"], came["lines"][0]["quantity_units"]) == ("20.00", 2)
    again = (await ask_return(api, company, order["id"])).json()
    assert [line["quantity_units"] for line in again["lines"]] == [1]


async def test_what_may_not_be_returned(fresh_database: FreshDatabase, company: Company) -> None:
    clock = TestClock()
    async with open_api(fresh_database, clock=clock) as api:
        waiting = await ordered(api, company)
        problem = assert_problem(await ask_return(api, company, waiting["id"]), 409, "illegal_transition")
        assert problem["current_status"] == "confirmed"
        await send(api, company, waiting["id"])
        assert_problem(await ask_return(api, company, waiting["id"]), 409, "not_returnable")
        order = await delivered(api, company, **{company.sku: 2})
        line_id = order["lines"][0]["id"]
        before = counts(api)
        too_many = await ask_return(api, company, order["id"], {line_id: 3})
        assert assert_problem(too_many, 409, "not_returnable")["errors"][0]["detail"] == "2 may be returned."
        strange = await ask_return(api, company, order["id"], {str(uuid4()): 1})
        assert_problem(strange, 422, "unknown_order_line")
        clock.moved = timedelta(days=31)
        for lines in (None, {line_id: 1}):
            late = await ask_return(api, company, order["id"], lines)
            assert_problem(late, 409, "return_window_closed")
        assert counts(api) == before


async def test_of_parcels_that_arrived_at_different_times_each_has_its_window(
    fresh_database: FreshDatabase, company: Company
) -> None:
    clock = TestClock()
    async with open_api(fresh_database, clock=clock) as api:
        order = await ordered(api, company, **{company.sku: 4})
        line_id = order["lines"][0]["id"]
        for units, days in ((3, 0), (1, 20)):
            clock.moved = timedelta(days=days)
            [shipment] = (await send(api, company, order["id"], {line_id: units})).json()["items"]
            await track(api, company, order["id"], shipment["id"], "delivered")
        clock.moved = timedelta(days=35)
        assert_problem(await ask_return(api, company, order["id"], {line_id: 2}), 409, "return_window_closed")
        assert (await ask_return(api, company, order["id"], {line_id: 1})).status_code == 201


async def test_a_receipt_that_does_not_fit_changes_nothing(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 2})
    asked = (await ask_return(api, company, order["id"])).json()
    assert_problem(await receive(api, company, asked), 409, "illegal_transition")
    await step(api, company, asked["id"], "approve")
    line_id = asked["lines"][0]["id"]
    before = counts(api)

    def came(line: str, restocked: int, **more: str) -> dict[str, object]:
        return more | {
            "lines": [{"return_line_id": line, "restocked_units": restocked, "written_off_units": 0}]
        }

    for body, status, code in (
        (came(line_id, 3), 409, "too_much_received"),
        (came(line_id, 0), 422, "nothing_received"),
        (came(str(uuid4()), 1), 422, "unknown_return_line"),
        (came(line_id, 1, location_id=str(new_id())), 422, "unknown_return_location"),
        ({"lines": []}, 422, "invalid_content"),
    ):
        assert_problem(await step(api, company, asked["id"], "receive", body), status, code)
    assert counts(api) == before
    assert levels(api) == [(98, 0, 98)]


async def test_less_may_be_paid_back_and_never_more(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 2})
    asked = (await ask_return(api, company, order["id"])).json()
    await step(api, company, asked["id"], "approve")
    await receive(api, company, asked)
    more = await step(api, company, asked["id"], "refund", {"refund_amount": "20.01"})
    assert_problem(more, 409, "refund_too_large")
    staff = await step(api, company, asked["id"], "refund", role="shop_staff")
    assert_problem(staff, 403, "forbidden")
    less = await step(api, company, asked["id"], "refund", {"refund_amount": "15.00", "note": "worn"})
    assert (less.json()["refunded_amount"], less.json()["refund_amount"]) == ("15.00", "20.00")
    assert refunds(api) == [("15.00", "worn")]
    with (
        api.database.connect("owner") as owner,
        pytest.raises(psycopg.errors.CheckViolation, match="refunded_at_most_paid"),
    ):
        owner.execute("update order_returns set refunded_amount = 20.01")


async def test_a_rejected_return_leaves_the_units_to_ask_for(api: Api, company: Company) -> None:
    order = await delivered(api, company, **{company.sku: 1})
    asked = (await ask_return(api, company, order["id"])).json()
    rejected = await step(api, company, asked["id"], "reject", {"note": "worn"})
    assert (rejected.json()["status"], rejected.json()["decision_note"]) == ("rejected", "worn")
    for name in ("approve", "reject", "refund"):
        problem = assert_problem(await step(api, company, asked["id"], name), 409, "illegal_transition")
        assert problem["current_status"] == "rejected"
    assert (await ask_return(api, company, order["id"])).status_code == 201


async def test_cancelled_and_returned_units_together_give_back_the_whole_line(
    api: Api, company: Company
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update products set price_amount = 3.335")
        owner.execute("update companies set tax_rate = 0.19, prices_include_tax = true")
    order = await ordered(api, company, **{company.sku: 3})
    line_id = order["lines"][0]["id"]
    await cancel(api, company, order["id"], {line_id: 1})
    [shipment] = (await send(api, company, order["id"])).json()["items"]
    await track(api, company, order["id"], shipment["id"], "delivered")
    for _ in range(2):
        asked = (await ask_return(api, company, order["id"], {line_id: 1})).json()
        await step(api, company, asked["id"], "approve")
        await receive(api, company, asked)
        assert (await step(api, company, asked["id"], "refund")).status_code == 200
    given_back = sum(Decimal(amount) for amount, _ in refunds(api))
    assert given_back == Decimal(order["total_amount"]) == Decimal("10.01")
    assert (await read(api, company, order["id"]))["status"] == "refunded"


async def test_everyone_sees_the_returns_they_may(api: Api, two_companies: tuple[Company, Company]) -> None:
    company, other = two_companies
    first = (await ask_return(api, company, (await delivered(api, company))["id"])).json()
    second = (await ask_return(api, company, (await delivered(api, company))["id"])).json()
    stranger = api.token("customer", company, user_id=new_id(), customer_id=new_id())
    elsewhere = api.token("shop_staff", company, shop_ids=[uuid4()])
    foreign = api.token("company_admin", other)
    for headers in (stranger, elsewhere, foreign):
        assert_problem(await api.client.get(f"{RETURNS}/{first['id']}", headers=headers), 404, "not_found")
        assert (await api.client.get(RETURNS, headers=headers)).json()["items"] == []
    refused = await post(api, f"{RETURNS}/{first['id']}/approve", {}, elsewhere)
    assert_problem(refused, 404, "not_found")
    customer = api.token("customer", company)
    page = (await api.client.get(RETURNS, params={"limit": 1}, headers=customer)).json()
    assert [one["id"] for one in page["items"]] == [second["id"]]
    rest = await api.client.get(RETURNS, params={"limit": 1, "cursor": page["next_cursor"]}, headers=customer)
    assert [one["id"] for one in rest.json()["items"]] == [first["id"]]
    approved = await api.client.get(RETURNS, params={"status": "approved"}, headers=customer)
    assert approved.json()["items"] == []
    assert_problem(await api.client.get(RETURNS), 401, "unauthenticated")
