"""The filter bar: period, comparison, shops and categories, all in the address and kept from page to page.

Streamlit binds each widget to the address under its key. It drops the values when another page opens, so
what was chosen is kept for the browser tab and put back there; a link with values of its own wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.metrics.period import Comparison
from dashboards.data.filters import (
    COMPARISONS,
    CUSTOM,
    DEFAULT_PERIOD,
    PERIODS,
    Chosen,
    InvalidRange,
    period_named,
    shops_within,
    unknown_labels,
)
from dashboards.data.measures import Choices, CompanyFacts
from dashboards.ui.notices import show_forbidden_choice

PERIOD, FROM, TO, COMPARE, SHOP, CATEGORY = "period", "from", "to", "compare", "shop", "category"
_KEPT = "stockwise_filters"


def show_filters(
    facts: CompanyFacts,
    choices: Choices,
    *,
    reach: tuple[str, ...] | None,
    shown: tuple[str, ...],
) -> Chosen:
    """Show the filters named in ``shown`` and return what is chosen; end the page where it is no answer."""
    _refuse_unknown(SHOP, choices.shops, shown, kind="shop")
    _refuse_unknown(CATEGORY, choices.categories, shown, kind="category")
    bar = st.grid(len(shown), min_column_width=170)
    chosen: dict[str, Any] = {
        PERIOD: DEFAULT_PERIOD,
        COMPARE: next(iter(COMPARISONS)) if COMPARE in shown else "none",
        SHOP: [],
        CATEGORY: [],
    }
    if PERIOD in shown:
        chosen[PERIOD] = _select(bar, "Period", PERIOD, {name: name for name in PERIODS}, DEFAULT_PERIOD)
    if COMPARE in shown:
        chosen[COMPARE] = _select(bar, "Compare with", COMPARE, COMPARISONS, "previous")
    if SHOP in shown and len(choices.shops) > 1:
        chosen[SHOP] = _choose_many(bar, "Shops", SHOP, choices.shops, "All your shops")
    if CATEGORY in shown and choices.categories:
        chosen[CATEGORY] = _choose_many(bar, "Categories", CATEGORY, choices.categories, "All")
    dates = _custom_dates(facts) if chosen[PERIOD] == CUSTOM else {}
    try:
        period = period_named(chosen[PERIOD], last_date=facts.last_date, **dates)
    except InvalidRange as error:
        st.error(f"{error} Choose other days.", icon=":material/date_range:")
        st.stop()
    comparison: Comparison = chosen[COMPARE]
    return Chosen(
        period=period,
        comparison=comparison,
        shop_ids=shops_within(chosen[SHOP], reach),
        category_ids=tuple(sorted(chosen[CATEGORY])),
    )


def forget_filters() -> None:
    """Drop what was chosen: another company has other shops and categories."""
    st.session_state.pop(_KEPT, None)
    for key in (SHOP, CATEGORY):
        if key in st.session_state:
            st.session_state[key] = []


def narrow(filters: Mapping[str, Any]) -> None:
    """Set filters to these values; call it in a widget's callback, before the bar is drawn again."""
    kept = st.session_state.setdefault(_KEPT, {})
    for key, value in filters.items():
        st.session_state[key] = value
        kept[key] = value


def _refuse_unknown(key: str, known: Mapping[str, str], shown: tuple[str, ...], *, kind: str) -> None:
    """Refuse an address that names what the visitor may not see, instead of showing something else."""
    unknown = unknown_labels(st.query_params.get_all(key), known) if key in shown else []
    if not unknown:
        return
    show_forbidden_choice(unknown, kind=kind)
    if st.button("Show what I may see", icon=":material/filter_alt_off:"):
        forget_filters()
        st.query_params.pop(key, None)
        st.rerun()
    st.stop()


def _restore(key: str) -> None:
    kept = st.session_state.setdefault(_KEPT, {})
    if key in kept and key not in st.session_state and key not in st.query_params:
        st.session_state[key] = kept[key]


def _keep(key: str, value: Any) -> None:
    st.session_state.setdefault(_KEPT, {})[key] = value


def _select(bar: Any, label: str, key: str, options: Mapping[Any, str], default: str) -> str:
    _restore(key)
    names = list(options)
    value: str = bar.selectbox(
        label,
        names,
        index=names.index(default),
        format_func=options.__getitem__,
        key=key,
        bind="query-params",
    )
    _keep(key, value)
    return value


def _choose_many(bar: Any, label: str, key: str, options: Mapping[str, str], placeholder: str) -> list[str]:
    _restore(key)
    value: list[str] = bar.multiselect(
        label,
        list(options),
        format_func=options.__getitem__,
        placeholder=placeholder,
        key=key,
        bind="query-params",
    )
    _keep(key, value)
    return value


def _custom_dates(facts: CompanyFacts) -> dict[str, Any]:
    """Ask for the first and the last day; the engine refuses what is no period."""
    preset = period_named(DEFAULT_PERIOD, last_date=facts.last_date)
    columns = st.grid(4, min_column_width=170)
    found: dict[str, Any] = {}
    for name, key, label, day in (
        ("first", FROM, "First day", preset.first_date),
        ("last", TO, "Last day", preset.last_date),
    ):
        _restore(key)
        found[name] = columns.date_input(
            label,
            value=day,
            min_value=facts.first_date.replace(year=1970, month=1, day=1),
            max_value=facts.last_date.replace(year=2099, month=12, day=31),
            format="YYYY-MM-DD",
            key=key,
            bind="query-params",
        )
        _keep(key, found[name])
    return found
