"""Reviews, who found them helpful, who reported them, and the sums of a product's ratings."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    UUID,
    created_at,
    flag,
    json_list,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

REVIEW_STATUSES = ("pending", "approved", "rejected")
REPORT_REASONS = ("spam", "offensive", "off_topic", "fake", "personal_data", "other")

reviews = tenant_table(
    "reviews",
    tenant_key("products", "product_id", index=False),
    tenant_key("customers", "customer_id", index=False),
    # The order that the product was delivered with.
    tenant_key("orders", "order_id", nullable=True),
    # As the writer was called and looked when writing.
    sa.Column("author_name", sa.Text, nullable=False, server_default=""),
    sa.Column("author_avatar_url", sa.Text),
    sa.Column("rating", sa.SmallInteger, nullable=False),
    sa.Column("title", sa.Text),
    sa.Column("comment", sa.Text),
    json_list("pros"),
    json_list("cons"),
    json_list("images"),
    flag("is_verified_purchase", default=False),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    # Counts the writer's own changes: what a moderator decides on is named by it.
    units("revision", default=1),
    sa.Column("moderation_note", sa.Text),
    sa.Column("moderated_by", UUID),
    sa.Column("moderated_at", INSTANT),
    units("helpful_count"),
    units("report_count"),
    sa.Column("reply_text", sa.Text),
    sa.Column("replied_by", UUID),
    sa.Column("replied_at", INSTANT),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    one_of("status", REVIEW_STATUSES),
    sa.CheckConstraint("rating between 1 and 5", name="rating_range"),
    sa.CheckConstraint("helpful_count >= 0 and report_count >= 0", name="counts_not_negative"),
    sa.CheckConstraint("is_verified_purchase = (order_id is not null)", name="verified_by_an_order"),
    sa.CheckConstraint("(reply_text is null) = (replied_at is null)", name="reply_has_a_time"),
    # One per customer and product.
    sa.Index(
        "uq_reviews_company_id_customer_id_product_id",
        "company_id",
        "customer_id",
        "product_id",
        unique=True,
        postgresql_where=sa.text("archived_at is null"),
    ),
    sa.Index(
        "ix_reviews_company_id_product_id_created_at", "company_id", "product_id", sa.text("created_at desc")
    ),
    sa.Index(
        "ix_reviews_company_id_product_id_helpful",
        "company_id",
        "product_id",
        sa.text("helpful_count desc"),
    ),
    sa.Index("ix_reviews_company_id_product_id_rating", "company_id", "product_id", "rating"),
    sa.Index("ix_reviews_company_id_customer_id", "company_id", "customer_id"),
    sa.Index("ix_reviews_company_id_status_created_at", "company_id", "status", sa.text("created_at desc")),
    sa.Index("ix_reviews_company_id_is_verified_purchase", "company_id", "is_verified_purchase"),
)

review_votes = tenant_table(
    "review_votes",
    tenant_key("reviews", "review_id", index=False),
    tenant_key("customers", "customer_id"),
    created_at(),
    keys=("review_id", "customer_id"),
)

review_reports = tenant_table(
    "review_reports",
    tenant_key("reviews", "review_id", index=False),
    tenant_key("customers", "customer_id"),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("comment", sa.Text),
    created_at(),
    one_of("reason", REPORT_REASONS),
    keys=("review_id", "customer_id"),
)

# How many approved reviews give a product each rating; changed under its row lock together with the review.
product_ratings = tenant_table(
    "product_ratings",
    tenant_key("products", "product_id", index=False),
    units("one_star_count"),
    units("two_star_count"),
    units("three_star_count"),
    units("four_star_count"),
    units("five_star_count"),
    updated_at(),
    sa.CheckConstraint(
        "least(one_star_count, two_star_count, three_star_count, four_star_count, five_star_count) >= 0",
        name="counts_not_negative",
    ),
    keys=("product_id",),
    fed=False,
)
