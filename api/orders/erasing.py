"""What orders hold of a person: addresses and notes go, what was sold and charged stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_LOCK = sa.text(
    """
    select id, order_number, status in ('completed', 'cancelled', 'returned', 'refunded') as is_over
    from orders
    where company_id = :company_id
    and (
        customer_id = any(cast(:customer_ids as uuid []))
        or customer_id is null and mailbox_of(email) = :mailbox
    )
    order by id
    for update
    """
)
# The country stays: it says which taxes were owed, and not who lives where.
_ERASE = sa.text(
    """
    update orders set
        email = null, customer_note = null, internal_note = null, cancellation_reason = null,
        shipping_address = jsonb_strip_nulls(jsonb_build_object('country', shipping_address -> 'country')),
        billing_address = jsonb_strip_nulls(jsonb_build_object('country', billing_address -> 'country'))
    where company_id = :company_id and id = any(cast(:order_ids as uuid []))
    """
)
# The history, cancellations and parcels' ways are append-only; the database lets go of their words alone.
_ERASE_WORDS = sa.text("select erase_order_words(cast(:order_ids as uuid []))")


@dataclass(frozen=True)
class LockedOrders:
    """A person's orders, under their locks."""

    ids: Sequence[UUID]
    open_numbers: Sequence[str]


async def lock_orders_of(connection: AsyncConnection, person: Person) -> LockedOrders:
    """Lock a person's orders; those that are not over are named by their numbers."""
    rows = (await connection.execute(_LOCK, person.values)).all()
    return LockedOrders([row.id for row in rows], [row.order_number for row in rows if not row.is_over])


async def erase_orders(connection: AsyncConnection, person: Person, order_ids: Sequence[UUID]) -> None:
    """Blank addresses, notes and reasons of a person's orders."""
    await connection.execute(_ERASE, {"company_id": person.company_id, "order_ids": order_ids})
    await connection.execute(_ERASE_WORDS, {"order_ids": order_ids})
