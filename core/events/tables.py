"""The outbox, its deliveries, and the tombstones of deleted rows."""

import sqlalchemy as sa

from core.postgres.metadata import INSTANT, JSONB, NOW, UUID, Xid8, json_object, metadata, tenant_table

events = tenant_table(
    "events",
    # Orders events of one aggregate: its writers queue on the aggregate's lock.
    sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("aggregate_type", sa.Text, nullable=False),
    sa.Column("aggregate_id", UUID, nullable=False),
    json_object("payload"),
    sa.Column("actor_user_id", UUID),
    sa.Column("request_id", sa.Text),
    sa.Column("occurred_at", INSTANT, nullable=False, server_default=NOW),
)

event_deliveries = tenant_table(
    "event_deliveries",
    sa.Column("consumer", sa.Text, nullable=False),
    sa.Column("event_id", UUID, nullable=False),
    sa.Column("delivered_at", INSTANT, nullable=False, server_default=NOW),
    sa.ForeignKeyConstraint(["company_id", "event_id"], ["events.company_id", "events.id"]),
    sa.Index(None, "delivered_at"),
    keys=("consumer", "event_id"),
    fed=False,
)

# Deliveries that failed: when to try again, and what was set aside after too many tries (`dead_at`).
event_failures = tenant_table(
    "event_failures",
    sa.Column("consumer", sa.Text, nullable=False),
    sa.Column("event_id", UUID, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("first_failed_at", INSTANT, nullable=False),
    sa.Column("last_failed_at", INSTANT, nullable=False),
    sa.Column("next_try_at", INSTANT, nullable=False),
    sa.Column("dead_at", INSTANT),
    sa.ForeignKeyConstraint(["company_id", "event_id"], ["events.company_id", "events.id"]),
    sa.CheckConstraint("tries > 0", name="tries_positive"),
    keys=("consumer", "event_id"),
    fed=False,
)

event_consumers = sa.Table(
    "event_consumers",
    metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    # Every event of an older transaction was delivered to this consumer.
    sa.Column("delivered_before_xid", Xid8(), nullable=False, server_default=sa.text("'3'::xid8")),
    # Deliveries of events that occurred before this are forgotten: after a restore these are left alone.
    sa.Column("forgotten_before", INSTANT),
    sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    info={"tenant": False, "fed": False},
)

tombstones = tenant_table(
    "tombstones",
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("key", JSONB, nullable=False),
    sa.Column("deleted_at", INSTANT, nullable=False, server_default=NOW),
)
