"""Use cases of coupons in a basket: which count, using them, giving their uses back.

Lock order: the buyer (customer rows, then mailboxes), coupons by id, campaigns by id; all before stock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.coupons import queries
from api.coupons.rules import Buyer, CouponTerms, normalised_code
from api.pricing.quotes import AppliedCoupon
from core.ids import new_id

MOST_CODES = 10


@dataclass(frozen=True, slots=True)
class FoundCoupons:
    """The coupons behind codes, and who asked."""

    buyer: Buyer
    terms_by_code: Mapping[str, CouponTerms]


async def find_coupons(
    connection: AsyncConnection,
    company_id: UUID,
    codes: Sequence[str],
    *,
    customer_id: UUID | None,
    email: str | None,
    lock: bool,
) -> FoundCoupons:
    """Read coupons with what this buyer used of them; locked, nobody else uses them meanwhile."""
    written = {normalised_code(code) for code in codes}
    if not written:
        return FoundCoupons(Buyer(customer_id), {})
    buyer = await find_buyer(connection, company_id, customer_id=customer_id, email=email, lock=lock)
    if lock:
        await queries.lock_coupons(connection, company_id, written)
    terms = await queries.read_terms(
        connection, company_id, written, customer_ids=buyer.customer_ids, mailboxes=buyer.mailboxes
    )
    return FoundCoupons(buyer, {one.code: one for one in terms})


async def find_buyer(
    connection: AsyncConnection, company_id: UUID, *, customer_id: UUID | None, email: str | None, lock: bool
) -> Buyer:
    """Return everybody who counts as this buyer; locked, none of them uses a coupon meanwhile."""
    found = await queries.find_buyers(
        connection, company_id, customer_id=customer_id, email=email and email.strip().lower(), lock=lock
    )
    emails: Collection[str] = {address for address in (email, *(row["email"] for row in found)) if address}
    return Buyer(
        customer_id=customer_id,
        customer_ids=frozenset(row["id"] for row in found),
        mailboxes=await queries.find_mailboxes(connection, company_id, emails, lock=lock),
    )


async def redeem(
    connection: AsyncConnection,
    company_id: UUID,
    coupons: Sequence[AppliedCoupon],
    *,
    amounts_by_order: Mapping[UUID, Sequence[Decimal]],
    checkout_id: UUID | None,
    customer_id: UUID | None,
    email: str | None,
) -> None:
    """Use coupons that were found under lock in this transaction.

    Parameters
    ----------
    amounts_by_order
        What each of ``coupons`` takes off each order, in their order.
    """
    if not coupons:
        return
    mailboxes = await queries.find_mailboxes(connection, company_id, [email] if email else [], lock=False)
    uses = [
        queries.Use(
            redemption_id=new_id(),
            coupon_id=coupon.coupon_id,
            campaign_id=coupon.campaign_id,
            code=coupon.code,
            kind=coupon.kind,
            discount_amount=coupon.discount_amount,
            shipping_discount_amount=coupon.shipping_discount_amount,
            amount_by_order=tuple(
                (order_id, amounts[place]) for order_id, amounts in amounts_by_order.items()
            ),
        )
        for place, coupon in enumerate(coupons)
    ]
    await queries.redeem(
        connection,
        company_id,
        uses,
        checkout_id=checkout_id,
        customer_id=customer_id,
        buyer_mailbox=next(iter(mailboxes), None),
    )


async def give_back(connection: AsyncConnection, company_id: UUID, order_id: UUID, *, now: datetime) -> None:
    """Give back what a cancelled or expired order used; again, it changes nothing.

    A use by a checkout of several orders is given back with the last of them. Call it under the order's lock
    and before its stock is locked: checkouts lock coupons first, then stock.
    """
    await queries.give_back(connection, company_id, order_id, now=now)
