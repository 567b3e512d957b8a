"""What customers have received: by it a review is a verified purchase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_ORDER_OF = sa.text(
    """
    select orders.id
    from orders
    inner join order_lines on orders.company_id = order_lines.company_id and orders.id = order_lines.order_id
    inner join variants
        on order_lines.company_id = variants.company_id and order_lines.variant_id = variants.id
    where orders.company_id = :company_id and orders.customer_id = :customer_id
    and variants.product_id = :product_id and order_lines.delivered_units > 0
    order by orders.placed_at, orders.id
    limit 1
    """
)
_RECEIVED_WITH = sa.text(
    """
    select distinct orders.customer_id, variants.product_id
    from orders
    inner join order_lines on orders.company_id = order_lines.company_id and orders.id = order_lines.order_id
    inner join variants
        on order_lines.company_id = variants.company_id and order_lines.variant_id = variants.id
    where orders.company_id = :company_id and orders.id = :order_id and orders.customer_id is not null
    and order_lines.delivered_units > 0
    order by variants.product_id
    """
)


@dataclass(frozen=True)
class Purchase:
    """A product that a customer has received."""

    customer_id: UUID
    product_id: UUID


async def find_delivered_order(
    connection: AsyncConnection, company_id: UUID, *, customer_id: UUID, product_id: UUID
) -> UUID | None:
    """Return the first order with which the customer received the product, also one returned later."""
    values = {"company_id": company_id, "customer_id": customer_id, "product_id": product_id}
    found: UUID | None = (await connection.execute(_ORDER_OF, values)).scalar_one_or_none()
    return found


async def list_received(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> Sequence[Purchase]:
    """Return the products that came with an order so far; none for a guest's."""
    rows = await connection.execute(_RECEIVED_WITH, {"company_id": company_id, "order_id": order_id})
    return [Purchase(row.customer_id, row.product_id) for row in rows]
