"""Saved definitions of reports, and each time one was made."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from core.postgres.metadata import (
    INSTANT,
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

FILE_FORMATS = ("csv", "parquet", "xlsx", "pdf", "json")
STATUSES = ("queued", "running", "succeeded", "failed", "expired")

report_definitions = tenant_table(
    "report_definitions",
    sa.Column("owner_user_id", UUID, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    # Shared: everybody in the company who may read reports sees it, and runs it with their own rights.
    flag("is_shared", default=False),
    # What is asked: report, measures, dimensions, filters, period and so on.
    json_object("question"),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    one_of("format", FILE_FORMATS),
    sa.Index("ix_report_definitions_newest", "company_id", sa.text("created_at desc"), sa.text("id desc")),
    fed=False,
)

report_runs = tenant_table(
    "report_runs",
    tenant_key("report_definitions", "definition_id", nullable=True),
    sa.Column("requested_by", UUID, nullable=False),
    # What is asked, as it was then: a definition that changes later changes no run.
    sa.Column("title", sa.Text, nullable=False),
    json_object("question"),
    sa.Column("format", sa.Text, nullable=False),
    # The shops that whoever asked reached; null: the whole company.
    sa.Column("shop_ids", pg.ARRAY(UUID)),
    sa.Column("status", sa.Text, nullable=False),
    units("tries"),
    sa.Column("claimed_until", INSTANT),
    sa.Column("started_at", INSTANT),
    sa.Column("finished_at", INSTANT),
    sa.Column("first_date", sa.Date),
    sa.Column("last_date", sa.Date),
    units("row_count", default=None, nullable=True),
    sa.Column("build_id", sa.Text),
    sa.Column("horizon_at", INSTANT),
    sa.Column("storage_key", sa.Text),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("error_code", sa.Text),
    sa.Column("error_detail", sa.Text),
    sa.Column("expires_at", INSTANT),
    created_at(),
    one_of("format", FILE_FORMATS),
    one_of("status", STATUSES),
    sa.CheckConstraint("status <> 'succeeded' or storage_key is not null", name="succeeded_has_file"),
    sa.Index("ix_report_runs_newest", "company_id", sa.text("created_at desc"), sa.text("id desc")),
    sa.Index("ix_report_runs_open", "status", postgresql_where=sa.text("status in ('queued', 'running')")),
    sa.Index("ix_report_runs_expires_at", "expires_at", postgresql_where=sa.text("storage_key is not null")),
    sa.Index("ix_report_runs_created_at", "created_at"),
    fed=False,
)

__all__ = ["report_definitions", "report_runs"]
