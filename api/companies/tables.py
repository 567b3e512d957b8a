"""Companies: the tenants."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    RATE,
    UUID,
    created_at,
    flag,
    json_object,
    metadata,
    one_of,
    row_xid,
    units,
    updated_at,
)

SUBSCRIPTION_STATUSES = ("trial", "active", "past_due", "cancelled", "expired")
VALUATION_METHODS = ("fifo", "average")
DATA_ORIGINS = ("live", "import", "demo")
ALLOCATION_STRATEGIES = ("priority", "nearest", "most_stock")

companies = sa.Table(
    "companies",
    metadata,
    sa.Column("id", UUID, primary_key=True, server_default=sa.text("uuidv7()")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("logo_url", sa.Text),
    json_object("branding"),
    sa.Column("contact_email", sa.Text),
    sa.Column("contact_phone", sa.Text),
    sa.Column("website", sa.Text),
    json_object("address"),
    sa.Column("currency", sa.CHAR(3), nullable=False, server_default="USD"),
    sa.Column("timezone", sa.Text, nullable=False, server_default="UTC"),
    sa.Column("tax_rate", RATE, nullable=False, server_default=sa.text("0")),
    flag("prices_include_tax", default=False),
    units("reservation_minutes", default=15),
    units("cart_reservation_minutes", default=0),
    units("return_window_days", default=30),
    # Which location gives first when an order is placed (api/orders/placement.sql).
    sa.Column("allocation_strategy", sa.Text, nullable=False, server_default="priority"),
    # What a unit that leaves costs: the oldest received (fifo), or the moving average.
    sa.Column("valuation_method", sa.Text, nullable=False, server_default="fifo"),
    # How much more than was ordered a receipt may bring.
    sa.Column("over_receipt_percent", sa.Numeric(5, 2), nullable=False, server_default=sa.text("0")),
    # How the planner works for this company: review days, carrying rate… (docs/reference/planning.md)
    json_object("planning_settings"),
    sa.Column("subscription_plan", sa.Text, nullable=False, server_default="free"),
    sa.Column("subscription_status", sa.Text, nullable=False, server_default="active"),
    sa.Column("subscription_expires_at", INSTANT),
    sa.Column("owner_user_id", UUID, sa.ForeignKey("users.id")),
    sa.Column("data_origin", sa.Text, nullable=False, server_default="live"),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    row_xid(),
    sa.Index(None, "row_xid"),
    sa.UniqueConstraint("slug"),
    one_of("subscription_status", SUBSCRIPTION_STATUSES),
    one_of("data_origin", DATA_ORIGINS),
    one_of("valuation_method", VALUATION_METHODS),
    sa.CheckConstraint("over_receipt_percent between 0 and 100", name="over_receipt_percent_range"),
    one_of("allocation_strategy", ALLOCATION_STRATEGIES),
    sa.CheckConstraint("tax_rate >= 0 and tax_rate < 1", name="tax_rate_range"),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso"),
    info={"tenant": True, "fed": True},
)
