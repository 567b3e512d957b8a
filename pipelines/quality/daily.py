"""Count each company's rows of a day and of the same weekdays before, and say what is out of the ordinary."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from core.errors import StockwiseError
from core.lake import ControlTotal
from core.runs import ReconciliationRecord, VolumeRecord
from core.warehouse import Warehouse
from pipelines.quality.volumes import SUDDEN_FALL_RATIO, WEEKS, judge_day

# What happens in a shop, and when it did; rows of tables that sweepers empty count on the day they came.
WATCHED: Mapping[str, str] = {
    "orders": "placed_at",
    "payments": "created_at",
    "order_returns": "created_at",
    "stock_ledger": "occurred_at",
    "carts": "created_at",
    "product_views": "viewed_at",
}
SWEPT_TABLES = ("carts", "cart_lines", "saved_items", "product_views", "stock_levels", "tombstones")
LEAST_ROWS_TO_SHRINK = 100
_NAMED_TABLES = 3


class VolumeError(StockwiseError):
    """So many rows are missing, or too many, that nothing is published until somebody looked."""


def read_volumes(warehouse: Warehouse, *, limit: float, day: date | None = None) -> list[VolumeRecord]:
    """Judge a day of every company and watched table, by default each company's last whole day.

    Days are the company's own. A table with too little history is left out.
    """
    companies = warehouse.rows("select company_id, horizon_date from marts.dim_company order by company_id")
    days = {row["company_id"]: day or row["horizon_date"] - timedelta(days=1) for row in companies}
    records = []
    for table, at in WATCHED.items():
        counts = _counts(warehouse, table, at, oldest=min(days.values(), default=None))
        for company_id, judged in days.items():
            record = _judge(company_id, table, judged, counts.get(company_id, {}), limit=limit)
            if record is not None:
                records.append(record)
    return records


def shrunk_tables(
    before: Sequence[ReconciliationRecord], now: Sequence[ControlTotal]
) -> list[ReconciliationRecord]:
    """Tables of a company that lost half of their rows since an earlier run, sweepers' tables left out."""
    rows_now = {(total.company_id, total.table): total.rows for total in now}
    return [
        line
        for line in before
        if line.table not in SWEPT_TABLES
        and line.rows_source >= LEAST_ROWS_TO_SHRINK
        and rows_now.get((line.company_id, line.table), 0) < SUDDEN_FALL_RATIO * line.rows_source
    ]


def describe_volumes(records: Sequence[VolumeRecord]) -> str:
    """One sentence on what is unusual of one company and day."""
    named = "; ".join(
        f"{record.table} {record.rows:,} rows, usually {record.usual_rows:,.0f}"
        f" ({record.least_rows:,.0f} to {record.most_rows:,.0f})"
        for record in records[:_NAMED_TABLES]
    )
    more = f" and {len(records) - _NAMED_TABLES} more tables" if len(records) > _NAMED_TABLES else ""
    return f"Unusual on {records[0].day:%A %Y-%m-%d}: {named}{more}. Is that what happened in the shop?"


def _counts(warehouse: Warehouse, table: str, at: str, *, oldest: date | None) -> dict[str, dict[date, int]]:
    if oldest is None:
        return {}
    rows = warehouse.rows(
        f"""
        select company_id, local_date, count(*)::bigint as row_count
        from (
            select events.company_id, (events.{at} at time zone companies.timezone)::date as local_date
            from staging.stg_storefront__{table} as events
            inner join marts.dim_company as companies on events.company_id = companies.company_id
            where events.{at} >= $since
        ) as events
        group by all
        """,
        {"since": oldest - timedelta(weeks=WEEKS, days=2)},
    )
    counts: dict[str, dict[date, int]] = {}
    for row in rows:
        counts.setdefault(row["company_id"], {})[row["local_date"]] = row["row_count"]
    return counts


def _judge(
    company_id: str, table: str, day: date, counts: Mapping[date, int], *, limit: float
) -> VolumeRecord | None:
    """A day without rows counts as none, from the company's first day with any on."""
    first = min(counts, default=day)
    earlier = [day - timedelta(weeks=weeks) for weeks in range(1, WEEKS + 1)]
    verdict = judge_day(
        counts.get(day, 0), [counts.get(one, 0) for one in earlier if one >= first], limit=limit
    )
    if verdict is None:
        return None
    return VolumeRecord(company_id=company_id, table=table, day=day, **vars(verdict))
