"""Planned prices, and the history of prices and costs.

The view ``variant_terms`` applies a planned price at its very instant. The worker writes the history down
afterwards, with that instant, and tells of the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog.errors import PriceNotBelowRegular, SchedulesOverlap
from api.catalog.price_schemas import PriceScheduleCreate, PriceScheduleRead, ScheduleState
from api.catalog.records import Row, get_record, insert_record, update_record
from api.catalog.schemas import ProductRead
from api.catalog.tables import cost_history, price_history, price_schedules, variants
from api.currency import company_currency
from api.errors import Conflict, InvalidContent, NotFound
from core.events.outbox import append_event
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

MOST_SCHEDULES = 200
LONGEST_AHEAD = timedelta(days=5 * 366)
_BATCH = 200
_FIND_DUE = sa.text("select company_id from catalog_find_due_schedules(:at) limit 1000")
_LOCK_DUE = sa.text(
    """
    select products.id from products
    where products.company_id = :company_id and products.id in (
        select product_id from price_schedules
        where company_id = :company_id and cancelled_at is null
        and (start_recorded_at is null and starts_at <= :at or end_recorded_at is null and ends_at <= :at)
    )
    order by products.id limit :batch for no key update skip locked
    """
)
_RECORD = sa.text("select record_due_schedules(:company_id, :product_id, :at)")


async def list_schedules(
    connection: AsyncConnection, product_id: UUID, *, company_id: UUID, now: datetime
) -> list[PriceScheduleRead]:
    """Return a product's planned prices, newest start first, past ones too."""
    statement = (
        sa.select(price_schedules, company_currency(price_schedules.c.company_id))
        .where(price_schedules.c.company_id == company_id, price_schedules.c.product_id == product_id)
        .order_by(price_schedules.c.starts_at.desc(), price_schedules.c.id.desc())
        .limit(MOST_SCHEDULES)
    )
    rows = (await connection.execute(statement)).mappings().all()
    return [read_of(row, now=now) for row in rows]


async def create_schedule(
    connection: AsyncConnection,
    product: ProductRead,
    schedule: PriceScheduleCreate,
    *,
    caller: Caller,
    now: datetime,
) -> PriceScheduleRead:
    """Plan a price for a product, whose row is locked."""
    company_id = caller.require_company()
    if schedule.starts_at < now:
        raise InvalidContent("It can't start in the past.", pointer="/starts_at")
    if schedule.starts_at > now + LONGEST_AHEAD:
        raise InvalidContent("Prices are planned five years ahead at most.", pointer="/starts_at")
    regular = product.price_amount if schedule.price_amount is None else schedule.price_amount
    if schedule.sale_price_amount is not None and schedule.sale_price_amount >= regular:
        raise PriceNotBelowRegular(pointer="/sale_price_amount")
    lowest = min(price for price in (regular, schedule.sale_price_amount) if price is not None)
    if any(lowest + variant.price_modifier_amount < 0 for variant in product.variants):
        raise InvalidContent("A variant would cost less than nothing.", pointer="/price_amount")
    await _require_room(connection, company_id, product.id, schedule)
    values = schedule.model_dump() | {
        "company_id": company_id,
        "product_id": product.id,
        "created_by": caller.user_id,
    }
    row = await insert_record(connection, price_schedules, values)
    await _tell(connection, row, "price_schedule.created", user_id=caller.user_id)
    return read_of({**row, "currency": product.currency}, now=now)


async def cancel_schedule(
    connection: AsyncConnection, product: ProductRead, schedule_id: UUID, *, caller: Caller, now: datetime
) -> None:
    """Cancel a planned price; one that holds ends now, as its history says it began."""
    company_id = caller.require_company()
    row = await get_record(
        connection,
        price_schedules,
        company_id,
        schedule_id,
        price_schedules.c.product_id == product.id,
        for_update=True,
    )
    if row is None:
        raise NotFound
    state = state_of(row, now=now)
    if state in ("ended", "cancelled"):
        raise Conflict(f"The planned price is {state} already.")
    if state == "planned":
        await update_record(connection, price_schedules, company_id, schedule_id, {"cancelled_at": now})
    else:
        await update_record(connection, price_schedules, company_id, schedule_id, {"ends_at": sa.func.now()})
        at = await connection.scalar(sa.select(sa.func.now()))
        await connection.execute(_RECORD, {"company_id": company_id, "product_id": product.id, "at": at})
    await _tell(connection, row, "price_schedule.cancelled", user_id=caller.user_id)


