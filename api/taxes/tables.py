"""Tax rates by category and place, each for a time."""

import sqlalchemy as sa

from core.postgres.metadata import INSTANT, RATE, created_at, tenant_key, tenant_table, updated_at

# The company's own rate (`companies.tax_rate`) holds where none of these does. Whether prices include tax is
# the company's too (`companies.prices_include_tax`).
tax_rates = tenant_table(
    "tax_rates",
    sa.Column("name", sa.Text, nullable=False),
    # As `api.places` spells them; null: wherever the goods go.
    sa.Column("country", sa.Text),
    sa.Column("region", sa.Text),
    # A category stands for its whole subtree; null: goods of any category.
    tenant_key("categories", "category_id", nullable=True),
    sa.Column("rate", RATE, nullable=False),
    sa.Column("valid_from", INSTANT, nullable=False, server_default=sa.text("now()")),
    sa.Column("valid_until", INSTANT),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.CheckConstraint("rate >= 0 and rate < 1", name="rate_range"),
    sa.CheckConstraint("country is not null or region is null", name="region_needs_a_country"),
    sa.CheckConstraint("valid_from < valid_until", name="period_in_order"),
    sa.Index(
        "uq_tax_rates_live_from",
        "company_id",
        "country",
        "region",
        "category_id",
        "valid_from",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("archived_at is null"),
    ),
)
