"""Inventory: what lies in stock, what it is worth, how fast it turns, and what is missed when it is gone."""

from __future__ import annotations

from core.metrics.metric import Format, GoodDirection, Metric, Source, Spans, Unit
from core.metrics.rounding import amount_per

_WHERE = {"location": "location_id", "variant": "variant_id"}
_GRAIN = "company, location, variant, day"
_MOVED = "span_date: day of the stock ledger's entry, company time zone"
_HELD = "each day of the period up to the build's horizon, company time zone"
_OUT = "stock_date: local day on which stock was missing, company time zone"
_COST = "at the cost of a unit in force on the day (before the first known cost, at that one)"

# One table twice: what moved is summed over days, what lay there is looked up or averaged.
SOURCES = (
    Source("stock_moves", "srv_stock_spans", "span_date", _WHERE),
    Source("stock", "srv_stock_spans", "stock_date", _WHERE, spans=Spans("span_date", "days_count")),
    Source("stock_outs", "srv_stock_out_days", "stock_date", _WHERE),
)


def _metric(
    name: str,
    title: str,
    definition: str,
    *,
    formula: str,
    expression: str,
    source: str = "stock_moves",
    unit: Unit = "units",
    shown_as: Format = "integer",
    good: GoodDirection = "none",
    needs: tuple[str, ...] = (),
    filters: str = "",
    zero_without_rows: bool | None = None,
) -> Metric:
    time = {"stock": _HELD, "stock_outs": _OUT}.get(source, _MOVED if source else _HELD)
    return Metric(
        name=name,
        title=title,
        definition=definition,
        formula=formula,
        grain=_GRAIN,
        time_column=time,
        unit=unit,
        format=shown_as,
        good_direction=good,
        source="" if needs else source,
        expression=expression,
        needs=needs,
        filters=filters,
        zero_without_rows=zero_without_rows,
    )


def _moved(name: str, title: str, definition: str, expression: str, good: GoodDirection = "none") -> Metric:
    """Units that the ledger moved on the days of the period."""
    return _metric(
        name, title, definition, formula=f"sum of {expression}", expression=f"sum({expression})", good=good
    )


def _moved_amount(name: str, title: str, definition: str, units: str, good: GoodDirection) -> Metric:
    """The same in money, at the cost of the day; units without a known cost count nothing."""
    return _metric(
        name,
        title,
        definition,
        formula=f"sum of ({units}) * unit_cost_amount",
        expression=f"sum(({units}) * unit_cost_amount)",
        unit="money",
        shown_as="money",
        good=good,
        filters="units whose cost nobody knows are left out",
    )


_MOVES = (
    _moved(
        "stock_received_units",
        "Units received",
        "Units received from suppliers on the day they came in.",
        "received_units",
    ),
    _moved(
        "stock_shipped_units",
        "Units shipped",
        "Units that left stock for customers on the day they were shipped, less those that came back into"
        " stock on the day they came back.",
        "sold_units - returned_units",
        "up",
    ),
    _moved(
        "stock_supplied_units",
        "Units supplied",
        "Units that came into stock for sale: received from suppliers, opening balances, and what other"
        " locations sent, less what went to them.",
        "received_units + adjusted_units + lost_units + transferred_units",
    ),
    _moved(
        "shrinkage_units",
        "Shrinkage (units)",
        "Units that write-offs, counts and adjustments took away, less those that they found.",
        "lost_units",
        "down",
    ),
    _moved_amount(
        "shrinkage_amount",
        "Shrinkage",
        f"Units that write-offs, counts and adjustments took away, less those that they found, {_COST}.",
        "lost_units",
        "down",
    ),
    _moved_amount(
        "stock_cost_of_sales_amount",
        "Cost of goods shipped",
        "Units that left stock for customers, less those that came back into stock, on the day they moved,"
        f" {_COST}.",
        "sold_units - returned_units",
        "none",
    ),
    _metric(
        "stock_margin_amount",
        "Margin at the location",
        "Gross margin of the orders that the location serves, on the day they were placed: net sales without"
        " tax and shipping, after discounts and cancelled units, before returns, less cost; a line that"
        " several locations hold counts where most of it lies.",
        formula="sum of margin_amount",
        expression="sum(margin_amount)",
        unit="money",
        shown_as="money",
        good="up",
        filters="lines whose cost nobody knows are left out",
    ),
    _moved(
        "wanted_units",
        "Units wanted",
        "Units ordered and not cancelled on the day the order was placed, from the company's first order on"
        " that held stock; what nobody ordered because it was not there is not seen.",
        "wanted_units",
        "up",
    ),
    _moved(
        "short_units",
        "Units not there at once",
        "Of the units wanted, those that were not on hand when they were promised (backorders).",
        "short_units",
        "down",
    ),
)

