"""What files show of a person: the pictures that they uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person
from api.media.storage import MediaStore

_ERASE = sa.text(
    """
    with gone as (
        update media set alt = '', archived_at = coalesce(archived_at, :at)
        where company_id = :company_id and customer_id = any(cast(:customer_ids as uuid []))
        returning id, storage_key
    )

    select distinct gone.storage_key
    from gone
    where not exists (
        select from media as other
        where other.company_id = :company_id and other.storage_key = gone.storage_key
        and (other.customer_id is null or not other.customer_id = any(cast(:customer_ids as uuid [])))
    )
    """
)


async def erase_media(connection: AsyncConnection, person: Person, *, at: datetime) -> Sequence[str]:
    """Archive a person's files; return the names in the store of those that nobody else uploaded too."""
    return (await connection.scalars(_ERASE, {**person.values, "at": at})).all()


async def remove_files(store: MediaStore, keys: Sequence[str]) -> None:
    """Delete files from the store, after the commit that let them go; one that is gone already is fine."""
    for key in keys:
        await store.remove(key)
