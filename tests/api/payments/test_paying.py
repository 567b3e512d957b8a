"""Paying an order with the local gateway: success, refusal, challenge, lost answers, twins."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from core.ids import new_id
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.payments import (
    charges,
    intent,
    local_event,
    paid_order,
    placed_order,
    post,
    process,
    run_worker,
    send_local,
)


async def test_a_card_that_is_accepted_pays_and_confirms_the_order(api: Api, company: Company) -> None:
    order, payment = await paid_order(api, company)
    assert payment["amount"] == payment["captured_amount"] == order["total_amount"] == "20.00"
    assert (payment["status"], payment["payment_status"], payment["attempts"]) == ("succeeded", "paid", 1)
    assert payment["transaction_number"].startswith("TXN-")
    assert payment["card"]["last4"] == "4242"
    assert [share["captured_amount"] for share in payment["allocations"]] == ["20.00"]
    stored = api.rows("select status, payment_status from orders where id = %s", [order["id"]])
    assert stored == [("confirmed", "paid")]
    told = api.rows("select type from events where aggregate_id = %s order by sequence", [payment["id"]])
    assert told == [("payment.initiated",), ("payment.processing",), ("payment.success",)]


async def test_a_declined_card_is_an_answer_with_its_reason_and_another_may_follow(
    api: Api, company: Company
) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    key = str(uuid4())
    refused = await process(api, company, payment["id"], "tok_declined", key=key)
    assert refused.status_code == 200
    told = refused.json()
    assert (told["status"], told["failure_code"], told["attempts"]) == ("failed", "card_declined", 1)
    assert api.scalar("select payment_status from orders where id = %s", [order["id"]]) == "failed"
    again = await process(api, company, payment["id"], "tok_declined", key=key)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (refused.content, "true")
    paid = (await process(api, company, payment["id"], "tok_visa")).json()
    assert (paid["status"], paid["failure_code"], paid["attempts"]) == ("succeeded", None, 2)
    assert charges(api) == 1
    history = await api.client.get(
        f"/api/v1/payments/{payment['id']}/history", headers=api.token("customer", company)
    )
    attempts = [(one["status"], one["failure_code"]) for one in history.json()["attempts"]]
    assert attempts == [("failed", "card_declined"), ("succeeded", None)]


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_insufficient", "insufficient_funds"),
        ("tok_expired", "expired_card"),
        ("tok_nobody", "unknown_token"),
    ],
)
async def test_each_refusal_has_its_own_reason(api: Api, company: Company, token: str, code: str) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    assert (await process(api, company, payment["id"], token)).json()["failure_code"] == code
    assert charges(api) == 0


@pytest.mark.parametrize(("result", "status"), [("pass", "succeeded"), ("fail", "failed")])
async def test_a_challenge_is_ended_by_confirm(api: Api, company: Company, result: str, status: str) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    asked = (await process(api, company, payment["id"], "tok_3ds")).json()
    assert (asked["status"], asked["action"]["type"]) == ("processing", "challenge")
    assert charges(api) == 0
    body = {"challenge_result": result}
    ended = await post(api, f"/{payment['id']}/confirm", body, api.token("customer", company))
    assert (ended.json()["status"], ended.json()["action"]) == (status, None)
    assert charges(api) == (1 if result == "pass" else 0)


@pytest.mark.parametrize("token", ["tok_timeout", "tok_unreachable"])
@pytest.mark.parametrize("is_same_key", [True, False])
async def test_after_a_lost_answer_a_repetition_charges_once(
    api: Api, company: Company, token: str, is_same_key: bool
) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    key = str(uuid4())
    lost = await process(api, company, payment["id"], token, key=key)
    assert_problem(lost, 503, "payment_outcome_unknown")
    assert lost.headers["retry-after"] == "2"
    again = await process(api, company, payment["id"], token, key=key if is_same_key else None)
    assert (again.json()["status"], again.json()["attempts"]) == ("succeeded", 1)
    assert charges(api) == 1
    assert api.scalar("select count(*) from payment_operations") == 1


async def test_the_worker_asks_again_where_nobody_came_back(api: Api, company: Company) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    assert (await process(api, company, payment["id"], "tok_timeout")).status_code == 503
    assert await run_worker(api) == 1
    assert charges(api) == 1
    assert api.scalar("select payment_status from orders where id = %s", [order["id"]]) == "paid"
    assert await run_worker(api) == 0


async def test_double_click_retry_and_webhook_are_one_payment(api: Api, company: Company) -> None:
    order = await placed_order(api, company)
    await api.client.get("/api/v1/payments/methods", headers=api.token("customer", company))
    intents = await asyncio.gather(*(intent(api, company, order["id"]) for _ in range(4)))
    assert len({one["id"] for one in intents}) == 1
    payment, key = intents[0], str(uuid4())
    clicks = [process(api, company, payment["id"], "tok_visa", key=key) for _ in range(3)]
    clicks += [process(api, company, payment["id"], "tok_visa") for _ in range(3)]
    event = local_event("payment.captured", payment)

    async def webhook() -> None:
        assert (await send_local(api, company, event)).status_code == 200
        await run_worker(api)

    *answers, _ = await asyncio.gather(*clicks, webhook())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert charges(api) == 1
    assert api.scalar("select count(*) from events where type = 'payment.success'") == 1
    assert api.scalar("select count(*) from payments") == 1


async def test_authorised_money_is_captured_later_or_let_go(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    for step, expected in (("capture", "paid"), ("void", "voided")):
        order = await placed_order(api, company)
        payment = await intent(api, company, order["id"], capture_mode="manual")
        held = (await process(api, company, payment["id"], "tok_visa")).json()
        assert (held["payment_status"], held["captured_amount"]) == ("authorised", "0.00")
        stored = api.rows("select status, payment_status from orders where id = %s", [order["id"]])
        assert stored == [("confirmed", "authorised")]
        done = await post(api, f"/{payment['id']}/{step}", {}, admin)
        assert done.json()["payment_status"] == expected, done.text
        assert api.scalar("select payment_status from orders where id = %s", [order["id"]]) == expected


async def test_a_capture_takes_at_most_what_was_authorised(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"], capture_mode="manual")
    await process(api, company, payment["id"], "tok_visa")
    more = await post(api, f"/{payment['id']}/capture", {"amount": "20.01"}, admin)
    assert_problem(more, 409, "capture_exceeds_authorised")
    assert charges(api, "capture") == 0
    part = (await post(api, f"/{payment['id']}/capture", {"amount": "12.50"}, admin)).json()
    assert (part["captured_amount"], part["allocations"][0]["captured_amount"]) == ("12.50", "12.50")
    again = (await post(api, f"/{payment['id']}/capture", {}, admin)).json()
    assert again["captured_amount"] == "12.50"
    assert charges(api, "capture") == 1


async def test_a_bank_transfer_waits_until_it_has_come(api: Api, company: Company) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"], method="bank_transfer")
    waiting = (await process(api, company, payment["id"], None)).json()
    assert (waiting["status"], waiting["action"]["reference"]) == (
        "processing",
        payment["transaction_number"],
    )
    done = await post(api, f"/{payment['id']}/capture", {}, api.token("company_admin", company))
    assert done.json()["payment_status"] == "paid"


async def test_what_is_cancelled_or_paid_can_t_be_paid(api: Api, company: Company) -> None:
    order = await placed_order(api, company)
    headers = api.token("customer", company)
    await api.client.post(
        f"/api/v1/orders/{order['id']}/cancel", json={}, headers={"Idempotency-Key": str(uuid4()), **headers}
    )
    body = {"order_id": order["id"], "method": "credit_card"}
    assert_problem(await post(api, "/intent", body, headers), 409, "order_not_payable")
    _, payment = await paid_order(api, company)
    again = await process(api, company, payment["id"], "tok_visa")
    assert again.json() == payment
    assert charges(api) == 1


async def test_strangers_see_and_pay_nothing(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, bolt = two_companies
    order = await placed_order(api, acme)
    payment = await intent(api, acme, order["id"])
    other = api.token("customer", acme, user_id=new_id(), customer_id=new_id())
    strangers = [other, api.token("company_admin", bolt), api.storefront(acme), api.storefront(bolt)]
    for headers in strangers:
        path = f"/api/v1/payments/{payment['id']}"
        assert_problem(await api.client.get(path, headers=headers), 404, "not_found")
        body: dict[str, Any] = {"payment_id": payment["id"], "token": "tok_visa"}
        assert_problem(await post(api, "/process", body, headers), 404, "not_found")
        body = {"order_id": order["id"], "method": "credit_card"}
        assert_problem(await post(api, "/intent", body, headers), 404, "not_found")
    assert (await api.client.get("/api/v1/payments", headers=other)).json()["items"] == []
    assert charges(api) == 0


async def test_a_guest_pays_through_the_storefront(api: Api, company: Company) -> None:
    headers = api.storefront(company)
    body: dict[str, Any] = {"lines": [{"sku": company.sku, "quantity_units": 1}], "email": "g@example.com"}
    placed = await api.client.post(
        "/api/v1/orders", json=body, headers={"Idempotency-Key": str(uuid4()), **headers}
    )
    intent_body = {"order_id": placed.json()["id"], "method": "upi"}
    payment = (await post(api, "/intent", intent_body, headers)).json()
    process_body = {"payment_id": payment["id"], "token": "tok_visa"}
    paid = await post(api, "/process", process_body, headers)
    assert (paid.json()["payment_status"], paid.json()["method"]) == ("paid", "upi")


async def test_the_list_shows_newest_first_and_filters(api: Api, company: Company) -> None:
    made = [(await paid_order(api, company, quantity_units=1))[1]["id"] for _ in range(3)]
    headers = api.token("customer", company)
    first = (await api.client.get("/api/v1/payments?limit=2", headers=headers)).json()
    rest = (
        await api.client.get(
            "/api/v1/payments/history", params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers
        )
    ).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    none = await api.client.get("/api/v1/payments?status=failed", headers=headers)
    assert none.json()["items"] == []


async def test_bad_requests_change_nothing(api: Api, company: Company) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    headers = api.token("customer", company)
    unsent = await api.client.post("/api/v1/payments/process", json={"payment_id": payment["id"]})
    assert_problem(unsent, 401, "unauthenticated")
    unkeyed = await api.client.post("/api/v1/payments/process", json={}, headers=headers)
    assert unkeyed.status_code in (400, 422)
    problem = assert_problem(await process(api, company, payment["id"], None), 422, "payment_token_required")
    assert problem["errors"][0]["pointer"] == "/token"
    for body in ({"method": "cash", "order_id": order["id"]}, {"method": "upi"}):
        assert_problem(await post(api, "/intent", body, headers), 422, "invalid_content")
    both = await process(api, company, payment["id"], "tok_visa", saved_method_id=str(new_id()))
    assert_problem(both, 422, "invalid_content")
    key = str(uuid4())
    assert (await process(api, company, payment["id"], "tok_declined", key=key)).status_code == 200
    reused = await process(api, company, payment["id"], "tok_visa", key=key)
    assert_problem(reused, 422, "idempotency_key_reused")
    assert charges(api) == 0
