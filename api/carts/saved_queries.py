"""SQL of what is saved for later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts.owners import CartOwner
from api.carts.rules import Line
from api.carts.tables import saved_items
from api.currency import company_currency

_SAVE = """
    insert into saved_items as item (
        company_id, customer_id, session_sha256, variant_id, shop_id, quantity_units, unit_price_amount,
        saved_at, expires_at
    )
    select
        :company_id, cast(:customer_id as uuid), cast(:session_sha256 as bytea), line.variant_id,
        line.shop_id, line.units, line.price, :now, cast(:expires_at as timestamptz)
    from unnest(
        cast(:variant_ids as uuid []), cast(:shop_ids as uuid []), cast(:units as int []),
        cast(:prices as numeric [])
    ) as line (variant_id, shop_id, units, price)
    on conflict (company_id, {owner}, variant_id, shop_id) where {owner} is not null do update
    set quantity_units = item.quantity_units + excluded.quantity_units,
        unit_price_amount = excluded.unit_price_amount,
        expires_at = excluded.expires_at
"""
_SAVE_OF_CUSTOMER = sa.text(_SAVE.format(owner="customer_id"))
_SAVE_OF_SESSION = sa.text(_SAVE.format(owner="session_sha256"))
_ADOPT = sa.text(
    """
    with adopted as (
        delete from saved_items
        where company_id = :company_id and session_sha256 = :session_sha256
        returning variant_id, shop_id, quantity_units, unit_price_amount, saved_at
    ),

    written as (
        insert into saved_items as item (
            company_id, customer_id, variant_id, shop_id, quantity_units, unit_price_amount, saved_at
        )
        select :company_id, :customer_id, adopted.variant_id, adopted.shop_id, adopted.quantity_units,
            adopted.unit_price_amount, adopted.saved_at
        from adopted
        order by adopted.variant_id, adopted.shop_id
        on conflict (company_id, customer_id, variant_id, shop_id) where customer_id is not null do update
        set quantity_units = item.quantity_units + excluded.quantity_units
        returning 1
    )

    select count(*)::int from written
    """
)


async def save(
    connection: AsyncConnection,
    company_id: UUID,
    owner: CartOwner,
    lines: Sequence[Line],
    *,
    now: datetime,
    expires_at: datetime | None,
) -> None:
    """Keep units for later; units of the same variant and shop add up."""
    ordered = sorted(lines, key=lambda line: (line.key[0].bytes, line.key[1].bytes))
    await connection.execute(
        _SAVE_OF_SESSION if owner.customer_id is None else _SAVE_OF_CUSTOMER,
        {
            "company_id": company_id,
            "customer_id": owner.customer_id,
            "session_sha256": owner.session_sha256,
            "now": now,
            "expires_at": expires_at,
            "variant_ids": [line.key[0] for line in ordered],
            "shop_ids": [line.key[1] for line in ordered],
            "units": [line.quantity_units for line in ordered],
            "prices": [line.unit_price_amount for line in ordered],
        },
    )


async def adopt(
    connection: AsyncConnection, company_id: UUID, *, customer_id: UUID, session_sha256: bytes
) -> int:
    """Give a guest's saved items to a customer and return how many there were."""
    values = {"company_id": company_id, "customer_id": customer_id, "session_sha256": session_sha256}
    return int((await connection.execute(_ADOPT, values)).scalar_one())


async def has_saved(connection: AsyncConnection, company_id: UUID, owner: CartOwner) -> bool:
    statement = sa.select(sa.exists().where(*_mine(company_id, owner)))
    return bool((await connection.execute(statement)).scalar_one())


async def count_saved(connection: AsyncConnection, company_id: UUID, owner: CartOwner) -> int:
    statement = sa.select(sa.func.count()).where(*_mine(company_id, owner))
    return int((await connection.execute(statement)).scalar_one())


async def list_saved(
    connection: AsyncConnection,
    company_id: UUID,
    owner: CartOwner,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[sa.RowMapping]:
    """Return what is saved, newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(saved_items, company_currency(saved_items.c.company_id))
        .where(*_mine(company_id, owner))
        .order_by(saved_items.c.saved_at.desc(), saved_items.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(saved_items.c.saved_at, saved_items.c.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def lock_saved(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, item_id: UUID
) -> sa.RowMapping | None:
    """Lock one saved item of the owner's."""
    statement = sa.select(saved_items).where(*_mine(company_id, owner), saved_items.c.id == item_id)
    return (await connection.execute(statement.with_for_update())).mappings().one_or_none()


async def lower_saved(connection: AsyncConnection, company_id: UUID, item_id: UUID, *, units: int) -> None:
    """Take units from a saved item, which keeps the others."""
    await connection.execute(
        sa.update(saved_items)
        .where(saved_items.c.company_id == company_id, saved_items.c.id == item_id)
        .values(quantity_units=saved_items.c.quantity_units - units)
    )


async def delete_saved(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, item_id: UUID
) -> bool:
    """Forget a saved item; tell whether there was one."""
    statement = sa.delete(saved_items).where(*_mine(company_id, owner), saved_items.c.id == item_id)
    return (await connection.execute(statement)).rowcount == 1


def _mine(company_id: UUID, owner: CartOwner) -> list[sa.ColumnElement[Any]]:
    column, value = (
        (saved_items.c.session_sha256, owner.session_sha256)
        if owner.customer_id is None
        else (saved_items.c.customer_id, owner.customer_id)
    )
    return [saved_items.c.company_id == company_id, column == value]
