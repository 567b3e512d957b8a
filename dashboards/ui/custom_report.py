"""The parts of the custom report: what to ask, what it means, and taking it along."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.metrics.ask import Answer
from core.metrics.dimensions import TIME_DIMENSIONS, dimension_named, dimensions_of
from core.metrics.registry import METRICS, SOURCES, base_metrics
from core.reports.formats import FORMATS as FILES
from dashboards.charts.measures import by_time, ranked
from dashboards.data.filters import BUCKETS, COMPARISONS
from dashboards.data.reports import FORMATS, address_of, make_file, save_report, saved_reports
from dashboards.session import explained_failures
from dashboards.ui.page import Page
from dashboards.ui.page_figures import WIDE, show_figures
from dashboards.ui.page_filters import CATEGORY, COMPARE, FROM, PERIOD, SHOP, TO, narrow
from dashboards.ui.page_table import columns_of, heading_of, metric_column

MEASURES, BY = "custom_measures", "custom_by"
MOST_MEASURES, MOST_DIMENSIONS, MOST_BARS = 8, 3, 30
STARTING_MEASURES = ("net_sales_amount", "units")
STARTING_DIMENSIONS = ("day",)


def choose_measures() -> list[str]:
    """Choose figures from the registry."""
    return st.multiselect(
        "Figures",
        list(METRICS),
        default=list(STARTING_MEASURES),
        format_func=lambda name: METRICS[name].title,
        max_selections=MOST_MEASURES,
        key=MEASURES,
        bind="query-params",
    )


def choose_dimensions() -> list[str]:
    """Choose what the figures are cut by."""
    known = {name: None for source in SOURCES.values() for name in dimensions_of(source)}
    return st.multiselect(
        "Cut by",
        list(known),
        default=list(STARTING_DIMENSIONS),
        format_func=title_of,
        max_selections=MOST_DIMENSIONS,
        placeholder="Nothing: totals alone",
        key=BY,
        bind="query-params",
    )


def title_of(dimension: str) -> str:
    """Return a dimension's name for people."""
    return dimension.capitalize() if dimension in TIME_DIMENSIONS else dimension_named(dimension).title


def show_left_out(measures: list[str], known: tuple[str, ...], by: list[str], *, has_category: bool) -> None:
    """Say which figures can't be cut so, instead of guessing them."""
    left_out = [METRICS[name].title for name in measures if name not in known]
    if left_out:
        cuts = [*map(title_of, by), *(["Category (filter)"] if has_category else [])]
        st.warning(
            f"Not known by {', '.join(cuts)}: {', '.join(left_out)}. The definitions below say why.",
            icon=":material/rule:",
        )


def show_totals(page: Page, answer: Answer, known: tuple[str, ...]) -> None:
    """Show what all rows come to, those beyond the page's limit too, with the change over whole days."""
    compared = page.compared(known)
    show_figures(
        known,
        answer.totals,
        currency=page.currency,
        now=compared.totals if compared else None,
        before=compared.previous_totals if compared else None,
        compared_with=COMPARISONS[page.chosen.comparison],
        card_width=WIDE,
    )


def show_chart(page: Page, answer: Answer, by: list[str]) -> None:
    """Draw the first figure: over time, or by thing; by two things at once only the table says it."""
    measure = next(column for column in answer.columns if column.kind == "measure")
    column = metric_column(measure.name)
    title = heading_of(column, page.currency)
    if len(by) == 1 and by[0] in BUCKETS:
        chart: Any = by_time(
            answer.rows,
            answer.previous_rows,
            bucket=by[0],  # type: ignore[arg-type]
            measure=measure.name,
            title=title,
            format=column.format,
            before_title=COMPARISONS[page.chosen.comparison],
        )
    elif len(by) == 1 and by[0] not in TIME_DIMENSIONS:
        labels = [one.name for one in columns_of(answer) if not one.is_number]
        chart = ranked(
            answer.rows[:MOST_BARS], labels=labels, measure=measure.name, title=title, format=column.format
        )
    else:
        return
    st.altair_chart(chart, alt=f"{title} by {title_of(by[0])}")


