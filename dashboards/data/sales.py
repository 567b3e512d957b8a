"""Sales of a company from its published snapshot, cached by company and build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.metrics.period import Period, last_days
from core.metrics.sales import best_sellers, sales_by_day, sales_totals
from core.published import BuildInfo, open_snapshot
from dashboards import context


@dataclass(frozen=True)
class SalesOverview:
    """The overview's numbers, all from one build."""

    build: BuildInfo
    currency: str
    timezone: str
    data_origin: str
    period: Period
    previous_period: Period
    totals: dict[str, Any]
    previous_totals: dict[str, Any]
    days: list[dict[str, Any]]
    previous_days: list[dict[str, Any]]
    best_sellers: list[dict[str, Any]]
    worst_sellers: list[dict[str, Any]]

    @property
    def is_last_day_running(self) -> bool:
        """Whether the last day was not over when the orders were read."""
        return self.build.horizon_at.astimezone(ZoneInfo(self.timezone)).date() <= self.period.last_date


@dataclass(frozen=True)
class ShopChoice:
    """The shops that can be filtered by, by id, and the last day with sales in any of the company's."""

    shops: dict[str, str]
    last_date: date


@st.cache_data(max_entries=200, ttl="1h", show_spinner=False)
def load_shops(company_id: str, build_id: str, shop_ids: tuple[str, ...] | None) -> ShopChoice:
    """Return the shops that the person may see, by id, and the last day of the data."""
    del build_id  # part of the cache's key: another build, another answer
    with open_snapshot(context.settings(), company_id) as snapshot:
        rows = snapshot.rows(
            "select shop_id, any_value(shop_name) as shop_name, max(sales_date) as sales_date"
            " from srv_sales_daily group by shop_id order by shop_name"
        )
    seen = [row for row in rows if shop_ids is None or row["shop_id"] in shop_ids]
    last_date = max((row["sales_date"] for row in rows), default=date.min)
    return ShopChoice({row["shop_id"]: row["shop_name"] for row in seen}, last_date)


@st.cache_data(max_entries=200, ttl="1h", show_spinner=False)
def load_overview(
    company_id: str, build_id: str, shop_ids: tuple[str, ...] | None, last_date: date, days: int
) -> SalesOverview:
    """Return totals, days and sellers of the ``days`` days up to ``last_date``, and of those before."""
    del build_id
    period = last_days(last_date, days)
    previous = period.before()
    with open_snapshot(context.settings(), company_id) as snapshot:
        (company,) = snapshot.rows("select currency, timezone, data_origin from srv_company")
        return SalesOverview(
            build=snapshot.build,
            **company,
            period=period,
            previous_period=previous,
            totals=sales_totals(snapshot, period, shop_ids=shop_ids),
            previous_totals=sales_totals(snapshot, previous, shop_ids=shop_ids),
            days=sales_by_day(snapshot, period, shop_ids=shop_ids),
            previous_days=sales_by_day(snapshot, previous, shop_ids=shop_ids),
            best_sellers=best_sellers(snapshot, period, shop_ids=shop_ids),
            worst_sellers=best_sellers(snapshot, period, shop_ids=shop_ids, worst=True),
        )
