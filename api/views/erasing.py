"""What views of products hold of a person: the browser's session, and the page that they came from."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_ERASE = sa.text(
    "update product_views set session_key = null, referrer_url = null"
    " where company_id = :company_id and customer_id = any(cast(:customer_ids as uuid []))"
)


async def erase_views(connection: AsyncConnection, person: Person) -> None:
    """Blank where a customer's views came from; that somebody looked stays."""
    await connection.execute(_ERASE, person.values)
