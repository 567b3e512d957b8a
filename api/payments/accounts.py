"""A company's accounts with payment providers, and the ways to pay that it offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from api.payments import rules
from api.payments.rows import Row, all_rows, one_row
from api.payments.tables import payment_gateways, payment_methods
from core.ids import new_id


async def find_active(connection: AsyncConnection, company_id: UUID, provider: str) -> Row | None:
    """Return the company's active account with a provider."""
    statement = sa.select(payment_gateways).where(
        payment_gateways.c.company_id == company_id,
        payment_gateways.c.provider == provider,
        payment_gateways.c.is_active,
    )
    return await one_row(connection, statement)


async def list_accounts(
    connection: AsyncConnection, company_id: UUID, *, provider: str | None = None, is_locked: bool = False
) -> Sequence[Row]:
    """Return the company's accounts, with their credentials still encrypted."""
    statement = (
        sa.select(payment_gateways)
        .where(payment_gateways.c.company_id == company_id)
        .order_by(payment_gateways.c.provider)
    )
    if provider is not None:
        statement = statement.where(payment_gateways.c.provider == provider)
    if is_locked:
        statement = statement.with_for_update()
    return await all_rows(connection, statement)


async def save_account(
    connection: AsyncConnection,
    company_id: UUID,
    provider: str,
    *,
    credentials_encrypted: str,
    is_live: bool,
    is_active: bool,
) -> None:
    """Write the company's account with a provider."""
    values: Mapping[str, Any] = {
        "credentials_encrypted": credentials_encrypted,
        "is_live": is_live,
        "is_active": is_active,
        "updated_at": sa.func.now(),
    }
    statement = insert(payment_gateways).values(
        company_id=company_id, id=new_id(), provider=provider, **values
    )
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["company_id", "provider"], set_=values)
    )


async def ensure_methods(connection: AsyncConnection, company_id: UUID) -> None:
    """Offer the usual ways to pay where a company has chosen none yet."""
    await connection.execute(
        insert(payment_methods)
        .values(
            [
                {"company_id": company_id, "code": code, "name": name, "display_order": place}
                for place, (code, name) in enumerate(rules.DEFAULT_METHODS)
            ]
        )
        .on_conflict_do_nothing()
    )


async def list_methods(
    connection: AsyncConnection, company_id: UUID, *, is_active: bool | None = None
) -> Sequence[Row]:
    """Return the company's ways to pay in the order in which they are shown."""
    statement = (
        sa.select(payment_methods)
        .where(payment_methods.c.company_id == company_id)
        .order_by(payment_methods.c.display_order, payment_methods.c.code)
    )
    if is_active is not None:
        statement = statement.where(payment_methods.c.is_active == is_active)
    return await all_rows(connection, statement)


async def find_method(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    code: str | None = None,
    method_id: UUID | None = None,
    is_locked: bool = False,
) -> Row | None:
    """Return a way to pay by its code or id."""
    statement = sa.select(payment_methods).where(payment_methods.c.company_id == company_id)
    if code is not None:
        statement = statement.where(payment_methods.c.code == code)
    if method_id is not None:
        statement = statement.where(payment_methods.c.id == method_id)
    if is_locked:
        statement = statement.with_for_update(key_share=True)
    return await one_row(connection, statement.limit(1))


async def change_method(connection: AsyncConnection, method: Mapping[str, Any], **values: Any) -> None:
    """Write new values into a locked way to pay."""
    await connection.execute(
        sa.update(payment_methods)
        .where(payment_methods.c.company_id == method["company_id"], payment_methods.c.id == method["id"])
        .values(**values)
    )
