"""Money back: never more than came, once per key, also when many ask at once or the hold had expired."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from api.orders.expiry import release_expired_reservations
from api.payments.errors import RefundExceedsCaptured
from api.payments.service import request_refund
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import place
from tests.support.payments import (
    charges,
    intent,
    local_event,
    paid_order,
    placed_order,
    post,
    process,
    refund,
    run_worker,
    send_local,
)


async def test_partial_refunds_add_up_to_the_whole(api: Api, company: Company) -> None:
    order, payment = await paid_order(api, company)
    key = str(uuid4())
    first = await refund(api, company, payment["id"], {"amount": "7.50", "reason": "scratched"}, key=key)
    assert (first.status_code, first.json()["status"]) == (201, "succeeded")
    again = await refund(api, company, payment["id"], {"amount": "7.50", "reason": "scratched"}, key=key)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert api.scalar("select payment_status from orders") == "partly_refunded"
    rest = await refund(api, company, payment["id"])
    assert rest.json()["amount"] == "12.50"
    assert_problem(await refund(api, company, payment["id"]), 409, "refund_exceeds_captured")
    assert api.rows("select payment_status, refunded_amount from payments") == [
        ("refunded", Decimal("20.00"))
    ]
    assert api.scalar("select payment_status from orders where id = %s", [order["id"]]) == "refunded"
    assert charges(api, "refund") == 2
    listed = await api.client.get(
        f"/api/v1/payments/{payment['id']}/refunds", headers=api.token("customer", company)
    )
    assert [one["amount"] for one in listed.json()["items"]] == ["7.50", "12.50"]


async def test_concurrent_refunds_never_exceed_what_was_captured(api: Api, company: Company) -> None:
    _, payment = await paid_order(api, company)
    answers = await asyncio.gather(
        *(refund(api, company, payment["id"], {"amount": "6.00"}) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert api.scalar("select sum(amount) from payment_refunds") == Decimal("18.00")
    assert charges(api, "refund") == 3


async def test_a_refund_that_another_domain_asks_for_is_carried_out_by_the_worker(
    api: Api, company: Company
) -> None:
    order, _ = await paid_order(api, company)
    order_id = UUID(order["id"])

    async def ask(amount: str, key: str) -> UUID:
        async with transaction(api.app.state.database, company_id=company.id) as connection:
            return await request_refund(
                connection,
                company.id,
                order_id=order_id,
                amount=Decimal(amount),
                reason="returned",
                key=key,
            )

    first = await ask("15.00", "return-1")
    assert await ask("15.00", "return-1") == first
    with pytest.raises(RefundExceedsCaptured):
        await ask("5.01", "return-2")
    assert api.rows("select status from payment_refunds") == [("pending",)]
    assert await run_worker(api) == 1
    assert api.rows("select status from payment_refunds") == [("succeeded",)]
    assert charges(api, "refund") == 1


async def test_paid_after_the_hold_expired_is_held_again_while_there_is_stock(
    api: Api, company: Company
) -> None:
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    await process(api, company, payment["id"], "tok_3ds")
    await expire(api)
    paid = await post(
        api, f"/{payment['id']}/confirm", {"challenge_result": "pass"}, api.token("customer", company)
    )
    assert paid.json()["payment_status"] == "paid", paid.text
    assert api.rows("select status, payment_status from orders") == [("confirmed", "paid")]
    assert api.scalar("select count(*) from payment_refunds") == 0


async def test_paid_after_the_hold_expired_and_the_stock_is_gone_goes_back_once(
    api: Api, company: Company
) -> None:
    order = await placed_order(api, company, quantity_units=100)
    payment = await intent(api, company, order["id"])
    await process(api, company, payment["id"], "tok_3ds")
    await expire(api)
    taken = await place(api, company, quantity_units=1)
    assert taken.status_code == 201
    event = local_event("payment.captured", payment)
    confirm = post(
        api, f"/{payment['id']}/confirm", {"challenge_result": "pass"}, api.token("customer", company)
    )
    answers = await asyncio.gather(confirm, send_local(api, company, event), send_local(api, company, event))
    assert {answer.status_code for answer in answers} == {200}
    for _ in range(3):
        await run_worker(api)
    status = "select status from orders where id = %s"
    assert api.scalar(status, [order["id"]]) == "cancelled"
    assert api.rows("select amount, status from payment_refunds") == [(Decimal("1000.00"), "succeeded")]
    assert (charges(api), charges(api, "refund")) == (1, 1)
    told = "select payload ->> 'customer_id' from events where type = 'payment.returned'"
    assert api.rows(told) == [(str(company.customer_id),)]


async def test_an_authorisation_for_a_cancelled_order_is_let_go(api: Api, company: Company) -> None:
    order = await placed_order(api, company, quantity_units=100)
    payment = await intent(api, company, order["id"], capture_mode="manual")
    await process(api, company, payment["id"], "tok_3ds")
    await expire(api)
    assert (await place(api, company, quantity_units=1)).status_code == 201
    await post(api, f"/{payment['id']}/confirm", {"challenge_result": "pass"}, api.token("customer", company))
    await run_worker(api)
    assert api.rows("select status, payment_status from payments") == [("cancelled", "voided")]
    assert (charges(api, "void"), charges(api, "capture")) == (1, 0)


async def expire(api: Api) -> None:
    """Let every unpaid hold expire."""
    await release_expired_reservations(api.app.state.database, utc_now() + timedelta(hours=1))
    assert api.scalar("select count(*) from orders where status = 'cancelled'") == 1
