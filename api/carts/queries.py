"""SQL of carts. Each statement is about all lines at once: their number changes no number of round trips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts.owners import CartOwner
from api.carts.rules import Line, LineKey
from api.carts.tables import OPEN_STATUSES, cart_lines, carts

Row = sa.RowMapping

_COMPANIES = sa.table(
    "companies",
    *(sa.column(name) for name in ("id", "currency", "prices_include_tax", "cart_reservation_minutes")),
)
_CART = (
    carts,
    _COMPANIES.c.currency,
    _COMPANIES.c.prices_include_tax,
    _COMPANIES.c.cart_reservation_minutes,
)

# What a shop says about each variant; nothing for a variant that the company does not have.
_TERMS = sa.text(
    """
    select
        wanted.variant_id,
        wanted.shop_id,
        terms.product_id,
        terms.sku,
        terms.product_name,
        product.slug as product_slug,
        terms.variant_name,
        terms.image_url,
        terms.unit_price_amount,
        terms.regular_price_amount,
        (
            terms.is_sellable and shop.is_active and shop.archived_at is null
            and (terms.shop_id is null or terms.shop_id = wanted.shop_id)
        ) as is_sold,
        (
            product.archived_at is not null or product.status = 'archived' or variant.archived_at is not null
        ) as is_archived
    from unnest(cast(:variant_ids as uuid []), cast(:shop_ids as uuid [])) as wanted (variant_id, shop_id)
    inner join shops as shop on shop.company_id = :company_id and wanted.shop_id = shop.id
    inner join variants as variant on variant.company_id = :company_id and wanted.variant_id = variant.id
    inner join products as product
        on product.company_id = :company_id and variant.product_id = product.id
    inner join variant_terms as terms
        on terms.company_id = :company_id and variant.id = terms.variant_id
    """
)
_SKUS = sa.text(
    "select sku, id from variants where company_id = :company_id and sku = any(cast(:skus as text []))"
)
_SET_LINES = sa.text(
    """
    insert into cart_lines as line (
        company_id, cart_id, variant_id, shop_id, quantity_units, added_unit_price_amount, unit_price_amount,
        added_at
    )
    select :company_id, :cart_id, set.variant_id, set.shop_id, set.units, set.price, set.price, :now
    from unnest(
        cast(:variant_ids as uuid []), cast(:shop_ids as uuid []), cast(:units as int []),
        cast(:prices as numeric [])
    ) as set (variant_id, shop_id, units, price)
    on conflict (company_id, cart_id, variant_id, shop_id) do update
    set quantity_units = excluded.quantity_units, unit_price_amount = excluded.unit_price_amount
    """
)
# The owner's cart that ran out of time makes room for a new one.
_CLEAR_EXPIRED = sa.text(
    """
    with gone as (
        delete from carts
        where company_id = :company_id and status in ('active', 'abandoned') and expires_at <= :now
        and (customer_id = cast(:customer_id as uuid) or session_sha256 = cast(:session_sha256 as bytea))
        returning id
    )

    delete from cart_lines using gone
    where cart_lines.company_id = :company_id and cart_lines.cart_id = gone.id
    """
)


async def find_cart(
    connection: AsyncConnection,
    company_id: UUID,
    owner: CartOwner,
    *,
    now: datetime,
    for_update: bool = False,
) -> Row | None:
    """Return the owner's open cart with the company's terms, locked if so wanted."""
    statement = _of_company(company_id).where(
        carts.c.status.in_(OPEN_STATUSES), carts.c.expires_at > now, _owned_by(owner)
    )
    if for_update:
        statement = statement.with_for_update(of=carts)
    found: Row | None = (await connection.execute(statement)).mappings().one_or_none()
    return found


async def lock_cart(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, owner: CartOwner
) -> Row | None:
    """Lock one cart of the owner's, whatever its status."""
    statement = _of_company(company_id).where(carts.c.id == cart_id, _owned_by(owner))
    found: Row | None = (
        (await connection.execute(statement.with_for_update(of=carts))).mappings().one_or_none()
    )
    return found


