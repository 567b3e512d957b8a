"""Would these codes count? A question that uses and holds nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.coupons.schemas import CheckedCoupon, CouponCheck, CouponCheckRead, RefusedCoupon
from api.errors import Violation
from api.orders.errors import UnknownShop, UnknownSku
from api.pricing.service import PriceLine, price_cart


async def check_coupons(
    connection: AsyncConnection, check: CouponCheck, *, caller: Caller, now: datetime
) -> CouponCheckRead:
    """Price the goods with the codes, for this buyer as far as they are known.

    Raises
    ------
    UnknownShop
        If neither the body nor the storefront's key names a shop, or they name different ones.
    UnknownSku
        If something named is not sold there.
    """
    shop_id = caller.shop_id or check.shop_id
    if shop_id is None or check.shop_id not in (None, shop_id):
        raise UnknownShop(pointer="/shop_id")
    quote = await price_cart(
        connection,
        caller.require_company(),
        lines=[PriceLine(line.variant_id, shop_id, line.quantity_units) for line in check.lines],
        now=now,
        coupon_codes=check.codes,
        customer_id=caller.customer_id,
        email=check.email,
    )
    unsold = {problem.variant_id for problem in quote.problems if problem.code == "unknown_sku"}
    if unsold:
        raise UnknownSku(
            violations=[
                Violation(f"/lines/{place}/variant_id", UnknownSku.code, "Not sold in this shop.")
                for place, line in enumerate(check.lines)
                if line.variant_id in unsold
            ]
        )
    return CouponCheckRead(
        currency=quote.currency,
        accepted=[CheckedCoupon.model_validate(coupon) for coupon in quote.coupons],
        refused=[RefusedCoupon.model_validate(problem) for problem in quote.coupon_problems],
        subtotal_amount=quote.totals.subtotal_amount,
        discount_amount=quote.totals.discount_amount,
    )