def show_definitions(measures: tuple[str, ...]) -> None:
    """Say of each figure what it means, how it is computed, and by what it is known."""
    with st.expander("What the figures mean"):
        for name in measures:
            metric = METRICS[name]
            known = [set(dimensions_of(SOURCES[METRICS[base].source])) for base in base_metrics(name)]
            cuts = ", ".join(sorted(map(title_of, set.intersection(*known))))
            st.markdown(f"**{metric.title}**: {metric.definition}")
            st.caption(f"{metric.formula} · {metric.time_column} · by {cuts}")


def show_files(page: Page, question: Mapping[str, Any]) -> None:
    """Have the API make a file of the whole report, within the visitor's rights."""
    st.subheader("Take it along")
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    kind = bar.selectbox(
        "File", list(FORMATS), format_func=FORMATS.__getitem__, key="custom_format", bind="query-params"
    )
    if bar.button("Make the file", icon=":material/description:", key="custom_make"):
        with explained_failures(), st.spinner("The file is being made …"):
            made = make_file(page.person.api, question, kind)
        if made.status == "succeeded":
            st.download_button(
                f"Download {made.name}",
                made.content,
                file_name=made.name,
                mime=FILES[kind].media_type,
                icon=":material/download:",
                on_click="ignore",
                key="custom_download",
            )
        elif made.status == "failed":
            st.error(f"The file could not be made: {made.detail}", icon=":material/block:")
        else:
            st.info("The file is large and still being made. Ask for it again in a minute.")


def show_saved(page: Page) -> None:
    """Open a report that was saved: one's own, or one that is shared."""
    with explained_failures():
        saved = saved_reports(page.person.api)
    if not saved:
        return
    names = {one["id"]: one["name"] + ("" if one["is_own"] else " (shared)") for one in saved}
    questions = {one["id"]: one["question"] for one in saved}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Saved reports", list(names), format_func=names.__getitem__, index=None, key="custom_saved"
        )
        st.button(
            "Open",
            icon=":material/folder_open:",
            disabled=chosen is None,
            key="custom_open",
            on_click=lambda: open_saved(questions[chosen]) if chosen else None,
        )


def open_saved(question: Mapping[str, Any]) -> None:
    """Set the page's choices to a saved question: figures, cuts, days, comparison, shops, categories."""
    address = address_of(question)
    st.session_state[MEASURES] = address["custom_measures"]
    st.session_state[BY] = address["custom_by"]
    days = {key: date.fromisoformat(str(address[key])) for key in (FROM, TO) if key in address}
    filters = question["filters"]
    narrow(
        {
            PERIOD: address["period"],
            **days,
            COMPARE: question["compare"],
            SHOP: filters.get("shop_ids") or [],
            CATEGORY: filters.get("category_ids") or [],
        }
    )
    # Date fields that are drawn anew don't write what they are given into the address; those that are
    # there write it, and let nobody else.
    with suppress(StreamlitAPIException):
        st.query_params.update({key: str(day) for key, day in days.items()})


def show_save(page: Page, question: Mapping[str, Any]) -> None:
    """Save the report under a name; its address shares it at once."""
    st.caption("To share what you see, copy this page's address: it holds figures, cuts and filters.")
    with st.form("custom_save", border=False):
        name = st.text_input("Save it as", max_chars=200, placeholder="Sales by month and shop")
        is_shared = st.checkbox("Others of the company see it, each with their own rights")
        if not st.form_submit_button("Save", icon=":material/bookmark_add:"):
            return
    if not name.strip():
        st.warning("Give it a name first.")
        return
    with explained_failures():
        save_report(page.person.api, name, question, is_shared=is_shared)
    st.success(f"Saved as “{name}”.", icon=":material/bookmark_added:")
