"""Which coupons count: the rules alone."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.coupons.rules import Buyer, CouponTerms, Goods, choose, normalised_code

SHOP, OTHER_SHOP, CAMPAIGN = uuid4(), uuid4(), uuid4()
SHOES, GOODS_CATEGORY = uuid4(), uuid4()
TODAY = date(2026, 11, 21)
BASKET = [
    Goods(SHOP, uuid4(), frozenset({SHOES, GOODS_CATEGORY}), Decimal("40.00")),
    Goods(SHOP, uuid4(), frozenset({GOODS_CATEGORY}), Decimal("60.00")),
]
NOBODY = Buyer(None)
ADA = Buyer(uuid4(), mailboxes=frozenset({"ada@example.com"}))
PLAIN = CouponTerms(
    coupon_id=uuid4(), shop_id=None, campaign_id=None, code="TEN", kind="percentage", value=Decimal(10),
    minimum_purchase_amount=Decimal(0), maximum_discount_amount=None, is_stackable=False,
    is_for_new_users_only=False, total_limit=None, per_user_limit=None, used_count=0, valid_from_date=None,
    valid_until_date=None, is_active=True, product_ids=frozenset(), category_ids=frozenset(),
    customer_ids=frozenset(), campaign_total_limit=None, campaign_per_user_limit=None, campaign_used_count=0,
    buyer_used_count=0, campaign_buyer_used_count=0, buyer_has_ordered=False,
)  # fmt: skip


def reasons(*coupons: CouponTerms, buyer: Buyer = ADA, is_binding: bool = True) -> dict[str, str | None]:
    """Return why each code was refused; None: it counts."""
    choice = choose(
        [coupon.code for coupon in coupons],
        {coupon.code: coupon for coupon in coupons},
        BASKET,
        buyer=buyer,
        today=TODAY,
        is_binding=is_binding,
    )
    told: dict[str, str | None] = {terms.code: None for terms, _ in choice.accepted}
    return told | {problem.code: problem.reason for problem in choice.refused}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"is_active": False}, "coupon_inactive"),
        ({"valid_from_date": date(2026, 11, 22)}, "coupon_not_started"),
        ({"valid_from_date": TODAY, "valid_until_date": TODAY}, None),
        ({"valid_until_date": date(2026, 11, 20)}, "coupon_expired"),
        ({"total_limit": 3, "used_count": 2}, None),
        ({"total_limit": 3, "used_count": 3}, "coupon_used_up"),
        ({"campaign_id": CAMPAIGN, "campaign_total_limit": 1, "campaign_used_count": 1}, "coupon_used_up"),
        ({"per_user_limit": 1, "buyer_used_count": 1}, "coupon_used_by_buyer"),
        ({"per_user_limit": 2, "buyer_used_count": 1}, None),
        (
            {"campaign_id": CAMPAIGN, "campaign_per_user_limit": 1, "campaign_buyer_used_count": 1},
            "coupon_used_by_buyer",
        ),
        ({"is_for_new_users_only": True}, None),
        ({"is_for_new_users_only": True, "buyer_has_ordered": True}, "coupon_for_new_buyers"),
        ({"customer_ids": frozenset({uuid4()})}, "coupon_not_for_buyer"),
        ({"customer_ids": frozenset({ADA.customer_id})}, None),
        ({"minimum_purchase_amount": Decimal("100.00")}, None),
        ({"minimum_purchase_amount": Decimal("100.01")}, "coupon_minimum_not_reached"),
        (
            {"category_ids": frozenset({SHOES}), "minimum_purchase_amount": Decimal(41)},
            "coupon_minimum_not_reached",
        ),
        ({"category_ids": frozenset({uuid4()})}, "coupon_not_for_goods"),
        ({"shop_id": OTHER_SHOP}, "coupon_not_for_goods"),
        ({"shop_id": SHOP}, None),
    ],
)
def test_a_coupon_counts_or_says_why_not(changes: dict[str, Any], reason: str | None) -> None:
    assert reasons(replace(PLAIN, **changes)) == {"TEN": reason}


def test_unknown_codes_are_said_and_case_does_not_matter() -> None:
    choice = choose([" ten ", "NOPE"], {"TEN": PLAIN}, BASKET, buyer=ADA, today=TODAY, is_binding=True)
    assert [terms.code for terms, _ in choice.accepted] == [normalised_code("ten")]
    assert [(problem.code, problem.reason) for problem in choice.refused] == [("NOPE", "unknown_coupon")]


def test_restrictions_by_product_and_by_category_add_up() -> None:
    coupon = replace(PLAIN, product_ids=frozenset({BASKET[1].product_id}), category_ids=frozenset({SHOES}))
    choice = choose(["TEN"], {"TEN": coupon}, BASKET, buyer=ADA, today=TODAY, is_binding=True)
    assert list(choice.accepted[0][1].lines) == [0, 1]


@pytest.mark.parametrize(
    ("first", "second", "expected"), [(True, True, None), (True, False, 1), (False, True, 1)]
)
def test_an_exclusive_coupon_stands_alone(first: bool, second: bool, expected: int | None) -> None:
    told = reasons(
        replace(PLAIN, code="A", is_stackable=first), replace(PLAIN, code="B", is_stackable=second)
    )
    assert told == {"A": None, "B": "coupon_not_combinable" if expected else None}


def test_two_codes_of_one_campaign_in_one_basket_count_as_two_uses() -> None:
    def coupon(code: str, coupon_id: UUID) -> CouponTerms:
        return replace(
            PLAIN,
            code=code,
            coupon_id=coupon_id,
            is_stackable=True,
            campaign_id=CAMPAIGN,
            campaign_per_user_limit=1,
        )

    told = reasons(coupon("A", uuid4()), coupon("B", uuid4()))
    assert told == {"A": None, "B": "coupon_used_by_buyer"}


def test_limits_per_buyer_wait_in_an_estimate_until_the_buyer_is_known() -> None:
    coupon = replace(PLAIN, per_user_limit=1)
    assert reasons(coupon, buyer=NOBODY, is_binding=False) == {"TEN": None}
    assert reasons(coupon, buyer=NOBODY, is_binding=True) == {"TEN": "coupon_needs_buyer"}
