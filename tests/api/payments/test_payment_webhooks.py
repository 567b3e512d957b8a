"""Webhooks (check 39): believed by signature over the raw body, one effect whatever order or repeats."""

import asyncio
import json
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from api.payments import webhooks
from core.ids import new_id
from core.time import utc_now
from tests.support.api_client import Api, TestClock, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.payments import (
    desk_of,
    intent,
    local_event,
    paid_order,
    placed_order,
    process,
    run_worker,
    send_local,
)


async def test_the_same_webhook_three_times_at_once_and_two_days_later_has_one_effect(
    fresh_database: FreshDatabase, company: Company
) -> None:
    clock = TestClock()
    async with open_api(fresh_database, clock=clock) as api:
        payment = await intent(api, company, (await placed_order(api, company))["id"])
        event = local_event("payment.captured", payment)
        answers = await asyncio.gather(*(send_local(api, company, event) for _ in range(3)))
        assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"received":true}')}
        await asyncio.gather(*(run_worker(api) for _ in range(3)))
        clock.moved = timedelta(days=2)
        at = time.time() + clock.moved.total_seconds()
        assert (await send_local(api, company, event, at=at)).status_code == 200
        await run_worker(api)
        assert api.rows("select status, tries from payment_webhooks") == [("processed", 1)]
        assert api.scalar("select count(*) from events where type = 'payment.success'") == 1
        assert api.rows("select captured_amount, payment_status from payments") == [
            (Decimal("20.00"), "paid")
        ]


async def test_a_webhook_that_a_twin_of_the_worker_has_applied_meanwhile_is_left_alone(
    api: Api, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood on both lists."""
    payment = await intent(api, company, (await placed_order(api, company))["id"])
    await send_local(api, company, local_event("payment.captured", payment))
    on_the_list = [row[0] for row in api.rows("select id from payment_webhooks")]
    await run_worker(api)
    stored = "select status, tries, processed_at from payment_webhooks"
    applied = api.rows(stored)

    async def listed_before(*arguments: Any, **named: Any) -> list[UUID]:
        return on_the_list

    monkeypatch.setattr(webhooks, "_waiting", listed_before)
    await webhooks.apply_due(desk_of(api), company.id, now=utc_now())
    assert api.rows(stored) == applied
    assert api.scalar("select count(*) from events where type = 'payment.success'") == 1


async def test_a_refund_event_waits_for_its_charge_event(api: Api, company: Company) -> None:
    payment = await intent(api, company, (await placed_order(api, company))["id"])
    refunded = local_event("refund.succeeded", payment, amount="5.00", gateway_refund_id="re_outside")
    assert (await send_local(api, company, refunded)).status_code == 200
    await run_worker(api)
    assert api.rows("select status, note from payment_webhooks") == [
        ("received", "a refund before its charge")
    ]
    assert api.scalar("select count(*) from payment_refunds") == 0
    await send_local(api, company, local_event("payment.captured", payment))
    api.app.state.clock.moved = timedelta(minutes=1)
    for _ in range(3):
        await run_worker(api)
    assert api.rows("select status from payment_webhooks") == [("processed",), ("processed",)]
    assert api.rows("select refunded_amount, payment_status from payments") == [
        (Decimal("5.00"), "partly_refunded")
    ]
    again = local_event("refund.succeeded", payment, amount="5.00", gateway_refund_id="re_outside")
    await send_local(api, company, again)
    await run_worker(api)
    assert api.scalar("select sum(amount) from payment_refunds") == Decimal("5.00")


async def test_old_news_does_not_undo_what_is_paid(api: Api, company: Company) -> None:
    _, payment = await paid_order(api, company)
    for event_type in ("payment.failed", "payment.authorised", "payment.voided", "payment.captured"):
        await send_local(api, company, local_event(event_type, payment))
    await run_worker(api)
    stored = "select status, payment_status, captured_amount, failure_code from payments"
    assert api.rows(stored) == [("succeeded", "paid", Decimal("20.00"), None)]
    assert api.scalar("select count(*) from events where aggregate_type = 'payment'") == 3


async def test_unknown_types_are_kept_and_ignored(api: Api, company: Company) -> None:
    _, payment = await paid_order(api, company)
    assert (await send_local(api, company, local_event("dispute.opened", payment))).status_code == 200
    await run_worker(api)
    assert api.rows("select type, status from payment_webhooks") == [("dispute.opened", "ignored")]


@pytest.mark.parametrize("change", [{"amount": "20.01"}, {"amount": "0"}, {"currency": "USD"}])
async def test_another_amount_or_currency_is_kept_as_failed(
    api: Api, company: Company, change: dict[str, str]
) -> None:
    payment = await intent(api, company, (await placed_order(api, company))["id"])
    await send_local(api, company, local_event("payment.captured", payment, **change))
    await run_worker(api)
    assert api.rows("select status from payment_webhooks") == [("failed",)]
    assert api.rows("select captured_amount, status from payments") == [(Decimal("0.00"), "pending")]


async def test_what_is_not_signed_rightly_is_refused(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    payment = await intent(api, acme, (await placed_order(api, acme))["id"])
    event = local_event("payment.captured", payment)
    spaced = json.dumps(event, indent=1).encode()
    refused = [
        await send_local(api, acme, event, body=spaced),
        await send_local(api, acme, event, at=time.time() - 600),
        await send_local(api, acme, event, at=time.time() + 600),
        await send_local(api, bolt, event, account=acme.id),
        await send_local(api, acme, event, account=new_id()),
        await send_local(api, acme, event, body=b"[1"),
        await api.client.post(f"/api/v1/payments/webhooks/local?account={acme.id}", json=event),
        await api.client.post(f"/api/v1/payments/webhooks/stripe?account={acme.id}", json=event),
        await api.client.post(f"/api/v1/payments/webhooks/paypal?account={acme.id}", json=event),
    ]
    for answer in refused:
        assert_problem(answer, 400, "webhook_refused")
    assert api.scalar("select count(*) from payment_webhooks") == 0
    # Signed by another company's key for its own address: its webhook, but no payment of its.
    assert (await send_local(api, bolt, event)).status_code == 200
    await run_worker(api)
    assert api.rows("select captured_amount, status from payments") == [(Decimal("0.00"), "pending")]


async def test_a_webhook_before_the_recorded_answer_changes_nothing_twice(api: Api, company: Company) -> None:
    payment = await intent(api, company, (await placed_order(api, company))["id"])
    assert (await process(api, company, payment["id"], "tok_timeout")).status_code == 503
    await send_local(api, company, local_event("payment.captured", payment))
    await run_worker(api)
    assert api.rows("select status, captured_amount from payments") == [("succeeded", Decimal("20.00"))]
    assert api.rows("select status from payment_operations") == [("succeeded",)]
    assert api.scalar("select count(*) from events where type = 'payment.success'") == 1
