"""How a manager's page is made: one frame, so that all pages look, filter, fail and age alike.

A view opens the page, asks, shows::

    page = open_page("How are sales going?", filters=("period", "compare", "shop", "category"))
    show_headlines(page, ("net_sales_amount", "orders_count", "margin_ratio"))
    show_course(page, "net_sales_amount", bucket="day", key="sales_course")
    answer = page.ask(("net_sales_amount", "units"), by=("product",), limit=10)
    show_answer(page, answer, title="Best sellers", key="best")

`open_page` says the question as title, how old the numbers are and which days are meant, draws the filter
bar (bound to the address, kept from page to page) and ends the run with a sentence where there is nothing
to show: nobody logged in, API down, nothing published, no sales yet, a shop that is not the visitor's, dates
that are no period. `Page.ask` gives the engine's `Answer` within the visitor's shops; `Page.read` runs any
other function of `core.metrics` on the snapshot, from the cache. Both end the run with a sentence when
the question can't be answered. Ready parts: `page_figures.show_figures`, `page_table.show_table`,
`show_as_table` and `show_download`, and `charts.measures`. Give every widget a ``key`` that begins with the
page's name; bind what a refresh must keep: ``bind="query-params"``. Colours: `dashboards.theme`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from core.metrics.ask import Answer, Filters
from core.metrics.period import Comparison, Period
from core.metrics.stock_report import shop_locations
from core.published import BuildInfo
from dashboards.data.filters import Chosen, whole_days
from dashboards.data.health import published_build
from dashboards.data.measures import (
    Choices,
    CompanyFacts,
    Question,
    answerable,
    load_answer,
    load_choices,
    load_facts,
    read,
)
from dashboards.session import Person, explained_failures, require_person
from dashboards.ui.freshness import show_freshness, show_origin
from dashboards.ui.notices import show_no_data, show_nothing_published, show_nothing_sold
from dashboards.ui.page_filters import show_filters

ALL_FILTERS = ("period", "compare", "shop", "category")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Page:
    """An open page: what it answers, to whom, from which build, for which days and shops."""

    question: str
    person: Person
    build: BuildInfo
    facts: CompanyFacts
    choices: Choices
    chosen: Chosen

    @property
    def currency(self) -> str:
        """The company's currency, in which all amounts are."""
        return self.facts.currency

    @property
    def filters_in_words(self) -> tuple[tuple[str, str], ...]:
        """Shops and categories that are shown, for the files that leave the page."""
        shops = [self.choices.shops[key] for key in self.chosen.shop_ids or () if key in self.choices.shops]
        categories = [self.choices.categories[key] for key in self.chosen.category_ids]
        return tuple(
            (name, ", ".join(kept)) for name, kept in (("Shops", shops), ("Categories", categories)) if kept
        )

    @property
    def filters(self) -> Filters:
        """The chosen shops and categories, for functions of `core.metrics` that take them."""
        return Filters(shop_ids=self.chosen.shop_ids, category_ids=self.chosen.category_ids or None)

    @property
    def stock_filters(self) -> Filters:
        """The locations that serve the chosen shops: stock lies there, not in shops."""
        if self.chosen.shop_ids is None:
            return Filters()
        return Filters(location_ids=self.read(shop_locations, shop_ids=self.chosen.shop_ids))

    @property
    def whole_period(self) -> Period | None:
        """The days shown that were over when the orders were read: only these are compared."""
        return whole_days(self.chosen.period, horizon_date=self.facts.horizon_date)

    @property
    def is_running(self) -> bool:
        """Whether the last day shown was not over when the orders were read."""
        return self.whole_period != self.chosen.period

    def ask(
        self,
        measures: Sequence[str],
        by: Sequence[str] = (),
        *,
        period: Period | None = None,
        compare: Comparison = "none",
        order_by: str | None = None,
        descending: bool = True,
        limit: int | None = None,
        product_ids: tuple[str, ...] = (),
    ) -> Answer:
        """Ask for figures of the chosen days, shops and categories; ``period`` asks for other days."""
        question = Question(
            measures=tuple(measures),
            by=tuple(by),
            period=period or self.chosen.period,
            shop_ids=self.chosen.shop_ids,
            category_ids=self.chosen.category_ids,
            product_ids=product_ids,
            order_by=order_by,
            descending=descending,
            limit=limit,
            compare=compare,
        )
        with explained_failures():
            return load_answer(self.person.company_id, self.build.build_id, self.person.shop_ids, question)
        raise AssertionError("a failure ends the page's run")

    def compared(self, measures: Sequence[str], *, product_ids: tuple[str, ...] = ()) -> Answer | None:
        """Return figures of the whole days shown beside those they are compared with, if they are."""
        if self.whole_period is None or self.chosen.comparison == "none":
            return None
        return self.ask(
            measures, period=self.whole_period, compare=self.chosen.comparison, product_ids=product_ids
        )

    def answerable(self, measures: Sequence[str], by: Sequence[str] = ()) -> tuple[str, ...]:
        """Return those of the measures that are known by these dimensions and under the chosen filters."""
        narrowed = ("category",) if self.chosen.category_ids else ()
        return answerable(measures, (*by, *narrowed))

    def read(self, function: Callable[..., _Found], **options: Any) -> _Found:
        """Return what a function of `core.metrics` finds in the snapshot; narrow it by ``options``."""
        with explained_failures():
            return read(self.person.company_id, self.build.build_id, self.person.shop_ids, function, options)
        raise AssertionError("a failure ends the page's run")


def open_page(question: str, *, filters: tuple[str, ...] = ALL_FILTERS) -> Page:
    """Open a page under the question that it answers; ends the run where there is nothing to show."""
    person = require_person()
    st.title(question)
    build = published_build()
    if build is None:
        show_nothing_published()
        st.stop()
    with explained_failures():
        facts = load_facts(person.company_id, build.build_id)
        choices = load_choices(person.company_id, build.build_id, person.shop_ids)
    if facts is None or not choices.shops:
        show_nothing_sold()
        st.stop()
    show_freshness(build, facts.timezone)
    show_origin(facts.data_origin)
    chosen = show_filters(facts, choices, reach=person.shop_ids, shown=filters)
    page = Page(question, person, build, facts, choices, chosen)
    if "period" in filters:
        _show_period(page)
        _stop_outside_of_data(page)
    return page


def _show_period(page: Page) -> None:
    """Say which days are shown, in whose time and money, and whether the last one is over."""
    period, facts = page.chosen.period, page.facts
    running = (
        f" **{min(period.last_date, facts.horizon_date)} is not over**: it counts the orders so far;"
        " changes compare whole days only."
        if page.is_running and period.first_date <= facts.horizon_date
        else ""
    )
    whole = page.whole_period
    previous = None if whole is None else whole.compared(page.chosen.comparison)
    compared = (
        ""
        if previous is None
        else f", compared with {previous.first_date} to {previous.last_date} (same weekdays)"
    )
    st.caption(
        f"{period.first_date} to {period.last_date}{compared}; days in {facts.timezone},"
        f" amounts in {facts.currency}.{running}"
    )


def _stop_outside_of_data(page: Page) -> None:
    period, facts = page.chosen.period, page.facts
    if period.last_date < facts.first_date or period.first_date > facts.horizon_date:
        show_no_data(facts.first_date, facts.last_date, is_filtered=False)
        st.stop()
