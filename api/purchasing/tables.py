"""Suppliers and their terms, restock orders, and the receipts that teach lead times."""

import sqlalchemy as sa

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    UNIT_AMOUNT,
    UUID,
    amount,
    created_at,
    flag,
    json_list,
    json_object,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

RESTOCK_STATUSES = (
    "draft",
    "approved",
    "sent",
    "partly_received",
    "received",
    "closed_short",
    "cancelled",
)

suppliers = tenant_table(
    "suppliers",
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("contact_name", sa.Text),
    sa.Column("contact_email", sa.Text),
    sa.Column("contact_phone", sa.Text),
    json_object("address"),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    units("quoted_lead_time_days", default=None, nullable=True),
    # ISO weekdays on which the supplier works: lead times are learnt in these days.
    sa.Column("working_weekdays", sa.Text, nullable=False, server_default="12345"),
    amount("minimum_order_amount"),
    flag("is_assumed", default=False),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "code"),
    sa.CheckConstraint("working_weekdays ~ '^[1-7]+$'", name="working_weekdays_iso"),
)

TERMS = (
    "unit_cost_amount",
    "currency",
    "price_breaks",
    "moq_units",
    "pack_units",
    "lead_time_days",
    "is_preferred",
)

product_suppliers = tenant_table(
    "product_suppliers",
    tenant_key("suppliers", "supplier_id"),
    tenant_key("variants", "variant_id"),
    sa.Column("supplier_sku", sa.Text),
    sa.Column("unit_cost_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    json_list("price_breaks"),
    units("moq_units", default=1),
    units("pack_units", default=1),
    units("lead_time_days", default=None, nullable=True),
    flag("is_preferred", default=False),
    flag("is_assumed", default=False),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "supplier_id", "variant_id"),
    sa.CheckConstraint("moq_units >= 1 and pack_units >= 1", name="moq_and_pack_positive"),
    sa.CheckConstraint("unit_cost_amount >= 0", name="cost_not_negative"),
)

product_supplier_history = tenant_table(
    "product_supplier_history",
    tenant_key("product_suppliers", "product_supplier_id"),
    sa.Column("unit_cost_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    json_list("price_breaks"),
    units("moq_units", default=None),
    units("pack_units", default=None),
    units("lead_time_days", default=None, nullable=True),
    flag("is_preferred", default=False),
    sa.Column("valid_from", INSTANT, nullable=False),
    created_at(),
)

restock_orders = tenant_table(
    "restock_orders",
    sa.Column("restock_number", sa.Text, nullable=False),
    tenant_key("suppliers", "supplier_id"),
    tenant_key("locations", "location_id"),
    sa.Column("status", sa.Text, nullable=False, server_default="draft"),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("exchange_rate", sa.Numeric(18, 8), nullable=False, server_default=sa.text("1")),
    sa.Column("exchange_rate_date", sa.Date),
    amount("total_amount"),
    # The same in the company's currency.
    amount("total_company_amount"),
    sa.Column("expected_date", sa.Date),
    sa.Column("note", sa.Text),
    sa.Column("source", sa.Text, nullable=False, server_default="manual"),
    sa.Column("plan_run_id", sa.Text),
    flag("is_assumed", default=False),
    sa.Column("created_by", UUID),
    sa.Column("approved_by", UUID),
    sa.Column("approved_at", INSTANT),
    sa.Column("sent_at", INSTANT),
    sa.Column("closed_at", INSTANT),
    sa.Column("cancelled_at", INSTANT),
    sa.Column("cancellation_reason", sa.Text),
    # Why it was closed before all had arrived.
    sa.Column("closing_reason", sa.Text),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "restock_number"),
    one_of("status", RESTOCK_STATUSES),
    sa.Index(None, "company_id", "status"),
)

restock_order_lines = tenant_table(
    "restock_order_lines",
    tenant_key("restock_orders", "restock_order_id"),
    tenant_key("variants", "variant_id"),
    units("line_number", default=None),
    units("ordered_units", default=None),
    # What was asked for, where it was raised to the supplier's minimum or packs; else null.
    units("requested_units", default=None, nullable=True),
    units("received_units"),
    sa.Column("unit_cost_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("line_amount", AMOUNT, nullable=False),
    sa.Column("proposal_id", UUID),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "restock_order_id", "line_number"),
    sa.CheckConstraint("ordered_units > 0", name="ordered_positive"),
    sa.CheckConstraint("requested_units > 0", name="requested_positive"),
    sa.CheckConstraint("received_units >= 0", name="received_not_negative"),
)

receipts = tenant_table(
    "receipts",
    tenant_key("restock_orders", "restock_order_id"),
    tenant_key("locations", "location_id"),
    sa.Column("received_at", INSTANT, nullable=False),
    sa.Column("received_by", UUID),
    sa.Column("note", sa.Text),
    created_at(),
)

receipt_lines = tenant_table(
    "receipt_lines",
    tenant_key("receipts", "receipt_id"),
    tenant_key("restock_order_lines", "restock_order_line_id"),
    tenant_key("variants", "variant_id"),
    units("received_units", default=None),
    sa.Column("unit_cost_amount", UNIT_AMOUNT, nullable=False),
    created_at(),
    sa.CheckConstraint("received_units > 0", name="received_positive"),
)
