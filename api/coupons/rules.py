"""Which coupons count, for whom and for what: decided from what was read, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from api.pricing.quotes import CouponProblem
from api.pricing.rules import ZERO, Discount, DiscountKind

REASONS: Mapping[str, str] = {
    "unknown_coupon": "There is no such coupon.",
    "coupon_inactive": "The coupon is switched off.",
    "coupon_not_started": "The coupon is not valid yet.",
    "coupon_expired": "The coupon is no longer valid.",
    "coupon_used_up": "The coupon has been used as often as it may be.",
    "coupon_used_by_buyer": "You have used this coupon as often as you may.",
    "coupon_for_new_buyers": "The coupon is for a first order.",
    "coupon_not_for_buyer": "The coupon is for other customers.",
    "coupon_needs_buyer": "The coupon asks who you are: give an e-mail address.",
    "coupon_not_for_goods": "Nothing in the basket is what the coupon is for.",
    "coupon_minimum_not_reached": "The basket is below the coupon's minimum.",
    "coupon_not_combinable": "The coupon can't be combined with the others.",
}
"""Why a code does not count, by its stable name."""


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """A coupon as it stands, with its campaign's limits and what this buyer has used."""

    coupon_id: UUID
    shop_id: UUID | None
    campaign_id: UUID | None
    code: str
    kind: DiscountKind
    value: Decimal
    minimum_purchase_amount: Decimal
    maximum_discount_amount: Decimal | None
    is_stackable: bool
    is_for_new_users_only: bool
    total_limit: int | None
    per_user_limit: int | None
    used_count: int
    valid_from_date: date | None
    valid_until_date: date | None
    is_active: bool
    product_ids: frozenset[UUID]
    category_ids: frozenset[UUID]
    customer_ids: frozenset[UUID]
    campaign_total_limit: int | None
    campaign_per_user_limit: int | None
    campaign_used_count: int
    buyer_used_count: int
    campaign_buyer_used_count: int
    buyer_has_ordered: bool

    @property
    def asks_for_a_buyer(self) -> bool:
        """Whether it matters who buys."""
        limits = (self.per_user_limit, self.campaign_per_user_limit)
        return self.is_for_new_users_only or bool(self.customer_ids) or limits != (None, None)


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys: a customer, and everybody who shares an address with them.

    An address is its mailbox, as SQL's ``mailbox_of`` spells it: lower case, no ``+tag``, no dots at Gmail.
    """

    customer_id: UUID | None
    customer_ids: frozenset[UUID] = frozenset()
    mailboxes: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether uses can be counted for somebody."""
        return self.customer_id is not None or bool(self.mailboxes)


@dataclass(frozen=True, slots=True)
class Goods:
    """A priced line, as a coupon looks at it. ``category_ids``: its category and all above it."""

    shop_id: UUID
    product_id: UUID
    category_ids: frozenset[UUID]
    line_amount: Decimal


@dataclass(frozen=True, slots=True)
class Choice:
    """The coupons that count, each with its lines, and why the others do not."""

    accepted: tuple[tuple[CouponTerms, Discount], ...]
    refused: tuple[CouponProblem, ...]


def normalised_code(code: str) -> str:
    """Spell a code as it is stored."""
    return code.strip().upper()


def choose(
    codes: Sequence[str],
    terms_by_code: Mapping[str, CouponTerms],
    goods: Sequence[Goods],
    *,
    buyer: Buyer,
    today: date,
    is_binding: bool,
) -> Choice:
    """Decide which of the codes count together. Of those that can't be combined the first named stands.

    Parameters
    ----------
    today
        The day in the company's zone.
    is_binding
        False for an estimate: limits per buyer wait until the buyer is known.
    """
    accepted: list[tuple[CouponTerms, Discount]] = []
    refused: list[CouponProblem] = []
    for code in dict.fromkeys(map(normalised_code, codes)):
        terms = terms_by_code.get(code)
        if terms is None:
            refused.append(problem(code, "unknown_coupon"))
            continue
        lines = eligible_lines(terms, goods)
        kept = [other for other, _ in accepted]
        reason = (
            _refusal_in_time(terms, today=today)
            or _refusal_of_use(terms, kept)
            or _refusal_of_buyer(terms, buyer, kept, is_binding=is_binding)
            or _refusal_of_goods(terms, [goods[place] for place in lines])
            or _refusal_beside(terms, kept)
        )
        if reason is None:
            accepted.append((terms, discount_of(terms, lines)))
        else:
            refused.append(problem(code, reason))
    return Choice(tuple(accepted), tuple(refused))


