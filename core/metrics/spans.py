"""Rows that hold for a run of days, cut to the days that are asked about: what stock was, and not what moved.

A level is no flow: the stock of a month is that of its last day, or the mean of its days, never a sum over
them. So each run is joined with the buckets it touches, and expressions choose by these columns:

``held_days``
    Days of the run inside the bucket; a level times these, summed and divided by ``bucket_days``, is its
    mean.
``holds_first_day``, ``holds_last_day``
    Whether the run covers the first and the last day of the bucket.
``bucket_days``
    Days of the bucket up to the horizon, whether anything was there or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from core.metrics.buckets import bucket_starts, next_bucket
from core.metrics.metric import Spans
from core.metrics.period import Period


def cut_rows(
    table: str, spans: Spans, *, day_column: str, period: Period | None, time: str | None
) -> tuple[str, list[Any]]:
    """Return a relation of a table's runs within the buckets of a period, and its parameters.

    ``day_column`` is the bucket's first day. Without a period the last day that the table knows is asked
    about. What lies behind that day is not known yet, so the bucket that it lies in ends there.
    """
    first, days = f"runs.{spans.first_column}", f"runs.{spans.days_column}"
    horizon = f"(select max({spans.first_column} + {spans.days_column}) - 1 from {table})"
    if period is None:
        asked, parameters = f"select {horizon} as first_date, {horizon} as last_date", []
    else:
        firsts, lasts = _edges(period, time)
        asked = (
            f"select first_date, least(last_date, {horizon}) as last_date"
            " from (select unnest(?::date[]) as first_date, unnest(?::date[]) as last_date) as asked"
        )
        parameters = [firsts, lasts]
    sql = f"""(
        select
            runs.*,
            buckets.first_date as {day_column},
            least({first} + {days} - 1, buckets.last_date) - greatest({first}, buckets.first_date) + 1
                as held_days,
            {first} <= buckets.first_date as holds_first_day,
            {first} + {days} > buckets.last_date as holds_last_day,
            buckets.last_date - buckets.first_date + 1 as bucket_days
        from {table} as runs
        inner join ({asked}) as buckets
            on {first} <= buckets.last_date and {first} + {days} > buckets.first_date
    )"""
    return sql, parameters


def _edges(period: Period, time: str | None) -> tuple[Sequence[date], Sequence[date]]:
    """Return the first and last days of the buckets, inside the period."""
    if time is None:
        return [period.first_date], [period.last_date]
    starts = bucket_starts(period, time)
    return (
        [max(start, period.first_date) for start in starts],
        [min(next_bucket(start, time) - timedelta(days=1), period.last_date) for start in starts],
    )
