"""Using coupons again for an order that expired and was paid for after all, within their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.coupons import queries
from api.coupons.service import find_buyer

# The uses of an order that were given back, and whether a limit was reached without them meanwhile.
_IS_TAKEN_BY_OTHERS = sa.text(
    """
    with over as (
        select redemption.* from coupon_redemption_orders as share
        inner join coupon_redemptions as redemption
            on share.company_id = redemption.company_id and share.redemption_id = redemption.id
        where share.company_id = :company_id and share.order_id = :order_id
        and redemption.given_back_at is not null
    ),

    live as (
        select over.id, other.coupon_id = over.coupon_id as is_same_coupon
        from over
        inner join coupon_redemptions as other
            on over.company_id = other.company_id and other.given_back_at is null
            and (
                other.customer_id = any(cast(:customer_ids as uuid []))
                or other.buyer_mailbox = any(cast(:mailboxes as text []))
            )
            and (other.coupon_id = over.coupon_id or other.campaign_id = over.campaign_id)
    )

    select exists (
        select from over
        inner join coupons as coupon on over.company_id = coupon.company_id and over.coupon_id = coupon.id
        left join coupon_campaigns as campaign
            on over.company_id = campaign.company_id and over.campaign_id = campaign.id
        where coupon.used_count >= coupon.total_limit
        or campaign.used_count + (
            select count(*) from over as sibling where sibling.campaign_id = over.campaign_id
        ) > campaign.total_limit
        or (select count(*) from live where live.id = over.id and is_same_coupon) >= coupon.per_user_limit
        or (select count(*) from live where live.id = over.id) + (
            select count(*) from over as sibling where sibling.campaign_id = over.campaign_id
        ) > campaign.per_user_limit
    )
    """
)
# A use by several orders is counted again with the first of them that lives again.
_TAKE_AGAIN = sa.text(
    """
    with shares as (
        update coupon_redemption_orders set given_back_at = null
        where company_id = :company_id and order_id = :order_id
        returning redemption_id
    ),

    again as (
        update coupon_redemptions as redemption set given_back_at = null
        where redemption.company_id = :company_id and redemption.given_back_at is not null
        and redemption.id in (select redemption_id from shares)
        returning redemption.coupon_id, redemption.campaign_id
    ),

    campaigns as (
        update coupon_campaigns set used_count = used_count + uses.count
        from (select campaign_id, count(*)::int as count from again group by campaign_id) as uses
        where coupon_campaigns.company_id = :company_id and coupon_campaigns.id = uses.campaign_id
    )

    update coupons set used_count = used_count + 1
    from again
    where coupons.company_id = :company_id and coupons.id = again.coupon_id
    """
)


async def take_again(connection: AsyncConnection, order: Mapping[str, Any]) -> bool:
    """Use again what the order gave back; False, and nothing changed, if a limit is reached by now.

    Call it under the order's lock and before its stock is locked, as `service.give_back`. The limits per
    buyer are those of everybody who counts as this one.
    """
    company_id: UUID = order["company_id"]
    values = {"company_id": company_id, "order_id": order["id"]}
    await queries.lock_uses(connection, values)
    buyer = await find_buyer(
        connection, company_id, customer_id=order["customer_id"], email=order["email"], lock=False
    )
    known = {"customer_ids": list(buyer.customer_ids), "mailboxes": sorted(buyer.mailboxes)}
    if await connection.scalar(_IS_TAKEN_BY_OTHERS, values | known):
        return False
    await connection.execute(_TAKE_AGAIN, values)
    return True
