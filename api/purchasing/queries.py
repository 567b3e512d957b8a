"""SQL of suppliers, their terms, restock orders and receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.purchasing.tables import (
    product_suppliers,
    receipt_lines,
    receipts,
    restock_order_lines,
    restock_orders,
    suppliers,
)

Row = sa.RowMapping
Values = Mapping[str, Any]


async def insert_supplier(connection: AsyncConnection, values: Values) -> Row:
    statement = sa.insert(suppliers).values(**values).returning(*suppliers.c)
    return (await connection.execute(statement)).mappings().one()


async def update_supplier(connection: AsyncConnection, supplier_id: UUID, values: Values) -> Row | None:
    statement = (
        sa.update(suppliers).where(suppliers.c.id == supplier_id).values(**values).returning(*suppliers.c)
    )
    return (await connection.execute(statement)).mappings().one_or_none()


async def get_supplier(connection: AsyncConnection, supplier_id: UUID) -> Row | None:
    statement = sa.select(suppliers).where(suppliers.c.id == supplier_id)
    return (await connection.execute(statement)).mappings().one_or_none()


async def list_suppliers(
    connection: AsyncConnection, *, after: tuple[str, UUID] | None, is_active: bool | None, limit: int
) -> Sequence[Row]:
    """Return suppliers by name, one more than ``limit`` when there is a next page."""
    statement = sa.select(suppliers).order_by(suppliers.c.name, suppliers.c.id).limit(limit + 1)
    if is_active is not None:
        statement = statement.where(suppliers.c.is_active == is_active)
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
    """Return the bound company's currency and time zone."""
    statement = sa.text("select currency, timezone from companies where id = :company_id")
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


_SUMMARY = sa.text(
    """
    select restock_orders.*, suppliers.name as supplier_name
    from restock_orders
    inner join suppliers
        on restock_orders.company_id = suppliers.company_id and restock_orders.supplier_id = suppliers.id
    where restock_orders.id = :restock_order_id
    """
)

_LINES = sa.text(
    """
    select restock_order_lines.*, variant_terms.sku, variant_terms.product_name
    from restock_order_lines
    inner join variant_terms
        on restock_order_lines.company_id = variant_terms.company_id
        and restock_order_lines.variant_id = variant_terms.variant_id
    where restock_order_lines.restock_order_id = :restock_order_id
    order by restock_order_lines.line_number
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
    status: str | None,
    supplier_id: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Return orders, newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(restock_orders, suppliers.c.name.label("supplier_name"))
        .join(
            suppliers,
            sa.and_(
                restock_orders.c.company_id == suppliers.c.company_id,
                restock_orders.c.supplier_id == suppliers.c.id,
            ),
        )
        .order_by(restock_orders.c.created_at.desc(), restock_orders.c.id.desc())
        .limit(limit + 1)
    )
    if status is not None:
        statement = statement.where(restock_orders.c.status == status)
    if supplier_id is not None:
        statement = statement.where(restock_orders.c.supplier_id == supplier_id)
    if after is not None:
        statement = statement.where(
            sa.tuple_(restock_orders.c.created_at, restock_orders.c.id) < sa.tuple_(*after)
        )
    return (await connection.execute(statement)).mappings().all()


async def list_lines(connection: AsyncConnection, restock_order_id: UUID) -> Sequence[Row]:
    statement = (
        sa.select(restock_order_lines)
        .where(restock_order_lines.c.restock_order_id == restock_order_id)
        .order_by(restock_order_lines.c.line_number)
    )
    return (await connection.execute(statement)).mappings().all()


async def insert_receipt(connection: AsyncConnection, values: Values, lines: Sequence[Values]) -> None:
    """Insert the receipt and raise the received units of the order's lines, all lines at once."""
    await connection.execute(sa.insert(receipts).values(**values))
    await connection.execute(sa.insert(receipt_lines), list(lines))
    await connection.execute(
        sa.text(
            """
            update restock_order_lines as line
            set received_units = line.received_units + came.received_units
            from (
                select restock_order_line_id, sum(received_units)::int as received_units
                from receipt_lines where receipt_id = :receipt_id group by restock_order_line_id
            ) as came
            where line.id = came.restock_order_line_id
            """
        ),
        {"receipt_id": values["id"]},
    )


async def exists_location(connection: AsyncConnection, location_id: UUID) -> bool:
    statement = sa.text(
        "select exists (select from locations where id = :location_id and is_active and archived_at is null)"
    )
    return bool((await connection.execute(statement, {"location_id": location_id})).scalar_one())


async def exists_variant(connection: AsyncConnection, variant_id: UUID) -> bool:
    statement = sa.text("select exists (select from variants where id = :variant_id and archived_at is null)")
    return bool((await connection.execute(statement, {"variant_id": variant_id})).scalar_one())
