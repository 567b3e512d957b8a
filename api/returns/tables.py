"""Returns: what customers send back, and what became of each unit."""

import sqlalchemy as sa

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    UNIT_AMOUNT,
    UUID,
    amount,
    created_at,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

RETURN_STATUSES = ("requested", "approved", "rejected", "received", "refunded")
DISPOSITIONS = ("restocked", "written_off", "unknown")

order_returns = tenant_table(
    "order_returns",
    tenant_key("orders", "order_id", nullable=True),
    tenant_key("customers", "customer_id", nullable=True),
    tenant_key("shops", "shop_id"),
    sa.Column("external_code", sa.Text),
    sa.Column("status", sa.Text, nullable=False, server_default="requested"),
    sa.Column("reason", sa.Text),
    # What the goods that arrived were paid with; what is paid back may be less (`refunded_amount`).
    amount("refund_amount"),
    # When it was asked for; from its receipt on, when the goods came.
    sa.Column("returned_at", INSTANT, nullable=False),
    sa.Column("requested_by", UUID),
    sa.Column("requested_at", INSTANT),
    sa.Column("decided_by", UUID),
    sa.Column("decided_at", INSTANT),
    sa.Column("decision_note", sa.Text),
    tenant_key("locations", "location_id", nullable=True, index=False),
    sa.Column("received_by", UUID),
    sa.Column("received_at", INSTANT),
    sa.Column("refunded_by", UUID),
    sa.Column("refunded_at", INSTANT),
    amount("refunded_amount", nullable=True),
    sa.Column("refund_id", UUID),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "external_code"),
    one_of("status", RETURN_STATUSES),
    sa.CheckConstraint("refunded_amount between 0 and refund_amount", name="refunded_at_most_paid"),
    sa.Index("ix_order_returns_company_id_status", "company_id", "status"),
)

order_return_lines = tenant_table(
    "order_return_lines",
    tenant_key("order_returns", "order_return_id"),
    # Without an order line the return is unmatched: it names the goods, not the sale.
    tenant_key("order_lines", "order_line_id", nullable=True),
    tenant_key("variants", "variant_id"),
    # Asked for; from the receipt on, what came with this disposition.
    units("quantity_units", default=None),
    sa.Column("unit_price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("refund_amount", AMOUNT, nullable=False),
    # Without tax; known from the receipt on.
    sa.Column("net_refund_amount", AMOUNT),
    sa.Column("disposition", sa.Text, nullable=False, server_default="unknown"),
    sa.Column("reason", sa.Text),
    created_at(),
    one_of("disposition", DISPOSITIONS),
    sa.CheckConstraint("quantity_units > 0", name="quantity_positive"),
)
