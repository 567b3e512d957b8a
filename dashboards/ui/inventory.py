"""Stock on a page: its figures, how they went, how old it is, how it turns, and what was missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.metrics.registry import METRICS
from core.metrics.stock_report import (
    COURSE,
    StockReport,
    StockScope,
    locations_within,
    stock_figures,
    stock_report,
)
from core.reports.table import Column
from dashboards.charts.measures import by_time, ranked
from dashboards.data.filters import COMPARISONS, Bucket
from dashboards.ui.page import Page
from dashboards.ui.page_figures import WIDE, show_figures
from dashboards.ui.page_table import heading_of, metric_column, show_as_table, show_table
from dashboards.ui.words import value_text

SHOWN_ROWS = 50
LOCATION = "inventory_location"
HEADLINES = (
    "stock_value_amount",
    "inventory_turnover",
    "days_of_supply",
    "gmroi",
    "stock_out_hours",
    "lost_sales_amount",
    "stock_units",
    "average_stock_amount",
    "stock_cost_of_sales_amount",
    "sell_through_ratio",
    "fill_rate_ratio",
    "shrinkage_amount",
)
_WHO = (Column("product_name", "Product"), Column("variant_name", "Variant"), Column("sku", "SKU"))
_WHERE = Column("location_name", "Location")


def choose_scope(page: Page) -> StockScope:
    """Offer the locations that serve the chosen shops, and return what is looked at."""
    locations = page.read(locations_within, shop_ids=page.chosen.shop_ids)
    chosen = None
    if len(locations) > 1:
        if st.session_state.get(LOCATION, st.query_params.get(LOCATION)) not in (None, *locations):
            st.warning(
                "That location serves none of the shops shown; all of theirs are.", icon=":material/place:"
            )
            st.session_state.pop(LOCATION, None)
            st.query_params.pop(LOCATION, None)
        chosen = st.selectbox(
            "Location",
            list(locations),
            index=None,
            format_func=locations.__getitem__,
            placeholder="All that serve the shops shown",
            key=LOCATION,
            bind="query-params",
        )
    return StockScope(
        shop_ids=page.chosen.shop_ids,
        location_ids=None if chosen is None else (chosen,),
        category_ids=page.chosen.category_ids or None,
    )


def read_report(page: Page, scope: StockScope) -> StockReport:
    """Return the report that the API gives for the same days and places."""
    return page.read(stock_report, period=page.chosen.period, scope=scope, limit=SHOWN_ROWS)


def show_stock_headlines(page: Page, scope: StockScope, report: StockReport) -> None:
    """Show the headline figures; they are compared over whole days only."""
    compared = None
    if page.whole_period is not None and page.chosen.comparison != "none":
        compared = page.read(
            stock_figures, period=page.whole_period, scope=scope, compare=page.chosen.comparison
        )
    show_figures(
        HEADLINES,
        report.totals,
        currency=page.currency,
        now=compared.totals if compared else None,
        before=compared.previous_totals if compared else None,
        compared_with=f"vs {COMPARISONS[page.chosen.comparison].lower()}",
        card_width=WIDE,
    )
    if report.totals["uncosted_stock_units"]:
        st.caption(f"{report.totals['uncosted_stock_units']:,} units have no known cost and are in no value.")


def show_stock_course(page: Page, scope: StockScope, measure: str, bucket: Bucket) -> None:
    """Draw one figure over time; levels are those of each bucket's last day."""
    names = (measure, *(name for name in COURSE if name != measure))
    answer = page.read(stock_figures, period=page.chosen.period, scope=scope, measures=names, by=(bucket,))
    column = metric_column(measure)
    title = heading_of(column, page.currency)
    chart = by_time(
        answer.rows, (), bucket=bucket, measure=measure, title=title, format=METRICS[measure].format
    )
    st.altair_chart(chart, alt=f"{title} by {bucket}")
    show_as_table(
        page,
        answer.rows,
        [Column(bucket, bucket.capitalize(), "date"), *map(metric_column, names)],
        title=f"{column.title} by {bucket}",
        key="inventory_course",
    )


