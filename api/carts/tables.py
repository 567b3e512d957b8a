"""Carts, their lines, and what is saved for later."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    NOW,
    UNIT_AMOUNT,
    UUID,
    created_at,
    json_list,
    json_object,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

# Open: the customer's or guest's one cart. An abandoned cart is open: who comes back finds it as it was.
OPEN_STATUSES = ("active", "abandoned")
CART_STATUSES = (*OPEN_STATUSES, "converted", "merged")
_IS_OPEN = sa.text("status in ('active', 'abandoned')")
# Of a customer or of a guest's session, of which the hash of the token is kept; never of both or of none.
_ONE_OWNER = "(customer_id is null) <> (session_sha256 is null)"

carts = tenant_table(
    "carts",
    tenant_key("customers", "customer_id", nullable=True),
    sa.Column("session_sha256", sa.LargeBinary),
    sa.Column("email", sa.Text),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    json_list("coupon_codes"),
    # Where it would go and how, for estimates: country, state, city, postal code; method code by shop id.
    json_object("destination"),
    json_object("shipping_methods"),
    sa.Column("last_activity_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("expires_at", INSTANT, nullable=False),
    sa.Column("abandoned_at", INSTANT),
    sa.Column("converted_at", INSTANT),
    sa.Column("merged_into_cart_id", UUID),
    created_at(),
    updated_at(),
    one_of("status", CART_STATUSES),
    sa.CheckConstraint(_ONE_OWNER, name="one_owner"),
    sa.CheckConstraint("email = lower(email)", name="email_lower"),
    sa.Index(
        "uq_carts_open_of_customer", "company_id", "customer_id", unique=True, postgresql_where=_IS_OPEN
    ),
    sa.Index(
        "uq_carts_open_of_session", "company_id", "session_sha256", unique=True, postgresql_where=_IS_OPEN
    ),
    sa.Index(
        "ix_carts_active_last_activity", "last_activity_at", postgresql_where=sa.text("status = 'active'")
    ),
    sa.Index("ix_carts_expiry", "expires_at", postgresql_where=sa.text("status <> 'converted'")),
)

cart_lines = tenant_table(
    "cart_lines",
    tenant_key("carts", "cart_id", index=False),
    tenant_key("shops", "shop_id"),
    tenant_key("variants", "variant_id"),
    units("quantity_units", default=None),
    # What one cost when it was put in, and when the buyer last saw and accepted a price.
    sa.Column("added_unit_price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("unit_price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("added_at", INSTANT, nullable=False, server_default=NOW),
    updated_at(),
    sa.UniqueConstraint("company_id", "cart_id", "variant_id", "shop_id"),
    sa.CheckConstraint("quantity_units > 0", name="quantity_positive"),
)

saved_items = tenant_table(
    "saved_items",
    tenant_key("customers", "customer_id", nullable=True, index=False),
    sa.Column("session_sha256", sa.LargeBinary),
    tenant_key("shops", "shop_id"),
    tenant_key("variants", "variant_id"),
    units("quantity_units", default=None),
    sa.Column("unit_price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("saved_at", INSTANT, nullable=False, server_default=NOW),
    # A guest's are forgotten with the session; a customer's are kept.
    sa.Column("expires_at", INSTANT),
    updated_at(),
    sa.CheckConstraint(_ONE_OWNER, name="one_owner"),
    sa.CheckConstraint("quantity_units > 0", name="quantity_positive"),
    sa.CheckConstraint("(session_sha256 is null) = (expires_at is null)", name="guests_expire"),
    sa.Index(
        "uq_saved_items_of_customer",
        "company_id",
        "customer_id",
        "variant_id",
        "shop_id",
        unique=True,
        postgresql_where=sa.text("customer_id is not null"),
    ),
    sa.Index(
        "uq_saved_items_of_session",
        "company_id",
        "session_sha256",
        "variant_id",
        "shop_id",
        unique=True,
        postgresql_where=sa.text("session_sha256 is not null"),
    ),
    sa.Index("ix_saved_items_expiry", "expires_at", postgresql_where=sa.text("expires_at is not null")),
)
