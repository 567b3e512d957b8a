"""SQL of suppliers, their terms, restock orders and receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.purchasing.incoming import OPEN_STATUSES
from api.purchasing.tables import (
    product_suppliers,
    restock_order_lines,
    restock_orders,
    suppliers,
)

Row = sa.RowMapping
Values = Mapping[str, Any]


async def insert_supplier(connection: AsyncConnection, values: Values) -> Row:
    statement = sa.insert(suppliers).values(**values).returning(*suppliers.c)
    return (await connection.execute(statement)).mappings().one()


async def update_supplier(connection: AsyncConnection, supplier_id: UUID, values: Values) -> Row:
    """Change a supplier that is locked."""
    statement = (
        sa.update(suppliers).where(suppliers.c.id == supplier_id).values(**values).returning(*suppliers.c)
    )
    return (await connection.execute(statement)).mappings().one()


async def get_supplier(connection: AsyncConnection, supplier_id: UUID, *, lock: bool = False) -> Row | None:
    statement = sa.select(suppliers).where(suppliers.c.id == supplier_id)
    if lock:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def list_suppliers(
    connection: AsyncConnection,
    *,
    after: tuple[str, UUID] | None,
    is_active: bool | None,
    variant_id: UUID | None,
    include_archived: bool,
    limit: int,
) -> Sequence[Row]:
    """Return suppliers by name, one more than ``limit`` when there is a next page."""
    statement = sa.select(suppliers).order_by(suppliers.c.name, suppliers.c.id).limit(limit + 1)
    if is_active is not None:
        statement = statement.where(suppliers.c.is_active == is_active)
    if not include_archived:
        statement = statement.where(suppliers.c.archived_at.is_(None))
    if variant_id is not None:
        offers = sa.exists().where(
            product_suppliers.c.company_id == suppliers.c.company_id,
            product_suppliers.c.supplier_id == suppliers.c.id,
            product_suppliers.c.variant_id == variant_id,
            product_suppliers.c.archived_at.is_(None),
        )
        statement = statement.where(offers)
    if after is not None:
        statement = statement.where(sa.tuple_(suppliers.c.name, suppliers.c.id) > sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def put_terms(connection: AsyncConnection, values: Values) -> Row:
    """Insert or replace a supplier's terms for one variant."""
    insert = sa.dialects.postgresql.insert(product_suppliers).values(**values)
    changed = {
        name: insert.excluded[name]
        for name in values
        if name not in {"company_id", "supplier_id", "variant_id"}
    }
    statement = insert.on_conflict_do_update(
        index_elements=["company_id", "supplier_id", "variant_id"],
        set_={**changed, "is_assumed": False, "archived_at": None},
    ).returning(*product_suppliers.c)
    return (await connection.execute(statement)).mappings().one()


async def unprefer_others(connection: AsyncConnection, supplier_id: UUID, variant_id: UUID) -> None:
    """Let no other supplier be the variant's preferred one; the variant is locked."""
    await connection.execute(
        sa.update(product_suppliers)
        .where(
            product_suppliers.c.variant_id == variant_id,
            product_suppliers.c.supplier_id != supplier_id,
            product_suppliers.c.is_preferred,
        )
        .values(is_preferred=False)
    )


async def archive_terms(
    connection: AsyncConnection, supplier_id: UUID, variant_id: UUID | None, *, at: datetime
) -> None:
    """Archive a supplier's terms, of one variant or of all."""
    statement = (
        sa.update(product_suppliers)
        .where(product_suppliers.c.supplier_id == supplier_id, product_suppliers.c.archived_at.is_(None))
        .values(archived_at=at, is_preferred=False)
    )
    if variant_id is not None:
        statement = statement.where(product_suppliers.c.variant_id == variant_id)
    await connection.execute(statement)


async def open_order_numbers(connection: AsyncConnection, supplier_id: UUID) -> list[str]:
    """Return the numbers of the supplier's open orders, the first hundred."""
    statement = (
        sa.select(restock_orders.c.restock_number)
        .where(restock_orders.c.supplier_id == supplier_id, restock_orders.c.status.in_(OPEN_STATUSES))
        .order_by(restock_orders.c.restock_number)
        .limit(100)
    )
    return list((await connection.execute(statement)).scalars())


async def list_terms(
    connection: AsyncConnection, supplier_id: UUID, variant_ids: Sequence[UUID] | None = None
) -> Sequence[Row]:
    statement = (
        sa.select(product_suppliers)
        .where(product_suppliers.c.supplier_id == supplier_id, product_suppliers.c.archived_at.is_(None))
        .order_by(product_suppliers.c.variant_id)
        .limit(10_000)
    )
    if variant_ids is not None:
        statement = statement.where(product_suppliers.c.variant_id.in_(variant_ids))
    return (await connection.execute(statement)).mappings().all()


async def company_terms(connection: AsyncConnection, company_id: UUID) -> Row:
    """Return the bound company's currency, time zone and tolerance of over-receipts."""
    statement = sa.text(
        "select currency, timezone, over_receipt_percent from companies where id = :company_id"
    )
    return (await connection.execute(statement, {"company_id": company_id})).mappings().one()


async def next_restock_number(connection: AsyncConnection, timezone: str, at: datetime) -> str:
    statement = sa.text("select document_number('RO', nextval('restock_number_seq'), :at, :timezone)")
    return str((await connection.execute(statement, {"at": at, "timezone": timezone})).scalar_one())


