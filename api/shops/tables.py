"""Shops of a company and the publishable keys of their storefronts."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    UUID,
    created_at,
    flag,
    json_list,
    json_object,
    tenant_key,
    tenant_table,
    updated_at,
)

shops = tenant_table(
    "shops",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("address_line", sa.Text),
    sa.Column("city", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("postal_code", sa.Text),
    sa.Column("country", sa.Text),
    sa.Column("latitude", sa.Double),
    sa.Column("longitude", sa.Double),
    json_object("contact"),
    json_list("operating_hours"),
    sa.Column("manager_user_id", UUID, sa.ForeignKey("users.id")),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "slug"),
)

storefront_keys = tenant_table(
    "storefront_keys",
    tenant_key("shops", "shop_id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("key_prefix", sa.Text, nullable=False),
    # The key itself is shown once; only its hash is kept.
    sa.Column("key_sha256", sa.LargeBinary, nullable=False),
    created_at(),
    sa.Column("last_used_at", INSTANT),
    sa.Column("revoked_at", INSTANT),
    sa.UniqueConstraint("key_sha256"),
    fed=False,
)
