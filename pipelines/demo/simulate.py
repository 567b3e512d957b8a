"""Two years of stock, day by day: sales, lost sales, returns, breakage, restock orders and receipts."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan, SupplierPlan
from pipelines.demo.demand import NEW_PRODUCT_DAYS_AGO

RESTOCKED_RETURN_RATIO = 0.025
WRITTEN_OFF_RETURN_RATIO = 0.006
LAST_REVIEW_DAYS_AGO = 10
LATE_SINCE_DAYS_AGO = 48
_RETURN_DELAY_DAYS = (5, 21)
_VELOCITY_DAYS = 28
_COVER_DAYS = 18
_MONDAY = 0
_PARTIAL_DELIVERY_RATIO = 0.12
_DEAD_ITEM_OPENING_UNITS = 90
_FIRST_DELIVERY_DAYS = 40


@dataclass(frozen=True)
class Receipt:
    """Units of each line that came in on one day."""

    day: int
    units: NDArray[np.int64]


@dataclass(frozen=True)
class RestockOrder:
    """An order to a supplier; what has not come in by the end of the history is still open."""

    supplier: int
    location: int
    sent_day: int
    variants: NDArray[np.int64]
    units: NDArray[np.int64]
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class Breakage:
    """Units written off at the end of a day."""

    day: int
    location: int
    variant: int
    units: int


@dataclass
class Simulation:
    """What happened. Arrays by day, shop and variant, unless said otherwise."""

    opening: NDArray[np.int64]
    """By location and variant, before the first day."""
    sold: NDArray[np.int64]
    wanted: NDArray[np.int64]
    restocked_returns: NDArray[np.int64]
    """Of the units sold on that day, those that came back into stock ``return_delay`` days later."""
    written_off_returns: NDArray[np.int64]
    return_delay: NDArray[np.int64]
    closing: NDArray[np.int64]
    """By day, location and variant."""
    restock_orders: list[RestockOrder] = field(default_factory=list)
    breakages: list[Breakage] = field(default_factory=list)


class _Stockroom:
    """Stock on hand and on order while the days go by."""

    def __init__(self, opening: NDArray[np.int64], days: int) -> None:
        self.on_hand = opening.copy()
        self.on_order = np.zeros_like(opening)
        self.due = np.zeros((days, *opening.shape), dtype=np.int64)


def simulate(
    plan: CompanyPlan,
    assortment: Assortment,
    dates: NDArray[np.datetime64],
    demand: NDArray[np.int64],
    random: np.random.Generator,
) -> Simulation:
    """Sell what is wanted as long as there is stock, and reorder as a busy buyer does: by rule of thumb.

    Every Monday each supplier that is due gets an order up to the recent speed of sale times (quoted lead
    time + review + a few days). That looks back, so seasons surprise it and stock runs out; which is what
    a planner that looks ahead has to beat.
    """
    days, shops, variants = demand.shape
    locations = [location.code for location in plan.locations]
    shop_location = [locations.index(shop.location) for shop in plan.shops]
    opening = _opening_stock(plan, assortment, demand, shop_location)
    state = _Stockroom(opening, days)
    result = Simulation(
        opening=opening,
        sold=np.zeros_like(demand),
        wanted=demand,
        restocked_returns=np.zeros_like(demand),
        written_off_returns=np.zeros_like(demand),
        return_delay=random.integers(*_RETURN_DELAY_DAYS, size=demand.shape),
        closing=np.zeros((days, len(locations), variants), dtype=np.int64),
    )
    _order_new_products(assortment, result, state, shop_location)
    recent_sales = np.zeros((days, len(locations), variants), dtype=np.int64)
    for day in range(days):
        state.on_hand += state.due[day]
        for shop in range(shops):
            location = shop_location[shop]
            sold = np.minimum(demand[day, shop], state.on_hand[location])
            state.on_hand[location] -= sold
            recent_sales[day, location] += sold
            result.sold[day, shop] = sold
            _draw_returns(result, state, day, shop, location, random)
        _break_some(result, state, day, dates, random)
        result.closing[day] = state.on_hand
        if _weekday(dates[day]) == _MONDAY and day <= days - LAST_REVIEW_DAYS_AGO:
            speed = recent_sales[max(0, day - _VELOCITY_DAYS + 1) : day + 1].mean(axis=0)
            _review(plan, assortment, result, state, day, dates, speed, random)
    return result


def _opening_stock(
    plan: CompanyPlan, assortment: Assortment, demand: NDArray[np.int64], shop_location: list[int]
) -> NDArray[np.int64]:
    """Cover the first weeks, and put the dead item in the warehouse by the crate."""
    cover = np.array([plan.suppliers[index].quoted_lead_time_days for index in assortment.supplier]) + 21
    opening = np.zeros((len(plan.locations), len(assortment)), dtype=np.int64)
    for shop, location in enumerate(shop_location):
        first_weeks = demand[: int(cover.max()), shop].mean(axis=0)
        opening[location] += np.ceil(first_weeks * cover).astype(np.int64)
    opening[:, assortment.with_pattern("dead")] += _DEAD_ITEM_OPENING_UNITS
    return opening


def _order_new_products(
    assortment: Assortment, result: Simulation, state: _Stockroom, shop_location: list[int]
) -> None:
    """Let the first delivery of a new product be there on the day before its launch."""
    days = len(state.due)
    arrival, sent = days - NEW_PRODUCT_DAYS_AGO - 1, days - NEW_PRODUCT_DAYS_AGO - 30
    new = assortment.with_pattern("new")
    for location in range(state.on_hand.shape[0]):
        shops = [shop for shop, own in enumerate(shop_location) if own == location]
        first_weeks = result.wanted[arrival : arrival + _FIRST_DELIVERY_DAYS][:, shops][:, :, new].sum(
            axis=(0, 1)
        )
        for supplier in sorted(set(assortment.supplier[new].tolist())):
            chosen = (assortment.supplier[new] == supplier) & (first_weeks > 0)
            if not chosen.any():
                continue
            units, variants = first_weeks[chosen], new[chosen]
            state.due[arrival, location, variants] += units
            result.restock_orders.append(
                RestockOrder(supplier, location, sent, variants, units, (Receipt(arrival, units),))
            )


def _draw_returns(
    result: Simulation, state: _Stockroom, day: int, shop: int, location: int, random: np.random.Generator
) -> None:
    sold = result.sold[day, shop]
    back_day = day + result.return_delay[day, shop]
    in_time = back_day < len(state.due)
    restocked = np.where(in_time, random.binomial(sold, RESTOCKED_RETURN_RATIO), 0)
    written_off = np.where(in_time, random.binomial(sold - restocked, WRITTEN_OFF_RETURN_RATIO), 0)
    result.restocked_returns[day, shop] = restocked
    result.written_off_returns[day, shop] = written_off
    back = np.flatnonzero(restocked)
    state.due[back_day[back], location, back] += restocked[back]


def _break_some(
    result: Simulation,
    state: _Stockroom,
    day: int,
    dates: NDArray[np.datetime64],
    random: np.random.Generator,
) -> None:
    """On the first of a month something turns out broken at each location."""
    if dates[day].item().day != 1:
        return
    for location in range(len(state.on_hand)):
        variant = int(random.integers(state.on_hand.shape[1]))
        units = int(min(state.on_hand[location, variant], random.integers(1, 4)))
        if units:
            state.on_hand[location, variant] -= units
            result.breakages.append(Breakage(day, location, variant, units))


def _review(
    plan: CompanyPlan,
    assortment: Assortment,
    result: Simulation,
    state: _Stockroom,
    day: int,
    dates: NDArray[np.datetime64],
    speed: NDArray[np.float64],
    random: np.random.Generator,
) -> None:
    state.on_order = _units_on_order(result.restock_orders, state.on_order.shape, day)
    week = int(dates[day].astype(np.int64)) // 7
    for number, supplier in enumerate(plan.suppliers):
        if week % supplier.order_every_weeks:
            continue
        days_left = len(state.due) - day
        is_late_now = supplier.is_late and days_left <= LATE_SINCE_DAYS_AGO
        for location in range(len(plan.locations)):
            if is_late_now and state.on_order[location, assortment.supplier == number].any():
                continue  # the buyer waits for the late one before ordering again
            variants, units = _wanted_units(supplier, number, assortment, state, location, speed[location])
            if len(variants):
                receipts = _draw_receipts(supplier, day, dates, units, random)
                state.on_order[location, variants] += units
                for receipt in receipts:
                    state.due[receipt.day, location, variants] += receipt.units
                result.restock_orders.append(RestockOrder(number, location, day, variants, units, receipts))


def _wanted_units(
    supplier: SupplierPlan,
    number: int,
    assortment: Assortment,
    state: _Stockroom,
    location: int,
    speed: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    review_days = 7 * supplier.order_every_weeks
    target = speed * (supplier.quoted_lead_time_days + review_days + _COVER_DAYS)
    missing = target - state.on_hand[location] - state.on_order[location]
    variants = np.flatnonzero((assortment.supplier == number) & (missing > 0.25 * target) & (target > 0))
    packs = np.ceil(np.maximum(missing[variants], supplier.moq_units) / supplier.pack_units)
    return variants, (packs * supplier.pack_units).astype(np.int64)


def _draw_receipts(
    supplier: SupplierPlan,
    day: int,
    dates: NDArray[np.datetime64],
    units: NDArray[np.int64],
    random: np.random.Generator,
) -> tuple[Receipt, ...]:
    """Draw when the goods come, on working days, one time in eight in two parts.

    The late supplier delivers nothing during the last weeks.
    """
    delay = supplier.quoted_lead_time_days * random.lognormal(0.0, supplier.spread)
    arrivals = [int(np.busday_offset(dates[day] + round(delay), 0, roll="forward").astype(np.int64))]
    parts = [units]
    if random.random() < _PARTIAL_DELIVERY_RATIO:
        first = (units * 0.6).astype(np.int64)
        parts = [first, units - first]
        arrivals.append(int(np.busday_offset(np.datetime64(arrivals[0], "D"), 5).astype(np.int64)))
    first_day = int(dates[0].astype(np.int64))
    end = len(dates) - (LATE_SINCE_DAYS_AGO if supplier.is_late else 0)
    return tuple(
        Receipt(arrival - first_day, part)
        for arrival, part in zip(arrivals, parts, strict=True)
        if arrival - first_day < end and part.any()
    )


def _units_on_order(orders: list[RestockOrder], shape: tuple[int, ...], day: int) -> NDArray[np.int64]:
    """Return by location and variant what was sent and has not come in by the end of the day."""
    on_order = np.zeros(shape, dtype=np.int64)
    for order in orders:
        received = sum((receipt.units for receipt in order.receipts if receipt.day <= day), 0 * order.units)
        on_order[order.location, order.variants] += order.units - received
    return on_order


def _weekday(day: np.datetime64) -> int:
    return int(day.astype(np.int64) + 3) % 7
