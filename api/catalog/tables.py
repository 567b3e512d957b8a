"""Categories, products, variants, the schedules and history of their prices, size charts, tags, banners."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    UNIT_AMOUNT,
    UUID,
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

PRODUCT_STATUSES = ("draft", "published", "archived")
GENDERS = ("male", "female", "unisex")
SHIPPING_CLASSES = ("standard", "express", "overnight")
BANNER_POSITIONS = ("home", "collection", "category", "product", "checkout")
DEEPEST_LEVEL = 9
_LIVE = sa.text("archived_at is null")

categories = tenant_table(
    "categories",
    tenant_key("categories", "parent_id", nullable=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("image_url", sa.Text),
    sa.Column("icon", sa.Text),
    # Kept by triggers: the ids from the root down to this one, each with a slash; how many are above it;
    # how many of its own products are published.
    sa.Column("path", sa.Text, nullable=False, server_default=""),
    units("level", default=0),
    units("display_order", default=0),
    units("product_count", default=0),
    flag("is_active", default=True),
    sa.Column("seo_title", sa.Text),
    sa.Column("seo_description", sa.Text),
    json_list("seo_keywords"),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "slug"),
    sa.UniqueConstraint("company_id", "parent_id", "name", postgresql_nulls_not_distinct=True),
    sa.CheckConstraint(f"level between 0 and {DEEPEST_LEVEL}", name="level_limited"),
    sa.Index("ix_categories_path", "company_id", "path", postgresql_ops={"path": "text_pattern_ops"}),
    sa.Index("ix_categories_display_order", "company_id", "level", "display_order"),
)

products = tenant_table(
    "products",
    tenant_key("categories", "category_id", nullable=True),
    tenant_key("shops", "shop_id", nullable=True),
    sa.Column("seller_user_id", UUID, sa.ForeignKey("users.id")),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("short_description", sa.Text),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("subcategory", sa.Text),
    sa.Column("brand", sa.Text),
    sa.Column("collection", sa.Text),
    sa.Column("material", sa.Text),
    sa.Column("gender", sa.Text),
    sa.Column("barcode", sa.Text),
    sa.Column("price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("sale_price_amount", UNIT_AMOUNT),
    sa.Column("compare_at_price_amount", UNIT_AMOUNT),
    sa.Column("cost_amount", UNIT_AMOUNT),
    json_list("images"),
    json_object("specifications"),
    sa.Column("weight_kg", sa.Numeric(10, 3)),
    sa.Column("length_cm", sa.Numeric(10, 2)),
    sa.Column("width_cm", sa.Numeric(10, 2)),
    sa.Column("height_cm", sa.Numeric(10, 2)),
    flag("has_free_shipping", default=False),
    sa.Column("shipping_class", sa.Text, nullable=False, server_default="standard"),
    units("estimated_delivery_days", default=None, nullable=True),
    sa.Column("seo_title", sa.Text),
    sa.Column("seo_description", sa.Text),
    json_list("seo_keywords"),
    json_list("tags"),
    json_list("options"),
    json_list("related_product_ids"),
    sa.Column("rating_average", sa.Numeric(3, 2), nullable=False, server_default=sa.text("0")),
    units("rating_count"),
    units("sold_units"),
    units("view_count"),
    sa.Column("status", sa.Text, nullable=False, server_default="draft"),
    flag("is_featured", default=False),
    flag("is_new_arrival", default=False),
    flag("is_active", default=True),
    # The data came from an import that had no such figure; shown as assumed wherever it is used.
    flag("is_assumed", default=False),
    sa.Column("published_at", INSTANT),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "sku"),
    sa.UniqueConstraint("company_id", "slug"),
    sa.UniqueConstraint("company_id", "barcode"),
    one_of("status", PRODUCT_STATUSES),
    one_of("gender", GENDERS),
    one_of("shipping_class", SHIPPING_CLASSES),
    sa.CheckConstraint("price_amount >= 0", name="price_not_negative"),
    sa.CheckConstraint(
        "sale_price_amount >= 0 and sale_price_amount < price_amount", name="sale_below_price"
    ),
    sa.CheckConstraint("cost_amount >= 0", name="cost_not_negative"),
    # No image, or exactly one that is the primary.
    sa.CheckConstraint(
        "jsonb_array_length(jsonb_path_query_array(images, '$[*] ? (@.is_primary == true)'))"
        " = least(jsonb_array_length(images), 1)",
        name="one_primary_image",
    ),
    sa.Index("ix_products_company_id_status", "company_id", "status", "is_active"),
    sa.Index("ix_products_company_id_name", "company_id", "name"),
    sa.Index("ix_products_company_id_price_amount", "company_id", "price_amount"),
    sa.Index("ix_products_company_id_rating_average", "company_id", sa.text("rating_average desc")),
    sa.Index("ix_products_company_id_seller_user_id", "company_id", "seller_user_id"),
    sa.Index("ix_products_featured", "company_id", "created_at", postgresql_where=sa.text("is_featured")),
    sa.Index("ix_products_tags", "tags", postgresql_using="gin"),
    sa.Index(
        "ix_products_specifications",
        "specifications",
        postgresql_using="gin",
        postgresql_ops={"specifications": "jsonb_path_ops"},
    ),
    sa.Index("ix_products_company_id_created_at", "company_id", sa.text("created_at desc")),
)

variants = tenant_table(
    "variants",
    tenant_key("products", "product_id"),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("barcode", sa.Text),
    json_object("options"),
    # Added to the product's price; a variant without a cost of its own has the product's.
    sa.Column("price_modifier_amount", UNIT_AMOUNT, nullable=False, server_default=sa.text("0")),
    sa.Column("cost_amount", UNIT_AMOUNT),
    sa.Column("weight_kg", sa.Numeric(10, 3)),
    sa.Column("image_url", sa.Text),
    units("display_order", default=0),
    flag("is_active", default=True),
    flag("is_discontinued", default=False),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "sku"),
    sa.UniqueConstraint("company_id", "barcode"),
    sa.CheckConstraint("cost_amount >= 0", name="cost_not_negative"),
    # The hash, because an index entry holds 2.7 kB at most; jsonb writes equal options alike.
    sa.Index(
        "uq_variants_options",
        "company_id",
        "product_id",
        sa.text("md5(options::text)"),
        unique=True,
        postgresql_where=sa.text("archived_at is null and options <> '{}'::jsonb"),
    ),
)

# Prices that hold from an instant on, and until another: the view variant_terms applies them exactly then.
price_schedules = tenant_table(
    "price_schedules",
    tenant_key("products", "product_id", index=False),
    sa.Column("price_amount", UNIT_AMOUNT),
    sa.Column("sale_price_amount", UNIT_AMOUNT),
    sa.Column("starts_at", INSTANT, nullable=False),
    sa.Column("ends_at", INSTANT),
    sa.Column("note", sa.Text),
    sa.Column("cancelled_at", INSTANT),
    sa.Column("created_by", UUID),
    # When its start and end were written into the history of prices.
    sa.Column("start_recorded_at", INSTANT),
    sa.Column("end_recorded_at", INSTANT),
    created_at(),
    updated_at(),
    sa.CheckConstraint("price_amount is not null or sale_price_amount is not null", name="a_price"),
    sa.CheckConstraint("price_amount >= 0 and sale_price_amount >= 0", name="not_negative"),
    sa.CheckConstraint("sale_price_amount < price_amount", name="sale_below_price"),
    sa.CheckConstraint("starts_at < ends_at", name="starts_before_end"),
    sa.Index("ix_price_schedules_product_id", "company_id", "product_id", "starts_at"),
    sa.Index(
        "ix_price_schedules_start_due",
        "starts_at",
        postgresql_where=sa.text("start_recorded_at is null and cancelled_at is null"),
    ),
    sa.Index(
        "ix_price_schedules_end_due",
        "ends_at",
        postgresql_where=sa.text("end_recorded_at is null and cancelled_at is null"),
    ),
)

price_history = tenant_table(
    "price_history",
    tenant_key("variants", "variant_id"),
    sa.Column("unit_price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("regular_price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("valid_from", INSTANT, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("changed_by", UUID),
    created_at(),
)

cost_history = tenant_table(
    "cost_history",
    tenant_key("variants", "variant_id"),
    sa.Column("unit_cost_amount", UNIT_AMOUNT),
    sa.Column("valid_from", INSTANT, nullable=False),
    flag("is_assumed", default=False),
    sa.Column("reason", sa.Text),
    sa.Column("changed_by", UUID),
    created_at(),
)

product_category_history = tenant_table(
    "product_category_history",
    tenant_key("products", "product_id"),
    tenant_key("categories", "category_id", nullable=True),
    sa.Column("valid_from", INSTANT, nullable=False),
    flag("is_assumed", default=False),
    sa.Column("reason", sa.Text),
    sa.Column("changed_by", UUID),
    created_at(),
)

size_charts = tenant_table(
    "size_charts",
    tenant_key("categories", "category_id", nullable=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("gender", sa.Text, nullable=False, server_default="unisex"),
    sa.Column("image_cm_url", sa.Text),
    sa.Column("image_inch_url", sa.Text),
    json_object("measurements"),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    one_of("gender", GENDERS),
    sa.Index(
        "uq_size_charts_category_gender",
        "company_id",
        "category_id",
        "gender",
        unique=True,
        postgresql_where=_LIVE,
        postgresql_nulls_not_distinct=True,
    ),
)

# The known tags; a product carries their names.
tags = tenant_table(
    "tags",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "slug"),
    sa.Index("uq_tags_name", "company_id", sa.text("lower(name)"), unique=True),
)

banners = tenant_table(
    "banners",
    tenant_key("shops", "shop_id", nullable=True),
    tenant_key("categories", "category_id", nullable=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("subtitle", sa.Text),
    sa.Column("image_url", sa.Text, nullable=False),
    sa.Column("link_url", sa.Text),
    sa.Column("position", sa.Text, nullable=False, server_default="home"),
    json_list("product_ids"),
    units("display_order", default=0),
    flag("is_active", default=True),
    sa.Column("valid_from", INSTANT),
    sa.Column("valid_until", INSTANT),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    one_of("position", BANNER_POSITIONS),
    sa.CheckConstraint("valid_from < valid_until", name="valid_from_before_until"),
    sa.Index("ix_banners_position", "company_id", "position", "display_order", postgresql_where=_LIVE),
)

__all__ = [
    "banners",
    "categories",
    "cost_history",
    "price_history",
    "price_schedules",
    "product_category_history",
    "products",
    "size_charts",
    "tags",
    "variants",
]
