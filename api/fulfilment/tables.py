"""Shipments with their lines and tracking events; invoices and credit notes with their numbers."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    JSONB,
    UUID,
    created_at,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

SHIPMENT_STATUSES = ("shipped", "delivered")
TRACKING_STATUSES = (
    "label_created",
    "picked_up",
    "in_transit",
    "out_for_delivery",
    "delivery_failed",
    "delivered",
    "returned_to_sender",
    "exception",
)
INVOICE_KINDS = ("invoice", "credit_note")

shipments = tenant_table(
    "shipments",
    tenant_key("orders", "order_id"),
    tenant_key("locations", "location_id", index=False),
    # The order's number and a count: ORD-20261121-7K3QX/1.
    sa.Column("shipment_number", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="shipped"),
    sa.Column("carrier", sa.Text),
    sa.Column("tracking_number", sa.Text),
    sa.Column("tracking_url", sa.Text),
    sa.Column("estimated_delivery_at", INSTANT),
    sa.Column("shipped_at", INSTANT, nullable=False),
    sa.Column("delivered_at", INSTANT),
    sa.Column("note", sa.Text),
    sa.Column("created_by", UUID),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "shipment_number"),
    one_of("status", SHIPMENT_STATUSES),
    sa.CheckConstraint("(status = 'delivered') = (delivered_at is not null)", name="delivered_has_time"),
    sa.Index(None, "company_id", "tracking_number"),
)

shipment_lines = tenant_table(
    "shipment_lines",
    tenant_key("shipments", "shipment_id", index=False),
    tenant_key("order_lines", "order_line_id"),
    tenant_key("variants", "variant_id", index=False),
    units("quantity_units", default=None),
    created_at(),
    sa.UniqueConstraint("company_id", "shipment_id", "order_line_id"),
    sa.CheckConstraint("quantity_units > 0", name="quantity_positive"),
)

shipment_events = tenant_table(
    "shipment_events",
    tenant_key("shipments", "shipment_id"),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("occurred_at", INSTANT, nullable=False),
    sa.Column("reported_by", UUID),
    created_at(),
    one_of("status", TRACKING_STATUSES),
)

# What waits for a number, with the order's part of the document as it was when it was asked for.
invoice_requests = tenant_table(
    "invoice_requests",
    tenant_key("orders", "order_id"),
    sa.Column("kind", sa.Text, nullable=False),
    # Once per cause: the order, the refund, or the cancellation of what was invoiced and not paid.
    sa.Column("source_id", UUID, nullable=False),
    sa.Column("document", JSONB, nullable=False),
    sa.Column("requested_at", INSTANT, nullable=False),
    sa.Column("issued_at", INSTANT),
    created_at(),
    sa.UniqueConstraint("company_id", "kind", "source_id"),
    one_of("kind", INVOICE_KINDS),
    sa.Index("ix_invoice_requests_waiting", "requested_at", postgresql_where=sa.text("issued_at is null")),
    fed=False,
)

invoices = tenant_table(
    "invoices",
    tenant_key("orders", "order_id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sequence_number", sa.Integer, nullable=False),
    sa.Column("invoice_number", sa.Text, nullable=False),
    sa.Column("source_id", UUID, nullable=False),
    # The invoice that a credit note corrects.
    tenant_key("invoices", "corrects_invoice_id", nullable=True, index=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("net_amount", AMOUNT, nullable=False),
    sa.Column("tax_amount", AMOUNT, nullable=False),
    sa.Column("total_amount", AMOUNT, nullable=False),
    sa.Column("document", JSONB, nullable=False),
    # The day in the company's time zone that is printed on it.
    sa.Column("issued_date", sa.Date, nullable=False),
    sa.Column("issued_at", INSTANT, nullable=False),
    created_at(),
    sa.UniqueConstraint("company_id", "kind", "sequence_number"),
    sa.UniqueConstraint("company_id", "invoice_number"),
    sa.UniqueConstraint("company_id", "kind", "source_id"),
    one_of("kind", INVOICE_KINDS),
    sa.CheckConstraint("total_amount = net_amount + tax_amount", name="total_adds_up"),
    sa.CheckConstraint("sequence_number > 0", name="sequence_positive"),
    sa.CheckConstraint("(kind = 'credit_note') = (corrects_invoice_id is not null)", name="credit_corrects"),
)

# The printed document, never made anew: a later template does not change what was sent.
invoice_files = tenant_table(
    "invoice_files",
    tenant_key("invoices", "invoice_id", index=False),
    sa.Column("pdf", pg.BYTEA, nullable=False),
    sa.Column("pdf_sha256", pg.BYTEA, nullable=False),
    created_at(),
    keys=("invoice_id",),
    fed=False,
)

# The last number given, per kind. Only the job that issues locks it: no order ever waits for it.
invoice_counters = tenant_table(
    "invoice_counters",
    sa.Column("kind", sa.Text, nullable=False),
    units("last_number"),
    one_of("kind", INVOICE_KINDS),
    keys=("kind",),
    fed=False,
)
