"""Categories, products, variants, and the history of their prices and costs."""

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

categories = tenant_table(
    "categories",
    tenant_key("categories", "parent_id", nullable=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("image_url", sa.Text),
    sa.Column("icon", sa.Text),
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
    sa.Index("ix_products_company_id_status", "company_id", "status", "is_active"),
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

__all__ = ["categories", "cost_history", "price_history", "products", "variants"]
