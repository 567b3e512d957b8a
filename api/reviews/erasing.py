"""What reviews hold of a person: who wrote them and what they look like. The opinion stays, and its stars."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_ERASE = sa.text(
    "update reviews set author_name = '', author_avatar_url = null, images = '[]'"
    " where company_id = :company_id and customer_id = any(cast(:customer_ids as uuid []))"
)
_ERASE_REPORTS = sa.text(
    "update review_reports set comment = null"
    " where company_id = :company_id and customer_id = any(cast(:customer_ids as uuid []))"
)


async def erase_reviews(connection: AsyncConnection, person: Person) -> None:
    """Take name and pictures off a person's reviews, and the words off their reports."""
    await connection.execute(_ERASE, person.values)
    await connection.execute(_ERASE_REPORTS, person.values)