_LEVELS = (
    _metric(
        "stock_units",
        "Units on hand",
        "Units on hand at the end of the last day of the period, reserved ones and those on their way between"
        " locations included.",
        source="stock",
        formula="sum of closing_units on the last day",
        expression="sum(case when holds_last_day then closing_units end)",
    ),
    _metric(
        "stock_value_amount",
        "Stock value at cost",
        f"Units on hand at the end of the last day of the period, {_COST}.",
        source="stock",
        formula="sum of closing_units * unit_cost_amount on the last day",
        expression="sum(case when holds_last_day then closing_units * unit_cost_amount end)",
        unit="money",
        shown_as="money",
        filters="units whose cost nobody knows are left out",
    ),
    _metric(
        "stock_opening_units",
        "Units on hand before",
        "Units on hand before the first day of the period.",
        source="stock",
        formula="opening_units of the first day",
        expression=(
            "sum(case when holds_first_day then case when span_date = stock_date"
            " then opening_units else closing_units end end)"
        ),
    ),
    _metric(
        "average_stock_amount",
        "Average stock value",
        f"Mean over the days of the period of the stock at the end of each day, {_COST}; a day without stock"
        " counts as zero; to the cent, also where other figures are divided by it.",
        source="stock",
        formula="sum over days of closing_units * unit_cost_amount / days",
        expression=amount_per(
            "sum(closing_units * unit_cost_amount * held_days)", "max(bucket_days)", digits=6
        ),
        unit="money",
        shown_as="money",
        filters="units whose cost nobody knows are left out",
        zero_without_rows=True,
    ),
    _metric(
        "average_stock_units",
        "Average stock (units)",
        "Mean over the days of the period of the units on hand at the end of each day.",
        source="stock",
        formula="sum over days of closing_units / days",
        expression="sum(closing_units * held_days) / max(bucket_days)",
        shown_as="decimal",
        zero_without_rows=True,
    ),
    _metric(
        "stock_days",
        "Days looked at",
        "Days of the period up to the build's horizon.",
        source="stock",
        formula="last day - first day + 1",
        expression="max(bucket_days)",
        unit="days",
    ),
    _metric(
        "uncosted_stock_units",
        "Units without a cost",
        "Units on hand on the last day whose cost nobody knows; they are in no value.",
        source="stock",
        formula="sum of closing_units on the last day where unit_cost_amount is null",
        expression="sum(case when holds_last_day and unit_cost_amount is null then closing_units else 0 end)",
        good="down",
    ),
)

_MISSED = (
    _metric(
        "stock_out_hours",
        "Hours out of stock",
        "Hours for which a variant had nothing on hand at a location, summed over variants and locations,"
        " from the variant's first sale until it was archived or, if discontinued, last sold; stock that is"
        " on hand but promised counts as there.",
        source="stock_outs",
        formula="sum of out_of_stock_seconds / 3600",
        expression="sum(out_of_stock_seconds) / 3600.0",
        unit="hours",
        shown_as="decimal",
        good="down",
        filters="the day that is not over, goods on their way and closed locations are left out",
    ),
    _metric(
        "stock_out_days",
        "Days with a stock-out",
        "Days on which a variant had nothing on hand at a location for a time, summed over variants and"
        " locations.",
        source="stock_outs",
        formula="number of rows",
        expression="count(*)",
        unit="days",
        good="down",
    ),
    _metric(
        "lost_units",
        "Lost sales (units, estimate)",
        "Estimate: mean daily demand on the days of the 8 weeks before the stock-out on which the variant"
        " was in stock there all day (14 at least), times the hours without stock / 24, less what was"
        " ordered on a day without any; for 8 weeks of a stock-out at most. Weekdays, seasons, promotions"
        " and what people bought instead are not looked at.",
        source="stock_outs",
        formula="sum of comparable_units / comparable_days * out_of_stock_hours / 24",
        expression="sum(lost_units)",
        shown_as="decimal",
        good="down",
    ),
    _metric(
        "lost_sales_amount",
        "Lost sales (estimate)",
        "Estimate: lost units at the mean net price of the days that they are compared with, without tax.",
        source="stock_outs",
        formula="sum of lost_units * comparable_amount / comparable_units",
        expression="sum(lost_sales_amount)",
        unit="money",
        shown_as="money",
        good="down",
    ),
)

