"""Payments with their allocations, provider operations, refunds, history, webhooks and kept tokens.

What a provider must not lose and nobody may read (tokens, credentials, answers, card details) stands in
columns named ``…_encrypted``, in tables that are not fed. A card number stands nowhere.
"""

import sqlalchemy as sa

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    UUID,
    amount,
    created_at,
    flag,
    json_object,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

PROVIDERS = ("local", "stripe", "paypal")
METHOD_CODES = (
    "credit_card",
    "debit_card",
    "upi",
    "net_banking",
    "wallet",
    "paypal",
    "bank_transfer",
)
TRANSACTION_STATUSES = ("pending", "processing", "succeeded", "failed", "cancelled")
PAYMENT_STATUSES = ("unpaid", "authorised", "paid", "partly_refunded", "refunded", "failed", "voided")
CAPTURE_MODES = ("automatic", "manual")
OPERATION_KINDS = ("authorise", "confirm", "capture", "void", "refund")
OPERATION_STATUSES = ("pending", "succeeded", "failed")
WEBHOOK_STATUSES = ("received", "processed", "ignored", "failed")

payment_methods = tenant_table(
    "payment_methods",
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("provider", sa.Text, nullable=False, server_default="local"),
    flag("is_active", default=True),
    units("display_order"),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "code"),
    sa.UniqueConstraint("company_id", "name"),
    one_of("code", METHOD_CODES),
    one_of("provider", PROVIDERS),
)

