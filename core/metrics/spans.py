"""Rows that hold for a run of days, cut to the days that are asked about: what stock was, and not what moved.

A level is no flow: the stock of a month is that of its last day, or the mean of its days, never a sum over
them. So each run is repeated for each bucket it touches, and expressions choose by these columns:

``held_days``
    Days of the run inside the bucket; a level times these, summed and divided by ``bucket_days``, is its
    mean.
``holds_first_day``, ``holds_last_day``
    Whether the run covers the first and the last day of the bucket.
``bucket_days``
    Days of the bucket up to the horizon, whether anything was there or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.metrics.metric import Spans
from core.metrics.period import Period

_STEPS: Mapping[str, str] = {
    "day": "interval 1 day",
    "week": "interval 7 days",
    "month": "interval 1 month",
    "quarter": "interval 3 months",
    "year": "interval 1 year",
}


def cut_rows(
    table: str, spans: Spans, *, day_column: str, period: Period | None, time: str | None
) -> tuple[str, list[Any]]:
    """Return a relation of a table's runs within the buckets of a period, and its parameters.

    ``day_column`` is the bucket's first day. Without a period the last day that the table knows is asked
    about. What lies behind that day is not known yet, so the bucket that it lies in ends there.
    """
    first, last = f"runs.{spans.first_column}", f"runs.{spans.first_column} + runs.{spans.days_column} - 1"
    horizon = f"(select max({spans.first_column} + {spans.days_column}) - 1 from {table})"
    if period is None:
        asked, parameters = f"select {horizon} as first_date, {horizon} as last_date", list[Any]()
    else:
        asked = f"select ?::date as first_date, least(?::date, {horizon}) as last_date"
        parameters = [period.first_date, period.last_date]
    # One row on one side of the join, and buckets from a run's own days: no run is compared with all buckets.
    sql = f"""(
        select
            cut.* exclude (run_first, run_last, bucket_first, bucket_last),
            cut.bucket_first as {day_column},
            least(cut.run_last, cut.bucket_last) - greatest(cut.run_first, cut.bucket_first) + 1 as held_days,
            cut.run_first <= cut.bucket_first as holds_first_day,
            cut.run_last >= cut.bucket_last as holds_last_day,
            cut.bucket_last - cut.bucket_first + 1 as bucket_days
        from (
            select
                within.* exclude (first_date, last_date{", bucket_start" if time else ""}),
                {_bucket_edges(time)}
            from (
                select
                    runs.*,
                    asked.first_date,
                    asked.last_date,
                    {first} as run_first,
                    {last} as run_last{_bucket_starts(time, first, last)}
                from {table} as runs
                inner join ({asked}) as asked on {first} <= asked.last_date and {last} >= asked.first_date
            ) as within
        ) as cut
    )"""
    return sql, parameters


def _bucket_starts(time: str | None, first: str, last: str) -> str:
    """Return the column that repeats a run for each bucket it touches."""
    if time is None:
        return ""
    begin = f"date_trunc('{time}', greatest({first}, asked.first_date))::timestamp"
    end = f"least({last}, asked.last_date)::timestamp"
    return f",\n                    unnest(generate_series({begin}, {end}, {_STEPS[time]})) as bucket_start"


def _bucket_edges(time: str | None) -> str:
    """Return the first and last day of a bucket, inside the period."""
    if time is None:
        return "within.first_date as bucket_first, within.last_date as bucket_last"
    behind = f"(within.bucket_start + {_STEPS[time]})::date - 1"
    return (
        "greatest(within.bucket_start::date, within.first_date) as bucket_first,"
        f" least({behind}, within.last_date) as bucket_last"
    )