_DERIVED = (
    _metric(
        "inventory_turnover",
        "Inventory turnover",
        "How often a year the stock is shipped: cost of goods shipped in the period, for a year of 365 days,"
        " divided by the average stock value.",
        formula="stock_cost_of_sales_amount * 365 / stock_days / average_stock_amount",
        expression=(
            "stock_cost_of_sales_amount * 365.0 / nullif(stock_days, 0) / nullif(average_stock_amount, 0)"
        ),
        needs=("stock_cost_of_sales_amount", "stock_days", "average_stock_amount"),
        unit="ratio",
        shown_as="decimal",
        good="up",
    ),
    _metric(
        "gmroi",
        "GMROI",
        "What a year's gross margin is of the money in stock: margin of the period, for a year of 365 days,"
        " divided by the average stock value.",
        formula="stock_margin_amount * 365 / stock_days / average_stock_amount",
        expression="stock_margin_amount * 365.0 / nullif(stock_days, 0) / nullif(average_stock_amount, 0)",
        needs=("stock_margin_amount", "stock_days", "average_stock_amount"),
        unit="ratio",
        shown_as="decimal",
        good="up",
    ),
    _metric(
        "days_of_supply",
        "Days of supply",
        "How many days the stock of the last day lasts if goods are shipped as in the period: stock value"
        " divided by cost of goods shipped a day; unknown if nothing was shipped.",
        formula="stock_value_amount / (stock_cost_of_sales_amount / stock_days)",
        expression=(
            "case when stock_cost_of_sales_amount > 0"
            " then stock_value_amount * stock_days / stock_cost_of_sales_amount end"
        ),
        needs=("stock_value_amount", "stock_days", "stock_cost_of_sales_amount"),
        unit="days",
        shown_as="days",
    ),
    _metric(
        "sell_through_ratio",
        "Sell-through",
        "Share of what could be sold in the period that was shipped: units shipped, less those put back,"
        " of the units on hand before and those supplied in it.",
        formula="stock_shipped_units / (stock_opening_units + stock_supplied_units)",
        expression="stock_shipped_units / nullif(stock_opening_units + stock_supplied_units, 0)",
        needs=("stock_shipped_units", "stock_opening_units", "stock_supplied_units"),
        unit="ratio",
        shown_as="percent",
        good="up",
    ),
    _metric(
        "fill_rate_ratio",
        "Fill rate",
        "Share of the units wanted that were on hand when they were promised; what nobody ordered because it"
        " was not there, and orders from before the company held stock for them, are not seen.",
        formula="(wanted_units - short_units) / wanted_units",
        expression="(wanted_units - short_units) / nullif(wanted_units, 0)",
        needs=("wanted_units", "short_units"),
        unit="ratio",
        shown_as="percent",
        good="up",
    ),
    _metric(
        "shrinkage_ratio",
        "Shrinkage rate",
        "Shrinkage in units of the units on hand before the period and those supplied in it.",
        formula="shrinkage_units / (stock_opening_units + stock_supplied_units)",
        expression="shrinkage_units / nullif(stock_opening_units + stock_supplied_units, 0)",
        needs=("shrinkage_units", "stock_opening_units", "stock_supplied_units"),
        unit="ratio",
        shown_as="percent",
        good="down",
    ),
)

METRICS = (*_MOVES, *_LEVELS, *_MISSED, *_DERIVED)
