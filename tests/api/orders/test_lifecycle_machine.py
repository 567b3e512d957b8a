"""Check 17: whatever is placed, paid, sent, cancelled, returned, refunded and expired, in whatever order.

A model written apart says of each step whether it is allowed and what the order becomes; after each step SQL
of our own compares stock with its ledger and reservations, refunds with captured money, lines with totals.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller, Scope
from api.errors import ApiError
from api.fulfilment import service as fulfilment
from api.fulfilment.schemas import ShipmentCreate, TrackingEventCreate
from api.orders import service, statuses
from api.orders.access import lock_order
from api.orders.cancellation import expire
from api.orders.placement import run_placement
from api.orders.schemas import OrderCancel
from api.returns import service as returns
from api.returns.schemas import ReturnCreate
from tests.support.databases import FreshDatabase
from tests.support.lifecycle_bench import ON_HAND, Bench, capture, open_bench, placement_of, take_return_step
from tests.support.lifecycle_model import ModelLine, ModelOrder, ModelReturn

START = datetime.fromisoformat("2026-03-28T12:00:00+00:00")
STATUSES = ("pending", "confirmed", "processing", "shipped", "delivered", "completed", "returned", "refunded")
# A run shows nothing of a step that it has never done, or never seen refused.
REFUSED = ["change", "cancel", "send", "deliver", "ask_return", "approved", "received", "refunded"]
DONE = [*REFUSED[1:], "place", "pay", "pay_late", "advance", "let_expire", "rejected"]
PICKS = st.integers(0, 11)


def fitting(pick: int, units: int, most: int) -> int:
    """Return units that are there, two times of three."""
    return min(units, most) if most and pick % 3 else units


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
    def attempt(self, name: str, is_allowed: bool, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """Run a step in a transaction: it happens exactly if the model allows it, else 409."""
        self.bench.counts[name, is_allowed] += 1
        try:
            result = self.bench.run_in_transaction(self.company.id, work)
        except ApiError as refusal:
            if is_allowed or refusal.status != 409:
                raise
            return None
        assert is_allowed, "allowed what the model refuses"
        return result if result is not None else True

    def order(self, pick: int, is_likely: Callable[[ModelOrder], bool]) -> ModelOrder:
        """Pick one of the orders; two times of three one of those on which the step may succeed."""
        likely = [order for order in self.orders if is_likely(order)]
        among = likely if likely and pick % 3 else self.orders
        return among[pick // 3 % len(among)]

    @initialize(stages=st.lists(st.integers(0, 7), min_size=2, max_size=3), units=st.integers(1, 7))
    def begin(self, stages: list[int], units: int) -> None:
        """Bring orders some way, that what comes late in an order's life is seen often enough."""
        for stage in stages:
            self.place(units, 0)
            for step in range(stage):
                self.bring_on(self.orders[-1], step, units)
                self.all_adds_up()

    def bring_on(self, order: ModelOrder, step: int, units: int) -> None:
        match step:
            case 0:
                self.pay_order(order)
            case 1:
                self.send_units(order, max(units - 1, 1))
            case 2:
                self.deliver_parcel(order, 0)
            case 3:
                self.ask_for(order, max(units - 2, 1))
            case _:
                self.handle(order, order.returns[0], ("approved", "received", "refunded")[step - 4], 0, 1)

    # Placing and paying -----------------------------------------------------------------------------
    @rule(units=st.integers(1, 7), other=st.integers(0, 3))
    def place(self, units: int, other: int) -> None:
        wanted = units + other  # the same variant twice is one line
        self.bench.counts["place", wanted <= self.free] += 1
        result = self.bench.run(
            run_placement(self.bench.database, placement_of(self.company, [units, other]))
        )
        assert result.outcome == ("placed" if wanted <= self.free else "out_of_stock")
        if result.order_id is not None and result.outcome == "placed":
            [line_id] = self.bench.ids("order_lines", result.order_id)
            self.orders.append(ModelOrder(result.order_id, [ModelLine(line_id, wanted)]))
            self.free -= wanted

    @precondition(lambda self: any(order.is_payable for order in self.orders))
    @rule(pick=PICKS)
    def pay(self, pick: int) -> None:
        payable = [order for order in self.orders if order.is_payable]
        late = [order for order in payable if order.is_expired]
        among = late if late and pick % 3 else payable
        self.pay_order(among[pick // 3 % len(among)])

    def pay_order(self, order: ModelOrder) -> None:
        """Money comes: recorded with its share as payments does, then told to the order."""
        if order.status == "cancelled" and not self.hold_again(order):
            return

        async def work(connection: AsyncConnection) -> None:
            [due] = await service.order_totals(connection, self.company.id, [order.id])
            await capture(connection, self.company, order.id, due.due_amount)
            await service.confirm_paid(connection, self.company.id, [order.id], now=self.now)

        self.attempt("pay", True, work)
        order.is_paid, order.is_paid_first = True, not order.returns
        order.status = "confirmed" if order.status == "pending" else order.status

    def hold_again(self, order: ModelOrder) -> bool:
        """Take back what expired, as far as it was not cancelled before, or nothing of it."""
        [line] = order.lines
        may = line.expired <= self.free
        self.bench.counts["pay_late", may] += 1
        done = self.bench.run_in_transaction(
            self.company.id,
            lambda connection: service.re_reserve(connection, self.company.id, order.id, now=self.now),
        )
        assert done == may
        if may:
            self.free -= line.expired
            line.cancelled, line.expired = line.cancelled - line.expired, 0
            order.status, order.is_expired = "pending", False
        return may

    # The order as a whole ---------------------------------------------------------------------------
    @precondition(lambda self: any(order.next_status(self.now) for order in self.orders))
    @rule(pick=PICKS)
    def advance(self, pick: int) -> None:
        able = [order for order in self.orders if order.next_status(self.now)]
        order = able[pick % len(able)]
        status = order.next_status(self.now)
        assert status is not None
        self.change_order("advance", order, status)

    @rule(pick=PICKS, status=st.sampled_from(STATUSES))
    def change(self, pick: int, status: str) -> None:
        order = self.orders[pick % len(self.orders)]
        self.change_order("change", order, status)

    def change_order(self, name: str, order: ModelOrder, status: str) -> None:
        if not self.attempt(
            name,
            order.next_status(self.now) == status,
            lambda connection: statuses.change_status(
                connection, order.id, status, caller=self.staff, note=None, now=self.now
            ),
        ):
            return
        if status == "shipped":
            self.sent(order, {place: line.open for place, line in enumerate(order.lines) if line.open})
        elif status == "delivered":
            for parcel in list(order.parcels):
                order.arrive(parcel, self.now)
        else:
            order.status = status
        order.settle(self.now)

    @rule(pick=PICKS, units=st.none() | st.integers(1, 5))
    def cancel(self, pick: int, units: int | None) -> None:
        order = self.order(pick, lambda order: order.lines[0].open > 0)
        [line] = order.lines
        if units is None and order.status == "cancelled":
            is_allowed, count = True, 0
        else:
            count = line.open if units is None else units
            is_allowed = order.status in ("pending", "confirmed", "processing") and count <= line.open
        wanted = OrderCancel.model_validate(
            {} if units is None else {"lines": [{"order_line_id": str(line.id), "quantity_units": units}]}
        )
        if self.attempt(
            "cancel",
            is_allowed,
            lambda connection: statuses.cancel_order(
                connection, order.id, wanted, caller=self.staff, now=self.now
            ),
        ):
            line.cancelled += count
            self.free += count
            order.settle(self.now)

    @precondition(lambda self: any(order.status == "pending" for order in self.orders))
    @rule(pick=PICKS)
    def let_expire(self, pick: int) -> None:
        pending = [order for order in self.orders if order.status == "pending"]
        order = pending[pick % len(pending)]
        [line] = order.lines

        async def work(connection: AsyncConnection) -> None:
            await expire(connection, await lock_order(connection, order.id, caller=self.staff), at=self.now)

        self.attempt("let_expire", True, work)
        self.free += line.open
        line.expired = line.open
        line.cancelled = line.wanted
        order.status, order.is_expired = "cancelled", True

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    # Sending and delivering -------------------------------------------------------------------------
    def sent(self, order: ModelOrder, units: dict[int, int]) -> None:
        order.send(units)
        known = {parcel for parcel, _ in order.parcels + order.delivered_parcels}
        made = [parcel for parcel in self.bench.ids("shipments", order.id) if parcel not in known]
        assert len(made) == (1 if units else 0)
        order.parcels += [(parcel, units) for parcel in made]

    @rule(pick=PICKS, units=st.integers(1, 5))
    def send(self, pick: int, units: int) -> None:
        order = self.order(pick, lambda order: order.is_sendable and order.lines[0].open > 0)
        self.send_units(order, fitting(pick, units, order.lines[0].open))

    def send_units(self, order: ModelOrder, units: int) -> None:
        [line] = order.lines
        wanted = ShipmentCreate.model_validate(
            {"lines": [{"order_line_id": str(line.id), "quantity_units": units}]}
        )

        async def work(connection: AsyncConnection) -> None:
            locked = await lock_order(connection, order.id, caller=self.staff)
            await fulfilment.send(connection, locked, wanted, at=self.now, user_id=self.company.admin_user_id)

        if self.attempt("send", order.is_sendable and units <= line.open, work):
            self.sent(order, {0: units})
            order.settle(self.now)

    @precondition(lambda self: any(order.parcels or order.delivered_parcels for order in self.orders))
    @rule(pick=PICKS, parcel=st.integers(0, 5))
    def deliver(self, pick: int, parcel: int) -> None:
        sent = [order for order in self.orders if order.parcels]
        sent = sent or [order for order in self.orders if order.delivered_parcels]
        self.deliver_parcel(sent[pick % len(sent)], parcel)

    def deliver_parcel(self, order: ModelOrder, which: int) -> None:
        parcels = order.parcels + order.delivered_parcels
        parcel = parcels[which % len(parcels)]

        async def work(connection: AsyncConnection) -> None:
            locked = await lock_order(connection, order.id, caller=self.staff)
            event = TrackingEventCreate(status="delivered")
            await fulfilment.add_event(
                connection, locked, parcel[0], event, at=self.now, user_id=self.company.admin_user_id
            )

        if self.attempt("deliver", parcel in order.parcels, work):
            order.arrive(parcel, self.now)
            order.settle(self.now)

    # Returning and paying back ----------------------------------------------------------------------
    @precondition(lambda self: any(order.arrivals for order in self.orders))
    @rule(pick=PICKS, units=st.integers(1, 5))
    def ask_return(self, pick: int, units: int) -> None:
        order = self.order(pick, lambda order: order.keeps(0) > 0)  # perhaps for too long already
        self.ask_for(order, fitting(pick, units, order.keeps(0)))

    def ask_for(self, order: ModelOrder, units: int) -> None:
        wanted = ReturnCreate.model_validate(
            {"lines": [{"order_line_id": str(order.lines[0].id), "quantity_units": units}]}
        )
        is_open = order.status in ("processing", "shipped", "delivered")
        made = self.attempt(
            "ask_return",
            is_open and units <= order.returnable(0, self.now),
            lambda connection: returns.request_return(
                connection, order.id, wanted, caller=self.staff, now=self.now
            ),
        )
        if made is not None:
            order.returns.append(ModelReturn(made, "requested", {0: units}))

    @precondition(lambda self: any(order.returns for order in self.orders))
    @rule(
        pick=PICKS,
        which=st.integers(0, 5),
        step=st.none() | st.sampled_from(["approved", "rejected", "received", "refunded"]),
        missing=st.integers(0, 1),
        lost=st.integers(0, 1),
    )
    def handle_return(self, pick: int, which: int, step: str | None, missing: int, lost: int) -> None:
        with_returns = [order for order in self.orders if order.returns]
        order = with_returns[pick % len(with_returns)]
        back = order.returns[which % len(order.returns)]
        usual = {"requested": "approved", "approved": "received", "received": "refunded"}
        self.handle(order, back, step or usual.get(back.status, "refunded"), missing, lost)

    def handle(self, order: ModelOrder, back: ModelReturn, step: str, missing: int, lost: int) -> None:
        is_allowed = back.may_become(step)
        came = back.units[0] - (missing if back.units[0] > 1 else 0)
        disposed = {"restocked_units": came - lost, "written_off_units": lost}

        async def work(connection: AsyncConnection) -> None:
            await take_return_step(connection, back.id, step, disposed, caller=self.staff, now=self.now)

        if not self.attempt(step, is_allowed, work):
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

    # What holds after every step --------------------------------------------------------------------
    @invariant()
    def all_adds_up(self) -> None:
        books = self.bench.books(self.company.id)
        assert books["on_hand"] == books["ledger"]
        assert books["reserved"] == books["live"] >= 0
        assert books["on_hand"] - books["reserved"] == self.free >= 0
        assert books["unbalanced"] == 0
        assert books["over_refunded"] == 0
        paid = [order for order in self.orders if order.is_paid and order.is_paid_first]
        over = {str(order.id) for order in paid if order.status in ("cancelled", "refunded")}
        assert over <= set(books["paid_back"])
        assert books["orders"] == sorted([str(order.id), order.status] for order in self.orders)
        assert books["units"] == sorted(
            [str(line.id), line.cancelled, line.sent, line.delivered, line.returned]
            for order in self.orders
            for line in order.lines
        )


@pytest.fixture
def bench(fresh_database: FreshDatabase) -> Iterator[Bench]:
    with open_bench(fresh_database) as made:
        Lifecycle.bench = made
        yield made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("examples", "steps"),
    [(46, 2_000), pytest.param(1_100, 50_000, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)])],
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
            phases=[Phase.generate],
        ),
    )
    counts = bench.counts
    assert bench.steps >= steps
    assert [step for step in DONE if not counts[step, True]] == []
    assert [step for step in REFUSED if not counts[step, False]] == []
