"""SQL of what a basket asks of coupons: locks, terms, uses, and uses given back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.coupons.rules import CouponTerms

Row = sa.RowMapping

# The buyer first: new buyers' coupons differ, and their limit is one over all of them.
_BUYERS = """
    select id, email from customers
    where company_id = :company_id and (id = :customer_id or email = :email)
    order by id
"""
_FIND_BUYERS = sa.text(_BUYERS)
_LOCK_BUYERS = sa.text(_BUYERS + " for no key update")
_MAILBOXES = """
    select distinct mailbox_of(written) as mailbox
    from unnest(cast(:emails as text [])) as written
    order by mailbox
"""
_FIND_MAILBOXES = sa.text(_MAILBOXES)
_LOCK_MAILBOXES = sa.text(
    f"""
    select
        mailbox,
        pg_advisory_xact_lock(hashtextextended('buyer ' || cast(:company_id as text) || mailbox, 0))
    from ({_MAILBOXES}) as mailboxes
    """
)
_LOCK_COUPONS = sa.text(
    "select id from coupons where company_id = :company_id and code = any(cast(:codes as text []))"
    " order by id for update"
)
_LOCK_CAMPAIGNS = sa.text(
    """
    select id from coupon_campaigns
    where company_id = :company_id and id in (
        select campaign_id from coupons where company_id = :company_id and code = any(cast(:codes as text []))
    )
    order by id for update
    """
)
_TERMS = sa.text(
    """
    with mine as (
        select coupon_id, campaign_id from coupon_redemptions
        where company_id = :company_id and given_back_at is null
        and (
            customer_id = any(cast(:customer_ids as uuid []))
            or buyer_mailbox = any(cast(:mailboxes as text []))
        )
    )

    select
        coupon.id as coupon_id, coupon.shop_id, coupon.campaign_id, coupon.code, coupon.kind, coupon.value,
        coupon.minimum_purchase_amount, coupon.maximum_discount_amount, coupon.is_stackable,
        coupon.is_for_new_users_only, coupon.total_limit, coupon.per_user_limit, coupon.used_count,
        coupon.valid_from_date, coupon.valid_until_date, coupon.is_active,
        array(
            select product_id from coupon_products as only_for
            where only_for.company_id = coupon.company_id and only_for.coupon_id = coupon.id
        ) as product_ids,
        array(
            select category_id from coupon_categories as only_for
            where only_for.company_id = coupon.company_id and only_for.coupon_id = coupon.id
        ) as category_ids,
        array(
            select customer_id from coupon_customers as only_for
            where only_for.company_id = coupon.company_id and only_for.coupon_id = coupon.id
        ) as customer_ids,
        campaign.total_limit as campaign_total_limit,
        campaign.per_user_limit as campaign_per_user_limit,
        coalesce(campaign.used_count, 0) as campaign_used_count,
        (select count(*) from mine where mine.coupon_id = coupon.id)::int as buyer_used_count,
        (
            select count(*) from mine where mine.campaign_id = coupon.campaign_id
        )::int as campaign_buyer_used_count,
        exists (
            select from orders
            where orders.company_id = coupon.company_id and orders.status <> 'cancelled'
            and orders.customer_id = any(cast(:customer_ids as uuid []))
        ) or exists (
            select from orders
            where orders.company_id = coupon.company_id and orders.status <> 'cancelled'
            and orders.customer_id is null and mailbox_of(orders.email) = any(cast(:mailboxes as text []))
        ) as buyer_has_ordered
    from coupons as coupon
    left join coupon_campaigns as campaign
        on coupon.company_id = campaign.company_id and coupon.campaign_id = campaign.id
    where coupon.company_id = :company_id and coupon.code = any(cast(:codes as text []))
    and coupon.archived_at is null
    """
)
_REDEEM = sa.text(
    """
    with use as (
        select * from unnest(
            cast(:redemption_ids as uuid []), cast(:coupon_ids as uuid []), cast(:campaign_ids as uuid []),
            cast(:codes as text []), cast(:kinds as text []), cast(:discount_amounts as numeric []),
            cast(:shipping_discount_amounts as numeric [])
        ) as use (
            redemption_id, coupon_id, campaign_id, code, kind, discount_amount, shipping_discount_amount
        )
    ),

    new_redemptions as (
        insert into coupon_redemptions (
            company_id, id, coupon_id, campaign_id, checkout_id, customer_id, buyer_mailbox, code, kind,
            discount_amount, shipping_discount_amount
        )
        select
            :company_id, redemption_id, coupon_id, campaign_id, cast(:checkout_id as uuid),
            cast(:customer_id as uuid), cast(:buyer_mailbox as text), code, kind, discount_amount,
            shipping_discount_amount
        from use
    ),

    new_shares as (
        insert into coupon_redemption_orders (company_id, redemption_id, order_id, discount_amount)
        select :company_id, share.redemption_id, share.order_id, share.discount_amount
        from unnest(
            cast(:share_redemption_ids as uuid []), cast(:share_order_ids as uuid []),
            cast(:share_amounts as numeric [])
        ) as share (redemption_id, order_id, discount_amount)
    ),

    counted as (
        update coupons set used_count = used_count + 1
        from use
        where coupons.company_id = :company_id and coupons.id = use.coupon_id
    )

    update coupon_campaigns set used_count = used_count + uses.count
    from (select campaign_id, count(*)::int as count from use group by campaign_id) as uses
    where coupon_campaigns.company_id = :company_id and coupon_campaigns.id = uses.campaign_id
    """
)
_OF_ORDER = """
    select redemption.{column} from coupon_redemption_orders as share
    inner join coupon_redemptions as redemption
        on share.company_id = redemption.company_id and share.redemption_id = redemption.id
    where share.company_id = :company_id and share.order_id = :order_id
