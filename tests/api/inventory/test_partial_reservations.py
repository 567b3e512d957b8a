"""Some of an order's units are shipped or given back: rows split, and stock still adds up."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.inventory.errors import InsufficientStock, NotReserved
from api.inventory.reservations import Ending, LineUnits, consume_reservation, end_reservations
from api.inventory.rules import Held, take_units
from api.inventory.service import ship_reserved_lines
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.orders import assert_all_adds_up, place

ROWS = (
    "select status, reserved_units, shortfall_units from reservations"
    " order by status, reserved_units, shortfall_units"
)
LEVEL = "select on_hand_units, reserved_units, available_units from stock_levels"


@dataclass(frozen=True)
class Placed:
    """An order of one line."""

    order_id: UUID
    line_id: UUID


async def order_of(api: Api, company: Company, units: int) -> Placed:
    answer = await place(api, company, quantity_units=units)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return Placed(
        UUID(order["id"]), api.scalar("select id from order_lines where order_id = %s", [order["id"]])
    )


async def end(
    database: Database,
    company: Company,
    order: Placed,
    units: int,
    ending: Ending = "released",
    **place: UUID,
) -> int:
    """End units of the order's line and return how many ended."""
    async with transaction(database, company_id=company.id) as connection:
        ended = await consume_reservation(
            connection,
            company_id=company.id,
            owner_id=order.order_id,
            line_units=[LineUnits(order.line_id, units, **place)],
            at=utc_now(),
            ending=ending,
        )
    return sum(one.reserved_units for one in ended)


async def ship(database: Database, company: Company, order: Placed, units: int) -> UUID:
    shipment_id = uuid4()
    async with transaction(database, company_id=company.id) as connection:
        await ship_reserved_lines(
            connection,
            company_id=company.id,
            order_id=order.order_id,
            line_units=[LineUnits(order.line_id, units)],
            reference=("shipment", shipment_id),
            actor_user_id=None,
            occurred_at=utc_now(),
        )
    return shipment_id


async def test_what_ships_in_part_splits_the_reservation_and_the_rest_stays_live(
    api: Api, company: Company, database: Database
) -> None:
    order = await order_of(api, company, 10)
    shipment_id = await ship(database, company, order, 4)
    assert api.rows(ROWS) == [("consumed", 4, 0), ("live", 6, 0)]
    assert api.rows(LEVEL) == [(96, 6, 90)]
    ledger = (
        "select delta_units, reason, reference_type, reference_id from stock_ledger where delta_units < 0"
    )
    assert api.rows(ledger) == [(-4, "sale", "shipment", shipment_id)]
    assert_all_adds_up(api)
    await ship(database, company, order, 6)
    assert api.rows(ROWS) == [("consumed", 4, 0), ("consumed", 6, 0)]
    assert api.rows(LEVEL) == [(90, 0, 90)]
    assert_all_adds_up(api)


async def test_what_is_given_back_in_part_is_available_again(
    api: Api, company: Company, database: Database
) -> None:
    order = await order_of(api, company, 10)
    assert await end(database, company, order, 3) == 3
    assert api.rows(LEVEL) == [(100, 7, 93)]
    async with transaction(database, company_id=company.id) as connection:
        await end_reservations(
            connection, company_id=company.id, owner_id=order.order_id, ending="released", at=utc_now()
        )
    assert api.rows(ROWS) == [("released", 3, 0), ("released", 7, 0)]
    assert api.rows(LEVEL) == [(100, 0, 100)]
    assert_all_adds_up(api)


async def test_more_than_a_line_holds_is_refused_whole(
    api: Api, company: Company, database: Database
) -> None:
    order = await order_of(api, company, 10)
    for units, location in ((11, company.location_id), (1, uuid4())):
        with pytest.raises(NotReserved):
            await end(database, company, order, units, location_id=location)
    assert api.rows(ROWS) == [("live", 10, 0)]
    assert api.rows(LEVEL) == [(100, 10, 90)]


async def test_of_a_backorder_what_is_there_ships_and_what_is_not_is_given_back_first(
    api: Api, company: Company, database: Database
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update stock_levels set allow_backorder = true")
    order = await order_of(api, company, 130)
    assert api.rows(ROWS) == [("live", 130, 30)]
    await ship(database, company, order, 60)
    assert api.rows(ROWS) == [("consumed", 60, 0), ("live", 70, 30)]
    assert await end(database, company, order, 10) == 10
    assert api.rows(ROWS) == [("consumed", 60, 0), ("live", 60, 20), ("released", 10, 10)]
    with pytest.raises(InsufficientStock):
        await ship(database, company, order, 60)
    await ship(database, company, order, 40)
    assert api.rows(LEVEL) == [(0, 20, -20)]


@given(
    held=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.integers(0, 9)), max_size=6),
    wanted=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12)), max_size=4),
    is_given_back=st.booleans(),
)
def test_units_taken_and_left_add_up_to_those_held(
    held: list[tuple[int, int, int]], wanted: list[tuple[int, int]], is_given_back: bool
) -> None:
    lines, place_id = [UUID(int=number) for number in range(3)], UUID(int=9)
    left = [
        Held(UUID(int=index), place_id, place_id, lines[line], units, min(units, short))
        for index, (line, units, short) in enumerate(held)
    ]
    for line, units in wanted:
        before = sum(one.reserved_units for one in left if one.owner_line_id == lines[line])
        part = take_units(left, LineUnits(lines[line], units), is_given_back=is_given_back)
        assert (part is None) == (before < units)
        if part is None:
            continue
        assert sum(one.units for one in part.taken) == units
        assert sum(one.reserved_units for one in part.left) == sum(one.reserved_units for one in left) - units
        assert sum(one.shortfall_units for one in part.left) == sum(
            one.shortfall_units for one in left
        ) - sum(one.shortfall_units for one in part.taken)
        assert all(0 <= one.shortfall_units <= one.reserved_units for one in part.left)
        assert all(0 <= one.shortfall_units <= one.units for one in part.taken)
        left = part.left
