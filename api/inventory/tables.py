"""Locations, stock per variant and location, its ledger, reservations, transfers and counts."""

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
TRANSFER_STATUSES = ("draft", "sent", "partly_received", "received", "cancelled")
COUNT_STATUSES = ("open", "closed", "cancelled")

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
    sa.Index(
        "ix_stock_ledger_reference",
        "company_id",
        "reference_id",
        postgresql_where=sa.text("reference_id is not null"),
    ),
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

# Units on their way lie at the company's one location of kind in_transit: the ledger is the one truth.
stock_transfers = tenant_table(
    "stock_transfers",
    sa.Column("transfer_number", sa.Text, nullable=False),
    tenant_key("locations", "from_location_id"),
    tenant_key("locations", "to_location_id"),
    sa.Column("status", sa.Text, nullable=False, server_default="draft"),
    sa.Column("expected_date", sa.Date),
    sa.Column("note", sa.Text),
    sa.Column("created_by", UUID),
    sa.Column("sent_by", UUID),
    sa.Column("sent_at", INSTANT),
    sa.Column("closed_at", INSTANT),
    sa.Column("cancellation_reason", sa.Text),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "transfer_number"),
    one_of("status", TRANSFER_STATUSES),
    sa.CheckConstraint("from_location_id <> to_location_id", name="places_differ"),
    sa.Index(None, "company_id", "status"),
)

stock_transfer_lines = tenant_table(
    "stock_transfer_lines",
    tenant_key("stock_transfers", "transfer_id", index=False),
    tenant_key("variants", "variant_id"),
    units("line_number", default=None),
    units("units", default=None),
    units("received_units"),
    # Never arrived: written off where it was, on its way.
    units("lost_units"),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "transfer_id", "variant_id"),
    sa.CheckConstraint("units > 0", name="units_positive"),
    sa.CheckConstraint("received_units >= 0 and lost_units >= 0", name="arrived_not_negative"),
    sa.CheckConstraint("received_units + lost_units <= units", name="arrived_not_more"),
)

stock_counts = tenant_table(
    "stock_counts",
    sa.Column("count_number", sa.Text, nullable=False),
    tenant_key("locations", "location_id"),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    # Who counts blind does not see what is expected, so that it can't be copied.
    flag("is_blind", default=False),
    sa.Column("note", sa.Text),
    sa.Column("opened_by", UUID),
    sa.Column("closed_by", UUID),
    sa.Column("closed_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "count_number"),
    one_of("status", COUNT_STATUSES),
    sa.Index(None, "company_id", "status"),
)

stock_count_lines = tenant_table(
    "stock_count_lines",
    tenant_key("stock_counts", "count_id", index=False),
    tenant_key("locations", "location_id", index=False),
    tenant_key("variants", "variant_id", index=False),
    # On hand when the sheet was opened, or the variant was found.
    units("expected_units", default=None),
    units("counted_units", default=None, nullable=True),
    # On hand when the units were entered: what the difference is measured against.
    units("on_hand_when_counted_units", default=None, nullable=True),
    sa.Column("counted_by", UUID),
    sa.Column("counted_at", INSTANT),
    flag("is_open", default=True),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "count_id", "variant_id"),
    sa.CheckConstraint("counted_units >= 0", name="counted_not_negative"),
    sa.CheckConstraint(
        "(counted_units is null) = (on_hand_when_counted_units is null)", name="counted_against_something"
    ),
    # A variant is on one open sheet of a location at a time: two would post its difference twice.
    sa.Index(
        "uq_stock_count_lines_open",
        "company_id",
        "location_id",
        "variant_id",
        unique=True,
        postgresql_where=sa.text("is_open"),
    ),
)