def show_value_and_age(page: Page, report: StockReport) -> None:
    """Show what stock is worth by three costs, and how long it has lain there."""
    worth = st.grid(3, min_column_width=WIDE)
    for title, amount, help_text in (
        (
            "At the cost of the day",
            report.totals["stock_value_amount"],
            METRICS["stock_value_amount"].definition,
        ),
        ("First in, first out", report.valuation["fifo_amount"], _FIFO),
        ("Moving average", report.valuation["average_amount"], _AVERAGE),
    ):
        worth.metric(title, value_text(amount, "money", page.currency), help=help_text, border=True)
    columns = (
        Column("age_days", "Days in stock"),
        Column("stock_value_amount", "Value", "money"),
        Column("value_ratio", "Share of value", "percent"),
        Column("stock_units", "Units", "integer"),
        Column("items_count", "Items", "integer"),
    )
    title = f"Stock value by days in stock ({page.currency})"
    st.altair_chart(
        ranked(
            report.ageing, labels=("age_days",), measure="stock_value_amount", title=title, format="money"
        ),
        alt=f"{title}, youngest first",
    )
    show_table(page, report.ageing, columns, title="Stock by days in stock", key="inventory_ageing")
    st.caption(
        "Counted from the day units came to the location (a transfer or a return begins anew); the oldest"
        " leave first. Values here are what they cost when they came."
    )


def show_turning(page: Page, report: StockReport) -> None:
    """Show turnover and days of supply by category."""
    names = (
        "stock_value_amount",
        "inventory_turnover",
        "days_of_supply",
        "gmroi",
        "sell_through_ratio",
        "average_stock_amount",
        "stock_cost_of_sales_amount",
    )
    columns = [Column("category_name", "Category"), *map(metric_column, names)]
    _table(page, report.categories, columns, title="Turnover by category", key="inventory_turnover")


def show_missing(page: Page, report: StockReport) -> None:
    """Show what was out of stock and what that cost by estimate."""
    names = ("lost_sales_amount", "lost_units", "stock_out_hours", "stock_out_days")
    columns = [*_WHO, _WHERE, *map(metric_column, names)]
    _table(page, report.stock_outs, columns, title="Out of stock", key="inventory_stock_outs")
    st.caption(f"{METRICS['lost_units'].definition}")


def show_dead(page: Page, report: StockReport) -> None:
    """Show what lies and was not asked for."""
    columns = [
        *_WHO,
        _WHERE,
        Column("stock_value_amount", "Value", "money"),
        Column("stock_units", "Units", "integer"),
        Column("oldest_age_days", "Oldest units", "integer", "days"),
        Column("last_demand_date", "Last ordered", "date"),
    ]
    _table(page, report.dead_stock, columns, title="Not asked for in 90 days", key="inventory_dead")


def show_suppliers(page: Page, report: StockReport) -> None:
    """Show what suppliers delivered, how late and how fully."""
    names = (
        "purchased_amount",
        "receipts_count",
        "lead_time_days",
        "on_time_ratio",
        "supplier_fill_ratio",
        "open_purchase_units",
        "late_open_units",
    )
    columns = [Column("supplier_name", "Supplier"), *map(metric_column, names)]
    _table(page, report.suppliers, columns, title="Suppliers", key="inventory_suppliers")


def _table(
    page: Page, rows: Sequence[dict[str, Any]], columns: Sequence[Column], *, title: str, key: str
) -> None:
    if not rows:
        st.info("None in these days.", icon=":material/inbox:")
        return
    show_table(page, rows, columns, title=title, key=key)
    if len(rows) == SHOWN_ROWS:
        st.caption(f"The first {SHOWN_ROWS}; narrow the filters or take the report to see others.")


_FIFO = "The oldest units leave first: what lies there costs what the units that came last cost."
_AVERAGE = "Each unit costs the average of what lies there; it changes when units come, not when they leave."
