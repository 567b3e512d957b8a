"""Reports on stock and supply: what it is worth, how it turns, where it was missing, who delivers."""

from __future__ import annotations

from datetime import date
from typing import Final

from core.metrics import inventory
from core.metrics.ask import ask
from core.metrics.period import Period
from core.reports.asking import Asked
from core.reports.named import NamedReport, Specs, by_dimensions, listed
from core.reports.table import Table

_ITEM: Final[Specs] = (
    ("product_name", "Product", "text"),
    ("variant_name", "Variant", "text"),
    ("sku", "SKU", "text"),
    ("location_name", "Location", "text"),
)
_ITEM_KEYS: Final[Specs] = (
    ("variant_id", "Variant id", "text"),
    ("location_id", "Location id", "text"),
)


def _day(asked: Asked) -> date:
    """The last day of the question of which stock is known."""
    last = asked.question.period.last_date
    known = inventory.last_stock_day(asked.snapshot)
    return last if known is None else min(last, known)


def _valuation(asked: Asked) -> tuple[Table, ...]:
    day = _day(asked)
    rows = inventory.valuation(
        asked.snapshot, day=day, filters=asked.question.filters, limit=asked.question.limit
    )
    columns: Specs = (
        *_ITEM,
        ("stock_units", "Units", "integer"),
        ("fifo_amount", "Value, first in first out", "money"),
        ("average_amount", "Value, moving average", "money"),
        ("stock_value_amount", "Value at the day's cost", "money"),
        *_ITEM_KEYS,
    )
    # Of all stock, whatever the limit, and rounded once: rows rounded one by one may differ by cents.
    filters = asked.question.filters
    worth = ask(asked.snapshot, measures=("stock_value_amount",), period=Period(day, day), filters=filters)
    totals = {**inventory.valuation_totals(asked.snapshot, day=day, filters=filters), **worth.totals}
    note = f"At the end of {day}."
    return (listed(asked, "valuation", "Stock value", columns, rows, totals=totals, note=note),)


def _ageing(asked: Asked) -> tuple[Table, ...]:
    day = _day(asked)
    rows = inventory.ageing(asked.snapshot, day=day, filters=asked.question.filters)
    columns: Specs = (
        ("age_days", "Days in stock", "text"),
        ("stock_units", "Units", "integer"),
        ("stock_value_amount", "Value", "money"),
        ("value_ratio", "Share of value", "percent"),
        ("items_count", "Items", "integer"),
    )
    note = f"At the end of {day}; the oldest units leave first, the value is what they cost when they came."
    return (listed(asked, "ageing", "Stock by age", columns, rows, note=note),)


def _dead_stock(asked: Asked) -> tuple[Table, ...]:
    day = _day(asked)
    rows = inventory.dead_stock(
        asked.snapshot, day=day, filters=asked.question.filters, limit=asked.question.limit
    )
    columns: Specs = (
        *_ITEM,
        ("stock_units", "Units", "integer"),
        ("stock_value_amount", "Value", "money"),
        ("oldest_age_days", "Days in stock, oldest", "integer"),
        ("last_demand_date", "Last asked for", "date"),
        *_ITEM_KEYS,
    )
    note = f"At the end of {day}: not asked for at its location in {inventory.DEAD_AFTER_DAYS} days."
    return (listed(asked, "dead-stock", "Dead stock", columns, rows, note=note),)


REPORTS: Final = (
    by_dimensions(
        "turnover",
        "Inventory turnover",
        "How fast does stock turn, and what does it earn?",
        ("category",),
        *inventory.TURNOVER,
    ),
    by_dimensions(
        "days-of-supply",
        "Days of supply",
        "How long does the stock of each product last?",
        ("product",),
        "days_of_supply", "stock_units", "stock_value_amount", "inventory_turnover",
    ),
    by_dimensions(
        "stock-outs",
        "Stock-outs",
        "What was out of stock where, for how long, and what did it cost in sales?",
        ("variant", "location"),
        "lost_sales_amount", "lost_units", "stock_out_hours", "stock_out_days",
    ),
    NamedReport(
        "valuation",
        "Stock value",
        "What was the stock worth at the end of the last day?",
        frozenset({"period", "filters", "limit"}),
        _valuation,
    ),
    NamedReport(
        "ageing",
        "Stock by age",
        "How long has the stock lain there?",
        frozenset({"period", "filters"}),
        _ageing,
    ),
    NamedReport(
        "dead-stock",
        "Dead stock",
        "What lies there and nobody asks for?",
        frozenset({"period", "filters", "limit"}),
        _dead_stock,
    ),
    by_dimensions(
        "suppliers",
        "Supplier performance",
        "What did each supplier deliver, how late and how fully?",
        ("supplier",),
        *inventory.SUPPLIERS,
    ),
)  # fmt: skip
