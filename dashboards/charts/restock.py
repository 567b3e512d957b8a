"""Figures of one item: demand with its forecast, and stock with its projection."""

from __future__ import annotations

from datetime import date
from typing import Any

import altair as alt
import polars as pl

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8A8A8A"
HEIGHT = 240


def demand_and_forecast(demand: list[dict[str, Any]], forecast: list[dict[str, Any]]) -> alt.LayerChart:
    """Draw past demand solid, the forecast's median dashed, and the band in which 8 of 10 days fall.

    Days out of stock are marked: what was sold then says nothing about what was wanted.
    """
    past = pl.DataFrame(
        {
            "day": [date.fromisoformat(row["demand_date"]) for row in demand],
            "units": [float(row["demand_units"]) for row in demand],
            "is_out_of_stock": [row["is_out_of_stock"] for row in demand],
        },
        schema={"day": pl.Date, "units": pl.Float64, "is_out_of_stock": pl.Boolean},
    )
    future = pl.DataFrame(
        {
            "day": [date.fromisoformat(row["forecast_date"]) for row in forecast],
            **{
                name: [float(row[f"{name}_units"]) for row in forecast]
                for name in ("p10", "p50", "p90", "mean")
            },
        },
        schema={"day": pl.Date, **dict.fromkeys(("p10", "p50", "p90", "mean"), pl.Float64)},
    )
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%d %b"))
    history = (
        alt.Chart(past)
        .mark_line(color=BLUE, interpolate="step-after")
        .encode(
            x=x,
            y=alt.Y("units:Q", title="Units per day"),
            tooltip=[alt.Tooltip("day:T", format="%a %Y-%m-%d"), alt.Tooltip("units:Q", title="Demand")],
        )
    )
    empty = (
        alt.Chart(past.filter(pl.col("is_out_of_stock")))
        .mark_tick(color=ORANGE, thickness=3)
        .encode(x=x, y=alt.datum(0), tooltip=alt.value("Out of stock: demand unknown"))
    )
    band = alt.Chart(future).mark_area(color=BLUE, opacity=0.2).encode(x=x, y="p10:Q", y2="p90:Q")
    middle = (
        alt.Chart(future)
        .mark_line(color=BLUE, strokeDash=[5, 4])
        .encode(
            x=x,
            y="mean:Q",
            tooltip=[
                alt.Tooltip("day:T", format="%a %Y-%m-%d"),
                alt.Tooltip("mean:Q", title="Expected", format=".1f"),
                alt.Tooltip("p10:Q", title="1 in 10 below", format=".0f"),
                alt.Tooltip("p90:Q", title="1 in 10 above", format=".0f"),
            ],
        )
    )
    return alt.layer(band, history, middle, empty).properties(height=HEIGHT)


def stock_projection(projection: list[dict[str, Any]], *, arrival: date | None) -> alt.LayerChart:
    """Draw stock if nothing is ordered: median, band of 8 in 10, and the day an order would arrive."""
    frame = pl.DataFrame(
        {
            "day": [date.fromisoformat(row["projection_date"]) for row in projection],
            **{
                name: [float(row[f"stock_{name}_units"]) for row in projection]
                for name in ("p10", "p50", "p90")
            },
            "risk": [row["stockout_probability_ratio"] for row in projection],
        },
        schema={"day": pl.Date, **dict.fromkeys(("p10", "p50", "p90", "risk"), pl.Float64)},
    )
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%d %b"))
    band = alt.Chart(frame).mark_area(color=GREY, opacity=0.25).encode(x=x, y="p10:Q", y2="p90:Q")
    middle = (
        alt.Chart(frame)
        .mark_line(color=BLUE, strokeDash=[5, 4])
        .encode(
            x=x,
            y=alt.Y("p50:Q", title="Units on hand"),
            tooltip=[
                alt.Tooltip("day:T", format="%a %Y-%m-%d"),
                alt.Tooltip("p50:Q", title="Median stock"),
                alt.Tooltip("risk:Q", title="Chance of none left", format=".0%"),
            ],
        )
    )
    layers = [band, middle]
    if arrival is not None:
        mark = pl.DataFrame({"day": [arrival], "label": ["today's order arrives"]})
        layers.append(
            alt.Chart(mark).mark_rule(color=ORANGE, strokeDash=[3, 3]).encode(x="day:T", tooltip="label:N")
        )
    return alt.layer(*layers).properties(height=HEIGHT)
