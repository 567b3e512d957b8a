"""Orders with their lines, charges, history and cancellations, and the idempotency rows of the API."""

import sqlalchemy as sa

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    RATE,
    UNIT_AMOUNT,
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

ORDER_STATUSES = (
    "pending",
    "confirmed",
    "processing",
    "shipped",
    "delivered",
    "completed",
    "cancelled",
    "returned",
    "refunded",
)
PAYMENT_STATUSES = ("unpaid", "authorised", "paid", "partly_refunded", "refunded", "failed", "voided")
PLACED_BY = ("customer", "guest", "staff", "import")
CHARGE_KINDS = ("shipping", "fee", "adjustment", "discount", "gift_card", "bad_debt", "other")
HISTORY_CHANGES = ("status", "note", "cancellation", "shipment", "delivery", "return", "payment")

orders = tenant_table(
    "orders",
    sa.Column("order_number", sa.Text, nullable=False),
    sa.Column("checkout_id", UUID),
    sa.Column("cart_id", UUID),
    tenant_key("shops", "shop_id", index=False),
    tenant_key("customers", "customer_id", nullable=True, index=False),
    sa.Column("email", sa.Text),
    sa.Column("placed_by", sa.Text, nullable=False),
    sa.Column("placed_by_user_id", UUID),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("payment_status", sa.Text, nullable=False, server_default="unpaid"),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    flag("prices_include_tax", default=False),
    amount("subtotal_amount", default=False),
    amount("tax_amount"),
    amount("shipping_amount"),
    amount("discount_amount"),
    amount("total_amount", default=False),
    json_object("shipping_address"),
    json_object("billing_address"),
    sa.Column("shipping_method", sa.Text),
    sa.Column("coupon_code", sa.Text),
    sa.Column("customer_note", sa.Text),
    sa.Column("internal_note", sa.Text),
    # The number it had where it came from (imports).
    sa.Column("external_code", sa.Text),
    sa.Column("placed_at", INSTANT, nullable=False, server_default=sa.text("now()")),
    sa.Column("reservation_expires_at", INSTANT),
    sa.Column("confirmed_at", INSTANT),
    sa.Column("shipped_at", INSTANT),
    sa.Column("delivered_at", INSTANT),
    sa.Column("completed_at", INSTANT),
    sa.Column("cancelled_at", INSTANT),
    sa.Column("cancellation_reason", sa.Text),
    # Cancelled because its hold ran out; if money comes after all, it is reserved again or paid back.
    sa.Column("expired_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "order_number"),
    sa.UniqueConstraint("company_id", "external_code"),
    sa.UniqueConstraint("company_id", "cart_id", "shop_id"),
    one_of("status", ORDER_STATUSES),
    one_of("payment_status", PAYMENT_STATUSES),
    one_of("placed_by", PLACED_BY),
    sa.CheckConstraint(
        "total_amount = subtotal_amount + shipping_amount - discount_amount"
        " + case when prices_include_tax then 0 else tax_amount end",
        name="total_adds_up",
    ),
    sa.Index("ix_orders_company_id_placed_at", "company_id", sa.text("placed_at desc"), sa.text("id desc")),
    sa.Index(
        "ix_orders_company_id_customer_id_placed_at",
        "company_id",
        "customer_id",
        sa.text("placed_at desc"),
    ),
    sa.Index("ix_orders_company_id_shop_id_placed_at", "company_id", "shop_id", sa.text("placed_at desc")),
    sa.Index("ix_orders_company_id_status", "company_id", "status"),
    # Whether a guest has ordered before (coupons for new buyers); customers are found by their id.
    sa.Index(
        "ix_orders_guest_mailbox",
        "company_id",
        sa.text("mailbox_of(email)"),
        postgresql_where=sa.text("customer_id is null"),
    ),
    # For the job that completes orders.
    sa.Index("ix_orders_delivered", "delivered_at", postgresql_where=sa.text("status = 'delivered'")),
)

order_lines = tenant_table(
    "order_lines",
    tenant_key("orders", "order_id", index=False),  # the unique key below begins with it
    tenant_key("variants", "variant_id"),
    units("line_number", default=None),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("variant_name", sa.Text),
    sa.Column("image_url", sa.Text),
    units("quantity_units", default=None),
    sa.Column("unit_price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("unit_cost_amount", UNIT_AMOUNT),
    # As priced: quantity × unit price, rounded half away from zero; the lines' sum is the subtotal.
    sa.Column("line_amount", AMOUNT, nullable=False),
    amount("discount_amount"),
    sa.Column("tax_rate", RATE, nullable=False, server_default=sa.text("0")),
    sa.Column("net_amount", AMOUNT, nullable=False),
    sa.Column("tax_amount", AMOUNT, nullable=False),
    sa.Column("gross_amount", AMOUNT, nullable=False),
    units("backordered_units"),
    units("fulfilled_units"),
    units("delivered_units"),
    units("cancelled_units"),
    units("returned_units"),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "order_id", "line_number"),
    sa.CheckConstraint("quantity_units > 0", name="quantity_positive"),
    sa.CheckConstraint("gross_amount = net_amount + tax_amount", name="gross_adds_up"),
    sa.CheckConstraint("fulfilled_units + cancelled_units <= quantity_units", name="units_add_up"),
    sa.CheckConstraint("returned_units <= fulfilled_units", name="returned_were_fulfilled"),
    sa.CheckConstraint("delivered_units <= fulfilled_units", name="delivered_were_fulfilled"),
)

# What an order is charged beside its goods, and money movements that belong to no order.
order_charges = tenant_table(
    "order_charges",
    tenant_key("orders", "order_id", nullable=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("quantity", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column("unit_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("amount", AMOUNT, nullable=False),
    sa.Column("external_code", sa.Text),
    sa.Column("occurred_at", INSTANT, nullable=False),
    created_at(),
    one_of("kind", CHARGE_KINDS),
)

order_history = tenant_table(
    "order_history",
    tenant_key("orders", "order_id"),
    # What changed; where it is not the status, the status is the same before and after.
    sa.Column("change", sa.Text, nullable=False, server_default="status"),
    sa.Column("from_status", sa.Text),
    sa.Column("to_status", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("changed_by", UUID),
    sa.Column("occurred_at", INSTANT, nullable=False, server_default=sa.text("now()")),
    one_of("change", HISTORY_CHANGES),
)

# Units that are not delivered after all; an order that expires writes none (it was never paid for).
order_cancellations = tenant_table(
    "order_cancellations",
    tenant_key("orders", "order_id"),
    sa.Column("reason", sa.Text),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    amount("goods_amount", default=False),
    amount("shipping_amount", default=False),
    amount("total_amount", default=False),
    # The refund that it set off, if it was paid for.
    sa.Column("refund_id", UUID),
    sa.Column("cancelled_by", UUID),
    sa.Column("occurred_at", INSTANT, nullable=False),
    created_at(),
    sa.CheckConstraint("total_amount = goods_amount + shipping_amount", name="total_adds_up"),
    sa.CheckConstraint("goods_amount >= 0 and shipping_amount >= 0", name="amounts_not_negative"),
)

order_cancellation_lines = tenant_table(
    "order_cancellation_lines",
    tenant_key("order_cancellations", "order_cancellation_id"),
    tenant_key("order_lines", "order_line_id"),
    units("quantity_units", default=None),
    sa.Column("amount", AMOUNT, nullable=False),
    created_at(),
    sa.UniqueConstraint("company_id", "order_cancellation_id", "order_line_id"),
    sa.CheckConstraint("quantity_units > 0", name="quantity_positive"),
    sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
)

idempotency_keys = tenant_table(
    "idempotency_keys",
    # Route and actor: one person's key never answers another's request.
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("request_sha256", sa.LargeBinary, nullable=False),
    sa.Column("status_code", sa.Integer, nullable=False),
    # The very bytes that were answered.
    sa.Column("response_body", sa.Text, nullable=False),
    sa.Column("resource_id", UUID),
    created_at(),
    sa.Index(None, "created_at"),
    keys=("scope", "key"),
    fed=False,
)