"""
_LOCK_COUPONS_OF_ORDER = sa.text(
    "select id from coupons where company_id = :company_id"
    f" and id in ({_OF_ORDER.format(column='coupon_id')}) order by id for update"
)
_LOCK_CAMPAIGNS_OF_ORDER = sa.text(
    "select id from coupon_campaigns where company_id = :company_id"
    f" and id in ({_OF_ORDER.format(column='campaign_id')}) order by id for update"
)
_GIVE_BACK = sa.text(
    """
    with shares as (
        update coupon_redemption_orders set given_back_at = :now
        where company_id = :company_id and order_id = :order_id and given_back_at is null
        returning redemption_id
    ),

    over as (
        update coupon_redemptions as redemption set given_back_at = :now
        where redemption.company_id = :company_id
        and redemption.id in (select redemption_id from shares)
        and not exists (
            select from coupon_redemption_orders as other
            where other.company_id = redemption.company_id and other.redemption_id = redemption.id
            and other.given_back_at is null and other.order_id <> :order_id
        )
        returning redemption.coupon_id, redemption.campaign_id
    ),

    campaigns as (
        update coupon_campaigns set used_count = used_count - uses.count
        from (select campaign_id, count(*)::int as count from over group by campaign_id) as uses
        where coupon_campaigns.company_id = :company_id and coupon_campaigns.id = uses.campaign_id
    )

    update coupons set used_count = used_count - uses.count
    from (select coupon_id, count(*)::int as count from over group by coupon_id) as uses
    where coupons.company_id = :company_id and coupons.id = uses.coupon_id
    """
)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a coupon and what of it belongs to each order."""

    redemption_id: UUID
    coupon_id: UUID
    campaign_id: UUID | None
    code: str
    kind: str
    discount_amount: Decimal
    shipping_discount_amount: Decimal
    amount_by_order: tuple[tuple[UUID, Decimal], ...]


async def find_buyers(
    connection: AsyncConnection, company_id: UUID, *, customer_id: UUID | None, email: str | None, lock: bool
) -> Sequence[Row]:
    """Return the customers that this buyer is or shares an address with."""
    values = {"company_id": company_id, "customer_id": customer_id, "email": email}
    return (await connection.execute(_LOCK_BUYERS if lock else _FIND_BUYERS, values)).mappings().all()


async def find_mailboxes(
    connection: AsyncConnection, company_id: UUID, emails: Collection[str], *, lock: bool
) -> frozenset[str]:
    """Return the mailboxes behind addresses; locked, everybody else who buys with one of them waits."""
    values = {"emails": sorted(emails)} | ({"company_id": company_id} if lock else {})
    statement = _LOCK_MAILBOXES if lock else _FIND_MAILBOXES
    return frozenset((await connection.execute(statement, values)).scalars())


async def lock_coupons(connection: AsyncConnection, company_id: UUID, codes: Collection[str]) -> None:
    """Lock the coupons by id, then their campaigns by id."""
    values = {"company_id": company_id, "codes": sorted(codes)}
    await connection.execute(_LOCK_COUPONS, values)
    await connection.execute(_LOCK_CAMPAIGNS, values)


async def read_terms(
    connection: AsyncConnection,
    company_id: UUID,
    codes: Collection[str],
    *,
    customer_ids: Collection[UUID],
    mailboxes: Collection[str],
) -> list[CouponTerms]:
    """Read the coupons of these codes, and how often this buyer used them."""
    values: dict[str, Any] = {
        "company_id": company_id,
        "codes": sorted(codes),
        "customer_ids": list(customer_ids),
        "mailboxes": sorted(mailboxes),
    }
    rows = (await connection.execute(_TERMS, values)).mappings()
    sets = ("product_ids", "category_ids", "customer_ids")
    return [CouponTerms(**{**row, **{name: frozenset(row[name]) for name in sets}}) for row in rows]


async def redeem(
    connection: AsyncConnection,
    company_id: UUID,
    uses: Sequence[Use],
    *,
    checkout_id: UUID | None,
    customer_id: UUID | None,
    buyer_mailbox: str | None,
) -> None:
    """Write the uses and count them, in one statement."""
    shares = [(use.redemption_id, *share) for use in uses for share in use.amount_by_order]
    await connection.execute(
        _REDEEM,
        {
            "company_id": company_id,
            "checkout_id": checkout_id,
            "customer_id": customer_id,
            "buyer_mailbox": buyer_mailbox,
            "redemption_ids": [use.redemption_id for use in uses],
            "coupon_ids": [use.coupon_id for use in uses],
            "campaign_ids": [use.campaign_id for use in uses],
            "codes": [use.code for use in uses],
            "kinds": [use.kind for use in uses],
            "discount_amounts": [use.discount_amount for use in uses],
            "shipping_discount_amounts": [use.shipping_discount_amount for use in uses],
            "share_redemption_ids": [share[0] for share in shares],
            "share_order_ids": [share[1] for share in shares],
            "share_amounts": [share[2] for share in shares],
        },
    )


async def give_back(connection: AsyncConnection, company_id: UUID, order_id: UUID, *, now: datetime) -> None:
    """Give back an order's uses; the second time there are none left."""
    values = {"company_id": company_id, "order_id": order_id}
    await lock_uses(connection, values)
    await connection.execute(_GIVE_BACK, values | {"now": now})


async def lock_uses(connection: AsyncConnection, values: Mapping[str, UUID]) -> None:
    """Lock the coupons that an order used, by id, then their campaigns, by id."""
    await connection.execute(_LOCK_COUPONS_OF_ORDER, values)
    await connection.execute(_LOCK_CAMPAIGNS_OF_ORDER, values)
