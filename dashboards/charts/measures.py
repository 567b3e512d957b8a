"""Charts of figures: by time beside the time before, and things ranked by a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import altair as alt
import polars as pl

from dashboards.data.filters import Bucket
from dashboards.theme import BEFORE_COLOUR, THIS_PERIOD_COLOUR

Row = Mapping[str, Any]
THIS_PERIOD = "This period"
_FORMATS = {"money": ",.2f", "integer": ",.0f", "percent": ".1%", "decimal": ",.2f", "days": ",.1f"}
_AXIS_FORMATS = {"percent": ".0%", "integer": ",.0f"}
# Told tick by tick: an axis' own "~s" would give all of them the largest one's letter, as in "0k".
_SHORT_TICKS = "format(datum.value, abs(datum.value) < 1 ? '~g' : '~s')"
_DATES: Mapping[Bucket, str] = {"day": "%d %b", "week": "%d %b", "month": "%b %Y"}
_OWN_DATES: Mapping[Bucket, str] = {"day": "%a %Y-%m-%d", "week": "week of %Y-%m-%d", "month": "%B %Y"}
_LONGEST_LABEL = 170


def by_time(
    rows: Sequence[Row],
    before: Sequence[Row | None],
    *,
    bucket: Bucket,
    measure: str,
    title: str,
    format: str,
    before_title: str = "Period before",
) -> alt.LayerChart:
    """Draw a line over time, and what was before dashed and shifted onto the same days.

    Buckets that are not over, or cut by the period's ends, are hollow points beside the line: they will
    grow, or are no whole ones.
    """
    places = [row[bucket] for row in rows]
    frame = pl.concat(
        [
            _line(rows, places, bucket, measure, THIS_PERIOD),
            _line(before, places, bucket, measure, before_title),
        ]
    )
    names = [THIS_PERIOD, before_title] if before else [THIS_PERIOD]
    x = alt.X("place:T", title=None, axis=_time_axis(places, bucket))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=True), axis=value_axis(format))
    colour = alt.Color(
        "line:N",
        title=None,
        scale=alt.Scale(domain=names, range=[THIS_PERIOD_COLOUR, BEFORE_COLOUR][: len(names)]),
        legend=alt.Legend(orient="top", symbolType="stroke") if before else None,
    )
    dash = alt.StrokeDash(
        "line:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 4]][: len(names)]), legend=None
    )
    base = alt.Chart(frame)
    lines = (
        base.transform_filter("!datum.is_part").mark_line().encode(x=x, y=y, color=colour, strokeDash=dash)
    )
    points = base.mark_point(size=28, opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        fill=alt.condition("datum.is_part", alt.value("transparent"), colour),
        tooltip=[
            alt.Tooltip("own_place:T", title=bucket.capitalize(), format=_OWN_DATES[bucket]),
            alt.Tooltip("line:N", title="Line"),
            alt.Tooltip("value:Q", title=title, format=_FORMATS[format]),
            alt.Tooltip("note:N", title="Note"),
        ],
    )
    return alt.LayerChart(layer=[lines, points], height=280)


def ranked(rows: Sequence[Row], *, labels: Sequence[str], measure: str, title: str, format: str) -> alt.Chart:
    """Draw one bar per thing, from zero, in the order of the rows.

    ``labels`` names columns: the first is what people read, the others tell two of the same name apart.
    """
    frame = pl.DataFrame(
        {
            "label": _distinct(rows, labels),
            "value": [_number(row[measure]) for row in rows],
        },
        schema={"label": pl.String, "value": pl.Float64},
    )
    bars = alt.Chart(frame, height=28 * len(rows) + 70).mark_bar(
        color=THIS_PERIOD_COLOUR, height={"band": 0.7}
    )
    chart: alt.Chart = bars.encode(
        x=alt.X("value:Q", title=title, scale=alt.Scale(zero=True), axis=value_axis(format)),
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=_LONGEST_LABEL)),
        tooltip=[
            alt.Tooltip("label:N", title="Name"),
            alt.Tooltip("value:Q", title=title, format=_FORMATS[format]),
        ],
    )
    return chart


def value_axis(format: str) -> alt.Axis:
    """Return an axis whose ticks a phone has room for: 12k, not 12,000.00."""
    if format in _AXIS_FORMATS:
        return alt.Axis(format=_AXIS_FORMATS[format], tickCount=5)
    return alt.Axis(labelExpr=_SHORT_TICKS, tickCount=5)


def _distinct(rows: Sequence[Row], labels: Sequence[str]) -> list[str]:
    names = [str(row[labels[0]] or "–") for row in rows]
    return [
        " · ".join([name, *(str(row[label]) for label in labels[1:])]) if names.count(name) > 1 else name
        for name, row in zip(names, rows, strict=True)
    ]


def _time_axis(places: Sequence[date], bucket: Bucket) -> alt.Axis:
    """Return an axis with a tick at weeks' and months' first days: left alone, it would choose Sundays."""
    if bucket == "day":
        return alt.Axis(format=_DATES[bucket], labelOverlap=True, tickCount=8)
    ticks = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in places]
    return alt.Axis(format=_DATES[bucket], labelOverlap=True, values=ticks)


def _line(
    rows: Sequence[Row | None],
    places: list[date],
    bucket: Bucket,
    measure: str,
    name: str,
) -> pl.DataFrame:
    there = [(place, row) for place, row in zip(places, rows, strict=False) if row is not None]
    kept = [row for _, row in there]
    parts = [bool(row.get("is_incomplete")) for row in kept]
    return pl.DataFrame(
        {
            "place": [place for place, _ in there],
            "own_place": [row[bucket] for row in kept],
            "value": [_number(row[measure]) for row in kept],
            "line": [name] * len(kept),
            "is_part": parts,
            "note": [f"part of a {bucket}" if part else f"whole {bucket}" for part in parts],
        },
        schema={
            "place": pl.Date,
            "own_place": pl.Date,
            "value": pl.Float64,
            "line": pl.String,
            "is_part": pl.Boolean,
            "note": pl.String,
        },
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
