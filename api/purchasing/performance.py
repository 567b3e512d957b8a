"""How a supplier delivers: lead times, punctuality and completeness, from what was sent and what came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.purchasing import receipt_queries
from api.purchasing.schemas import LeadTimes, PerformanceRead
from api.purchasing.suppliers import read_supplier

_MOST_LINES = 20_000
_OPEN = ("sent", "partly_received")


@dataclass(frozen=True)
class SentLine:
    """A line that was sent, and when its units came: (day, units)."""

    restock_order_id: UUID
    is_open: bool
    ordered_units: int
    sent_date: date
    expected_date: date | None
    arrivals: Sequence[tuple[date, int]]

    @property
    def received_units(self) -> int:
        """All units that came, over-receipts too."""
        return sum(units for _, units in self.arrivals)


async def supplier_performance(
    connection: AsyncConnection, supplier_id: UUID, *, first: date, last: date, today: date
) -> PerformanceRead:
    """Measure what was sent to a supplier in a period, on today's knowledge."""
    supplier = await read_supplier(connection, supplier_id)
    rows = await receipt_queries.sent_lines(
        connection, supplier_id, first=first, last=last, limit=_MOST_LINES + 1
    )
    came: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    for row in await receipt_queries.arrivals(connection, [row["line_id"] for row in rows[:_MOST_LINES]]):
        came[row["line_id"]].append((row["received_date"], row["received_units"]))
    lines = [_line(row, came[row["line_id"]]) for row in rows[:_MOST_LINES]]
    open_orders = {line.restock_order_id for line in lines if line.is_open}
    late_orders = {
        line.restock_order_id
        for line in lines
        if line.is_open and line.expected_date is not None and line.expected_date < today
    }
    ordered = sum(line.ordered_units for line in lines)
    filled = sum(min(line.received_units, line.ordered_units) for line in lines)
    return PerformanceRead(
        supplier_id=supplier_id,
        from_date=first,
        to_date=last,
        quoted_lead_time_days=supplier.quoted_lead_time_days,
        orders=len({line.restock_order_id for line in lines}),
        open_orders=len(open_orders),
        late_orders=len(late_orders),
        ordered_units=ordered,
        received_units=sum(line.received_units for line in lines),
        fill_ratio=filled / ordered if ordered else None,
        on_time_ratio=on_time_ratio(lines, today=today),
        lead_time=lead_times(lines, weekdays=range(1, 8)),
        lead_time_working_days=lead_times(lines, weekdays={int(one) for one in supplier.working_weekdays}),
        is_complete=len(rows) <= _MOST_LINES,
    )


def on_time_ratio(lines: Sequence[SentLine], *, today: date) -> float | None:
    """Return the share of the units due by now that came by their expected day; None: none was due.

    Due are the units of a line whose expected day has passed, and those that came before it.
    """
    due = on_time = 0
    for line in lines:
        if line.expected_date is None:
            continue
        punctual = sum(units for day, units in line.arrivals if day <= line.expected_date)
        punctual = min(punctual, line.ordered_units)
        on_time += punctual
        due += line.ordered_units if line.expected_date < today else punctual
    return on_time / due if due else None


def lead_times(lines: Sequence[SentLine], *, weekdays: Collection[int]) -> LeadTimes:
    """Return the lead times of the units that came, counted in days of these ISO weekdays."""
    units_by_days: dict[int, int] = defaultdict(int)
    for line in lines:
        for day, units in line.arrivals:
            units_by_days[days_between(line.sent_date, day, weekdays=weekdays)] += units
    if not units_by_days:
        return LeadTimes(mean_days=None, median_days=None, p90_days=None, longest_days=None)
    total = sum(units_by_days.values())
    return LeadTimes(
        mean_days=round(sum(days * units for days, units in units_by_days.items()) / total, 2),
        median_days=_quantile(units_by_days, total, percent=50),
        p90_days=_quantile(units_by_days, total, percent=90),
        longest_days=max(units_by_days),
    )


def days_between(start: date, end: date, *, weekdays: Collection[int]) -> int:
    """Count the days after ``start`` until ``end``, included, that fall on these ISO weekdays.

    Examples
    --------
    >>> days_between(date(2026, 1, 2), date(2026, 1, 5), weekdays={1, 2, 3, 4, 5})  # Friday to Monday
    1
    """
    days = max((end - start).days, 0)
    weeks, rest = divmod(days, 7)
    tail = sum((start + timedelta(days=number)).isoweekday() in weekdays for number in range(1, rest + 1))
    return weeks * len(weekdays) + tail


def _quantile(units_by_days: Mapping[int, int], total: int, *, percent: int) -> int:
    """Return the fewest days in which at least this share of the units came."""
    came = 0
    for days in sorted(units_by_days):
        came += units_by_days[days]
        if came * 100 >= total * percent:
            return days
    return max(units_by_days)


def _line(row: Mapping[Any, Any], arrivals: Sequence[tuple[date, int]]) -> SentLine:
    return SentLine(
        restock_order_id=row["restock_order_id"],
        is_open=row["status"] in _OPEN,
        ordered_units=row["ordered_units"],
        sent_date=row["sent_date"],
        expected_date=row["expected_date"],
        arrivals=arrivals,
    )
