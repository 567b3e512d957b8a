"""What checkouts hold of a person: the address to write to."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_ERASE = sa.text(
    "update checkouts set email = null where company_id = :company_id"
    " and (customer_id = any(cast(:customer_ids as uuid [])) or mailbox_of(email) = :mailbox)"
)


async def erase_checkouts(connection: AsyncConnection, person: Person) -> None:
    """Blank a person's checkouts; what was promised stays."""
    await connection.execute(_ERASE, person.values)
