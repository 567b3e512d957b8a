"""Cancelling units of an order: stock, money and coupon go back together and exactly once."""

import asyncio
from decimal import Decimal
from uuid import uuid4

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.lifecycle import (
    ORDERS,
    cancel,
    levels,
    ordered,
    post,
    priced,
    read,
    refunds,
    send,
    track,
    units_of,
)
from tests.support.orders import assert_all_adds_up, counts
from tests.support.payments import refund


async def test_units_cancelled_one_by_one_give_back_the_line_to_the_cent(api: Api, company: Company) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update companies set tax_rate = 0.19")
    priced(api, company, "ODD", "3.335")
    order = await ordered(api, company, ODD=3)
    line = order["lines"][0]
    assert (line["line_amount"], line["gross_amount"]) == ("10.01", "11.91")
    for left in (2, 1):
        answer = await cancel(api, company, order["id"], {line["id"]: 1})
        assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
        assert answer.json()["lines"][0]["cancelled_units"] == 3 - left
    last = await cancel(api, company, order["id"], {line["id"]: 1})
    assert last.json()["status"] == "cancelled"
    given_back = [Decimal(amount) for amount, _ in refunds(api)]
    assert given_back == [Decimal("3.97"), Decimal("3.97"), Decimal("3.97")]
    assert sum(given_back) == Decimal(order["total_amount"])
    assert api.rows("select goods_amount, total_amount from order_cancellations order by id") == [
        (amount, amount) for amount in given_back
    ]
    assert_all_adds_up(api)


async def test_what_is_cancelled_is_free_for_others_at_once(api: Api, company: Company) -> None:
    order = await ordered(api, company, is_paid=False, **{company.sku: 10})
    assert levels(api) == [(100, 10, 90)]
    answer = await cancel(api, company, order["id"], {order["lines"][0]["id"]: 4})
    assert answer.json()["status"] == "pending"
    assert levels(api) == [(100, 6, 94)]
    told = api.rows("select type from events where aggregate_id = %s order by sequence", [order["id"]])
    assert told == [("order.created",), ("order.partly_cancelled",)]
    assert refunds(api) == []
    assert api.scalar("select total_amount from order_cancellations") == Decimal("40.00")


async def test_more_than_is_left_is_refused_and_changes_nothing(api: Api, company: Company) -> None:
    order = await ordered(api, company, **{company.sku: 4})
    line_id = order["lines"][0]["id"]
    assert (await send(api, company, order["id"], {line_id: 3})).status_code == 201
    before = counts(api)
    problem = assert_problem(await cancel(api, company, order["id"], {line_id: 2}), 409, "too_many_units")
    assert problem["errors"][0]["pointer"] == "/lines/0/quantity_units"
    stranger = await cancel(api, company, order["id"], {str(uuid4()): 1})
    assert_problem(stranger, 422, "unknown_order_line")
    assert counts(api) == before


async def test_cancelling_the_rest_of_a_sent_order_leaves_it_delivered(api: Api, company: Company) -> None:
    order = await ordered(api, company, **{company.sku: 4})
    line_id = order["lines"][0]["id"]
    [shipment] = (await send(api, company, order["id"], {line_id: 3})).json()["items"]
    assert (await read(api, company, order["id"]))["status"] == "processing"
    await track(api, company, order["id"], shipment["id"], "delivered")
    assert (await read(api, company, order["id"]))["status"] == "processing"
    answer = await cancel(api, company, order["id"])
    assert answer.json()["status"] == "delivered"
    assert refunds(api) == [("10.00", "changed my mind")]
    assert levels(api) == [(97, 0, 97)]
    assert_problem(await cancel(api, company, order["id"]), 409, "illegal_transition")


async def test_shipping_is_given_back_only_when_nothing_is_left_to_send(api: Api, company: Company) -> None:
    order = await ordered(api, company, is_paid=False, **{company.sku: 2})
    with api.database.connect("owner") as owner:
        owner.execute("update orders set shipping_amount = 5, total_amount = total_amount + 5")
    line_id = order["lines"][0]["id"]
    await cancel(api, company, order["id"], {line_id: 1})
    await cancel(api, company, order["id"], {line_id: 1})
    rows = api.rows("select goods_amount, shipping_amount from order_cancellations order by id")
    assert rows == [(Decimal(10), Decimal(0)), (Decimal(10), Decimal(5))]


async def test_two_cancellations_of_the_last_units_take_turns(api: Api, company: Company) -> None:
    order = await ordered(api, company, **{company.sku: 4})
    line_id = order["lines"][0]["id"]
    answers = await asyncio.gather(*(cancel(api, company, order["id"], {line_id: 3}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert refunds(api) == [("30.00", "changed my mind")]
    assert levels(api) == [(100, 1, 99)]
    assert_all_adds_up(api)


async def test_a_line_named_twice_is_refused(api: Api, company: Company) -> None:
    order = await ordered(api, company, is_paid=False)
    line_id = order["lines"][0]["id"]
    body = {"lines": units_of({line_id: 1}) * 2}
    answer = await post(api, f"{ORDERS}/{order['id']}/cancel", body, api.token("shop_staff", company))
    assert_problem(answer, 422, "invalid_content")


async def test_what_was_given_back_out_of_goodwill_is_not_given_twice(api: Api, company: Company) -> None:
    order = await ordered(api, company, **{company.sku: 4})
    payment_id = api.scalar("select id::text from payments")
    goodwill = {"order_id": order["id"], "amount": "5.00", "reason": "late"}
    assert (await refund(api, company, payment_id, goodwill)).status_code < 300
    assert (await cancel(api, company, order["id"])).json()["status"] == "cancelled"
    assert refunds(api) == [("5.00", "late"), ("35.00", "changed my mind")]
    assert api.scalar("select total_amount from order_cancellations") == Decimal(40)
