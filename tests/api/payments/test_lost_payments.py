"""An attempt whose answer stays lost is told of once, and settled by hand; nothing is paid twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.api_client import Api, TestClock, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.payments import (
    charges,
    intent,
    paid_order,
    placed_order,
    post,
    process,
    refund,
    run_worker,
)


@pytest.fixture
async def api(fresh_database: FreshDatabase) -> Any:
    """The application, with a clock that is moved."""
    async with open_api(fresh_database, clock=TestClock()) as opened:
        yield opened


async def lost_charge(api: Api, company: Company) -> tuple[dict[str, Any], UUID]:
    """Charge, lose the answer, and let six hours pass in which nobody asks again."""
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    assert (await process(api, company, payment["id"], "tok_timeout")).status_code == 503
    api.app.state.clock.moved = timedelta(hours=6)
    return payment, api.scalar("select id from payment_operations where status = 'pending'")


async def settle(
    api: Api, company: Company, payment_id: str, operation_id: UUID, outcome: str, **more: Any
) -> httpx.Response:
    body = {"operation_id": str(operation_id), "outcome": outcome, **more}
    return await post(api, f"/{payment_id}/settle", body, api.token("company_admin", company))


async def health(api: Api) -> tuple[str, str]:
    part = (await api.client.get("/api/health/all")).json()["payments"]
    return part["status"], part["detail"]


async def test_a_lost_charge_is_told_of_once_and_settled_as_captured(api: Api, company: Company) -> None:
    payment, operation_id = await lost_charge(api, company)
    assert (await health(api))[0] == "ok"
    assert await run_worker(api) == 1
    assert await run_worker(api) == 0
    assert charges(api) == 1  # the provider did it, and was not asked again
    assert api.rows(
        "select payload ->> 'operation_id' from events where type = 'payment.outcome_unknown'"
    ) == [(str(operation_id),)]
    assert await health(api) == (
        "degraded", "1 attempts whose answer is lost: settle them (docs/how-to/take-payments.md)",
    )  # fmt: skip
    history = await api.client.get(
        f"/api/v1/payments/{payment['id']}/history", headers=api.token("company_admin", company)
    )
    assert [(one["needs_settling"], one["status"]) for one in history.json()["attempts"]] == [
        (True, "pending")
    ]
    retried = await process(api, company, payment["id"], "tok_visa")
    assert_problem(retried, 409, "payment_in_progress")

    settled = await settle(api, company, payment["id"], operation_id, "captured", gateway_reference="ch_1")

    assert settled.status_code == 200, settled.text
    assert (settled.json()["status"], settled.json()["payment_status"]) == ("succeeded", "paid")
    assert api.rows("select payment_status, status from orders") == [("paid", "confirmed")]
    assert api.scalar("select gateway_capture_id from payments") == "ch_1"
    assert (await health(api))[0] == "ok"
    again = await settle(api, company, payment["id"], operation_id, "failed")
    assert_problem(again, 409, "operation_not_lost")
    assert api.scalar("select count(*) from events where type = 'payment.success'") == 1
    assert await run_worker(api) == 0
    assert charges(api) == 1


async def test_what_failed_after_all_can_be_paid_again(api: Api, company: Company) -> None:
    payment, operation_id = await lost_charge(api, company)
    with api.database.connect("owner") as owner:  # the provider never did it
        owner.execute("delete from local_gateway_entries")
        owner.execute("update orders set reservation_expires_at = now() + interval '1 day'")
        owner.execute("update reservations set expires_at = now() + interval '1 day'")
    settled = await settle(api, company, payment["id"], operation_id, "failed", note="not in the books")
    assert (settled.json()["status"], settled.json()["failure_reason"]) == ("failed", "not in the books")
    paid = await process(api, company, payment["id"], "tok_visa")
    assert paid.json()["payment_status"] == "paid", paid.text
    assert charges(api) == 1


async def test_only_what_is_lost_is_settled_and_only_as_it_can_have_ended(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    payment, operation_id = await lost_charge(api, acme)
    api.app.state.clock.moved = timedelta(hours=4)
    early = await settle(api, acme, payment["id"], operation_id, "captured")
    assert_problem(early, 409, "operation_not_lost")
    api.app.state.clock.moved = timedelta(hours=6)
    wrong = await settle(api, acme, payment["id"], operation_id, "refunded")
    assert_problem(wrong, 422, "outcome_not_possible")
    assert_problem(await settle(api, bolt, payment["id"], operation_id, "captured"), 404, "not_found")
    assert api.scalar("select status from payment_operations") == "pending"
    assert api.scalar("select payment_status from orders") == "unpaid"


async def test_a_lost_refund_is_settled_once(api: Api, company: Company) -> None:
    _, payment = await paid_order(api, company, token="tok_visa")
    asked = await refund(api, company, payment["id"], {"amount": "5.00"})
    assert asked.status_code == 201, asked.text
    with api.database.connect("owner") as owner:  # as if its answer had been lost
        owner.execute(
            "update payment_operations set status = 'pending', finished_at = null, claimed_until = now()"
            " where kind = 'refund'"
        )
        owner.execute("update payment_refunds set status = 'pending', processed_at = null")
        owner.execute("update payments set refunded_amount = 0, payment_status = 'paid'")
        owner.execute("update payment_allocations set refunded_amount = 0")
    api.app.state.clock.moved = timedelta(hours=6)
    operation_id = api.scalar("select id from payment_operations where kind = 'refund'")
    assert await run_worker(api) == 1
    settled = await settle(api, company, payment["id"], operation_id, "refunded", gateway_reference="re_1")
    assert settled.json()["payment_status"] == "partly_refunded", settled.text
    assert api.rows("select status, gateway_refund_id, amount::text from payment_refunds") == [
        ("succeeded", "re_1", "5.00")
    ]
    assert api.scalar("select refunded_amount::text from payments") == "5.00"
    assert charges(api, "refund") == 1
