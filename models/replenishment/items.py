"""Items as the planner needs them: clean numbers in arrays, and a reason for each row that has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.replenishment.errors import ReplenishmentInputError
from models.replenishment.settings import PlanSettings

ITEM_SCHEMA: dict[str, pl.DataType] = {
    "series_id": pl.String(),
    "variant_id": pl.String(),
    "location_id": pl.String(),
    "supplier_id": pl.String(),
    "available_units": pl.Int64(),
    "backordered_units": pl.Int64(),
    "unit_cost_amount": pl.Float64(),
    "unit_price_amount": pl.Float64(),
    "moq_units": pl.Int64(),
    "pack_units": pl.Int64(),
    "quoted_lead_time_days": pl.Int64(),
    "is_discontinued": pl.Boolean(),
    "allow_backorder": pl.Boolean(),
    "is_assumed_terms": pl.Boolean(),
}
ORDER_SCHEMA: dict[str, pl.DataType] = {
    "restock_order_id": pl.String(),
    "supplier_id": pl.String(),
    "variant_id": pl.String(),
    "location_id": pl.String(),
    "open_units": pl.Int64(),
    "sent_date": pl.Date(),
    "expected_date": pl.Date(),
}


@dataclass(frozen=True)
class CleanItems:
    """Items that can be rolled forward, sorted by series; refused rows; and what was corrected.

    `refused` has ``series_id`` and ``reason_text``, `flags` has ``series_id`` and ``flag``.
    """

    frame: pl.DataFrame
    refused: pl.DataFrame
    flags: pl.DataFrame

    def numbers(self, column: str) -> NDArray[np.float64]:
        """One column as floats."""
        return self.frame[column].cast(pl.Float64).to_numpy()


def read_items(items: pl.DataFrame, settings: PlanSettings) -> CleanItems:
    """Correct what can be corrected, say so, and set aside what can't, without stopping the run.

    Negative stock counts as none, a missing or senseless minimum or pack as 1, a missing lead time as
    the setting's. A row without an identity or a stock figure, or whose series is there twice, is
    refused: guessing would order for the wrong thing.
    """
    rows = _typed(items, ITEM_SCHEMA, "items").sort("series_id", "supplier_id", "available_units")
    is_bad = (
        pl.any_horizontal(pl.col("series_id", "variant_id", "location_id", "available_units").is_null())
        | pl.col("series_id").is_duplicated()
    )
    refused = (
        rows.filter(is_bad)
        .select(
            pl.col("series_id").fill_null(""),
            reason_text=pl.when(pl.col("series_id").is_duplicated() & pl.col("series_id").is_not_null())
            .then(pl.lit("The item is in the input more than once."))
            .otherwise(pl.lit("The item lacks its id or its stock.")),
        )
        .unique(maintain_order=True)
    )
    good = rows.filter(~is_bad)
    problems = {
        "negative_stock": pl.col("available_units") < 0,
        "bad_moq": pl.col("moq_units").is_null() | (pl.col("moq_units") < 0),
        "bad_pack": pl.col("pack_units").is_null() | (pl.col("pack_units") < 1),
        "bad_lead_time": pl.col("quoted_lead_time_days").is_null() | (pl.col("quoted_lead_time_days") < 0),
        "assumed_terms": pl.col("is_assumed_terms").fill_null(False),
    }
    flags = pl.concat(
        [good.filter(test).select("series_id", flag=pl.lit(name)) for name, test in problems.items()]
    ).sort("series_id", "flag")
    default_days = settings.default_lead_time_days
    clean = good.with_columns(
        pl.col("available_units").clip(lower_bound=0),
        pl.col("backordered_units").fill_null(0).clip(lower_bound=0),
        pl.col("moq_units").fill_null(1).clip(lower_bound=1),
        pl.col("pack_units").fill_null(1).clip(lower_bound=1),
        pl.when(problems["bad_lead_time"])
        .then(pl.lit(default_days))
        .otherwise(pl.col("quoted_lead_time_days"))
        .alias("quoted_lead_time_days"),
        pl.col("unit_cost_amount").fill_nan(None),
        pl.col("unit_price_amount").fill_nan(None),
        pl.col("is_discontinued", "allow_backorder", "is_assumed_terms").fill_null(False),
    )
    return CleanItems(clean, refused, flags)


def read_open_orders(open_orders: pl.DataFrame) -> pl.DataFrame:
    """Open quantities, whoever made them; lines that are received, closed or nameless don't count."""
    return (
        _typed(open_orders, ORDER_SCHEMA, "open_orders")
        .drop_nulls(["restock_order_id", "variant_id", "location_id", "open_units"])
        .filter(pl.col("open_units") > 0)
        .with_columns(series_id=pl.format("{}|{}", "variant_id", "location_id"))
        .sort("series_id", "restock_order_id", "sent_date", "expected_date", "open_units")
    )


def _typed(frame: pl.DataFrame, schema: dict[str, pl.DataType], name: str) -> pl.DataFrame:
    absent = [column for column in schema if column not in frame.columns]
    if absent:
        raise ReplenishmentInputError(f"{name} lacks the columns {', '.join(absent)}")
    # Not strict: a single cell that is no number becomes null and is dealt with in its own row.
    return frame.select(pl.col(column).cast(kind, strict=False) for column, kind in schema.items())
