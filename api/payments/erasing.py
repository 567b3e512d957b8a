"""What payments hold of a person: billing addresses, card details, provider answers, kept tokens.

Amounts, references of the provider and what became of each charge stay: they are the books.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.erasure import Person

_FIND = sa.text(
    """
    select id from payments
    where company_id = :company_id
    and (
        customer_id = any(cast(:customer_ids as uuid []))
        or exists (
            select from payment_allocations as part
            where part.company_id = payments.company_id and part.payment_id = payments.id
            and part.order_id = any(cast(:order_ids as uuid []))
        )
    )
    order by id
    for update
    """
)
_ERASE = (
    sa.text(
        """
        update payments set
            metadata = '{}',
            billing_address = jsonb_strip_nulls(jsonb_build_object('country', billing_address -> 'country'))
        where company_id = :company_id and id = any(cast(:payment_ids as uuid []))
        """
    ),
    sa.text(
        "update payment_refunds set reason = null"
        " where company_id = :company_id and payment_id = any(cast(:payment_ids as uuid []))"
    ),
    sa.text(
        "update payment_details set details_encrypted = null, action_encrypted = null"
        " where company_id = :company_id and payment_id = any(cast(:payment_ids as uuid []))"
    ),
    # What is still under way needs its request, to be asked for again.
    sa.text(
        "update payment_operations set request_encrypted = null, response_encrypted = null"
        " where company_id = :company_id and payment_id = any(cast(:payment_ids as uuid []))"
        " and status <> 'pending'"
    ),
)
_FORGET_SAVED = sa.text(
    "delete from saved_payment_methods"
    " where company_id = :company_id and customer_id = any(cast(:customer_ids as uuid []))"
)


async def erase_payments(connection: AsyncConnection, person: Person, order_ids: Sequence[UUID]) -> None:
    """Blank a person's payments and delete their saved methods."""
    found = await connection.scalars(_FIND, {**person.values, "order_ids": order_ids})
    values = {"company_id": person.company_id, "payment_ids": list(found)}
    for statement in _ERASE:
        await connection.execute(statement, values)
    await connection.execute(_FORGET_SAVED, person.values)
