"""Charts of customers: new beside returning, cohorts as a grid, what tenths of them bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from dashboards.charts.measures import value_axis
from dashboards.theme import BLUE, GREY, ORANGE, SEQUENTIAL_COLOURS

Row = Mapping[str, Any]
NEW, RETURNING = "New", "Returning"
KEPT, EXPECTED = "Margin to date", "Expected, next 365 days"
# From here on white has more contrast than black with the cell's colour.
_DARK_FROM = 0.75


def new_and_returning(rows: Sequence[Row], *, bucket: str) -> alt.Chart:
    """Draw customers by day, week or month, returning ones below new ones; parts of a bucket are pale."""
    frame = pl.DataFrame(
        {
            "bucket": [row[bucket] for row in rows for _ in range(2)],
            "kind": [RETURNING, NEW] * len(rows),
            "place": [0, 1] * len(rows),
            "customers": [
                row[name]
                for row in rows
                for name in ("returning_customers_count", "new_customers_count")
            ],
            "is_part": [bool(row["is_incomplete"]) for row in rows for _ in range(2)],
        },
        schema={
            "bucket": pl.Date, "kind": pl.String, "place": pl.Int64, "customers": pl.Int64,
            "is_part": pl.Boolean,
        },
    )  # fmt: skip
    chart: alt.Chart = (
        alt.Chart(frame, height=260)
        .mark_bar()
        .encode(
            x=alt.X(f"yearmonthdate(bucket):{'O' if len(rows) < 40 else 'T'}", title=None,
                    axis=alt.Axis(format="%d %b" if bucket != "month" else "%b %Y", labelOverlap=True)),
            y=alt.Y("customers:Q", title="Customers", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="top"),
                            scale=alt.Scale(domain=[RETURNING, NEW], range=[BLUE, ORANGE])),
            order="place:Q",
            opacity=alt.condition("datum.is_part", alt.value(0.45), alt.value(1)),
            tooltip=[
                alt.Tooltip("bucket:T", title=bucket.capitalize(), format="%Y-%m-%d"),
                alt.Tooltip("kind:N", title="Customers"),
                alt.Tooltip("customers:Q", title="Count"),
            ],
        )
    )  # fmt: skip
    return chart


def cohort_grid(rows: Sequence[Row]) -> alt.LayerChart:
    """Draw the share of each month's new customers who ordered again, by months since.

    Month 0 is everybody and is left out; the running month is pale, because it will still grow.
    """
    shown = [row for row in rows if row["month_number"] > 0]
    frame = pl.DataFrame(
        {
            "cohort": [f"{row['cohort_month']:%b %Y} ({row['cohort_customers_count']:,})" for row in shown],
            "place": [row["cohort_month"] for row in shown],
            "months": [row["month_number"] for row in shown],
            "ratio": [row["retention_ratio"] for row in shown],
            "customers": [row["customers_count"] for row in shown],
            "is_part": [row["is_incomplete"] for row in shown],
        },
        schema={
            "cohort": pl.String, "place": pl.Date, "months": pl.Int64, "ratio": pl.Float64,
            "customers": pl.Int64, "is_part": pl.Boolean,
        },
    )  # fmt: skip
    most = max((row["retention_ratio"] for row in shown), default=0.0) or 1.0
    base = alt.Chart(frame).encode(
        x=alt.X("months:O", title="Months since the first order", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cohort:O", title=None, sort=alt.EncodingSortField("place")),
    )
    tooltip = [
        alt.Tooltip("cohort:O", title="First order in (customers)"),
        alt.Tooltip("months:O", title="Months since"),
        alt.Tooltip("ratio:Q", title="Ordered again", format=".1%"),
        alt.Tooltip("customers:Q", title="Customers", format=","),
    ]
    cells = base.mark_rect().encode(
        color=alt.Color(
            "ratio:Q",
            title="Ordered again",
            scale=alt.Scale(domain=[0, most], range=SEQUENTIAL_COLOURS),
            legend=alt.Legend(orient="top", format=".0%", gradientLength=160),
        ),
        opacity=alt.condition("datum.is_part", alt.value(0.45), alt.value(1)),
        tooltip=tooltip,
    )
    # A pale cell lies on white in the dark scheme too, so that its dark text can be read.
    ground = base.transform_filter("datum.is_part").mark_rect(color="white")
    dark = f"datum.ratio > {most * _DARK_FROM} && !datum.is_part"
    texts = base.mark_text(fontSize=11).encode(
        text=alt.Text("ratio:Q", format=".0%"),
        color=alt.condition(dark, alt.value("white"), alt.value("#1a1a1a")),
        tooltip=tooltip,
    )
    return alt.LayerChart(
        layer=[ground, cells, texts], height=28 * len({row["cohort_month"] for row in shown}) + 90
    )


def value_groups(rows: Sequence[Row], *, currency: str) -> alt.Chart:
    """Draw what each tenth of the customers brings: margin to date, and what is expected on top."""
    frame = pl.DataFrame(
        {
            "decile": [row["decile"] for row in rows for _ in range(2)],
            "kind": [KEPT, EXPECTED] * len(rows),
            "place": [0, 1] * len(rows),
            "amount": [
                float(row[name]) for row in rows for name in ("kept_margin_amount", "expected_value_amount")
            ],
        },
        schema={"decile": pl.Int64, "kind": pl.String, "place": pl.Int64, "amount": pl.Float64},
    )
    chart: alt.Chart = (
        alt.Chart(frame, height=260)
        .mark_bar()
        .encode(
            x=alt.X("decile:O", title="Tenth of customers, the best first", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("amount:Q", title=f"Margin ({currency})", axis=value_axis("money")),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="top"),
                            scale=alt.Scale(domain=[KEPT, EXPECTED], range=[BLUE, GREY])),
            order="place:Q",
            tooltip=[
                alt.Tooltip("decile:O", title="Tenth"),
                alt.Tooltip("kind:N", title="Part"),
                alt.Tooltip("amount:Q", title=f"Margin ({currency})", format=",.2f"),
            ],
        )
    )  # fmt: skip
    return chart
