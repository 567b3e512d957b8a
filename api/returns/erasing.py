"""What returns hold of a person: why they sent something back, in their words."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_ERASE = sa.text(
    """
    with blanked as (
        update order_returns set reason = null, decision_note = null
        where company_id = :company_id
        and (
            order_id = any(cast(:order_ids as uuid []))
            or customer_id = any(cast(:customer_ids as uuid []))
        )
        returning id
    ),

    blanked_lines as (
        update order_return_lines as line set reason = null
        from blanked
        where line.company_id = :company_id and line.order_return_id = blanked.id
    )

    select id from blanked
    """
)


async def erase_returns(
    connection: AsyncConnection, person: Person, order_ids: Sequence[UUID]
) -> Sequence[UUID]:
    """Blank the reasons of a person's returns, and return which these are."""
    return (await connection.execute(_ERASE, {**person.values, "order_ids": order_ids})).scalars().all()
