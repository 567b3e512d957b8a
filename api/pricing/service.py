"""Prices of a basket: an estimate for carts, the binding quote for checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders.schemas import Address
from api.pricing.quotes import PriceLine as PriceLine
from api.pricing.quotes import Quote as Quote


async def price_cart(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    lines: Sequence[PriceLine],
    now: datetime,
    coupon_codes: Sequence[str] = (),
    customer_id: UUID | None = None,
    email: str | None = None,
    destination: Address | None = None,
    shipping_method_by_shop: Mapping[UUID, str | None] | None = None,
    cart_id: UUID | None = None,
    lock: bool = False,
) -> Quote:
    """Price a basket of one or more shops: goods, coupons, taxes by category and region, shipping.

    Parameters
    ----------
    lines
        The same variant of a shop named twice is one line with both quantities.
    coupon_codes
        As typed; those that do not count are `Quote.coupon_problems`, with a reason each.
    shipping_method_by_shop
        Code of the method chosen per shop; a shop without one is charged no shipping.
    cart_id
        Units that this cart holds itself are available to it.
    lock
        Hold the buyer and the coupons until the transaction ends, so that their limits stay as they were
        found: for a checkout that redeems them. The locks are taken before anything is read.
    """
    raise NotImplementedError