async def lock_both(
    connection: AsyncConnection, company_id: UUID, customer: CartOwner, guest: CartOwner, *, now: datetime
) -> list[Row]:
    """Lock a customer's and a guest's open carts, by id: merges that meet take turns."""
    statement = (
        _of_company(company_id)
        .where(
            carts.c.status.in_(OPEN_STATUSES),
            carts.c.expires_at > now,
            sa.or_(_owned_by(customer), _owned_by(guest)),
        )
        .order_by(carts.c.id)
        .with_for_update(of=carts)
    )
    return list((await connection.execute(statement)).mappings())


async def add_cart(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, *, expires_at: datetime, now: datetime
) -> None:
    """Make the owner's open cart, unless there is one: who comes second waits for the first and finds it."""
    values = {"company_id": company_id, "now": now, **_owner_values(owner)}
    await connection.execute(_CLEAR_EXPIRED, values)
    insert = sa.text(
        "insert into carts (company_id, customer_id, session_sha256, last_activity_at, expires_at)"
        " values (:company_id, :customer_id, :session_sha256, :now, :expires_at) on conflict do nothing"
    )
    await connection.execute(insert, {**values, "expires_at": expires_at})


async def list_lines(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, line_ids: Sequence[UUID] | None = None
) -> Sequence[Row]:
    """Return lines of a cart, all or those named, as they were put in."""
    statement = sa.select(cart_lines).where(
        cart_lines.c.company_id == company_id, cart_lines.c.cart_id == cart_id
    )
    if line_ids is not None:
        statement = statement.where(cart_lines.c.id.in_(line_ids))
    statement = statement.order_by(cart_lines.c.added_at, cart_lines.c.id)
    return (await connection.execute(statement)).mappings().all()


async def list_lines_of(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, keys: Sequence[LineKey]
) -> Sequence[Row]:
    """Return the lines of these variants and shops, as far as the cart has them."""
    statement = sa.select(cart_lines).where(
        cart_lines.c.company_id == company_id,
        cart_lines.c.cart_id == cart_id,
        sa.tuple_(cart_lines.c.variant_id, cart_lines.c.shop_id).in_(keys),
    )
    statement = statement.order_by(cart_lines.c.added_at, cart_lines.c.id)
    return (await connection.execute(statement)).mappings().all()


async def list_quantities(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID
) -> Sequence[sa.RowMapping]:
    """Return which units the cart names, at which accepted price."""
    columns = [
        cart_lines.c[name] for name in ("id", "variant_id", "shop_id", "quantity_units", "unit_price_amount")
    ]
    statement = sa.select(*columns).where(
        cart_lines.c.company_id == company_id, cart_lines.c.cart_id == cart_id
    )
    return (await connection.execute(statement)).mappings().all()


async def count_lines(connection: AsyncConnection, company_id: UUID, cart_id: UUID) -> int:
    statement = sa.select(sa.func.count()).where(
        cart_lines.c.company_id == company_id, cart_lines.c.cart_id == cart_id
    )
    return int((await connection.execute(statement)).scalar_one())


async def list_terms(
    connection: AsyncConnection, company_id: UUID, keys: Sequence[LineKey]
) -> dict[LineKey, Row]:
    """Return what the shops say about the variants; what is unknown has no entry."""
    rows = await connection.execute(
        _TERMS,
        {
            "company_id": company_id,
            "variant_ids": [variant_id for variant_id, _ in keys],
            "shop_ids": [shop_id for _, shop_id in keys],
        },
    )
    return {(row["variant_id"], row["shop_id"]): row for row in rows.mappings()}


async def find_skus(connection: AsyncConnection, company_id: UUID, skus: Sequence[str]) -> dict[str, UUID]:
    """Return the variants of SKUs."""
    rows = await connection.execute(_SKUS, {"company_id": company_id, "skus": list(skus)})
    return {row.sku: row.id for row in rows}


