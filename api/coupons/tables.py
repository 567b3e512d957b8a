"""Coupons, the campaigns they belong to, what they are restricted to, and their uses."""

import sqlalchemy as sa

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    UUID,
    amount,
    created_at,
    flag,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

COUPON_KINDS = ("percentage", "fixed", "free_shipping")

# Codes of one campaign count together against its limits, beside their own.
coupon_campaigns = tenant_table(
    "coupon_campaigns",
    tenant_key("shops", "shop_id", nullable=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("total_limit", sa.Integer),
    sa.Column("per_user_limit", sa.Integer),
    units("used_count"),
    sa.Column("created_by", UUID),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "name"),
    sa.CheckConstraint("total_limit > 0 and per_user_limit > 0", name="limits_positive"),
    sa.CheckConstraint("used_count >= 0 and used_count <= total_limit", name="used_within_limit"),
)

coupons = tenant_table(
    "coupons",
    # Null: of the whole company.
    tenant_key("shops", "shop_id", nullable=True),
    tenant_key("coupon_campaigns", "campaign_id", nullable=True),
    # In capitals: codes are compared without regard to case.
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    # Percent (10 is a tenth) or an amount, as the kind says; 0 for free shipping.
    sa.Column("value", AMOUNT, nullable=False),
    amount("minimum_purchase_amount"),
    amount("maximum_discount_amount", nullable=True),
    flag("is_stackable", default=False),
    flag("is_for_new_users_only", default=False),
    sa.Column("total_limit", sa.Integer),
    sa.Column("per_user_limit", sa.Integer),
    units("used_count"),
    # First and last day in the company's zone, both whole.
    sa.Column("valid_from_date", sa.Date),
    sa.Column("valid_until_date", sa.Date),
    flag("is_active", default=True),
    sa.Column("created_by", UUID),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "code"),
    one_of("kind", COUPON_KINDS),
    sa.CheckConstraint("code = upper(code)", name="code_upper"),
    sa.CheckConstraint(
        "case kind when 'percentage' then value > 0 and value <= 100"
        " when 'fixed' then value > 0 else value = 0 end",
        name="value_fits_kind",
    ),
    sa.CheckConstraint(
        "minimum_purchase_amount >= 0 and (maximum_discount_amount is null or maximum_discount_amount > 0)",
        name="amounts_positive",
    ),
    sa.CheckConstraint("total_limit > 0 and per_user_limit > 0", name="limits_positive"),
    sa.CheckConstraint("used_count >= 0 and used_count <= total_limit", name="used_within_limit"),
    sa.CheckConstraint("valid_from_date <= valid_until_date", name="valid_in_order"),
    sa.Index(None, "company_id", "is_active", "valid_from_date", "valid_until_date"),
)

coupon_products = tenant_table(
    "coupon_products",
    tenant_key("coupons", "coupon_id", index=False),
    tenant_key("products", "product_id"),
    keys=("coupon_id", "product_id"),
)

# With all categories below them.
coupon_categories = tenant_table(
    "coupon_categories",
    tenant_key("coupons", "coupon_id", index=False),
    tenant_key("categories", "category_id"),
    keys=("coupon_id", "category_id"),
)

coupon_customers = tenant_table(
    "coupon_customers",
    tenant_key("coupons", "coupon_id", index=False),
    tenant_key("customers", "customer_id"),
    keys=("coupon_id", "customer_id"),
)

# One use of a coupon: by a checkout, whatever its number of orders, or by one direct order.
coupon_redemptions = tenant_table(
    "coupon_redemptions",
    tenant_key("coupons", "coupon_id"),
    tenant_key("coupon_campaigns", "campaign_id", nullable=True),
    sa.Column("checkout_id", UUID),
    tenant_key("customers", "customer_id", nullable=True),
    # Spelled so that one mailbox is one buyer (SQL's ``mailbox_of``).
    sa.Column("buyer_mailbox", sa.Text),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    amount("discount_amount"),
    amount("shipping_discount_amount"),
    sa.Column("given_back_at", INSTANT),
    created_at(),
    updated_at(),
    one_of("kind", COUPON_KINDS),
    sa.Index(None, "company_id", "buyer_mailbox"),
)

# What of a use belongs to each order. The use is given back when the last of its orders is cancelled.
coupon_redemption_orders = tenant_table(
    "coupon_redemption_orders",
    tenant_key("coupon_redemptions", "redemption_id", index=False),
    tenant_key("orders", "order_id"),
    amount("discount_amount"),
    sa.Column("given_back_at", INSTANT),
    created_at(),
    updated_at(),
    keys=("redemption_id", "order_id"),
)
