"""What buyers decided on the planner's proposals."""

import sqlalchemy as sa

from core.postgres.metadata import INSTANT, UUID, created_at, one_of, tenant_key, tenant_table, units

plan_decisions = tenant_table(
    "plan_decisions",
    sa.Column("plan_run_id", sa.Text, nullable=False),
    sa.Column("proposal_id", UUID, nullable=False),
    tenant_key("variants", "variant_id"),
    tenant_key("locations", "location_id"),
    tenant_key("suppliers", "supplier_id", nullable=True),
    sa.Column("decision", sa.Text, nullable=False),
    units("suggested_units", default=None),
    units("decided_units", default=None),
    sa.Column("reason", sa.Text),
    tenant_key("restock_orders", "restock_order_id", nullable=True),
    sa.Column("decided_by", UUID),
    sa.Column("decided_at", INSTANT, nullable=False, server_default=sa.text("now()")),
    created_at(),
    # A proposal is consumed once, whoever clicks how often.
    sa.UniqueConstraint("company_id", "plan_run_id", "variant_id", "location_id", "supplier_id"),
    one_of("decision", ("approved", "dismissed")),
)
