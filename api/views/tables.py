"""Views of products by shoppers, and how many of them their products do not count yet."""

import sqlalchemy as sa

from core.postgres.metadata import INSTANT, created_at, one_of, tenant_key, tenant_table, units

VIEW_SOURCES = (
    "search", "category", "product", "recommendation", "home", "banner", "cart", "wishlist", "email",
    "advertisement", "direct", "other",
)  # fmt: skip
LONGEST_VIEW_SECONDS = 86_400

product_views = tenant_table(
    "product_views",
    tenant_key("products", "product_id", index=False),
    tenant_key("shops", "shop_id", nullable=True, index=False),
    # Who looked: a customer, a guest's session (a hash that means nothing in another company), or both.
    tenant_key("customers", "customer_id", nullable=True, index=False),
    sa.Column("session_key", sa.Text),
    sa.Column("viewed_at", INSTANT, nullable=False),
    sa.Column("duration_seconds", sa.Numeric(8, 3)),
    sa.Column("source", sa.Text),
    sa.Column("referrer_url", sa.Text),
    created_at(),
    one_of("source", VIEW_SOURCES),
    sa.CheckConstraint("customer_id is not null or session_key is not null", name="somebody_looked"),
    sa.CheckConstraint(f"duration_seconds between 0 and {LONGEST_VIEW_SECONDS}", name="duration_possible"),
    # What is kept too long goes, oldest first.
    sa.Index("ix_product_views_created_at", "created_at"),
)

# One row per batch and product, until the worker has added it to the product's count: products are written
# once in a while, not by every shopper.
product_view_tallies = tenant_table(
    "product_view_tallies",
    tenant_key("products", "product_id", index=False),
    units("view_count", default=None),
    created_at(),
    sa.CheckConstraint("view_count > 0", name="view_count_positive"),
    fed=False,
)

__all__ = ["product_view_tallies", "product_views"]
