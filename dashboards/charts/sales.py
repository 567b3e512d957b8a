"""Figures of the sales overview."""

from __future__ import annotations

from datetime import date
from typing import Any

import altair as alt
import polars as pl

THIS_PERIOD, PERIOD_BEFORE = "This period", "Period before"
BLUE, GREY = "#0072B2", "#8A8A8A"


def sales_by_day(
    days: list[dict[str, Any]],
    previous_days: list[dict[str, Any]],
    *,
    column: str,
    title: str,
    running_date: date | None,
) -> alt.LayerChart:
    """Draw one line per period over the same days; the period before is dashed and shifted onto them.

    A day that is not over is marked: its value will still grow.
    """
    dates = [row["sales_date"] for row in days]
    frame = pl.concat(
        [
            _line(days, dates, column, THIS_PERIOD),
            _line(previous_days, dates, column, PERIOD_BEFORE),
        ]
    )
    colour = alt.Color(
        "period:N",
        title=None,
        scale=alt.Scale(domain=[THIS_PERIOD, PERIOD_BEFORE], range=[BLUE, GREY]),
        legend=alt.Legend(orient="top", symbolType="stroke"),
    )
    dash = alt.StrokeDash(
        "period:N",
        scale=alt.Scale(domain=[THIS_PERIOD, PERIOD_BEFORE], range=[[1, 0], [5, 4]]),
        title=None,
        legend=alt.Legend(orient="top"),
    )
    lines = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=18))
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b")),
            y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=True)),
            color=colour,
            strokeDash=dash,
            tooltip=[
                alt.Tooltip("own_date:T", title="Day", format="%a %Y-%m-%d"),
                alt.Tooltip("period:N", title="Period"),
                alt.Tooltip("value:Q", title=title, format=",.2f"),
            ],
        )
    )
    layers: list[alt.Chart] = [lines]
    if running_date is not None:
        layers.extend(_running_day(running_date))
    return alt.LayerChart(layer=layers, height=280)


def _running_day(day: date) -> tuple[alt.Chart, alt.Chart]:
    mark = alt.Chart(pl.DataFrame({"day": [day], "label": ["not over"]}))
    return (
        mark.mark_rule(color=GREY, strokeDash=[2, 3]).encode(x="day:T"),
        mark.mark_text(color=GREY, align="right", dx=-5, baseline="top").encode(
            x="day:T", y=alt.value(0), text="label:N"
        ),
    )


def _line(rows: list[dict[str, Any]], dates: list[Any], column: str, period: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day": dates,
            "own_date": [row["sales_date"] for row in rows],
            "value": [None if row[column] is None else float(row[column]) for row in rows],
            "period": [period] * len(rows),
        },
        schema={"day": pl.Date, "own_date": pl.Date, "value": pl.Float64, "period": pl.String},
    )
