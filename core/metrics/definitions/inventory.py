"""Inventory: what lies in stock, what it is worth, how fast it turns, and what is missed when it is gone."""

from __future__ import annotations

from core.metrics.metric import Rollup, Source, Spans
from core.metrics.rounding import amount_per
from core.metrics.subject import Subject

_WHERE = {"location": "location_id", "variant": "variant_id"}
_GRAIN = "company, location, variant, day"
_COST = "at the cost of a unit in force on the day (before the first known cost, at that one)"
_COSTED = "units whose cost nobody knows are left out"

_BY_CATEGORY = Rollup(
    "srv_category_stock_spans",
    {"location": "location_id", "category": "category_id", "top_category": "top_category_id"},
)
_VALUED = (
    ("closing_value_amount", "closing_units * unit_cost_amount"),
    ("uncosted_units", "case when unit_cost_amount is null then closing_units else 0 end"),
    ("lost_value_amount", "lost_units * unit_cost_amount"),
    ("cost_of_sales_amount", "(sold_units - returned_units) * unit_cost_amount"),
)

# One table twice: what moved is summed over days, what lay there is looked up or averaged.
SOURCES = (
    Source("stock_moves", "srv_stock_spans", "span_date", _WHERE, (_BY_CATEGORY,), computed=_VALUED),
    Source(
        "stock",
        "srv_stock_spans",
        "stock_date",
        _WHERE,
        (_BY_CATEGORY,),
        Spans("span_date", "days_count"),
        computed=_VALUED,
    ),
    Source("stock_outs", "srv_stock_out_days", "stock_date", _WHERE),
)

_MOVES = Subject(
    "stock_moves",
    grain=_GRAIN,
    time="span_date: day of the stock ledger's entry, company time zone",
    unit="units",
)
_LEVELS = Subject(
    "stock",
    grain=_GRAIN,
    time="each day of the period up to the build's horizon, company time zone",
    unit="units",
)
_MISSED = Subject(
    "stock_outs",
    grain=_GRAIN,
    time="stock_date: local day on which stock was missing, company time zone",
    unit="units",
    good="down",
)

