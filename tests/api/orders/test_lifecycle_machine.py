"""Check 17: whatever is placed, paid, sent, cancelled, returned, refunded and expired, in whatever order.

A model written apart says of each step whether it is allowed and what the order becomes; after each step SQL
of our own compares stock with its ledger and reservations, refunds with captured money, lines with totals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller, Scope
from api.errors import ApiError
from api.fulfilment import service as fulfilment
from api.fulfilment.queries import list_shipments
from api.fulfilment.schemas import ShipmentCreate, TrackingEventCreate
from api.orders import queries, service, statuses
from api.orders.access import lock_order
from api.orders.cancellation import expire
from api.orders.placement import Placement, PlacementLine, run_placement
from api.orders.schemas import OrderCancel
from api.returns import receiving
from api.returns import service as returns
from api.returns.schemas import ReturnCreate, ReturnDecision, ReturnReceipt, ReturnRefund
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase

START = datetime.fromisoformat("2026-03-28T12:00:00+00:00")
WINDOW_DAYS = 30
ON_HAND = 25


@dataclass
class ModelReturn:
    """A return: units asked for by line, or those that came."""

    id: UUID
    status: str
    units: dict[int, int]


@dataclass
class ModelLine:
    """Units of an order's line."""

    id: UUID
    wanted: int
    cancelled: int = 0
    sent: int = 0
    delivered: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        return self.wanted - self.cancelled - self.sent

    @property
    def kept(self) -> int:
        return self.wanted - self.cancelled


@dataclass
class ModelOrder:
    """An order as it should be."""

    id: UUID
    lines: list[ModelLine]
    status: str = "pending"
    is_paid: bool = False
    is_expired: bool = False
    delivered_at: datetime | None = None
    parcels: list[tuple[UUID, dict[int, int]]] = field(default_factory=list)
    arrivals: list[tuple[datetime, dict[int, int]]] = field(default_factory=list)
    returns: list[ModelReturn] = field(default_factory=list)

    def asked(self, line: int) -> int:
        return sum(one.units.get(line, 0) for one in self.returns if one.status in ("requested", "approved"))

    def returnable(self, line: int, now: datetime) -> int:
        recent = sum(units.get(line, 0) for at, units in self.arrivals if at > now - timedelta(WINDOW_DAYS))
        own = self.lines[line]
        return max(min(own.delivered - own.returned - self.asked(line), recent), 0)

    def settle(self, now: datetime) -> None:
        kept = sum(line.kept for line in self.lines)
        if self.status in ("pending", "confirmed", "processing") and kept == 0:
            self.status = "cancelled"
        if self.status == "processing" and kept == sum(line.sent for line in self.lines):
            self.status = "shipped"
        if self.status == "shipped" and kept == sum(line.delivered for line in self.lines):
            self.status, self.delivered_at = "delivered", now
        if self.status == "delivered" and kept == sum(line.returned for line in self.lines):
            self.status = "returned"


@dataclass
class Bench:
    """What all examples share: a loop, a database, the company that the next example gets."""

    runner: asyncio.Runner
    database: Database
    fresh: FreshDatabase
    steps: int = 0

    def company(self) -> Company:
        with self.fresh.connect("owner") as owner:
            company = add_company(
                owner, f"c{new_id().hex}", on_hand_units=ON_HAND, price_amount="3.335", cost_amount="1.10"
            )
            owner.execute(
                "update companies set tax_rate = 0.19, timezone = 'Europe/Berlin', return_window_days = %s"
                " where id = %s",
                [WINDOW_DAYS, company.id],
            )
            owner.execute(
                "insert into payment_methods (company_id, id, code, name)"
                " values (%s, %s, 'credit_card', 'Card')",
                [company.id, company.id],
            )
        return company


