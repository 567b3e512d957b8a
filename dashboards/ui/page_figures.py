"""The row of headline figures: value, change, definition and course of each, from the metric registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from core.metrics.registry import METRICS, Metric
from dashboards.ui.words import change_text, exact_text, value_text

NARROW, WIDE = 150, 200
_COLOURS: Mapping[str, Literal["normal", "inverse", "off"]] = {
    "up": "normal",
    "down": "inverse",
    "none": "off",
}


def show_figures(
    names: Sequence[str],
    totals: Mapping[str, Any],
    *,
    currency: str,
    now: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    compared_with: str = "period before",
    course: Sequence[Mapping[str, Any]] = (),
    card_width: int = NARROW,
) -> None:
    """Show figures as cards that wrap on a phone.

    ``totals`` is what is shown. ``now`` and ``before`` are compared: of whole days, so that a day that is
    not over is never held against one that is; leave them out to compare nothing. ``course`` holds the
    figures by day, for the sparklines. ``card_width`` is ``WIDE`` where a title is longer than half a
    phone's width, which would cut it. A name that ``totals`` lacks can't be known under the filters chosen.
    """
    grid = st.grid(_columns(len(names)), min_column_width=card_width)
    for name in names:
        metric = METRICS[name]
        grid.metric(
            metric.title,
            value_text(totals.get(name), metric.format, currency),
            None
            if before is None
            else change_text((now or totals).get(name), before.get(name), metric.format),
            delta_color=_COLOURS[metric.good_direction],
            help=_help(metric, totals, before, compared_with, currency),
            border=True,
            chart_data=[float(row[name]) for row in course if row.get(name) is not None] or None,
            chart_type="area",
        )


def _columns(count: int) -> int:
    """Return how many cards stand beside one another, so that no row has a single one."""
    if count <= 5:
        return count
    return next((columns for columns in (4, 3, 5) if count % columns == 0), 4)


def _help(
    metric: Metric,
    totals: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    compared_with: str,
    currency: str,
) -> str:
    """Say what the figure means and how it is computed, and give it in full."""
    lines = [metric.definition, f"Computed as: {metric.formula}."]
    if metric.name not in totals:
        return " ".join([*lines, "Not known for the filters chosen: it belongs to whole orders."])
    lines.append(f"Exactly {exact_text(totals[metric.name], metric.format, currency)}.")
    if before is not None:
        lines.append(
            f"{compared_with.capitalize()}: {exact_text(before.get(metric.name), metric.format, currency)}."
        )
    return " ".join(lines)
