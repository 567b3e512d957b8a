"""Who was erased in the order system also leaves the lake: older versions of their rows are merged away.

The erasing transaction writes an event. The pull that brings it notes the company in its manifest, and the
merge after it clears the note: killed in between, the next pull merges.
"""

from collections.abc import Collection

from core.lake import LakeTable, Manifest, Segment
from core.settings import Settings
from core.warehouse import open_scratch, segments_sql
from pipelines.feed.totals import company_column
from pipelines.feed.versions import newest_versions_sql, tombstones_sql

ERASURES = ("customer.erased", "guest.erased")
# Fed tables with a column that docs/reference/personal-data.csv has erased or deleted; a test compares them.
PERSONAL_TABLES = (
    "carts",
    "checkouts",
    "coupon_redemptions",
    "customers",
    "media",
    "order_cancellations",
    "order_history",
    "order_return_lines",
    "order_returns",
    "orders",
    "payment_refunds",
    "payments",
    "product_views",
    "review_reports",
    "reviews",
    "saved_items",
    "shipment_events",
    "shipments",
    "wishlist_items",
    "wishlists",
)


def companies_with_erasures(settings: Settings, events: LakeTable, fresh: Collection[Segment]) -> set[str]:
    """Companies that erased somebody, as the events say that a pull brought."""
    if not fresh:
        return set()
    types = ", ".join(f"'{name}'" for name in ERASURES)
    relation = segments_sql(settings, events, tuple(fresh))
    with open_scratch(settings) as connection:
        rows = connection.execute(
            f"select distinct company_id from {relation} where type in ({types})"
        ).fetchall()
    return {company for (company,) in rows}


def tables_to_forget(settings: Settings, manifest: Manifest) -> set[str]:
    """Tables in which a company that erased somebody still has older or deleted versions of its rows."""
    if not manifest.forgetting:
        return set()
    tables = [table for table in manifest.tables if table.name in PERSONAL_TABLES]
    return {table.name for table in tables if _has_old_versions(settings, manifest, table)}


def _has_old_versions(settings: Settings, manifest: Manifest, table: LakeTable) -> bool:
    companies = ", ".join(f"'{company}'" for company in manifest.forgetting)
    own = f"(select * from {segments_sql(settings, table)} where {company_column(table)} in ({companies}))"
    newest = newest_versions_sql(table, versions=own, tombstones=tombstones_sql(settings, manifest))
    with open_scratch(settings) as connection:
        row = connection.execute(
            f"select (select count(*) from {own}) > (select count(*) from ({newest}))"
        ).fetchone()
    return row is not None and bool(row[0])