class Lifecycle(RuleBasedStateMachine):
    """Orders of one company and their model."""

    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.company = self.bench.company()
        self.now = START
        self.orders: list[ModelOrder] = []
        self.free = ON_HAND
        self.staff = Caller(
            kind="person",
            scope=Scope.COMPANY,
            company_id=self.company.id,
            user_id=self.company.admin_user_id,
        )

    # What the rules share ---------------------------------------------------------------------------
    def attempt(self, is_allowed: bool, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """Run a step in a transaction: it happens exactly if the model allows it, else 409."""

        async def run() -> Any:
            async with transaction(self.bench.database, company_id=self.company.id) as connection:
                return await work(connection)

        self.bench.steps += 1
        try:
            result = self.bench.runner.run(run())
        except ApiError as refusal:
            if is_allowed or refusal.status != 409:
                raise
            return None
        assert is_allowed, "allowed what the model refuses"
        return result if result is not None else True

    def order(self, pick: int) -> ModelOrder:
        return self.orders[pick % len(self.orders)]

    # Placing and paying -----------------------------------------------------------------------------
    @rule(units=st.integers(1, 7), other=st.integers(0, 3))
    def place(self, units: int, other: int) -> None:
        wanted = units + other  # the same variant twice is one line
        placement = Placement(
            company_id=self.company.id,
            shop_id=self.company.shop_id,
            placed_by="staff",
            scope="test",
            key=str(new_id()),
            request_sha256=b"0" * 32,
            lines=[PlacementLine(count, self.company.variant_id) for count in (units, other) if count],
        )
        self.bench.steps += 1
        result = self.bench.runner.run(run_placement(self.bench.database, placement))
        assert result.outcome == ("placed" if wanted <= self.free else "out_of_stock")
        if result.order_id is not None and result.outcome == "placed":
            lines = self.bench.runner.run(self.lines_of(result.order_id))
            self.orders.append(ModelOrder(result.order_id, [ModelLine(lines[0]["id"], wanted)]))
            self.free -= wanted

    async def lines_of(self, order_id: UUID) -> Any:
        async with transaction(self.bench.database, company_id=self.company.id) as connection:
            return await queries.list_lines(connection, self.company.id, order_id)

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 40))
    def pay(self, pick: int) -> None:
        """Money comes: recorded with its share as payments does, then told to the order."""
        order = self.order(pick)
        if order.is_paid or (order.status == "cancelled" and not order.is_expired):
            return
        if order.status == "cancelled":
            total = order.lines[0].wanted
            may = total <= self.free
            done = self.attempt(
                True,
                lambda connection: self.answer(
                    service.re_reserve(connection, self.company.id, order.id, now=self.now)
                ),
            )
            assert done.value == may
            if not may:
                return
            order.lines[0].cancelled, order.status, order.is_expired = 0, "pending", False
            self.free -= total

        async def work(connection: AsyncConnection) -> None:
            [due] = await service.order_totals(connection, self.company.id, [order.id])
            await self.capture(connection, order.id, due.due_amount)
            await service.confirm_paid(connection, self.company.id, [order.id], now=self.now)

        self.attempt(True, work)
        order.is_paid = True
        order.status = "confirmed" if order.status == "pending" else order.status

    async def answer(self, asked: Awaitable[bool]) -> SimpleNamespace:
        return SimpleNamespace(value=await asked)

    async def capture(self, connection: AsyncConnection, order_id: UUID, amount: Decimal) -> None:
        payment_id = new_id()
        values = {
            "company": self.company.id,
            "payment": payment_id,
            "order": order_id,
            "shop": self.company.shop_id,
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

    # The order as a whole ---------------------------------------------------------------------------
    @precondition(lambda self: self.orders)
    @rule(
        pick=st.integers(0, 40),
        status=st.sampled_from(
            [
                "pending",
                "confirmed",
                "processing",
                "shipped",
                "delivered",
                "completed",
                "returned",
                "refunded",
            ]
        ),
    )
    def change(self, pick: int, status: str) -> None:
        order = self.order(pick)
        step = {
            "pending": "confirmed",
            "confirmed": "processing",
            "processing": "shipped",
            "shipped": "delivered",
            "delivered": "completed",
        }
        is_next = step.get(order.status) == status
        if is_next and status == "completed":
            assert order.delivered_at is not None
            is_next = self.now >= order.delivered_at + timedelta(WINDOW_DAYS) and not any(
                order.asked(line) for line in range(len(order.lines))
            )
        done = self.attempt(
            is_next,
            lambda connection: statuses.change_status(
                connection, order.id, status, caller=self.staff, note=None, now=self.now
            ),
        )
        if done is None:
            return
        if status == "shipped":
            self.sent(order, {place: line.open for place, line in enumerate(order.lines) if line.open})
        elif status == "delivered":
            for _, units in order.parcels:
                self.arrived(order, units)
            order.parcels = []
        else:
            order.status = status
        order.settle(self.now)

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 40), units=st.none() | st.integers(1, 5))
    def cancel(self, pick: int, units: int | None) -> None:
        order = self.order(pick)
        line = order.lines[0]
        if units is None and order.status == "cancelled":
            is_allowed, count = True, 0
        else:
            count = line.open if units is None else units
            is_allowed = order.status in ("pending", "confirmed", "processing") and count <= line.open
        wanted = OrderCancel.model_validate(
            {} if units is None else {"lines": [{"order_line_id": str(line.id), "quantity_units": units}]}
        )
        if self.attempt(
            is_allowed,
            lambda connection: statuses.cancel_order(
                connection, order.id, wanted, caller=self.staff, now=self.now
            ),
        ):
            line.cancelled += count
            self.free += count
            order.settle(self.now)

    @precondition(lambda self: any(order.status == "pending" for order in self.orders))
    @rule(pick=st.integers(0, 40))
    def let_expire(self, pick: int) -> None:
        pending = [order for order in self.orders if order.status == "pending"]
        order = pending[pick % len(pending)]

        async def work(connection: AsyncConnection) -> None:
            locked = await lock_order(connection, order.id, caller=self.staff)
            await expire(connection, locked, at=self.now)

        # A part that somebody cancelled before stays cancelled when the order is wanted again.
        if order.lines[0].cancelled:
            return
        self.attempt(True, work)
        self.free += order.lines[0].open
        order.lines[0].cancelled = order.lines[0].wanted
        order.status, order.is_expired = "cancelled", True

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    # Sending and delivering -------------------------------------------------------------------------
    def sent(self, order: ModelOrder, units: dict[int, int]) -> None:
        for line, count in units.items():
            order.lines[line].sent += count
        order.status = "processing"
        order.parcels += [(parcel, units) for parcel in self.new_parcels(order)]

    def new_parcels(self, order: ModelOrder) -> list[UUID]:
        async def read() -> list[UUID]:
            async with transaction(self.bench.database, company_id=self.company.id) as connection:
                rows = await list_shipments(connection, self.company.id, [order.id])
                return [row["id"] for row in rows]

        known = {parcel for parcel, _ in order.parcels}
        fresh = [one for one in self.bench.runner.run(read()) if one not in known]
        return fresh[-1:]

    def arrived(self, order: ModelOrder, units: dict[int, int]) -> None:
        for line, count in units.items():
            order.lines[line].delivered += count
        order.arrivals.append((self.now, units))

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 40), units=st.integers(1, 5))
    def send(self, pick: int, units: int) -> None:
        order = self.order(pick)
        line = order.lines[0]
        wanted = ShipmentCreate.model_validate(
            {"lines": [{"order_line_id": str(line.id), "quantity_units": units}]}
        )

        async def work(connection: AsyncConnection) -> None:
            locked = await lock_order(connection, order.id, caller=self.staff)
            await fulfilment.send(connection, locked, wanted, at=self.now, user_id=self.company.admin_user_id)

        is_allowed = order.status in ("confirmed", "processing") and units <= line.open
        if self.attempt(is_allowed, work):
            self.sent(order, {0: units})
            order.settle(self.now)

    @precondition(lambda self: any(order.parcels for order in self.orders))
    @rule(pick=st.integers(0, 40), parcel=st.integers(0, 5))
    def deliver(self, pick: int, parcel: int) -> None:
        with_parcels = [order for order in self.orders if order.parcels]
        order = with_parcels[pick % len(with_parcels)]
        shipment_id, units = order.parcels.pop(parcel % len(order.parcels))
        event = TrackingEventCreate(status="delivered")

        async def work(connection: AsyncConnection) -> None:
            locked = await lock_order(connection, order.id, caller=self.staff)
            await fulfilment.add_event(
                connection, locked, shipment_id, event, at=self.now, user_id=self.company.admin_user_id
            )

        self.attempt(True, work)
        self.arrived(order, units)
        order.settle(self.now)

    # Returning and paying back ----------------------------------------------------------------------
    @precondition(lambda self: any(order.arrivals for order in self.orders))
    @rule(pick=st.integers(0, 40), units=st.integers(1, 5))
    def ask_return(self, pick: int, units: int) -> None:
        with_goods = [order for order in self.orders if order.arrivals]
        order = with_goods[pick % len(with_goods)]
        wanted = ReturnCreate.model_validate(
            {"lines": [{"order_line_id": str(order.lines[0].id), "quantity_units": units}]}
        )
        is_allowed = order.status in ("processing", "shipped", "delivered") and units <= order.returnable(
            0, self.now
        )
        made = self.attempt(
            is_allowed,
            lambda connection: returns.request_return(
                connection, order.id, wanted, caller=self.staff, now=self.now
            ),
        )
        if made is not None:
            order.returns.append(ModelReturn(made, "requested", {0: units}))

    @precondition(lambda self: any(order.returns for order in self.orders))
    @rule(
        pick=st.integers(0, 40),
        which=st.integers(0, 5),
        step=st.sampled_from(["approved", "rejected", "received", "received", "refunded", "refunded"]),
        missing=st.integers(0, 1),
        written_off=st.integers(0, 1),
    )
    def handle_return(self, pick: int, which: int, step: str, missing: int, written_off: int) -> None:
        with_returns = [order for order in self.orders if order.returns]
        order = with_returns[pick % len(with_returns)]
        back = order.returns[which % len(order.returns)]
        follows = {"requested": {"approved", "rejected"}, "approved": {"received", "rejected"}}
        is_allowed = step in follows.get(back.status, set()) or (back.status, step) == (
            "received",
            "refunded",
        )
        came = back.units[0] - (missing if back.units[0] > 1 else 0)
        lost = min(written_off, came)
        if not self.attempt(is_allowed, self.return_step(back, step, came - lost, lost)):
            return
        back.status = step
        if step == "received":
            back.units = {0: came}
            order.lines[0].returned += came
            self.free += came - lost
            order.settle(self.now)
        elif step == "refunded" and order.status == "returned":
            is_over = all(one.status in ("refunded", "rejected") for one in order.returns)
            order.status = "refunded" if is_over else "returned"

    def return_step(
        self, back: ModelReturn, step: str, restocked: int, lost: int
    ) -> Callable[[AsyncConnection], Awaitable[Any]]:
        async def work(connection: AsyncConnection) -> None:
            if step in ("approved", "rejected"):
                note = ReturnDecision().note
                await returns.decide(connection, back.id, step, caller=self.staff, note=note, now=self.now)
            elif step == "refunded":
                await receiving.refund(connection, back.id, ReturnRefund(), caller=self.staff, now=self.now)
            else:
                seen = await receiving.queries.list_lines(connection, self.company.id, back.id)
                receipt = ReturnReceipt.model_validate(
                    {
                        "lines": [
                            {
                                "return_line_id": str(seen[0]["id"]),
                                "restocked_units": restocked,
                                "written_off_units": lost,
                            }
                        ]
                    }
                )
                await receiving.receive(connection, back.id, receipt, caller=self.staff, now=self.now)

        return work

    # What holds after every step --------------------------------------------------------------------
    @invariant()
    def all_adds_up(self) -> None:
        async def read() -> list[Any]:
            async with transaction(self.bench.database, company_id=self.company.id) as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                cursor = await driver.execute(_BOOKS, {"company": self.company.id})
                return [dict(zip(_COLUMNS, row, strict=True)) for row in await cursor.fetchall()]

        [books] = self.bench.runner.run(read())
        assert books["on_hand"] == books["ledger"]
        assert books["reserved"] == books["live"] >= 0
        assert books["on_hand"] - books["reserved"] == self.free >= 0
        assert books["unbalanced"] == 0
        assert books["over_refunded"] == 0
        assert books["orders"] == sorted([str(order.id), order.status] for order in self.orders)
        assert books["units"] == sorted(
            [str(line.id), line.cancelled, line.sent, line.delivered, line.returned]
            for order in self.orders
            for line in order.lines
        )


_COLUMNS = ("on_hand", "ledger", "reserved", "live", "unbalanced", "over_refunded", "orders", "units")
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


@pytest.fixture
def bench(fresh_database: FreshDatabase) -> Iterator[Bench]:
    """A loop that outlives the examples, with pools opened in it."""
    with asyncio.Runner() as runner:
        opened = fresh_database.open()
        made = Bench(runner, runner.run(opened.__aenter__()), fresh_database)
        Lifecycle.bench = made
        try:
            yield made
        finally:
            runner.run(opened.__aexit__(None, None, None))


@pytest.mark.parametrize(
    ("examples", "steps"),
    [(45, 2_000), pytest.param(1_100, 50_000, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)])],
    ids=["short", "full"],
)
def test_orders_follow_the_model_whatever_happens(bench: Bench, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=examples,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert bench.steps >= steps
