"""A customer's saved payment methods: a provider's tokens, encrypted, and what the customer knows them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import NotFound
from api.payments.errors import UnknownSavedMethod
from api.payments.gateways.contract import KeptMethod
from api.payments.rows import Row, all_rows
from api.payments.schemas import SavedMethodRead
from api.payments.tables import payment_methods
from api.payments.tables import saved_payment_methods as table
from api.payments.vault import Vault
from core.ids import new_id

_JOINED = table.join(
    payment_methods,
    sa.and_(
        table.c.company_id == payment_methods.c.company_id,
        table.c.payment_method_id == payment_methods.c.id,
    ),
)


def customer_of(caller: Caller) -> UUID:
    """Return the customer whose methods they are."""
    if caller.customer_id is None:
        raise NotFound
    return caller.customer_id


async def list_saved(
    connection: AsyncConnection, *, caller: Caller, is_locked: bool = False
) -> Sequence[Row]:
    """Return the customer's saved methods, the default first."""
    statement = (
        sa.select(*table.c, payment_methods.c.code.label("method"))
        .select_from(_JOINED)
        .where(
            table.c.company_id == caller.require_company(),
            table.c.customer_id == customer_of(caller),
            table.c.archived_at.is_(None),
        )
        .order_by(table.c.is_default.desc(), table.c.created_at.desc(), table.c.id)
        .limit(100)
    )
    if is_locked:
        statement = statement.with_for_update(of=table)
    return await all_rows(connection, statement)


async def find_saved(connection: AsyncConnection, saved_id: UUID, *, caller: Caller) -> Row:
    """Return one of the customer's saved methods."""
    for row in await list_saved(connection, caller=caller):
        if row["id"] == saved_id:
            return row
    raise NotFound


async def add_saved(
    connection: AsyncConnection,
    vault: Vault,
    method: Row,
    kept: KeptMethod,
    *,
    caller: Caller,
    is_default: bool,
) -> UUID:
    """Keep a token; the first one, or one that is asked to be, is the default."""
    company_id, customer_id = caller.require_company(), customer_of(caller)
    is_first = not await list_saved(connection, caller=caller, is_locked=True)
    if is_default:
        await _unset_default(connection, company_id, customer_id)
    saved_id = new_id()
    last_four = kept.card.last4 if kept.card.last4 and kept.card.last4.isdecimal() else None
    await connection.execute(
        sa.insert(table).values(
            company_id=company_id,
            id=saved_id,
            customer_id=customer_id,
            user_id=caller.user_id,
            payment_method_id=method["id"],
            provider=method["provider"],
            gateway_customer_id=kept.gateway_customer_id,
            token_encrypted=vault.seal(kept.token),
            card_last_four=last_four,
            card_brand=kept.card.brand,
            expiry_month=kept.card.expiry_month,
            expiry_year=kept.card.expiry_year,
            is_default=is_default or is_first,
        )
    )
    return saved_id


async def make_default(connection: AsyncConnection, saved_id: UUID, *, caller: Caller) -> None:
    """Make one of the customer's methods the default."""
    row = await find_saved(connection, saved_id, caller=caller)
    await _unset_default(connection, row["company_id"], row["customer_id"])
    await _change(connection, row, is_default=True)


async def archive(connection: AsyncConnection, saved_id: UUID, *, caller: Caller) -> None:
    """Forget a saved method: its token is overwritten."""
    row = await find_saved(connection, saved_id, caller=caller)
    await _change(connection, row, archived_at=sa.func.now(), is_default=False, token_encrypted="")


async def means_of(
    connection: AsyncConnection, vault: Vault, saved_id: UUID, payment: Row, *, caller: Caller
) -> dict[str, Any]:
    """Return the token and the provider's customer of a saved method, for a payment of its own customer.

    Raises
    ------
    UnknownSavedMethod
        If the customer has no such method with the payment's provider.
    """
    try:
        row = await find_saved(connection, saved_id, caller=caller)
    except NotFound:
        raise UnknownSavedMethod(pointer="/saved_method_id") from None
    if row["provider"] != payment["provider"] or row["customer_id"] != payment["customer_id"]:
        raise UnknownSavedMethod(pointer="/saved_method_id")
    return {"token": vault.open(row["token_encrypted"]), "gateway_customer_id": row["gateway_customer_id"]}


def to_read(row: Row) -> SavedMethodRead:
    """Return what the customer sees of a saved method."""
    return SavedMethodRead.model_validate(dict(row))


async def _unset_default(connection: AsyncConnection, company_id: UUID, customer_id: UUID) -> None:
    await connection.execute(
        sa.update(table)
        .where(table.c.company_id == company_id, table.c.customer_id == customer_id, table.c.is_default)
        .values(is_default=False, updated_at=sa.func.now())
    )


async def _change(connection: AsyncConnection, row: Row, **values: Any) -> None:
    await connection.execute(
        sa.update(table)
        .where(table.c.company_id == row["company_id"], table.c.id == row["id"])
        .values(updated_at=sa.func.now(), **values)
    )
