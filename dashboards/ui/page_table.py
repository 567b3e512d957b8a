"""Tables: units in the headings, names before numbers, and a download of exactly what is shown.

Columns are those of reports (`core.reports.table.Column`), so that a page's table and its file agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.metrics.ask import Answer
from core.metrics.registry import METRICS
from core.reports.formats import FORMATS, FileFormat, to_bytes
from core.reports.table import Column, Report, make_table
from dashboards.ui.words import NO_VALUE, amount_format

if TYPE_CHECKING:
    from dashboards.ui.page import Page

Row = Mapping[str, Any]
DOWNLOADS: Mapping[FileFormat, str] = {"csv": "CSV", "xlsx": "Excel"}
_TIMES = ("day", "week", "month", "quarter", "year")
_TITLES = {"category_path": "Category"}
_LETTER, _PADDING, _WIDEST = 8, 24, 320
_KINDS = {"date": st.column_config.DateColumn, "boolean": st.column_config.CheckboxColumn}
_NUMBERS = {"integer": "localized", "percent": "%,.1f%%", "decimal": "%,.2f", "days": "%,.1f"}


def show_table(
    page: Page,
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    title: str,
    key: str,
    on_pick: Callable[[Row], None] | None = None,
) -> None:
    """Show rows, and below them downloads of the same; ``key`` begins with the page's name.

    ``on_pick`` is called with the row that the visitor picks, before the page is drawn again.
    """
    options: dict[str, Any] = {}
    if on_pick is not None:
        place = f"{key}_{st.session_state.get(_picks(key), 0)}"
        options = {
            "on_select": lambda: _hand_over(on_pick, key, place, rows),
            "selection_mode": "single-row",
            "key": place,
        }
    st.dataframe(
        [{column.name: _drawn(row.get(column.name), column) for column in columns} for row in rows],
        column_config={
            column.name: config_of(column, page.currency, is_pinned=place == 0, width=_width(rows, column))
            for place, column in enumerate(columns)
        },
        column_order=[column.name for column in columns],
        hide_index=True,
        placeholder=NO_VALUE,
        alt=title,
        **options,
    )
    show_downloads(page, rows, columns, title=title, key=key)


def show_as_table(
    page: Page,
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    title: str,
    key: str,
    label: str = "Show as table",
) -> None:
    """Offer what a chart shows as a table too: charts are weak for screen readers and for exact values."""
    with st.expander(label):
        show_table(page, rows, columns, title=title, key=key)


def show_downloads(
    page: Page, rows: Sequence[Row], columns: Sequence[Column], *, title: str, key: str
) -> None:
    """Offer the rows as files; a file is made only when it is asked for."""
    bar = st.container(horizontal=True, gap="small")
    for kind, name in DOWNLOADS.items():

        def make(kind: FileFormat = kind) -> bytes:
            return to_bytes(_report(page, rows, columns, title=title, name=key), kind)

        bar.download_button(
            name,
            make,
            file_name=f"{key}-{page.chosen.period.first_date}-to-{page.chosen.period.last_date}.{kind}",
            mime=FORMATS[kind].media_type,
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"{key}_{kind}",
            help=f"“{title}” as {name}",
        )


def _picks(key: str) -> str:
    return f"{key}_picks"


def _hand_over(on_pick: Callable[[Row], None], key: str, place: str, rows: Sequence[Row]) -> None:
    """Hand over the picked row; the next table is another one, so that nothing stays picked in it."""
    picked = st.session_state.get(place, {}).get("selection", {}).get("rows", [])
    if picked and picked[0] < len(rows):
        st.session_state[_picks(key)] = st.session_state.get(_picks(key), 0) + 1
        on_pick(rows[picked[0]])


def columns_of(answer: Answer) -> list[Column]:
    """Return the columns of an answer that people read: names, not the ids that stand beside them.

    A category is named by its path, which says its name too.
    """
    has_path = any(column.name == "category_path" for column in answer.columns)
    left_out = {"category_name"} if has_path else set()
    return [
        metric_column(column.name)
        if column.kind == "measure"
        else Column(
            column.name, _TITLES.get(column.name, column.title), "date" if column.name in _TIMES else "text"
        )
        for column in answer.columns
        if not column.name.endswith("_id") and column.name not in left_out
    ]


def metric_column(name: str) -> Column:
    """Return the column of a figure, with its definition as help."""
    metric = METRICS[name]
    return Column(name, metric.title, metric.format, definition=metric.definition)


def config_of(column: Column, currency: str, *, is_pinned: bool = False, width: int | None = None) -> Any:
    """Return how Streamlit draws a column: its heading with the unit, its digits, what it means."""
    heading = heading_of(column, currency)
    if column.is_number:
        drawn = amount_format(currency) if column.format == "money" else _NUMBERS[column.format]
        return st.column_config.NumberColumn(heading, format=drawn, help=column.definition or None)
    kind: Any = _KINDS.get(column.format, st.column_config.TextColumn)
    return kind(heading, pinned=is_pinned, width=width, help=column.definition or None)


def _width(rows: Sequence[Row], column: Column) -> int | None:
    """Return a width for a column of mostly short or no texts: left alone, its long ones would be cut.

    >>> _width([{"variant": text} for text in (None, None, "Herringbone")], Column("variant", "Variant"))
    112
    >>> _width([{"variant": "Black"}], Column("variant", "Variant"))
    >>> _width([], Column("variant", "Variant"))
    """
    lengths = [len(str(row.get(column.name) or "")) for row in rows] if column.format == "text" else []
    longest = max(lengths, default=0)
    if not longest or longest < 2 * sum(lengths) / len(lengths):
        return None
    return min(_LETTER * longest + _PADDING, _WIDEST)


def heading_of(column: Column, currency: str) -> str:
    """Return a heading with its unit.

    >>> heading_of(Column("a", "Net sales", "money"), "GBP")
    'Net sales (GBP)'
    """
    return replace(column, unit=_unit(column, currency)).heading


def _report(page: Page, rows: Sequence[Row], columns: Sequence[Column], *, title: str, name: str) -> Report:
    period = page.chosen.period
    with_units = [replace(column, unit=_unit(column, page.currency)) for column in columns]
    return Report(
        name=name,
        title=title,
        answers=page.question,
        company_name=page.person.company_name,
        currency=page.currency,
        timezone=page.facts.timezone,
        build_id=page.build.build_id,
        horizon_at=page.build.horizon_at,
        made_at=datetime.now(UTC),
        tables=(make_table(name, title, with_units, rows),),
        first_date=period.first_date,
        last_date=period.last_date,
        filters=page.filters_in_words,
    )


def _unit(column: Column, currency: str) -> str:
    return column.unit or {"money": currency, "days": "days"}.get(column.format, "")


def _drawn(value: Any, column: Column) -> Any:
    """Give decimals as floats: only for drawing, where the column's format rounds them; files are exact."""
    if column.format == "percent" and value is not None:
        return float(value) * 100
    return float(value) if isinstance(value, Decimal) else value
