"""What the coupon routes take and give."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field, StringConstraints, model_validator

from api.orders.schemas import MOST_COUPON_CODES, MOST_LINES, CouponCode
from api.pricing.rules import DiscountKind
from api.schemas import (
    LARGEST_INTEGER,
    Amount,
    Day,
    Flag,
    InputModel,
    OutputModel,
    PositiveUnits,
    PricedModel,
    ShortText,
)
from core.money import round_amount

MOST_NAMED = 500

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", min_length=2, max_length=50),
    AfterValidator(str.upper),
]
Limit = Annotated[int, Field(strict=True, ge=1, le=LARGEST_INTEGER)]
Description = Annotated[str, StringConstraints(max_length=1000)]
Named = Annotated[list[UUID], Field(max_length=MOST_NAMED)]
NotNegative = Annotated[Amount, Field(ge=0)]
Positive = Annotated[Amount, Field(gt=0)]


class CouponCreate(InputModel):
    """A coupon. What it is not restricted to, it is for; what has no limit, has none."""

    code: Code = Field(description="Compared without regard to case")
    kind: DiscountKind
    value: NotNegative = Field(
        Decimal("0.00"), description="Percent of the goods, or an amount; 0 for free shipping"
    )
    shop_id: UUID | None = Field(None, description="Of one shop; null: of the whole company")
    campaign_id: UUID | None = None
    description: Description | None = None
    minimum_purchase_amount: NotNegative = Field(
        Decimal("0.00"), description="Least amount, as priced, of the goods that the coupon is for"
    )
    maximum_discount_amount: Positive | None = None
    is_stackable: Flag = Field(False, description="Whether it counts beside other stackable coupons")
    is_for_new_users_only: Flag = False
    total_limit: Limit | None = None
    per_user_limit: Limit | None = None
    valid_from_date: Day | None = Field(None, description="First day, in the company's time zone")
    valid_until_date: Day | None = Field(None, description="Last day, to its end, in the company's zone")
    is_active: Flag = True
    product_ids: Named = Field(default_factory=list)
    category_ids: Named = Field(default_factory=list, description="With all categories below them")
    customer_ids: Named = Field(default_factory=list)


class CouponUpdate(InputModel):
    """What is to change; what is left out stays, null takes a limit or a date away."""

    campaign_id: UUID | None = None
    description: Description | None = None
    value: NotNegative | None = None
    minimum_purchase_amount: NotNegative | None = None
    maximum_discount_amount: Positive | None = None
    is_stackable: Flag | None = None
    is_for_new_users_only: Flag | None = None
    total_limit: Limit | None = None
    per_user_limit: Limit | None = None
    valid_from_date: Day | None = None
    valid_until_date: Day | None = None
    is_active: Flag | None = None
    product_ids: Named | None = None
    category_ids: Named | None = None
    customer_ids: Named | None = None


class CouponRead(PricedModel):
    """A coupon with its restrictions and the number of its uses."""

    id: UUID
    shop_id: UUID | None
    campaign_id: UUID | None
    code: str
    description: str | None
    kind: DiscountKind
    value: Amount
    currency: str
    minimum_purchase_amount: Amount
    maximum_discount_amount: Amount | None
    is_stackable: bool
    is_for_new_users_only: bool
    total_limit: int | None
    per_user_limit: int | None
    used_count: int
    valid_from_date: date | None
    valid_until_date: date | None
    is_active: bool
    product_ids: list[UUID]
    category_ids: list[UUID]
    customer_ids: list[UUID]
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None

    @model_validator(mode="after")
    def _write_a_fixed_value_in_its_currency(self) -> Self:
        if self.kind == "fixed":
            self.value = round_amount(self.value, self.currency)
        return self


class CampaignCreate(InputModel):
    """A campaign: uses of all its codes count together against its limits."""

    name: ShortText
    description: Description | None = None
    shop_id: UUID | None = None
    total_limit: Limit | None = None
    per_user_limit: Limit | None = None


class CampaignUpdate(InputModel):
    """What is to change; what is left out stays, null takes a limit away."""

    name: ShortText | None = None
    description: Description | None = None
    total_limit: Limit | None = None
    per_user_limit: Limit | None = None


class CampaignRead(OutputModel):
    """A campaign and the number of uses of its codes."""

    id: UUID
    shop_id: UUID | None
    name: str
    description: str | None
    total_limit: int | None
    per_user_limit: int | None
    used_count: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class RedemptionRead(PricedModel):
    """One use of a coupon; null ``given_back_at``: it counts."""

    id: UUID
    checkout_id: UUID | None
    order_ids: list[UUID]
    customer_id: UUID | None
    currency: str
    discount_amount: Amount
    shipping_discount_amount: Amount
    created_at: datetime
    given_back_at: datetime | None


class CouponCheckLine(InputModel):
    """Units of a variant that would be bought."""

    variant_id: UUID
    quantity_units: PositiveUnits


class CouponCheck(InputModel):
    """A question: would these codes count for these goods?"""

    codes: Annotated[list[CouponCode], Field(min_length=1, max_length=MOST_COUPON_CODES)]
    lines: Annotated[list[CouponCheckLine], Field(min_length=1, max_length=MOST_LINES)]
    shop_id: UUID | None = Field(None, description="Needed unless a storefront's key names the shop")
    email: EmailStr | None = None


class CheckedCoupon(OutputModel):
    """A code that would count, and what it would take off."""

    code: str
    kind: DiscountKind
    discount_amount: Amount


class RefusedCoupon(OutputModel):
    """A code that would not count; ``reason`` is stable."""

    code: str
    reason: str
    detail: str


class CouponCheckRead(PricedModel):
    """What the codes would do. Limits are looked at without being held."""

    currency: str
    accepted: list[CheckedCoupon]
    refused: list[RefusedCoupon]
    subtotal_amount: Amount
    discount_amount: Amount