async def set_lines(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, lines: Sequence[Line], *, now: datetime
) -> None:
    """Give lines their quantities and accepted prices; those that are new are added."""
    await connection.execute(
        _SET_LINES,
        {
            "company_id": company_id,
            "cart_id": cart_id,
            "now": now,
            "variant_ids": [line.key[0] for line in lines],
            "shop_ids": [line.key[1] for line in lines],
            "units": [line.quantity_units for line in lines],
            "prices": [line.unit_price_amount for line in lines],
        },
    )


async def delete_lines(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, line_ids: Sequence[UUID] | None
) -> list[UUID]:
    """Take lines out, all or those named, and return their ids."""
    statement = sa.delete(cart_lines).where(
        cart_lines.c.company_id == company_id, cart_lines.c.cart_id == cart_id
    )
    if line_ids is not None:
        statement = statement.where(cart_lines.c.id.in_(line_ids))
    return list((await connection.execute(statement.returning(cart_lines.c.id))).scalars())


async def touch(
    connection: AsyncConnection,
    company_id: UUID,
    cart_id: UUID,
    *,
    now: datetime,
    expires_at: datetime,
    changes: Mapping[str, Any] | None = None,
) -> Row:
    """Note that the owner was here, with ``changes``, and return the cart with sums over its lines."""
    mine = sa.and_(cart_lines.c.company_id == company_id, cart_lines.c.cart_id == cart_id)
    amount = sa.func.round(
        cart_lines.c.quantity_units * cart_lines.c.unit_price_amount,
        sa.func.minor_unit_digits(_COMPANIES.c.currency),
    )

    def over_lines(value: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
        found = sa.select(sa.func.coalesce(value, 0)).where(mine).correlate(_COMPANIES).scalar_subquery()
        return found.label(name)

    statement = (
        sa.update(carts)
        .where(carts.c.company_id == company_id, carts.c.id == cart_id, _COMPANIES.c.id == carts.c.company_id)
        .values(
            last_activity_at=now, expires_at=expires_at, status="active", abandoned_at=None, **(changes or {})
        )
        .returning(
            *_CART,
            over_lines(sa.func.count(), "line_count"),
            over_lines(sa.func.sum(cart_lines.c.quantity_units), "quantity_units"),
            over_lines(sa.func.sum(amount), "accepted_amount"),
        )
    )
    touched: Row = (await connection.execute(statement)).mappings().one()
    return touched


async def end_merged(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, *, into_cart_id: UUID
) -> None:
    """Close a guest's cart whose lines are the customer's now."""
    await connection.execute(
        sa.update(carts)
        .where(carts.c.company_id == company_id, carts.c.id == cart_id)
        .values(status="merged", merged_into_cart_id=into_cart_id)
    )


async def convert_cart(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, *, now: datetime
) -> str | None:
    """Close a cart that was bought; return the status that forbids it, if it is not open any more."""
    mine = sa.and_(carts.c.company_id == company_id, carts.c.id == cart_id)
    changed = await connection.execute(
        sa.update(carts)
        .where(mine, carts.c.status.in_(OPEN_STATUSES))
        .values(status="converted", converted_at=now)
        .returning(carts.c.id)
    )
    if changed.one_or_none() is not None:
        return None
    return str((await connection.execute(sa.select(carts.c.status).where(mine))).scalar_one())


async def company_terms(connection: AsyncConnection, company_id: UUID) -> Row:
    """Return the currency of a company that has no cart to read it with."""
    statement = sa.select(_COMPANIES).where(_COMPANIES.c.id == company_id)
    return (await connection.execute(statement)).mappings().one()


def _of_company(company_id: UUID) -> sa.Select[Any]:
    return (
        sa.select(*_CART)
        .join_from(carts, _COMPANIES, carts.c.company_id == _COMPANIES.c.id)
        .where(carts.c.company_id == company_id)
    )


def _owned_by(owner: CartOwner) -> sa.ColumnElement[bool]:
    if owner.customer_id is not None:
        return carts.c.customer_id == owner.customer_id
    return carts.c.session_sha256 == owner.session_sha256


def _owner_values(owner: CartOwner) -> dict[str, Any]:
    return {"customer_id": owner.customer_id, "session_sha256": owner.session_sha256}
