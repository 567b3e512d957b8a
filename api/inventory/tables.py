"""Locations, stock per variant and location, the ledger of every change, and reservations."""

import sqlalchemy as sa

from core.postgres.metadata import (
    INSTANT,
    UNIT_AMOUNT,
    UUID,
    created_at,
    flag,
    json_object,
    one_of,
    tenant_key,
    tenant_table,
    units,
    updated_at,
)

LOCATION_KINDS = ("warehouse", "shop", "in_transit")
LEDGER_REASONS = (
    "opening",
    "sale",
    "receipt",
    "return",
    "adjustment",
    "write_off",
    "transfer_out",
    "transfer_in",
    "count",
)
RESERVATION_STATUSES = ("live", "consumed", "released", "expired")
RESERVATION_OWNERS = ("order", "cart")

locations = tenant_table(
    "locations",
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="warehouse"),
    json_object("address"),
    sa.Column("latitude", sa.Double),
    sa.Column("longitude", sa.Double),
    flag("is_active", default=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "code"),
    one_of("kind", LOCATION_KINDS),
)

shop_locations = tenant_table(
    "shop_locations",
    tenant_key("shops", "shop_id", index=False),
    tenant_key("locations", "location_id"),
    units("priority", default=1),
    created_at(),
    keys=("shop_id", "location_id"),
)

# The hottest table: no row_xid and no index beyond the key, so that updates stay HOT. Fed whole.
stock_levels = tenant_table(
    "stock_levels",
    tenant_key("locations", "location_id", index=False),
    tenant_key("variants", "variant_id", index=False),
    # Changed by the ledger's trigger alone: on hand = Σ ledger, whoever writes.
    units("on_hand_units"),
    units("reserved_units"),
    sa.Column("available_units", sa.Integer, sa.Computed("on_hand_units - reserved_units", persisted=True)),
    units("low_stock_threshold_units", default=10),
    flag("allow_backorder", default=False),
    sa.Column(
        "stock_status",
        sa.Text,
        sa.Computed(
            "case when on_hand_units - reserved_units <= 0 then 'out_of_stock'"
            " when on_hand_units - reserved_units <= low_stock_threshold_units then 'low_stock'"
            " else 'in_stock' end",
            persisted=True,
        ),
    ),
    sa.Column("last_restocked_at", INSTANT),
    updated_at(),
    sa.CheckConstraint("on_hand_units >= 0", name="on_hand_not_negative"),
    sa.CheckConstraint("reserved_units >= 0", name="reserved_not_negative"),
    sa.CheckConstraint("allow_backorder or reserved_units <= on_hand_units", name="available_not_negative"),
    sa.CheckConstraint("low_stock_threshold_units >= 0", name="threshold_not_negative"),
    keys=("location_id", "variant_id"),
    fed=False,
)

stock_ledger = tenant_table(
    "stock_ledger",
    tenant_key("locations", "location_id", index=False),
    tenant_key("variants", "variant_id", index=False),
    units("delta_units", default=None),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reference_type", sa.Text),
    sa.Column("reference_id", UUID),
    sa.Column("unit_cost_amount", UNIT_AMOUNT),
    sa.Column("note", sa.Text),
    flag("is_assumed", default=False),
    sa.Column("actor_user_id", UUID),
    sa.Column("occurred_at", INSTANT, nullable=False, server_default=sa.text("now()")),
    created_at(),
    one_of("reason", LEDGER_REASONS),
    sa.CheckConstraint("delta_units <> 0", name="delta_not_zero"),
    sa.Index(None, "company_id", "location_id", "variant_id", "occurred_at"),
)

reservations = tenant_table(
    "reservations",
    tenant_key("locations", "location_id", index=False),
    tenant_key("variants", "variant_id", index=False),
    sa.Column("owner_type", sa.Text, nullable=False, server_default="order"),
    sa.Column("owner_id", UUID, nullable=False),
    sa.Column("owner_line_id", UUID),
    units("reserved_units", default=None),
    # Part of reserved_units that was not on hand when it was promised (backorder).
    units("shortfall_units"),
    sa.Column("status", sa.Text, nullable=False, server_default="live"),
    sa.Column("expires_at", INSTANT),
    created_at(),
    sa.Column("closed_at", INSTANT),
    one_of("owner_type", RESERVATION_OWNERS),
    one_of("status", RESERVATION_STATUSES),
    sa.CheckConstraint("reserved_units >= 0", name="reserved_not_negative"),
    sa.CheckConstraint("shortfall_units between 0 and reserved_units", name="shortfall_in_reserved"),
    sa.Index(None, "company_id", "owner_id"),
    sa.Index(
        "ix_reservations_live",
        "company_id",
        "location_id",
        "variant_id",
        postgresql_where=sa.text("status = 'live'"),
    ),
    sa.Index("ix_reservations_expiry", "expires_at", postgresql_where=sa.text("status = 'live'")),
)