METRICS = (
    _MOVES.sum(
        "stock_received_units", "Units received",
        "Units received from suppliers on the day they came in.",
        "received_units",
    ),
    _MOVES.sum(
        "stock_shipped_units", "Units shipped",
        "Units that left stock for customers on the day they were shipped, less those that came back into"
        " stock on the day they came back.",
        "sold_units - returned_units", good="up",
    ),
    _MOVES.sum(
        "stock_supplied_units", "Units supplied",
        "Units that came into stock for sale: received from suppliers, opening balances, and what other"
        " locations sent, less what went to them.",
        "received_units + adjusted_units + lost_units + transferred_units",
    ),
    _MOVES.sum(
        "shrinkage_units", "Shrinkage (units)",
        "Units that write-offs, counts and adjustments took away, less those that they found.",
        "lost_units", good="down",
    ),
    _MOVES.measure(
        "shrinkage_amount", "Shrinkage",
        f"Units that write-offs, counts and adjustments took away, less those that they found, {_COST}.",
        "sum(lost_value_amount)", formula="sum of lost_units * unit_cost_amount", unit="money", good="down",
        filters=_COSTED,
    ),
    _MOVES.measure(
        "stock_cost_of_sales_amount", "Cost of goods shipped",
        "Units that left stock for customers, less those that came back into stock, on the day they moved,"
        f" {_COST}.",
        "sum(cost_of_sales_amount)", formula="sum of (sold_units - returned_units) * unit_cost_amount",
        unit="money", filters=_COSTED,
    ),
    _MOVES.sum(
        "stock_margin_amount", "Margin at the location",
        "Gross margin of the orders that the location serves, on the day they were placed: net sales without"
        " tax and shipping, after discounts and cancelled units, before returns, less cost; a line that"
        " several locations hold counts where most of it lies.",
        "margin_amount", unit="money", good="up", filters="lines whose cost nobody knows are left out",
    ),
    _MOVES.sum(
        "wanted_units", "Units wanted",
        "Units ordered and not cancelled on the day the order was placed, from the company's first order on"
        " that held stock; what nobody ordered because it was not there is not seen.",
        good="up",
    ),
    _MOVES.sum(
        "short_units", "Units not there at once",
        "Of the units wanted, those that were not on hand when they were promised (backorders).",
        good="down",
    ),
    _LEVELS.measure(
        "stock_units", "Units on hand",
        "Units on hand at the end of the last day of the period, reserved ones and those on their way"
        " between locations included.",
        "sum(case when holds_last_day then closing_units end)",
        formula="sum of closing_units on the last day",
    ),
    _LEVELS.measure(
        "stock_value_amount", "Stock value at cost",
        f"Units on hand at the end of the last day of the period, {_COST}.",
        "sum(case when holds_last_day then closing_value_amount end)",
        formula="sum of closing_units * unit_cost_amount on the last day", unit="money", filters=_COSTED,
    ),
    _LEVELS.measure(
        "stock_opening_units", "Units on hand before",
        "Units on hand before the first day of the period.",
        "sum(case when holds_first_day then case when span_date = stock_date then opening_units else"
        " closing_units end end)",
        formula="opening_units of the first day",
    ),
    _LEVELS.measure(
        "average_stock_amount", "Average stock value",
        f"Mean over the days of the period of the stock at the end of each day, {_COST}; a day without stock"
        " counts as zero; to the cent, also where other figures are divided by it.",
        amount_per("sum(closing_value_amount * held_days)", "max(bucket_days)", digits=6),
        formula="sum over days of closing_units * unit_cost_amount / days", unit="money", filters=_COSTED,
        zero_without_rows=True,
    ),
    _LEVELS.measure(
        "average_stock_units", "Average stock (units)",
        "Mean over the days of the period of the units on hand at the end of each day.",
        "sum(closing_units * held_days) / max(bucket_days)", formula="sum over days of closing_units / days",
        shown_as="decimal", zero_without_rows=True,
    ),
    _LEVELS.measure(
        "stock_days", "Days looked at",
        "Days of the period up to the build's horizon.",
        "max(bucket_days)", formula="last day - first day + 1", unit="days",
    ),
    _LEVELS.measure(
        "uncosted_stock_units", "Units without a cost",
        "Units on hand on the last day whose cost nobody knows; they are in no value.",
        "sum(case when holds_last_day then uncosted_units else 0 end)",
        formula="sum of closing_units on the last day where unit_cost_amount is null", good="down",
    ),
    _MISSED.measure(
        "stock_out_hours", "Hours out of stock",
        "Hours for which a variant had nothing on hand at a location, summed over variants and locations,"
        " from the variant's first sale until it was archived or, if discontinued, last sold; stock that is"
        " on hand but promised counts as there.",
        "sum(out_of_stock_seconds) / 3600.0", formula="sum of out_of_stock_seconds / 3600", unit="hours",
        filters="the day that is not over, goods on their way and closed locations are left out",
    ),
    _MISSED.measure(
        "stock_out_days", "Days with a stock-out",
        "Days on which a variant had nothing on hand at a location for a time, summed over variants and"
        " locations.",
        "count(*)", formula="number of rows", unit="days",
    ),
    _MISSED.measure(
        "lost_units", "Lost sales (units, estimate)",
        "Estimate: mean daily demand on the days of the 8 weeks before the stock-out on which the variant"
        " was in stock there all day (14 at least), times the hours without stock / 24, less what was"
        " ordered on a day without any; for 8 weeks of a stock-out at most. Weekdays, seasons, promotions"
        " and what people bought instead are not looked at.",
        "sum(lost_units)", formula="sum of comparable_units / comparable_days * out_of_stock_hours / 24",
        shown_as="decimal",
    ),
    _MISSED.measure(
        "lost_sales_amount", "Lost sales (estimate)",
        "Estimate: lost units at the mean net price of the days that they are compared with, without tax.",
        "sum(lost_sales_amount)", formula="sum of lost_units * comparable_amount / comparable_units",
        unit="money",
    ),
    _MOVES.measure(
        "inventory_turnover", "Inventory turnover",
        "How often a year the stock is shipped: cost of goods shipped in the period, for a year of 365 days,"
        " divided by the average stock value.",
        "stock_cost_of_sales_amount * 365.0 / nullif(stock_days, 0) / nullif(average_stock_amount, 0)",
        formula="stock_cost_of_sales_amount * 365 / stock_days / average_stock_amount",
        needs=("stock_cost_of_sales_amount", "stock_days", "average_stock_amount"), unit="ratio",
        shown_as="decimal", good="up",
    ),
    _MOVES.measure(
        "gmroi", "GMROI",
        "What a year's gross margin is of the money in stock: margin of the period, for a year of 365 days,"
        " divided by the average stock value.",
        "stock_margin_amount * 365.0 / nullif(stock_days, 0) / nullif(average_stock_amount, 0)",
        formula="stock_margin_amount * 365 / stock_days / average_stock_amount",
        needs=("stock_margin_amount", "stock_days", "average_stock_amount"), unit="ratio", shown_as="decimal",
        good="up",
    ),
    _MOVES.measure(
        "days_of_supply", "Days of supply",
        "How many days the stock of the last day lasts if goods are shipped as in the period: stock value"
        " divided by cost of goods shipped a day; unknown if nothing was shipped.",
        "case when stock_cost_of_sales_amount > 0 then stock_value_amount * stock_days /"
        " stock_cost_of_sales_amount end",
        formula="stock_value_amount / (stock_cost_of_sales_amount / stock_days)",
        needs=("stock_value_amount", "stock_days", "stock_cost_of_sales_amount"), unit="days",
        shown_as="days",
    ),
    _MOVES.measure(
        "sell_through_ratio", "Sell-through",
        "Share of what could be sold in the period that was shipped: units shipped, less those put back, of"
        " the units on hand before and those supplied in it.",
        "stock_shipped_units / nullif(stock_opening_units + stock_supplied_units, 0)",
        formula="stock_shipped_units / (stock_opening_units + stock_supplied_units)",
        needs=("stock_shipped_units", "stock_opening_units", "stock_supplied_units"), unit="ratio", good="up",
    ),
    _MOVES.measure(
        "fill_rate_ratio", "Fill rate",
        "Share of the units wanted that were on hand when they were promised; what nobody ordered because it"
        " was not there, and orders from before the company held stock for them, are not seen.",
        "(wanted_units - short_units) / nullif(wanted_units, 0)",
        formula="(wanted_units - short_units) / wanted_units", needs=("wanted_units", "short_units"),
        unit="ratio", good="up",
    ),
    _MOVES.measure(
        "shrinkage_ratio", "Shrinkage rate",
        "Shrinkage in units of the units on hand before the period and those supplied in it.",
        "shrinkage_units / nullif(stock_opening_units + stock_supplied_units, 0)",
        formula="shrinkage_units / (stock_opening_units + stock_supplied_units)",
        needs=("shrinkage_units", "stock_opening_units", "stock_supplied_units"), unit="ratio", good="down",
    ),
)  # fmt: skip
