"""One payment for a checkout of two shops: its shares add up to it, and a refund names an order."""

import asyncio
from typing import Any
from uuid import uuid4

from tests.support.api_client import Api, assert_problem
from tests.support.carts import Shopper, item
from tests.support.companies import Company
from tests.support.payments import charges, local_event, post, process, refund, run_worker, send_local
from tests.support.shopping import add_shop, check_out


async def checked_out(api: Api, company: Company) -> dict[str, Any]:
    """Put two shops' things into a cart and check it out by a double click."""
    second = add_shop(api, company)
    shopper = Shopper(api.client, company, api.token("customer", company))
    added = await shopper.add(item(company, units=3), item(company, units=2, shop_id=str(second)))
    assert added.status_code == 201, added.text
    cart_id, key = (await shopper.cart())["id"], str(uuid4())
    answers = await asyncio.gather(
        *(check_out(api.client, cart_id, shopper.headers, key=key) for _ in range(2))
    )
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    checkout: dict[str, Any] = answers[0].json()
    return checkout


async def test_double_click_retry_and_webhook_on_one_cart_are_one_capture(api: Api, company: Company) -> None:
    checkout = await checked_out(api, company)
    headers = api.token("customer", company)
    body = {"checkout_id": checkout["id"], "method": "credit_card"}
    by_order = {"order_id": checkout["orders"][0]["id"], "method": "credit_card"}
    made = await asyncio.gather(
        post(api, "/intent", body, headers),
        post(api, "/intent", by_order, headers),
        post(api, "/intent", body, headers),
    )
    assert {answer.status_code for answer in made} == {201}, [answer.text for answer in made]
    [payment_id] = {answer.json()["id"] for answer in made}
    payment = made[0].json()
    assert (payment["amount"], payment["checkout_id"]) == ("50.00", checkout["id"])
    assert sorted(share["amount"] for share in payment["allocations"]) == ["20.00", "30.00"]
    key = str(uuid4())
    clicks = [process(api, company, payment_id, "tok_visa", key=key) for _ in range(2)]
    event = local_event("payment.captured", payment)
    *answers, _ = await asyncio.gather(
        *clicks, process(api, company, payment_id, "tok_visa"), send_local(api, company, event)
    )
    await run_worker(api)
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert len({answer.content for answer in answers}) == 1
    assert (charges(api), api.scalar("select count(*) from payments")) == (1, 1)
    assert api.rows("select distinct status, payment_status from orders") == [("confirmed", "paid")]
    assert api.scalar("select count(*) from orders") == 2


async def test_a_refund_names_an_order_and_takes_from_its_share_alone(api: Api, company: Company) -> None:
    checkout = await checked_out(api, company)
    body = {"checkout_id": checkout["id"], "method": "credit_card"}
    payment = (await post(api, "/intent", body, api.token("customer", company))).json()
    assert (await process(api, company, payment["id"], "tok_visa")).json()["payment_status"] == "paid"
    assert_problem(await refund(api, company, payment["id"], {"amount": "1.00"}), 422, "invalid_content")
    small = next(share for share in payment["allocations"] if share["amount"] == "20.00")
    order_id = small["order_id"]
    too_much = await refund(api, company, payment["id"], {"amount": "20.01", "order_id": order_id})
    assert_problem(too_much, 409, "refund_exceeds_captured")
    whole = await refund(api, company, payment["id"], {"order_id": order_id})
    assert whole.json()["amount"] == "20.00"
    states = dict(api.rows("select id::text, payment_status from orders"))
    assert sorted(states.values()) == ["paid", "refunded"]
    assert states[order_id] == "refunded"
    assert api.scalar("select payment_status from payments") == "partly_refunded"
