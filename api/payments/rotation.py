"""Encrypts anew, with the newest key, whatever payments keep encrypted: ``stockwise rotate-payment-keys``."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.payments.tables import (
    payment_details,
    payment_gateways,
    payment_operations,
    payment_webhooks,
    saved_payment_methods,
)
from api.payments.vault import Vault, open_vault
from core.postgres.pools import Database, open_database
from core.postgres.server import Server
from core.postgres.transaction import run_in_transaction, transaction
from core.secrets import load_secrets
from core.settings import Settings

BATCH: Final = 500
SEALED_COLUMNS: Final = (
    payment_details.c.details_encrypted,
    payment_details.c.action_encrypted,
    payment_gateways.c.credentials_encrypted,
    payment_operations.c.request_encrypted,
    payment_operations.c.response_encrypted,
    payment_webhooks.c.body_encrypted,
    saved_payment_methods.c.token_encrypted,
)
_FIND_COMPANIES = sa.text("select company_id from payments_find_encrypted()")


async def rotate_keys(database: Database, vault: Vault) -> int:
    """Encrypt every sealed value with the vault's newest key; return how many. It may be run again."""
    async with transaction(database, company_id=None) as connection:
        company_ids: list[UUID] = list((await connection.execute(_FIND_COMPANIES)).scalars())
    rotated = 0
    for company_id in company_ids:
        for column in SEALED_COLUMNS:
            rotated += await _rotate_column(database, vault, company_id, column)
    return rotated


def run(settings: Settings, server: Server) -> int:
    """Rotate the keys of an installation, and return how many values were encrypted anew."""

    async def rotate() -> int:
        async with open_database(server, settings) as database:
            return await rotate_keys(database, open_vault(load_secrets(settings).payment_keys))

    return asyncio.run(rotate())


async def _rotate_column(
    database: Database, vault: Vault, company_id: UUID, column: sa.Column[str | None]
) -> int:
    rotated, after = 0, None
    while True:
        work = partial(_rotate_batch, vault=vault, company_id=company_id, column=column, after=after)
        count, after = await run_in_transaction(database, work, company_id=company_id)
        rotated += count
        if after is None:
            return rotated


async def _rotate_batch(
    connection: AsyncConnection,
    *,
    vault: Vault,
    company_id: UUID,
    column: sa.Column[str | None],
    after: UUID | None,
) -> tuple[int, UUID | None]:
    """Rotate one batch by key; return how many, and after which key the next batch begins."""
    table = column.table
    key = table.c.payment_id if table is payment_details else table.c.id
    statement = (
        sa.select(key, column)
        .where(table.c.company_id == company_id, column.is_not(None), column != "")
        .order_by(key)
        .limit(BATCH)
        .with_for_update()
    )
    if after is not None:
        statement = statement.where(key > after)
    rows = (await connection.execute(statement)).all()
    for row_key, sealed in rows:
        await connection.execute(
            sa.update(table)
            .where(table.c.company_id == company_id, key == row_key)
            .values({column.name: vault.reseal(str(sealed))})
        )
    return len(rows), rows[-1][0] if len(rows) == BATCH else None
