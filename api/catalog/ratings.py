"""The rating that a product shows: told by the reviews, whose sums it repeats."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.catalog.tables import products


async def set_rating(
    connection: AsyncConnection, company_id: UUID, product_id: UUID, average: Decimal, count: int
) -> None:
    """Show another rating; the caller holds a lock under which average and count were found."""
    await connection.execute(
        sa.update(products)
        .where(products.c.company_id == company_id, products.c.id == product_id)
        .values(rating_average=average, rating_count=count)
    )
