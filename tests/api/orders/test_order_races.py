"""Two who want the same order at once take turns at its lock: cancel and send, expire and pay."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from api.orders import expiry, queries
from api.orders.expiry import release_expired_reservations
from core.postgres.pools import Database
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.lifecycle import cancel, levels, ordered, refunds, send
from tests.support.orders import assert_all_adds_up
from tests.support.payments import charges, intent, process, run_worker

LATER = timedelta(hours=1)
WAITING = "select count(*) from pg_locks where not granted"


async def one_after_the_other(
    api: Api, order_id: str, first: Callable[[], Awaitable[Any]], second: Callable[[], Awaitable[Any]]
) -> tuple[Any, Any]:
    """Let both wait for the order's row, the first ahead of the second, then let them go."""
    with api.database.connect("owner") as owner, owner.transaction():
        owner.execute("select from orders where id = %s for update", [order_id])
        tasks = []
        for waiting, work in enumerate((first, second), start=1):
            tasks.append(asyncio.ensure_future(work()))
            for _ in range(50):
                await asyncio.sleep(0.02)
                if api.scalar(WAITING) >= waiting:
                    break
    return await tasks[0], await tasks[1]


async def test_what_was_cancelled_while_it_was_packed_is_not_sent(api: Api, company: Company) -> None:
    order = await ordered(api, company)
    cancelled, sent = await one_after_the_other(
        api,
        order["id"],
        lambda: cancel(api, company, order["id"]),
        lambda: send(api, company, order["id"]),
    )
    assert cancelled.status_code == 200, cancelled.text
    assert_problem(sent, 409, "illegal_transition")
    assert (levels(api), refunds(api)) == ([(100, 0, 100)], [("40.00", "changed my mind")])
    assert api.scalar("select count(*) from shipments") == 0
    assert_all_adds_up(api)


async def test_what_was_sent_while_it_was_cancelled_is_not_paid_back(api: Api, company: Company) -> None:
    order = await ordered(api, company)
    sent, cancelled = await one_after_the_other(
        api,
        order["id"],
        lambda: send(api, company, order["id"]),
        lambda: cancel(api, company, order["id"]),
    )
    assert sent.status_code == 201, sent.text
    assert_problem(cancelled, 409, "illegal_transition")
    assert (levels(api), refunds(api)) == ([(96, 0, 96)], [])
    assert_all_adds_up(api)


@pytest.mark.parametrize("is_paid_first", [True, False])
async def test_an_order_that_is_paid_while_it_expires_is_kept_with_its_stock(
    api: Api, company: Company, database: Database, is_paid_first: bool
) -> None:
    """Paid first, it does not expire; expired first, it is held again: charged once, nothing given back."""
    order = await ordered(api, company, is_paid=False)
    payment = await intent(api, company, order["id"])

    def pay() -> Awaitable[Any]:
        return process(api, company, payment["id"], "tok_visa")

    def expire() -> Awaitable[Any]:
        return release_expired_reservations(database, utc_now() + LATER)

    if is_paid_first:
        paid, expired = await one_after_the_other(api, order["id"], pay, expire)
    else:
        expired, paid = await one_after_the_other(api, order["id"], expire, pay)
    assert expired == (0 if is_paid_first else 1)
    assert paid.json()["payment_status"] == "paid", paid.text
    await run_worker(api)
    assert api.rows("select status, payment_status, reservation_expires_at from orders") == [
        ("confirmed", "paid", None)
    ]
    assert levels(api) == [(100, 4, 96)]
    assert (charges(api), refunds(api)) == (1, [])
    live = "select sum(reserved_units), count(expires_at) from reservations where status = 'live'"
    assert api.rows(live) == [(4, 0)]


async def test_what_lives_longer_by_now_does_not_expire(
    api: Api, company: Company, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper looks at an order again under its lock, whatever its list said."""
    order = await ordered(api, company, is_paid=False)
    later = utc_now() + LATER
    find = queries.expired_order_ids

    async def then_it_was_held_again(*arguments: Any, **named: Any) -> Any:
        found = await find(*arguments, **named)
        with api.database.connect("owner") as owner:
            owner.execute("update orders set reservation_expires_at = %s", [later + LATER])
        return found

    monkeypatch.setattr(expiry.queries, "expired_order_ids", then_it_was_held_again)
    assert await release_expired_reservations(database, later) == 0
    assert api.rows("select id::text, status from orders") == [(order["id"], "pending")]
    assert levels(api) == [(100, 4, 96)]
