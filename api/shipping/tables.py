"""Carriers, shipping methods, zones and what a method costs in a zone."""

import sqlalchemy as sa

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    JSONB,
    amount,
    created_at,
    flag,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

RATE_BASES = ("weight", "goods_value")
CARRIED_CLASSES = ("standard", "express", "overnight")
_BOUND = sa.Numeric(14, 3)

carriers = tenant_table(
    "carriers",
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # Holds {tracking_number} where the parcel's number goes.
    sa.Column("tracking_url_template", sa.Text),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.Index(
        "uq_carriers_live_code",
        "company_id",
        "code",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("archived_at is null"),
    ),
    sa.CheckConstraint("tracking_url_template like '%{tracking_number}%'", name="template_names_the_number"),
)

shipping_methods = tenant_table(
    "shipping_methods",
    # A shop's own method; without a shop every shop offers it, unless it has one of the same code.
    tenant_key("shops", "shop_id", nullable=True),
    tenant_key("carriers", "carrier_id", nullable=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("rate_basis", sa.Text, nullable=False, server_default="weight"),
    # Charged beside the band's amount, in every zone.
    amount("base_amount"),
    sa.Column("free_from_amount", AMOUNT),
    # Whether goods that ship free, and coupons for free shipping, make this method free.
    flag("can_be_free", default=True),
    # Classes of goods it carries; a parcel with another class is not offered it.
    sa.Column(
        "shipping_classes",
        JSONB,
        nullable=False,
        server_default=sa.text("""'["standard", "express", "overnight"]'::jsonb"""),
    ),
    units("estimated_days_min", default=None),
    units("estimated_days_max", default=None),
    units("display_order", default=0),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.Index(
        "uq_shipping_methods_live_code",
        "company_id",
        "shop_id",
        "code",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("archived_at is null"),
    ),
    one_of("rate_basis", RATE_BASES),
    sa.CheckConstraint("base_amount >= 0", name="base_not_negative"),
    sa.CheckConstraint("free_from_amount >= 0", name="free_from_not_negative"),
    sa.CheckConstraint(
        "0 <= estimated_days_min and estimated_days_min <= estimated_days_max", name="days_in_order"
    ),
)

shipping_zones = tenant_table(
    "shipping_zones",
    tenant_key("shops", "shop_id", nullable=True),
    sa.Column("name", sa.Text, nullable=False),
    # Of zones that name a place equally closely, the one with the lowest number.
    units("priority", default=0),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.Index(
        "uq_shipping_zones_live_name",
        "company_id",
        "shop_id",
        "name",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("archived_at is null"),
    ),
)

# Places of a zone, as `api.places` spells them. Without a country: everywhere.
shipping_zone_areas = tenant_table(
    "shipping_zone_areas",
    tenant_key("shipping_zones", "zone_id"),
    units("position", default=None),
    sa.Column("country", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("postal_prefix", sa.Text),
    # First and last code of a range, both of the same length; compared byte by byte with as much of a code.
    sa.Column("postal_from", sa.Text),
    sa.Column("postal_to", sa.Text),
    # Leading characters of a postal code that the area fixes: the more, the more specific.
    units("fixed_characters"),
    sa.UniqueConstraint("company_id", "zone_id", "position"),
    sa.CheckConstraint(
        "country is not null or (region is null and postal_prefix is null and postal_from is null)",
        name="parts_need_a_country",
    ),
    sa.CheckConstraint("postal_prefix is null or postal_from is null", name="prefix_or_range"),
    sa.CheckConstraint("(postal_from is null) = (postal_to is null)", name="range_has_two_ends"),
    sa.CheckConstraint(
        'length(postal_from) = length(postal_to) and postal_from <= postal_to collate "C"',
        name="range_in_order",
    ),
    sa.Index(None, "company_id", "country", "postal_prefix"),
    sa.Index(
        "ix_shipping_zone_areas_company_id_country_ranges",
        "company_id",
        "country",
        postgresql_where=sa.text("postal_from is not null"),
    ),
)

shipping_tariffs = tenant_table(
    "shipping_tariffs",
    tenant_key("shipping_methods", "method_id", index=False),
    tenant_key("shipping_zones", "zone_id"),
    # Where they are given they stand in for the method's.
    sa.Column("free_from_amount", AMOUNT),
    units("estimated_days_min", default=None, nullable=True),
    units("estimated_days_max", default=None, nullable=True),
    created_at(),
    updated_at(),
    sa.CheckConstraint("free_from_amount >= 0", name="free_from_not_negative"),
    sa.CheckConstraint(
        "(estimated_days_min is null) = (estimated_days_max is null)"
        " and 0 <= estimated_days_min and estimated_days_min <= estimated_days_max",
        name="days_in_order",
    ),
    keys=("method_id", "zone_id"),
)

# A band begins at its bound and ends where the next one begins, the last one never: there is no way to write
# a gap or an overlap. An amount of null says that the method carries nothing from here on.
shipping_bands = tenant_table(
    "shipping_bands",
    sa.Column("method_id", sa.Uuid(as_uuid=True), nullable=False),
    sa.Column("zone_id", sa.Uuid(as_uuid=True), nullable=False),
    sa.Column("from_bound", _BOUND, nullable=False),
    sa.Column("amount", AMOUNT),
    sa.ForeignKeyConstraint(
        ["company_id", "method_id", "zone_id"],
        ["shipping_tariffs.company_id", "shipping_tariffs.method_id", "shipping_tariffs.zone_id"],
        ondelete="CASCADE",
    ),
    sa.CheckConstraint("from_bound >= 0", name="bound_not_negative"),
    sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
    keys=("method_id", "zone_id", "from_bound"),
)
