"""What the lifecycle's state machine runs on: a database for all examples, a company for each, its books."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.orders.placement import Placement, PlacementLine
from api.returns import queries, receiving
from api.returns import service as returns
from api.returns.schemas import ReturnReceipt, ReturnRefund
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase
from tests.support.lifecycle_model import WINDOW_DAYS

ON_HAND = 25
Result = TypeVar("Result")


@dataclass
class Bench:
    """A loop and a database, and how often which step was done or refused."""

    runner: asyncio.Runner
    database: Database
    administrator: psycopg.Connection[tuple[Any, ...]]
    counts: Counter[tuple[str, bool]] = field(default_factory=Counter)

    @property
    def steps(self) -> int:
        return self.counts.total()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def run_in_transaction(
        self, company_id: UUID, work: Callable[[AsyncConnection], Awaitable[Result]]
    ) -> Result:
        async def run() -> Result:
            async with transaction(self.database, company_id=company_id) as connection:
                return await work(connection)

        return self.runner.run(run())

    def company(self) -> Company:
        """Make a company of an example's own."""
        company = add_company(
            self.administrator,
            f"c{new_id().hex}",
            on_hand_units=ON_HAND,
            price_amount="3.335",
            cost_amount="1.10",
        )
        self.administrator.execute(
            "update companies set tax_rate = 0.19, timezone = 'Europe/Berlin', return_window_days = %s"
            " where id = %s",
            [WINDOW_DAYS, company.id],
        )
        self.administrator.execute(
            "insert into payment_methods (company_id, id, code, name) values (%s, %s, 'credit_card', 'Card')",
            [company.id, company.id],
        )
        return company

    def books(self, company_id: UUID) -> dict[str, Any]:
        """Read what must add up, past every policy."""
        row = self.administrator.execute(_BOOKS, {"company": company_id}).fetchone()
        assert row is not None
        return dict(zip(_COLUMNS, row, strict=True))

    def ids(self, table: str, order_id: UUID) -> list[UUID]:
        """Return the ids of an order's rows, oldest first."""
        rows = self.administrator.execute(
            f"select id from {table} where order_id = %s order by id", [order_id]
        ).fetchall()
        return [row[0] for row in rows]


@contextmanager
def open_bench(fresh: FreshDatabase) -> Iterator[Bench]:
    """Open a loop that outlives the examples, with pools opened in it."""
    with asyncio.Runner() as runner, fresh.connect_administrator() as administrator:
        opened = fresh.open()
        database = runner.run(opened.__aenter__())
        try:
            yield Bench(runner, database, administrator)
        finally:
            runner.run(opened.__aexit__(None, None, None))


def placement_of(company: Company, counts: Sequence[int]) -> Placement:
    """Return an order of units of the company's variant, a line for each count but 0."""
    return Placement(
        company_id=company.id,
        shop_id=company.shop_id,
        placed_by="staff",
        scope="test",
        key=str(new_id()),
        request_sha256=b"0" * 32,
        lines=[PlacementLine(count, company.variant_id) for count in counts if count],
    )


async def take_return_step(
    connection: AsyncConnection,
    return_id: UUID,
    step: str,
    disposed: Mapping[str, int],
    *,
    caller: Caller,
    now: datetime,
) -> None:
    """Decide, receive or refund a return of one line."""
    if step in ("approved", "rejected"):
        await returns.decide(connection, return_id, step, caller=caller, note=None, now=now)
    elif step == "refunded":
        await receiving.refund(connection, return_id, ReturnRefund(), caller=caller, now=now)
    else:
        [line, *_] = await queries.list_lines(connection, caller.require_company(), return_id)
        lines = [{"return_line_id": str(line["id"]), **disposed}]
        receipt = ReturnReceipt.model_validate({"lines": lines})
        await receiving.receive(connection, return_id, receipt, caller=caller, now=now)


async def capture(connection: AsyncConnection, company: Company, order_id: UUID, amount: Decimal) -> None:
    """Record money that came for an order, with its share, as payments does."""
    payment_id = new_id()
    values = {
        "company": company.id,
        "payment": payment_id,
        "order": order_id,
        "shop": company.shop_id,
        "amount": amount,
        "number": str(payment_id),
    }
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.execute(
        "insert into payments (company_id, id, transaction_number, source_id, payment_method_id,"
        " provider, currency, amount, authorised_amount, captured_amount, status, payment_status)"
        " values (%(company)s, %(payment)s, %(number)s, %(order)s, %(company)s, 'local', 'EUR',"
        " %(amount)s, %(amount)s, %(amount)s, 'succeeded', 'paid')",
        values,
    )
    await driver.execute(
        "insert into payment_allocations (company_id, payment_id, order_id, shop_id, amount,"
        " captured_amount)"
        " values (%(company)s, %(payment)s, %(order)s, %(shop)s, %(amount)s, %(amount)s)",
        values,
    )


_COLUMNS = (
    "on_hand",
    "ledger",
    "reserved",
    "live",
    "unbalanced",
    "over_refunded",
    "paid_back",
    "orders",
    "units",
)
_BOOKS = """
select
    (select sum(on_hand_units) from stock_levels where company_id = %(company)s),
    (select sum(delta_units) from stock_ledger where company_id = %(company)s),
    (select sum(reserved_units) from stock_levels where company_id = %(company)s),
    (
        select coalesce(sum(reserved_units), 0) from reservations
        where company_id = %(company)s and status = 'live'
    ),
    (
        select count(*) from orders
        where company_id = %(company)s and (
            total_amount <> shipping_amount + (
                select sum(gross_amount) from order_lines
                where order_lines.company_id = orders.company_id and order_lines.order_id = orders.id
            )
            or subtotal_amount <> (
                select sum(line_amount) from order_lines
                where order_lines.company_id = orders.company_id and order_lines.order_id = orders.id
            )
        )
    ),
    (
        select count(*) from payment_allocations as share
        where share.company_id = %(company)s and share.captured_amount < (
            select coalesce(sum(amount), 0) from payment_refunds as back
            where back.company_id = share.company_id and back.order_id = share.order_id
            and back.status <> 'failed'
        )
    ),
    (
        select coalesce(json_agg(share.order_id), '[]') from payment_allocations as share
        where share.company_id = %(company)s and share.captured_amount = (
            select coalesce(sum(amount), 0) from payment_refunds as back
            where back.company_id = share.company_id and back.order_id = share.order_id
            and back.status <> 'failed'
        )
    ),
    (
        select coalesce(json_agg(json_build_array(id, status) order by id::text), '[]')
        from orders where company_id = %(company)s
    ),
    (
        select coalesce(json_agg(json_build_array(
            id, cancelled_units, fulfilled_units, delivered_units, returned_units
        ) order by id::text), '[]')
        from order_lines where company_id = %(company)s
    )
"""
