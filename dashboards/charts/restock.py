"""Figures of one item: demand with its forecast, and stock with its projection."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl

HEIGHT = 380
DEMAND, EXPECTED, BAND, EMPTY = (
    "Demand of a day",
    "Expected demand",
    "8 of 10 outcomes fall here",
    "Out of stock: demand unknown",
)
STOCK = "Stock, as likely more as less"
_DEMAND_COLOURS = {DEMAND: "#0072B2", EXPECTED: "#009E73", BAND: "#56B4E9", EMPTY: "#D55E00"}
_STOCK_COLOURS = {STOCK: "#0072B2", BAND: "#56B4E9"}
_GREY = "#8A8A8A"
_DAY = alt.X("day:T", title=None, axis=alt.Axis(format="%d %b"))
# Pale enough for the lines upon it, in the light and in the dark scheme.
_BAND_OPACITY = 0.22
_WHOLE = alt.Axis(format=",.0f", tickMinStep=1)


def demand_and_forecast(
    demand: list[dict[str, Any]], forecast: list[dict[str, Any]], *, today: date
) -> alt.LayerChart:
    """Draw past demand as bars, the expected demand dashed, and the band in which 8 of 10 days fall.

    Days out of stock are shaded: what was sold then says nothing about what was wanted.
    """
    past = pl.DataFrame(
        {
            "day": [date.fromisoformat(row["demand_date"]) for row in demand],
            "units": [float(row["demand_units"]) for row in demand],
            "is_out_of_stock": [row["is_out_of_stock"] for row in demand],
        },
        schema={"day": pl.Date, "units": pl.Float64, "is_out_of_stock": pl.Boolean},
    )
    empty = past.filter("is_out_of_stock").with_columns(until=pl.col("day") + timedelta(days=1))
    future = _frame(forecast, "forecast_date", {name: f"{name}_units" for name in ("p10", "p90", "mean")})
    tooltip = [alt.Tooltip("day:T", title="Day", format="%a %Y-%m-%d")]
    layers = [
        _named(empty, EMPTY)
        .mark_rect(opacity=0.25)
        .encode(x=_DAY, x2="until:T", color=_colour(_DEMAND_COLOURS), tooltip=tooltip),
        _named(future, BAND)
        .mark_area(opacity=_BAND_OPACITY, interpolate="monotone")
        .encode(x=_DAY, y="p10:Q", y2="p90:Q", color=_colour(_DEMAND_COLOURS)),
        _named(past, DEMAND)
        .mark_bar(size=3)
        .encode(
            x=_DAY,
            y=alt.Y("units:Q", title="Units per day", axis=_WHOLE),
            color=_colour(_DEMAND_COLOURS),
            tooltip=[*tooltip, alt.Tooltip("units:Q", title="Demand (units)", format=",.0f")],
        ),
        _named(future, EXPECTED)
        .mark_line(strokeDash=[5, 4])
        .encode(
            x=_DAY,
            y="mean:Q",
            color=_colour(_DEMAND_COLOURS),
            tooltip=[
                *tooltip,
                alt.Tooltip("mean:Q", title="Expected (units)", format=",.1f"),
                alt.Tooltip("p10:Q", title="1 in 10 days below", format=",.0f"),
                alt.Tooltip("p90:Q", title="1 in 10 days above", format=",.0f"),
            ],
        ),
        *_marked_day(today, "today"),
    ]
    return alt.LayerChart(layer=layers, height=HEIGHT)


def stock_projection(projection: list[dict[str, Any]], *, today: date, arrival: date) -> alt.LayerChart:
    """Draw stock if nothing is ordered: median, band of 8 in 10, and the day an order would arrive."""
    columns = {name: f"stock_{name}_units" for name in ("p10", "p50", "p90")}
    frame = _frame(projection, "projection_date", {**columns, "risk": "stockout_probability_ratio"})
    highest = max((float(row["stock_p90_units"]) for row in projection), default=0.0)
    # An item that is out of stock all along still gets an axis that a reader can place a zero on.
    units = alt.Y(
        "p50:Q", title="Units on hand", axis=_WHOLE, scale=alt.Scale(domain=[0, max(highest, 1) * 1.05])
    )
    layers = [
        _named(frame, BAND)
        .mark_area(opacity=_BAND_OPACITY, interpolate="step-after")
        .encode(x=_DAY, y="p10:Q", y2="p90:Q", color=_colour(_STOCK_COLOURS)),
        _named(frame, STOCK)
        .mark_line(strokeDash=[5, 4], interpolate="step-after")
        .encode(
            x=_DAY,
            y=units,
            color=_colour(_STOCK_COLOURS),
            tooltip=[
                alt.Tooltip("day:T", title="Day", format="%a %Y-%m-%d"),
                alt.Tooltip("p50:Q", title="Stock, as likely more as less", format=",.0f"),
                alt.Tooltip("p10:Q", title="1 in 10 below", format=",.0f"),
                alt.Tooltip("p90:Q", title="1 in 10 above", format=",.0f"),
                alt.Tooltip("risk:Q", title="Chance of none left", format=".0%"),
            ],
        ),
        *_marked_day(today, "today"),
        *_marked_day(arrival, "today's order arrives"),
    ]
    return alt.LayerChart(layer=layers, height=HEIGHT)


def _frame(rows: list[dict[str, Any]], day: str, columns: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day": [date.fromisoformat(row[day]) for row in rows],
            **{name: [float(row[column]) for row in rows] for name, column in columns.items()},
        },
        schema={"day": pl.Date, **dict.fromkeys(columns, pl.Float64)},
    )


def _named(frame: pl.DataFrame, series: str) -> alt.Chart:
    return alt.Chart(frame.with_columns(series=pl.lit(series)))


def _colour(colours: dict[str, str]) -> alt.Color:
    """Colour by series, with one legend for all layers of a figure."""
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    legend = alt.Legend(
        orient="bottom", title=None, columns=1, labelLimit=260, symbolType="square", symbolOpacity=1
    )
    return alt.Color("series:N", scale=scale, legend=legend)


def _marked_day(day: date, label: str) -> tuple[alt.Chart, alt.Chart]:
    mark = alt.Chart(pl.DataFrame({"day": [day], "label": [label]}))
    return (
        mark.mark_rule(color=_GREY, strokeDash=[2, 3]).encode(x="day:T"),
        mark.mark_text(color=_GREY, align="left", dx=4, baseline="top").encode(
            x="day:T", y=alt.value(0), text="label:N"
        ),
    )
