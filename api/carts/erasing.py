"""What carts hold of a person: the address to write to, and where the goods would go."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

# One that is still open ends now: the sweeper deletes it and gives back what it holds.
_ERASE = sa.text(
    """
    update carts set
        email = null, destination = '{}',
        expires_at = case when status = 'converted' then expires_at else least(expires_at, :at) end
    where company_id = :company_id
    and (customer_id = any(cast(:customer_ids as uuid [])) or mailbox_of(email) = :mailbox)
    """
)
_FORGET_SAVED = sa.text(
    "delete from saved_items"
    " where company_id = :company_id and customer_id = any(cast(:customer_ids as uuid []))"
)


async def erase_carts(connection: AsyncConnection, person: Person, *, at: datetime) -> None:
    """Blank a person's carts, end the open ones, and forget what they saved for later."""
    await connection.execute(_ERASE, {**person.values, "at": at})
    await connection.execute(_FORGET_SAVED, person.values)
