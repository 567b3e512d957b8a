"""What uses of coupons hold of a person: the mailbox that limits are counted by."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_ERASE = sa.text(
    "update coupon_redemptions set buyer_mailbox = null where company_id = :company_id"
    " and (customer_id = any(cast(:customer_ids as uuid [])) or buyer_mailbox = :mailbox)"
)


async def erase_redemptions(connection: AsyncConnection, person: Person) -> None:
    """Blank the mailbox; the use itself still counts in the coupon's total."""
    await connection.execute(_ERASE, person.values)