def problem(code: str, reason: str) -> CouponProblem:
    """Say why a code does not count."""
    return CouponProblem(code=code, reason=reason, detail=REASONS[reason])


def eligible_lines(terms: CouponTerms, goods: Sequence[Goods]) -> list[int]:
    """Return the places of the goods that a coupon is for; one that names nothing is for all."""
    return [place for place, line in enumerate(goods) if _is_for(terms, line)]


def discount_of(terms: CouponTerms, lines: Sequence[int]) -> Discount:
    """Write a coupon as the discount that it gives on these lines."""
    return Discount(
        code=terms.code,
        kind=terms.kind,
        lines=lines,
        percent=terms.value if terms.kind == "percentage" else ZERO,
        amount=terms.value if terms.kind == "fixed" else ZERO,
        maximum_amount=terms.maximum_discount_amount,
    )


def _is_for(terms: CouponTerms, line: Goods) -> bool:
    if terms.shop_id not in (None, line.shop_id):
        return False
    if not terms.product_ids and not terms.category_ids:
        return True
    return line.product_id in terms.product_ids or not terms.category_ids.isdisjoint(line.category_ids)


def _refusal_in_time(terms: CouponTerms, *, today: date) -> str | None:
    if not terms.is_active:
        return "coupon_inactive"
    if terms.valid_from_date is not None and today < terms.valid_from_date:
        return "coupon_not_started"
    if terms.valid_until_date is not None and today > terms.valid_until_date:
        return "coupon_expired"
    return None


def _refusal_of_use(terms: CouponTerms, kept: Sequence[CouponTerms]) -> str | None:
    if _is_reached(terms.total_limit, terms.used_count):
        return "coupon_used_up"
    if _is_reached(terms.campaign_total_limit, terms.campaign_used_count + _siblings(terms, kept)):
        return "coupon_used_up"
    return None


def _refusal_of_buyer(
    terms: CouponTerms, buyer: Buyer, kept: Sequence[CouponTerms], *, is_binding: bool
) -> str | None:
    if not terms.asks_for_a_buyer:
        return None
    if not buyer.is_known:
        return "coupon_needs_buyer" if is_binding else None
    if terms.customer_ids and buyer.customer_id not in terms.customer_ids:
        return "coupon_not_for_buyer"
    if terms.is_for_new_users_only and terms.buyer_has_ordered:
        return "coupon_for_new_buyers"
    if _is_reached(terms.per_user_limit, terms.buyer_used_count) or _is_reached(
        terms.campaign_per_user_limit, terms.campaign_buyer_used_count + _siblings(terms, kept)
    ):
        return "coupon_used_by_buyer"
    return None


def _refusal_of_goods(terms: CouponTerms, eligible: Sequence[Goods]) -> str | None:
    if not eligible:
        return "coupon_not_for_goods"
    if sum((line.line_amount for line in eligible), ZERO) < terms.minimum_purchase_amount:
        return "coupon_minimum_not_reached"
    return None


def _refusal_beside(terms: CouponTerms, kept: Sequence[CouponTerms]) -> str | None:
    if kept and not (terms.is_stackable and all(other.is_stackable for other in kept)):
        return "coupon_not_combinable"
    return None


def _is_reached(limit: int | None, used: int) -> bool:
    return limit is not None and used >= limit


def _siblings(terms: CouponTerms, kept: Sequence[CouponTerms]) -> int:
    """Codes of the same campaign that already count in this basket."""
    return sum(
        1 for other in kept if terms.campaign_id is not None and other.campaign_id == terms.campaign_id
    )
