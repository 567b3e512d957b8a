"""SQL of checkouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.checkout.tables import checkouts

Row = sa.RowMapping

_ORDERS = sa.text(
    """
    select
        id, order_number, shop_id, status, payment_status, subtotal_amount, discount_amount, tax_amount,
        shipping_amount, total_amount, shipping_method, coupon_code, customer_id, reservation_expires_at
    from orders
    where company_id = :company_id and checkout_id = :checkout_id
    order by id
    """
)
_OF_CART = sa.text("select id from checkouts where company_id = :company_id and cart_id = :cart_id")


async def insert_checkout(connection: AsyncConnection, values: Mapping[str, Any], *, minutes: int) -> None:
    """Write a checkout; its hold ends with those of its orders."""
    expires_at = sa.text("now() + :minutes * interval '1 minute'").bindparams(minutes=minutes)
    await connection.execute(sa.insert(checkouts).values(**values, expires_at=expires_at))


async def find_of_cart(connection: AsyncConnection, company_id: UUID, cart_id: UUID) -> UUID | None:
    """Return the checkout that a cart became."""
    values = {"company_id": company_id, "cart_id": cart_id}
    found: UUID | None = await connection.scalar(_OF_CART, values)
    return found


async def get_checkout(
    connection: AsyncConnection, company_id: UUID, checkout_id: UUID, *, lock: bool
) -> Row | None:
    """Return a checkout; locked, it is nobody else's until the transaction ends."""
    statement = sa.select(checkouts).where(
        checkouts.c.company_id == company_id, checkouts.c.id == checkout_id
    )
    if lock:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def list_orders(connection: AsyncConnection, company_id: UUID, checkout_id: UUID) -> Sequence[Row]:
    """Return the orders of a checkout, in the order of their ids."""
    values = {"company_id": company_id, "checkout_id": checkout_id}
    return (await connection.execute(_ORDERS, values)).mappings().all()
