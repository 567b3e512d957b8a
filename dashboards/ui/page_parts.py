"""What most pages show of an answer: headline figures, a figure's course over time, and a ranking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from core.metrics.ask import Answer
from core.metrics.registry import METRICS
from core.reports.table import Column
from dashboards.charts.measures import by_time, ranked
from dashboards.data.filters import COMPARISONS, Bucket
from dashboards.data.movers import change_ratio
from dashboards.ui.notices import show_no_data
from dashboards.ui.page import Page
from dashboards.ui.page_figures import NARROW, show_figures
from dashboards.ui.page_table import Row, columns_of, heading_of, metric_column, show_as_table, show_table

MOST_COMPARED = 5000
_MOST_IN_A_ROW, _LONGEST_ROW = 4, 50
_Key = TypeVar("_Key", bound=str)


def show_headlines(
    page: Page, names: Sequence[str], *, product_ids: tuple[str, ...] = (), card_width: int = NARROW
) -> None:
    """Show figures of the chosen days with their change over whole days and their course."""
    known = page.answerable(names, ("product",) if product_ids else ())
    asked = page.ask(known, ("day",), product_ids=product_ids)
    compared = page.compared(known, product_ids=product_ids)
    show_figures(
        names,
        asked.totals,
        currency=page.currency,
        now=compared.totals if compared else None,
        before=compared.previous_totals if compared else None,
        compared_with=COMPARISONS[page.chosen.comparison],
        course=[row for row in asked.rows if not row["is_incomplete"]],
        card_width=card_width,
    )


def show_course(
    page: Page, names: Sequence[str], *, bucket: Bucket, key: str, product_ids: tuple[str, ...] = ()
) -> None:
    """Draw the first of the figures over time beside what it is compared with; all of them as a table."""
    known = page.answerable(names, (bucket, *(("product",) if product_ids else ())))
    answer = page.ask(known, (bucket,), compare=page.chosen.comparison, product_ids=product_ids)
    column = metric_column(known[0])
    title, period = heading_of(column, page.currency), page.chosen.period
    st.altair_chart(
        by_time(
            answer.rows,
            answer.previous_rows,
            bucket=bucket,
            measure=column.name,
            title=title,
            format=METRICS[column.name].format,
            before_title=COMPARISONS[page.chosen.comparison],
        ),
        alt=f"{title} by {bucket}, {period.first_date} to {period.last_date}"
        + (
            f", and {COMPARISONS[page.chosen.comparison].lower()} as a dashed line"
            if answer.previous_rows
            else ""
        ),
    )
    if any(row.get("is_incomplete") for row in answer.rows):
        st.caption(f"A hollow point is a part of a {bucket}: not over yet, or cut by the days chosen.")
    show_as_table(
        page, answer.rows, columns_of(answer), title=f"{column.title} by {bucket}", key=f"{key}_table"
    )


def show_ranking(
    page: Page,
    by: str,
    names: Sequence[str],
    *,
    key: str,
    limit: int = 15,
    on_pick: Callable[[Row], None] | None = None,
    product_ids: tuple[str, ...] = (),
) -> None:
    """Draw what has most of the first figure, and show all figures with their change as a table.

    ``on_pick`` is called with the row of the table that the visitor picks.
    """
    answer = page.ask(
        page.answerable(names, (by,)), (by,), order_by=names[0], limit=limit, product_ids=product_ids
    )
    if not answer.rows:
        show_no_data(page.facts.first_date, page.facts.last_date, is_filtered=True)
        return
    first = metric_column(names[0])
    labels = [column.name for column in columns_of(answer) if not column.is_number]
    title = heading_of(first, page.currency)
    st.altair_chart(
        ranked(answer.rows, labels=labels, measure=first.name, title=title, format=first.format),
        alt=f"{title} by {by}, the most first",
    )
    rows, columns = with_changes(page, answer, by, first.name, product_ids=product_ids)
    show = show_as_table if on_pick is None else show_table
    picked: dict[str, Any] = {} if on_pick is None else {"on_pick": on_pick}
    show(page, rows, columns, title=f"{first.title} by {by}", key=f"{key}_table", **picked)
    if answer.has_more:
        st.caption(f"The {limit} with the most; more are in the custom report.")


def with_changes(
    page: Page, answer: Answer, by: str, name: str, *, product_ids: tuple[str, ...] = ()
) -> tuple[list[dict[str, Any]], list[Column]]:
    """Return rows and columns with the change of one figure over whole days, where something is compared."""
    columns = columns_of(answer)
    if page.whole_period is None or page.chosen.comparison == "none":
        return answer.rows, columns
    compared = page.ask(
        (name,),
        (by,),
        period=page.whole_period,
        compare=page.chosen.comparison,
        limit=MOST_COMPARED,
        product_ids=product_ids,
    )
    key = answer.columns[0].name
    changes = {
        row[key]: change_ratio(row[name], before[name] if before else None)
        for row, before in zip(compared.rows, compared.previous_rows, strict=True)
    }
    meaning = f"{METRICS[name].title} of whole days against those compared with."
    changed = Column("change", "Change", "percent", definition=meaning)
    return [{**row, "change": changes.get(row[key])} for row in answer.rows], [*columns, changed]


def choose(label: str, options: Mapping[_Key, str], *, key: str) -> _Key:
    """Offer choices, bound to the address; the first is the default. A phone has room for few short ones."""
    names = list(options)
    if len(names) > _MOST_IN_A_ROW or sum(map(len, options.values())) > _LONGEST_ROW:
        return st.selectbox(label, names, format_func=options.__getitem__, key=key, bind="query-params")
    chosen: _Key | None = st.segmented_control(
        label,
        names,
        default=names[0],
        required=True,
        format_func=options.__getitem__,
        key=key,
        bind="query-params",
    )
    return chosen or names[0]
