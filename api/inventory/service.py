"""Use cases of stock. Purchasing and orders call these; they never touch the tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import InvalidContent, UnknownReference
from api.inventory import queries
from api.inventory.errors import OnHandChanged
from api.inventory.ledger import Movement, lock_levels, move_stock
from api.inventory.reconcile import DIFFERENCES, StockDifference
from api.inventory.reservations import EndedReservation, LineUnits, consume_reservation, end_reservations
from api.inventory.schemas import AdjustmentCreate


@dataclass(frozen=True)
class ReceivedLine:
    """Units of a variant that came in, and what one of them cost in the company's currency."""

    variant_id: UUID
    units: int
    unit_cost_amount: Decimal


async def adjust(
    connection: AsyncConnection, adjustment: AdjustmentCreate, *, caller: Caller, now: datetime
) -> queries.Row:
    """Correct what is on hand and return the level.

    Raises
    ------
    OnHandChanged
        If another quantity is on hand than the caller expected.
    InsufficientStock
        If it would leave less than nothing, or less than is promised.
    """
    company_id = caller.require_company()
    if adjustment.delta_units == 0:
        raise InvalidContent("An adjustment changes something.", pointer="/delta_units")
    if adjustment.on_hand_units is not None and adjustment.on_hand_units == adjustment.expected_on_hand_units:
        raise InvalidContent("An adjustment changes something.", pointer="/on_hand_units")
    await _require_place(connection, adjustment, company_id=company_id, caller=caller)
    key = (adjustment.location_id, adjustment.variant_id)
    level = (await lock_levels(connection, company_id, [key]))[key]
    expected_units = adjustment.expected_on_hand_units
    if expected_units is not None and expected_units != level.on_hand_units:
        raise OnHandChanged(
            extensions={"on_hand_units": level.on_hand_units, "expected_on_hand_units": expected_units}
        )
    delta_units = adjustment.delta_units
    if delta_units is None:
        delta_units = (adjustment.on_hand_units or 0) - level.on_hand_units
    movement = Movement(
        location_id=adjustment.location_id,
        variant_id=adjustment.variant_id,
        delta_units=delta_units,
        reason=adjustment.reason,
        unit_cost_amount=adjustment.unit_cost_amount if delta_units > 0 else None,
        note=adjustment.note,
    )
    await move_stock(
        connection,
        company_id=company_id,
        movements=[movement],
        actor_user_id=caller.user_id,
        occurred_at=now,
    )
    return await queries.get_level(connection, company_id, *key)


async def available_units(
    connection: AsyncConnection,
    company_id: UUID,
    variant_ids: Collection[UUID],
    *,
    shop_ids: Collection[UUID] | None,
) -> dict[UUID, int]:
    """Return what can be sold of each variant where the shops draw on; no shops given: everywhere."""
    return await queries.available_units(connection, company_id, variant_ids, shop_ids=shop_ids)


async def receive_stock(
    connection: AsyncConnection,
    *,
    company_id: UUID,
    location_id: UUID,
    reference_id: UUID,
    lines: Sequence[ReceivedLine],
    actor_user_id: UUID | None,
    occurred_at: datetime,
) -> None:
    """Take goods in: ledger rows at their cost, which name the receipt."""
    movements = [
        Movement(
            location_id=location_id,
            variant_id=line.variant_id,
            delta_units=line.units,
            reason="receipt",
            reference_type="receipt",
            reference_id=reference_id,
            unit_cost_amount=line.unit_cost_amount,
        )
        for line in lines
    ]
    await move_stock(
        connection,
        company_id=company_id,
        movements=movements,
        actor_user_id=actor_user_id,
        occurred_at=occurred_at,
    )


async def ship_reserved(
    connection: AsyncConnection,
    *,
    company_id: UUID,
    order_id: UUID,
    actor_user_id: UUID | None,
    occurred_at: datetime,
) -> None:
    """Use up what an order holds: the reservations end, and the ledger takes the units off hand.

    Raises
    ------
    InsufficientStock
        If promised units are not on hand (backorder).
    """
    consumed = await end_reservations(
        connection, company_id=company_id, owner_id=order_id, ending="consumed", at=occurred_at
    )
    await _take_off_hand(
        connection,
        consumed,
        company_id=company_id,
        reference=("order", order_id),
        actor_user_id=actor_user_id,
        occurred_at=occurred_at,
    )


async def ship_reserved_lines(
    connection: AsyncConnection,
    *,
    company_id: UUID,
    order_id: UUID,
    line_units: Sequence[LineUnits],
    reference: tuple[str, UUID],
    actor_user_id: UUID | None,
    occurred_at: datetime,
) -> list[EndedReservation]:
    """Use up some units of an order's lines and take them off hand; return what left where.

    ``reference`` is the type and id of what the ledger names: ``("shipment", shipment_id)``.

    Raises
    ------
    NotReserved
        If a line does not hold as many units.
    InsufficientStock
        If promised units are not on hand (backorder).
    """
    consumed = await consume_reservation(
        connection, company_id=company_id, owner_id=order_id, line_units=line_units, at=occurred_at
    )
    await _take_off_hand(
        connection,
        consumed,
        company_id=company_id,
        reference=reference,
        actor_user_id=actor_user_id,
        occurred_at=occurred_at,
    )
    return consumed


async def _take_off_hand(
    connection: AsyncConnection,
    consumed: Sequence[EndedReservation],
    *,
    company_id: UUID,
    reference: tuple[str, UUID],
    actor_user_id: UUID | None,
    occurred_at: datetime,
) -> None:
    reference_type, reference_id = reference
    movements = [
        Movement(
            location_id=held.location_id,
            variant_id=held.variant_id,
            delta_units=-held.reserved_units,
            reason="sale",
            reference_type=reference_type,
            reference_id=reference_id,
        )
        for held in consumed
    ]
    await move_stock(
        connection,
        company_id=company_id,
        movements=movements,
        actor_user_id=actor_user_id,
        occurred_at=occurred_at,
        tell_alerts=False,
    )


async def reconcile(connection: AsyncConnection) -> list[StockDifference]:
    """Return the levels that do not equal their ledger and live reservations: none, if all is well."""
    return [StockDifference(**row._asdict()) for row in await connection.execute(sa.text(DIFFERENCES))]


async def _require_place(
    connection: AsyncConnection, adjustment: AdjustmentCreate, *, company_id: UUID, caller: Caller
) -> None:
    is_location = await queries.exists_location(
        connection, company_id, adjustment.location_id, shop_ids=caller.reachable_shop_ids
    )
    if not is_location:
        raise UnknownReference("There is no such location.", pointer="/location_id")
    if not await queries.exists_variant(connection, company_id, adjustment.variant_id):
        raise UnknownReference("There is no such variant.", pointer="/variant_id")