payments = tenant_table(
    "payments",
    sa.Column("transaction_number", sa.Text, nullable=False),
    # The checkout, or the order that was placed without one: what can be paid for once.
    sa.Column("source_id", UUID, nullable=False),
    sa.Column("checkout_id", UUID),
    tenant_key("customers", "customer_id", nullable=True, index=False),
    sa.Column("user_id", UUID),
    tenant_key("payment_methods", "payment_method_id", index=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount", AMOUNT, nullable=False),
    amount("authorised_amount"),
    amount("captured_amount"),
    amount("refunded_amount"),
    sa.Column("capture_mode", sa.Text, nullable=False, server_default="automatic"),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("payment_status", sa.Text, nullable=False, server_default="unpaid"),
    sa.Column("gateway_payment_id", sa.Text),
    sa.Column("gateway_authorisation_id", sa.Text),
    sa.Column("gateway_capture_id", sa.Text),
    json_object("billing_address"),
    json_object("metadata"),
    sa.Column("failure_code", sa.Text),
    sa.Column("failure_reason", sa.Text),
    units("attempts"),
    sa.Column("authorised_at", INSTANT),
    sa.Column("paid_at", INSTANT),
    sa.Column("failed_at", INSTANT),
    sa.Column("cancelled_at", INSTANT),
    sa.Column("refunded_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "transaction_number"),
    sa.UniqueConstraint("company_id", "provider", "gateway_payment_id"),
    one_of("provider", PROVIDERS),
    one_of("capture_mode", CAPTURE_MODES),
    one_of("status", TRANSACTION_STATUSES),
    one_of("payment_status", PAYMENT_STATUSES),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
    sa.CheckConstraint(
        "captured_amount <= authorised_amount and authorised_amount <= amount", name="captured_authorised"
    ),
    sa.CheckConstraint(
        "refunded_amount >= 0 and refunded_amount <= captured_amount", name="refunded_captured"
    ),
    # One payment per checkout or direct order, however often its button is pressed.
    sa.Index(
        "uq_payments_open_source",
        "company_id",
        "source_id",
        unique=True,
        postgresql_where=sa.text("status <> 'cancelled'"),
    ),
    sa.Index(
        "ix_payments_company_id_created_at", "company_id", sa.text("created_at desc"), sa.text("id desc")
    ),
    sa.Index(
        "ix_payments_company_id_customer_id_created_at",
        "company_id",
        "customer_id",
        sa.text("created_at desc"),
    ),
    sa.Index("ix_payments_company_id_user_id", "company_id", "user_id"),
    sa.Index("ix_payments_company_id_status", "company_id", "status"),
    sa.Index("ix_payments_company_id_gateway_capture_id", "company_id", "gateway_capture_id"),
)

payment_allocations = tenant_table(
    "payment_allocations",
    tenant_key("payments", "payment_id"),
    tenant_key("orders", "order_id"),
    tenant_key("shops", "shop_id"),
    sa.Column("amount", AMOUNT, nullable=False),
    amount("captured_amount"),
    # Refunds asked for, whatever became of them, but for those that failed.
    amount("refund_reserved_amount"),
    amount("refunded_amount"),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "payment_id", "order_id"),
    sa.CheckConstraint("amount >= 0 and captured_amount <= amount", name="captured_amount_fits"),
    sa.CheckConstraint("refund_reserved_amount <= captured_amount", name="refunds_within_captured"),
    sa.CheckConstraint(
        "refunded_amount >= 0 and refunded_amount <= refund_reserved_amount", name="refunded_reserved"
    ),
)

payment_refunds = tenant_table(
    "payment_refunds",
    tenant_key("payments", "payment_id"),
    tenant_key("orders", "order_id"),
    # What makes asking twice one refund: the route's key, or the return or cancellation that asked.
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("amount", AMOUNT, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("gateway_refund_id", sa.Text),
    sa.Column("failure_reason", sa.Text),
    sa.Column("requested_by", UUID),
    sa.Column("processed_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "key"),
    one_of("status", TRANSACTION_STATUSES),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
    sa.Index("ix_payment_refunds_company_id_gateway_refund_id", "company_id", "gateway_refund_id"),
)

# What a provider was asked for: written before the call, so that a lost answer can be asked for again.
payment_operations = tenant_table(
    "payment_operations",
    tenant_key("payments", "payment_id"),
    tenant_key("payment_refunds", "refund_id", nullable=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("amount", AMOUNT, nullable=False),
    sa.Column("request_encrypted", sa.Text),
    sa.Column("response_encrypted", sa.Text),
    sa.Column("failure_code", sa.Text),
    sa.Column("failure_reason", sa.Text),
    # The request that asked: its repetition finds this operation instead of making another.
    sa.Column("request_key", sa.Text),
    sa.Column("request_sha256", sa.LargeBinary),
    sa.Column("claimed_until", INSTANT, nullable=False),
    units("tries"),
    # When staff were told that the provider is not asked again: they settle it by hand.
    sa.Column("given_up_at", INSTANT),
    sa.Column("finished_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "request_key"),
    one_of("kind", OPERATION_KINDS),
    one_of("status", OPERATION_STATUSES),
    # Charging goes one step at a time; refunds may run side by side.
    sa.Index(
        "uq_payment_operations_in_flight",
        "company_id",
        "payment_id",
        unique=True,
        postgresql_where=sa.text("status = 'pending' and kind <> 'refund'"),
    ),
    sa.Index("ix_payment_operations_due", "claimed_until", postgresql_where=sa.text("status = 'pending'")),
    fed=False,
)

payment_history = tenant_table(
    "payment_history",
    tenant_key("payments", "payment_id"),
    tenant_key("payment_refunds", "refund_id", nullable=True),
    sa.Column("from_status", sa.Text),
    sa.Column("to_status", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("changed_by", UUID),
    sa.Column("occurred_at", INSTANT, nullable=False, server_default=sa.text("now()")),
)

# The part of a payment that is encrypted at rest: last four digits, brand, expiry, holder, next step.
payment_details = tenant_table(
    "payment_details",
    tenant_key("payments", "payment_id", index=False),
    sa.Column("details_encrypted", sa.Text),
    sa.Column("action_encrypted", sa.Text),
    updated_at(),
    keys=("payment_id",),
    fed=False,
)

payment_gateways = tenant_table(
    "payment_gateways",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("credentials_encrypted", sa.Text, nullable=False),
    flag("is_live", default=False),
    flag("is_active", default=True),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "provider"),
    one_of("provider", PROVIDERS),
    # A webhook's address names the account alone.
    sa.Index("ix_payment_gateways_id", "id"),
    fed=False,
)

payment_webhooks = tenant_table(
    "payment_webhooks",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body_encrypted", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="received"),
    sa.Column("note", sa.Text),
    units("tries"),
    sa.Column("due_at", INSTANT, nullable=False, server_default=sa.text("now()")),
    sa.Column("received_at", INSTANT, nullable=False, server_default=sa.text("now()")),
    sa.Column("processed_at", INSTANT),
    sa.UniqueConstraint("company_id", "provider", "event_id"),
    one_of("provider", PROVIDERS),
    one_of("status", WEBHOOK_STATUSES),
    sa.Index("ix_payment_webhooks_due", "due_at", postgresql_where=sa.text("status = 'received'")),
    # Blanked after a while (api/retention.py).
    sa.Index(
        "ix_payment_webhooks_kept_bodies",
        "received_at",
        postgresql_where=sa.text("body_encrypted <> '' and status <> 'received'"),
    ),
    fed=False,
)

saved_payment_methods = tenant_table(
    "saved_payment_methods",
    tenant_key("customers", "customer_id"),
    sa.Column("user_id", UUID),
    tenant_key("payment_methods", "payment_method_id", index=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("gateway_customer_id", sa.Text),
    sa.Column("token_encrypted", sa.Text, nullable=False),
    sa.Column("card_last_four", sa.Text),
    sa.Column("card_brand", sa.Text),
    sa.Column("expiry_month", sa.Integer),
    sa.Column("expiry_year", sa.Integer),
    flag("is_default", default=False),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    one_of("provider", PROVIDERS),
    sa.CheckConstraint("card_last_four ~ '^[0-9]{4}$'", name="last_four_digits"),
    sa.CheckConstraint("expiry_month between 1 and 12", name="expiry_month_known"),
    sa.Index("ix_saved_payment_methods_company_id_user_id", "company_id", "user_id"),
    sa.Index(
        "uq_saved_payment_methods_default",
        "company_id",
        "customer_id",
        unique=True,
        postgresql_where=sa.text("is_default and archived_at is null"),
    ),
    fed=False,
)

# The books of the local gateway: what it would know if it were a company of its own.
local_gateway_entries = tenant_table(
    "local_gateway_entries",
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("amount", AMOUNT, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    created_at(),
    sa.UniqueConstraint("company_id", "key"),
    sa.Index("ix_local_gateway_entries_company_id_reference", "company_id", "reference"),
    fed=False,
)
