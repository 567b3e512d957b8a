"""A person's wishlists: their own words through and through, so they are deleted."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_FORGET_ITEMS = sa.text(
    """
    delete from wishlist_items using wishlists
    where wishlists.company_id = :company_id
    and wishlists.customer_id = any(cast(:customer_ids as uuid []))
    and wishlist_items.company_id = :company_id and wishlist_items.wishlist_id = wishlists.id
    """
)
_FORGET = sa.text(
    "delete from wishlists"
    " where company_id = :company_id and customer_id = any(cast(:customer_ids as uuid []))"
)


async def erase_wishlists(connection: AsyncConnection, person: Person) -> None:
    """Delete a person's lists and what is on them."""
    await connection.execute(_FORGET_ITEMS, person.values)
    await connection.execute(_FORGET, person.values)
