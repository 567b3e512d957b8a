"""Checkouts: a cart that became orders, one per shop, which one payment pays."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    UUID,
    amount,
    created_at,
    json_object,
    tenant_key,
    tenant_table,
    updated_at,
)

# Its status follows from its orders (`api.checkout.rules.status_of`), so that the two never disagree.
checkouts = tenant_table(
    "checkouts",
    sa.Column("cart_id", UUID, nullable=False),
    tenant_key("customers", "customer_id", nullable=True),
    # A guest's session, as their cart has it: whoever holds its token may read the checkout.
    sa.Column("session_sha256", sa.LargeBinary),
    sa.Column("email", sa.Text),
    sa.Column("placed_by_user_id", UUID),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    amount("amount", default=False),
    # The answer as it was first given: what is charged is this, whatever prices do meanwhile.
    json_object("quote"),
    sa.Column("expires_at", INSTANT, nullable=False),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "cart_id"),
    sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
)
