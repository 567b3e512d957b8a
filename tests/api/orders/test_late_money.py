"""What payments tell orders: paid, failed, and paid after the hold had expired."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from api.fulfilment.issuing import issue_invoices
from api.orders import service
from api.orders.expiry import release_expired_reservations
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.lifecycle import cancel, levels, ordered, refunds
from tests.support.orders import assert_all_adds_up, counts
from tests.support.payments import intent, local_event, run_worker, send_local


async def expired(api: Api, company: Company, database: Database, units: int = 4) -> UUID:
    order = await ordered(api, company, is_paid=False, **{company.sku: units})
    assert await release_expired_reservations(database, utc_now() + timedelta(minutes=16)) == 1
    return UUID(order["id"])


async def tell(database: Database, company: Company, what: Any, *arguments: Any, **more: Any) -> Any:
    async with transaction(database, company_id=company.id) as connection:
        return await what(connection, company.id, *arguments, now=utc_now(), **more)


async def test_an_expired_order_is_held_again_while_there_is_stock(
    api: Api, company: Company, database: Database
) -> None:
    order_id = await expired(api, company, database)
    assert levels(api) == [(100, 0, 100)]
    assert await tell(database, company, service.confirm_paid, [order_id]) == {order_id: "cancelled"}
    assert await tell(database, company, service.re_reserve, order_id) is True
    assert await tell(database, company, service.confirm_paid, [order_id]) == {order_id: "confirmed"}
    assert await tell(database, company, service.confirm_paid, [order_id]) == {order_id: "unchanged"}
    assert api.rows(
        "select status, payment_status, expired_at, cancelled_at, reservation_expires_at from orders"
    ) == [("confirmed", "paid", None, None, None)]
    assert api.rows("select cancelled_units from order_lines") == [(0,)]
    assert levels(api) == [(100, 4, 96)]
    told = api.rows("select type from events where aggregate_id = %s order by sequence", [order_id])
    assert [kind for (kind,) in told] == [
        "order.created",
        "order.cancelled",
        "order.reopened",
        "order.confirmed",
    ]


async def test_it_is_left_alone_when_one_unit_is_gone(api: Api, company: Company, database: Database) -> None:
    order_id = await expired(api, company, database, units=60)
    await ordered(api, company, is_paid=False, **{company.sku: 41})
    before = counts(api)
    assert await tell(database, company, service.re_reserve, order_id) is False
    assert counts(api) == before
    assert api.scalar("select cancelled_units from order_lines where order_id = %s", [order_id]) == 60
    assert levels(api) == [(100, 41, 59)]
    assert_all_adds_up(api)


async def test_what_somebody_cancelled_stays_cancelled(
    api: Api, company: Company, database: Database
) -> None:
    order = await ordered(api, company, is_paid=False)
    await cancel(api, company, order["id"])
    assert await tell(database, company, service.re_reserve, UUID(order["id"])) is False
    assert levels(api) == [(100, 0, 100)]


async def test_units_cancelled_before_the_expiry_are_not_wanted_again(
    api: Api, company: Company, database: Database
) -> None:
    order = await ordered(api, company, is_paid=False, **{company.sku: 4})
    await cancel(api, company, order["id"], {order["lines"][0]["id"]: 1})
    assert await release_expired_reservations(database, utc_now() + timedelta(minutes=16)) == 1
    assert await tell(database, company, service.re_reserve, UUID(order["id"])) is True
    assert api.rows("select cancelled_units from order_lines") == [(1,)]
    assert levels(api) == [(100, 3, 97)]
    async with transaction(database, company_id=company.id) as connection:
        [amounts] = await service.order_totals(connection, company.id, [UUID(order["id"])])
    assert (amounts.total_amount, amounts.cancelled_amount, amounts.due_amount) == (
        Decimal(40),
        Decimal(10),
        Decimal(30),
    )


async def test_failed_payments_cancel_only_what_waits_for_money(
    api: Api, company: Company, database: Database
) -> None:
    waiting = UUID((await ordered(api, company, is_paid=False))["id"])
    paid = UUID((await ordered(api, company))["id"])
    cancelled = await tell(database, company, service.cancel_unpaid, [paid, waiting])
    assert cancelled == [waiting]
    assert api.rows("select status from orders order by id") == [("cancelled",), ("confirmed",)]
    assert await tell(database, company, service.cancel_unpaid, [paid, waiting]) == []


async def test_payment_statuses_go_forward_only(api: Api, company: Company, database: Database) -> None:
    order_id = UUID((await ordered(api, company))["id"])
    for status in ("unpaid", "authorised", "failed", "voided", "paid"):
        assert await tell(database, company, service.record_payment_status, order_id, status) is False
    assert await tell(database, company, service.record_payment_status, order_id, "partly_refunded") is True
    assert api.scalar("select payment_status from orders") == "partly_refunded"


async def test_money_for_units_cancelled_meanwhile_goes_back_without_a_credit_note(
    api: Api, company: Company, database: Database
) -> None:
    order = await ordered(api, company, is_paid=False, **{company.sku: 4})
    payment = await intent(api, company, order["id"])
    await cancel(api, company, order["id"], {order["lines"][0]["id"]: 1})
    await send_local(api, company, local_event("payment.captured", payment))
    for _ in range(2):
        await run_worker(api)
    assert refunds(api) == [("10.00", "cancelled before it was paid")]
    assert api.rows("select status, payment_status from orders") == [("confirmed", "partly_refunded")]
    assert await issue_invoices(database, utc_now()) == 1
    assert api.rows("select kind, total_amount from invoices") == [("invoice", Decimal(30))]
