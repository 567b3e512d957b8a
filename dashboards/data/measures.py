"""Business figures for pages: asked of the measure engine, cached by company, build and reach.

The visitor's shops are part of every key and of every question, so that one person's numbers never come
out of the cache for another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from core.metrics.ask import Answer, Filters, ask
from core.metrics.period import Comparison, Period
from core.metrics.sources import known_dimensions
from core.published import open_snapshot
from dashboards import context
from dashboards.data.filters import labels, shops_within

MAX_CACHED = 500
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Question:
    """What is asked: measures, what they are cut by, days, filters and order."""

    measures: tuple[str, ...]
    by: tuple[str, ...] = ()
    period: Period | None = None
    shop_ids: tuple[str, ...] | None = None
    category_ids: tuple[str, ...] = ()
    product_ids: tuple[str, ...] = ()
    order_by: str | None = None
    descending: bool = True
    limit: int | None = None
    compare: Comparison = "none"


@dataclass(frozen=True)
class CompanyFacts:
    """What every page says about a company's numbers: currency, time zone and days.

    ``first_date`` is that of the first sale, ``last_date`` the last day that the build knows of: that of the
    pull, or the end of an imported history. A day without a sale is one too, so that standstill shows, and
    API and reports end there as well. ``horizon_date`` is the day of the pull: earlier days are over.
    """

    currency: str
    timezone: str
    data_origin: str
    horizon_date: date
    first_date: date
    last_date: date


@dataclass(frozen=True)
class Choices:
    """What the visitor may filter by: labels by id, no label twice."""

    shops: dict[str, str]
    categories: dict[str, str]


@st.cache_data(max_entries=MAX_CACHED, ttl="1h", show_spinner=False)
def load_answer(company_id: str, build_id: str, reach: tuple[str, ...] | None, question: Question) -> Answer:
    """Return the engine's answer within the visitor's ``reach``: their shops, None for all."""
    del build_id  # part of the cache's key: another build, another answer
    with open_snapshot(context.settings(), company_id) as snapshot:
        return ask(
            snapshot,
            measures=question.measures,
            dimensions=question.by,
            period=question.period,
            filters=_filters(question, reach),
            order_by=question.order_by,
            descending=question.descending,
            limit=question.limit,
            compare=question.compare,
        )


def read(
    company_id: str,
    build_id: str,
    reach: tuple[str, ...] | None,
    function: Callable[..., _Found],
    options: Mapping[str, Any],
) -> _Found:
    """Return what a function of `core.metrics` finds in the snapshot, from the cache where it was asked."""
    name = f"{function.__module__}.{function.__qualname__}"
    found: _Found = _read(company_id, build_id, reach, name, dict(options), function)
    return found


@st.cache_data(max_entries=MAX_CACHED, ttl="1h", show_spinner=False)
def _read(
    company_id: str,
    build_id: str,
    reach: tuple[str, ...] | None,
    name: str,
    options: dict[str, Any],
    _function: Callable[..., Any],  # told apart by its name; Streamlit leaves out what begins with a line
) -> Any:
    del build_id, reach, name
    with open_snapshot(context.settings(), company_id) as snapshot:
        return _function(snapshot, **options)


@st.cache_data(max_entries=MAX_CACHED, ttl="1h", show_spinner=False)
def load_facts(company_id: str, build_id: str) -> CompanyFacts | None:
    """Return what is known of the company's numbers; None if they hold no sale yet."""
    del build_id
    with open_snapshot(context.settings(), company_id) as snapshot:
        (company,) = snapshot.rows(
            "select currency, timezone, data_origin, horizon_date as last_date from srv_company"
        )
        (sales,) = snapshot.rows("select min(sales_date) as first_date from srv_sales_daily")
        horizon_at: datetime = snapshot.build.horizon_at
    if sales["first_date"] is None:
        return None
    horizon_date = horizon_at.astimezone(ZoneInfo(company["timezone"])).date()
    return CompanyFacts(**company, **sales, horizon_date=horizon_date)


@st.cache_data(max_entries=MAX_CACHED, ttl="1h", show_spinner=False)
def load_choices(company_id: str, build_id: str, reach: tuple[str, ...] | None) -> Choices:
    """Return the shops within the visitor's reach and the categories of the company's products."""
    del build_id
    with open_snapshot(context.settings(), company_id) as snapshot:
        shops = snapshot.rows("select shop_id, shop_name from srv_shops")
        categories = snapshot.rows("select category_id, category_path from srv_categories")
    return Choices(
        shops=labels(
            {row["shop_id"]: row["shop_name"] for row in shops if reach is None or row["shop_id"] in reach}
        ),
        categories=labels({row["category_id"]: row["category_path"] for row in categories}),
    )


def _filters(question: Question, reach: tuple[str, ...] | None) -> Filters:
    """Return the question's filters; shops are never more than the visitor's own."""
    return Filters(
        shop_ids=shops_within(question.shop_ids or (), reach),
        category_ids=question.category_ids or None,
        product_ids=question.product_ids or None,
    )


def answerable(measures: Sequence[str], dimensions: Sequence[str]) -> tuple[str, ...]:
    """Return those of the measures that are known by all of these dimensions.

    >>> answerable(("net_sales_amount", "orders_count"), ("category",))
    ('net_sales_amount',)
    """
    return tuple(name for name in measures if set(dimensions) <= set(known_dimensions(name)))
