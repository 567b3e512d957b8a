"""What customers are called, for other domains whose callers may read it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.identity.tables import customers


async def customer_names(
    connection: AsyncConnection, company_id: UUID, customer_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """Return the names of those of the customers that have one."""
    known = sa.select(customers.c.id, customers.c.first_name, customers.c.last_name).where(
        customers.c.company_id == company_id, customers.c.id.in_(customer_ids)
    )
    rows = await connection.execute(known)
    names = {row.id: " ".join(filter(None, (row.first_name, row.last_name))) for row in rows}
    return {customer_id: name for customer_id, name in names.items() if name}
