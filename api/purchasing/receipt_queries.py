"""SQL of receipts, and of what they tell about a supplier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.purchasing.tables import receipt_lines, receipts

Row = sa.RowMapping
Values = Mapping[str, Any]

_LIST = sa.text(
    """
    select
        receipt.*,
        restock_order.restock_number,
        restock_order.supplier_id,
        restock_order.currency,
        suppliers.name as supplier_name,
        (
            select jsonb_agg(
                jsonb_build_object(
                    'restock_order_line_id', line.restock_order_line_id,
                    'variant_id', line.variant_id,
                    'sku', terms.sku,
                    'product_name', terms.product_name,
                    'received_units', line.received_units,
                    'unit_cost_amount', line.unit_cost_amount::text
                ) order by terms.sku, line.id
            )
            from receipt_lines as line
            inner join variant_terms as terms
                on line.company_id = terms.company_id and line.variant_id = terms.variant_id
            where line.company_id = receipt.company_id and line.receipt_id = receipt.id
        ) as lines
    from receipts as receipt
    inner join restock_orders as restock_order
        on receipt.company_id = restock_order.company_id and receipt.restock_order_id = restock_order.id
    inner join suppliers
        on restock_order.company_id = suppliers.company_id and restock_order.supplier_id = suppliers.id
    where (cast(:restock_order_id as uuid) is null or receipt.restock_order_id = :restock_order_id)
    and (cast(:supplier_id as uuid) is null or restock_order.supplier_id = :supplier_id)
    and (cast(:location_id as uuid) is null or receipt.location_id = :location_id)
    and (
        cast(:after_received_at as timestamptz) is null
        or (receipt.received_at, receipt.id)
            < (cast(:after_received_at as timestamptz), cast(:after_id as uuid))
    )
    order by receipt.received_at desc, receipt.id desc
    limit :rows
    """
)
_SENT_LINES = sa.text(
    """
    select
        line.id as line_id,
        restock_order.id as restock_order_id,
        restock_order.status,
        line.ordered_units,
        line.received_units,
        (restock_order.sent_at at time zone companies.timezone)::date as sent_date,
        restock_order.expected_date
    from restock_orders as restock_order
    inner join companies on restock_order.company_id = companies.id
    inner join restock_order_lines as line
        on restock_order.company_id = line.company_id and restock_order.id = line.restock_order_id
    where restock_order.supplier_id = :supplier_id and restock_order.sent_at is not null
    and restock_order.status <> 'cancelled'
    and (restock_order.sent_at at time zone companies.timezone)::date between :first and :last
    order by restock_order.sent_at desc, line.id
    limit :rows
    """
)
_ARRIVALS = sa.text(
    """
    select
        came.restock_order_line_id as line_id,
        came.received_units,
        (receipt.received_at at time zone companies.timezone)::date as received_date
    from receipt_lines as came
    inner join receipts as receipt on came.company_id = receipt.company_id and came.receipt_id = receipt.id
    inner join companies on came.company_id = companies.id
    where came.restock_order_line_id = any(cast(:line_ids as uuid []))
    order by receipt.received_at, came.id
    """
)


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


async def list_receipts(
    connection: AsyncConnection,
    *,
    filters: Mapping[str, Any],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return receipts with their lines, newest first, one more than ``limit`` when there is a next page."""
    values = {
        **filters,
        "after_received_at": None if after is None else after[0],
        "after_id": None if after is None else after[1],
        "rows": limit + 1,
    }
    return (await connection.execute(_LIST, values)).mappings().all()


async def sent_lines(
    connection: AsyncConnection, supplier_id: UUID, *, first: date, last: date, limit: int
) -> Sequence[Row]:
    """Return the lines of the supplier's orders that were sent in these days, newest first."""
    values = {"supplier_id": supplier_id, "first": first, "last": last, "rows": limit}
    return (await connection.execute(_SENT_LINES, values)).mappings().all()


async def arrivals(connection: AsyncConnection, line_ids: Sequence[UUID]) -> Sequence[Row]:
    """Return when how many units of these lines came."""
    return (await connection.execute(_ARRIVALS, {"line_ids": list(line_ids)})).mappings().all()
