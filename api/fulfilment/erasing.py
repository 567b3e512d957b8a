"""What shipments hold of a person: notes. Parcel numbers stay, as long as the carrier knows them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_ERASE = sa.text(
    "update shipments set note = null"
    " where company_id = :company_id and order_id = any(cast(:order_ids as uuid []))"
)


async def erase_shipments(connection: AsyncConnection, person: Person, order_ids: Sequence[UUID]) -> None:
    """Blank the notes on a person's parcels."""
    await connection.execute(_ERASE, {"company_id": person.company_id, "order_ids": order_ids})
