"""What shoppers can find: each published product with its words, and its variants, as triggers keep them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from core.postgres.metadata import INSTANT, UNIT_AMOUNT, UUID, tenant_table

# Made from the catalogue by the function refresh_search, so nothing else writes here and nothing is fed.
search_products = tenant_table(
    "search_products",
    sa.Column("product_id", UUID, nullable=False),
    sa.Column("shop_id", UUID),
    sa.Column("category_id", UUID),
    sa.Column("seller_user_id", UUID),
    sa.Column("brand", sa.Text),
    sa.Column("collection", sa.Text),
    sa.Column("material", sa.Text),
    sa.Column("gender", sa.Text),
    sa.Column("is_featured", sa.Boolean, nullable=False),
    sa.Column("is_new_arrival", sa.Boolean, nullable=False),
    sa.Column("tags", pg.ARRAY(sa.Text), nullable=False),
    # Name and value with a unit separator, character 31, between them.
    sa.Column("attributes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("price_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("sale_price_amount", UNIT_AMOUNT),
    sa.Column("rating_average", sa.Numeric(3, 2), nullable=False),
    sa.Column("rating_count", sa.Integer, nullable=False),
    sa.Column("sold_units", sa.Integer, nullable=False),
    sa.Column("view_count", sa.Integer, nullable=False),
    sa.Column("listed_at", INSTANT, nullable=False),
    sa.ForeignKeyConstraint(
        ["company_id", "product_id"], ["products.company_id", "products.id"], ondelete="CASCADE"
    ),
    keys=("product_id",),
    fed=False,
)

# Apart, because a search reads every row above and looks at few words.
search_documents = tenant_table(
    "search_documents",
    sa.Column("product_id", UUID, nullable=False),
    sa.Column("document", pg.TSVECTOR, nullable=False),
    sa.ForeignKeyConstraint(
        ["company_id", "product_id"],
        ["search_products.company_id", "search_products.product_id"],
        ondelete="CASCADE",
    ),
    sa.Index("ix_search_documents_document", "document", postgresql_using="gin"),
    keys=("product_id",),
    fed=False,
)

search_variants = tenant_table(
    "search_variants",
    sa.Column("variant_id", UUID, nullable=False),
    sa.Column("product_id", UUID, nullable=False),
    sa.Column("price_modifier_amount", UNIT_AMOUNT, nullable=False),
    sa.Column("size", sa.Text),
    sa.Column("colour", sa.Text),
    sa.ForeignKeyConstraint(
        ["company_id", "product_id"],
        ["search_products.company_id", "search_products.product_id"],
        ondelete="CASCADE",
    ),
    sa.ForeignKeyConstraint(
        ["company_id", "variant_id"], ["variants.company_id", "variants.id"], ondelete="CASCADE"
    ),
    sa.Index(None, "company_id", "product_id"),
    keys=("variant_id",),
    fed=False,
)

__all__ = ["search_documents", "search_products", "search_variants"]