async def require_schedules_above(
    connection: AsyncConnection, company_id: UUID, product_id: UUID, *, price_amount: Decimal
) -> None:
    """Refuse a regular price that a planned sale price would not be below."""
    clash = sa.exists().where(
        price_schedules.c.company_id == company_id,
        price_schedules.c.product_id == product_id,
        price_schedules.c.cancelled_at.is_(None),
        price_schedules.c.price_amount.is_(None),
        price_schedules.c.sale_price_amount >= price_amount,
        sa.or_(price_schedules.c.ends_at.is_(None), price_schedules.c.ends_at > sa.func.now()),
    )
    if await connection.scalar(sa.select(clash)):
        raise PriceNotBelowRegular("A planned sale price would not be below it.", pointer="/price_amount")


async def record_due_schedules(database: Database, *, now: datetime) -> int:
    """Write down what began or ended, for every company; return how many instants. Safe beside its twin."""
    async with transaction(database, company_id=None) as connection:
        companies: list[UUID] = list((await connection.execute(_FIND_DUE, {"at": now})).scalars())
    recorded = 0
    for company_id in companies:

        async def work(connection: AsyncConnection, company_id: UUID = company_id) -> int:
            return await _record_for(connection, company_id, now=now)

        recorded += await run_in_transaction(database, work, company_id=company_id)
    return recorded


async def list_history(
    connection: AsyncConnection,
    product_id: UUID,
    *,
    company_id: UUID,
    is_cost: bool,
    variant_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return the prices or costs that a product's variants had, newest first, one more than ``limit``."""
    history = cost_history if is_cost else price_history
    statement = (
        sa.select(history, variants.c.sku, company_currency(history.c.company_id))
        .join(
            variants,
            sa.and_(variants.c.company_id == history.c.company_id, variants.c.id == history.c.variant_id),
        )
        .where(history.c.company_id == company_id, variants.c.product_id == product_id)
        .order_by(history.c.valid_from.desc(), history.c.id.desc())
        .limit(limit + 1)
    )
    if variant_id is not None:
        statement = statement.where(history.c.variant_id == variant_id)
    if after is not None:
        position = sa.tuple_(history.c.valid_from, history.c.id)
        statement = statement.where(position < sa.tuple_(*map(sa.literal, after)))
    return (await connection.execute(statement)).mappings().all()


def state_of(row: Row | Mapping[str, Any], *, now: datetime) -> ScheduleState:
    """Return where a planned price stands at an instant."""
    if row["cancelled_at"] is not None:
        return "cancelled"
    if row["ends_at"] is not None and row["ends_at"] <= now:
        return "ended"
    return "in_force" if row["starts_at"] <= now else "planned"


def read_of(row: Row | Mapping[str, Any], *, now: datetime) -> PriceScheduleRead:
    """Describe a row with its currency."""
    return PriceScheduleRead.model_validate({**row, "state": state_of(row, now=now)})


async def _require_room(
    connection: AsyncConnection, company_id: UUID, product_id: UUID, schedule: PriceScheduleCreate
) -> None:
    others = [
        price_schedules.c.company_id == company_id,
        price_schedules.c.product_id == product_id,
        price_schedules.c.cancelled_at.is_(None),
    ]
    overlap = [
        *others,
        sa.or_(price_schedules.c.ends_at.is_(None), price_schedules.c.ends_at > schedule.starts_at),
    ]
    if schedule.ends_at is not None:
        overlap.append(price_schedules.c.starts_at < schedule.ends_at)
    if await connection.scalar(sa.select(sa.exists().where(*overlap))):
        raise SchedulesOverlap(pointer="/starts_at")
    count = await connection.scalar(sa.select(sa.func.count()).where(*others))
    if (count or 0) >= MOST_SCHEDULES:
        raise Conflict(f"A product has at most {MOST_SCHEDULES} planned prices.")


async def _record_for(connection: AsyncConnection, company_id: UUID, *, now: datetime) -> int:
    values: dict[str, Any] = {"company_id": company_id, "at": now}
    recorded = 0
    due = await connection.execute(_LOCK_DUE, values | {"batch": _BATCH})
    product_ids: list[UUID] = list(due.scalars())
    for product_id in product_ids:
        recorded += int(await connection.scalar(_RECORD, values | {"product_id": product_id}) or 0)
        await append_event(
            connection,
            company_id=company_id,
            type="product.updated",
            aggregate_type="product",
            aggregate_id=product_id,
            payload={"product_id": str(product_id), "changed": ["current_price_amount"]},
        )
    return recorded


async def _tell(connection: AsyncConnection, row: Row, kind: str, *, user_id: UUID | None) -> None:
    await append_event(
        connection,
        company_id=row["company_id"],
        type=kind,
        aggregate_type="product",
        aggregate_id=row["product_id"],
        payload={"product_id": str(row["product_id"]), "price_schedule_id": str(row["id"])},
        actor_user_id=user_id,
    )