async def insert_restock_order(connection: AsyncConnection, values: Values, lines: Sequence[Values]) -> None:
    await connection.execute(sa.insert(restock_orders).values(**values))
    await connection.execute(sa.insert(restock_order_lines), list(lines))


async def lock_restock_order(connection: AsyncConnection, restock_order_id: UUID) -> Row | None:
    statement = sa.select(restock_orders).where(restock_orders.c.id == restock_order_id).with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def update_restock_order(connection: AsyncConnection, restock_order_id: UUID, values: Values) -> None:
    await connection.execute(
        sa.update(restock_orders).where(restock_orders.c.id == restock_order_id).values(**values)
    )


# An order is late when its day has passed in the company's time zone and not all of it has come.
_DAYS_LATE = """
    case
        when restock_orders.status in ('sent', 'partly_received')
            then greatest((now() at time zone companies.timezone)::date - restock_orders.expected_date, 0)
        else 0
    end
"""
_SUMMARIES = f"""
    select
        restock_orders.*,
        suppliers.name as supplier_name,
        suppliers.minimum_order_amount,
        coalesce(({_DAYS_LATE}), 0) as days_late,
        coalesce(({_DAYS_LATE}), 0) > 0 as is_late
    from restock_orders
    inner join suppliers
        on restock_orders.company_id = suppliers.company_id and restock_orders.supplier_id = suppliers.id
    inner join companies on restock_orders.company_id = companies.id
"""
_SUMMARY = sa.text(f"{_SUMMARIES} where restock_orders.id = :restock_order_id")
_LIST = sa.text(
    f"""
    select * from ({_SUMMARIES}) as restock_order
    where (cast(:status as text) is null or status = :status)
    and (cast(:supplier_id as uuid) is null or supplier_id = :supplier_id)
    and (cast(:location_id as uuid) is null or location_id = :location_id)
    and (cast(:is_late as boolean) is null or is_late = :is_late)
    and (
        cast(:after_created_at as timestamptz) is null
        or (created_at, id) < (cast(:after_created_at as timestamptz), cast(:after_id as uuid))
    )
    order by created_at desc, id desc
    limit :rows
    """
)
_LINES = sa.text(
    """
    select
        line.*,
        variant_terms.sku,
        variant_terms.product_name,
        terms.supplier_sku,
        terms.price_breaks,
        greatest(line.ordered_units - line.received_units, 0) as open_units,
        round(line.unit_cost_amount * restock_orders.exchange_rate, 6) as unit_cost_company_amount
    from restock_order_lines as line
    inner join restock_orders
        on line.company_id = restock_orders.company_id and line.restock_order_id = restock_orders.id
    inner join variant_terms
        on line.company_id = variant_terms.company_id and line.variant_id = variant_terms.variant_id
    left join product_suppliers as terms
        on line.company_id = terms.company_id and restock_orders.supplier_id = terms.supplier_id
        and line.variant_id = terms.variant_id
    where line.restock_order_id = :restock_order_id
    order by line.line_number
    """
)


async def get_restock_order(connection: AsyncConnection, restock_order_id: UUID) -> dict[str, Any] | None:
    """Return the order with its supplier's name and its lines."""
    key = {"restock_order_id": restock_order_id}
    order = (await connection.execute(_SUMMARY, key)).mappings().one_or_none()
    if order is None:
        return None
    lines = (await connection.execute(_LINES, key)).mappings().all()
    return {**order, "lines": [dict(line) for line in lines]}


async def list_restock_orders(
    connection: AsyncConnection,
    *,
    after: tuple[datetime, UUID] | None,
    filters: Mapping[str, Any],
    limit: int,
) -> Sequence[Row]:
    """Return orders, newest first, one more than ``limit`` when there is a next page."""
    values = {
        **filters,
        "after_created_at": None if after is None else after[0],
        "after_id": None if after is None else after[1],
        "rows": limit + 1,
    }
    return (await connection.execute(_LIST, values)).mappings().all()


async def replace_lines(connection: AsyncConnection, restock_order_id: UUID, lines: Sequence[Values]) -> None:
    """Give a draft other lines."""
    await connection.execute(
        sa.delete(restock_order_lines).where(restock_order_lines.c.restock_order_id == restock_order_id)
    )
    await connection.execute(sa.insert(restock_order_lines), list(lines))


async def list_lines(connection: AsyncConnection, restock_order_id: UUID) -> Sequence[Row]:
    statement = (
        sa.select(restock_order_lines)
        .where(restock_order_lines.c.restock_order_id == restock_order_id)
        .order_by(restock_order_lines.c.line_number)
    )
    return (await connection.execute(statement)).mappings().all()


async def exists_location(connection: AsyncConnection, location_id: UUID) -> bool:
    statement = sa.text(
        "select exists (select from locations where id = :location_id and is_active and archived_at is null"
        " and kind <> 'in_transit')"
    )
    return bool((await connection.execute(statement, {"location_id": location_id})).scalar_one())


async def lock_variant(connection: AsyncConnection, variant_id: UUID) -> bool:
    """Let nobody else change which supplier the variant prefers; tell whether there is such a variant."""
    statement = sa.text(
        "select id from variants where id = :variant_id and archived_at is null for no key update"
    )
    return (await connection.execute(statement, {"variant_id": variant_id})).one_or_none() is not None
