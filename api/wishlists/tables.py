"""Wishlists and what is on them."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    NOW,
    created_at,
    flag,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

wishlists = tenant_table(
    "wishlists",
    tenant_key("customers", "customer_id"),
    sa.Column("name", sa.Text, nullable=False),
    flag("is_default", default=False),
    # A public list is read by whoever has its token; it opens nothing else, so its owner can read it again.
    flag("is_public", default=False),
    sa.Column("share_token", sa.Text),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "customer_id", "name"),
    sa.UniqueConstraint("company_id", "share_token"),
    sa.CheckConstraint("is_public = (share_token is not null)", name="public_by_token"),
    sa.Index(
        "uq_wishlists_default",
        "company_id",
        "customer_id",
        unique=True,
        postgresql_where=sa.text("is_default"),
    ),
)

wishlist_items = tenant_table(
    "wishlist_items",
    tenant_key("wishlists", "wishlist_id", index=False),
    tenant_key("products", "product_id"),
    # Null: the product, whichever variant.
    tenant_key("variants", "variant_id", nullable=True),
    units("priority", default=3),
    sa.Column("notes", sa.Text),
    sa.Column("added_at", INSTANT, nullable=False, server_default=NOW),
    updated_at(),
    sa.UniqueConstraint(
        "company_id", "wishlist_id", "product_id", "variant_id", postgresql_nulls_not_distinct=True
    ),
    sa.CheckConstraint("priority between 1 and 5", name="priority_range"),
)
