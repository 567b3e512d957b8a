"""Proposals whose parts add up, and a reason for every item without one."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid5

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.replenishment.items import CleanItems
from models.replenishment.outcome import NO_STOCKOUT, Outcome
from models.replenishment.settings import PlanSettings

_NAMESPACE = UUID("5c1f0e0e-6b7d-5a53-9d0a-3c6f1b7d8e21")

PROPOSAL_SCHEMA: dict[str, pl.DataType] = {
    "proposal_id": pl.String(),
    "series_id": pl.String(),
    "variant_id": pl.String(),
    "location_id": pl.String(),
    "supplier_id": pl.String(),
    "rank": pl.Int64(),
    "suggested_units": pl.Int64(),
    "value_amount": pl.Float64(),
    "cost_amount": pl.Float64(),
    "order_by_date": pl.Date(),
    "expected_arrival_date": pl.Date(),
    "stockout_probability_ratio": pl.Float64(),
    "projected_stockout_date": pl.Date(),
    "window_start_date": pl.Date(),
    "window_end_date": pl.Date(),
    "fill_rate_ratio": pl.Float64(),
    "cycle_service_ratio": pl.Float64(),
    "window_demand_units": pl.Int64(),
    "safety_units": pl.Int64(),
    "projected_stock_units": pl.Int64(),
    "on_order_units": pl.Int64(),
    "raw_need_units": pl.Int64(),
    "moq_rounding_units": pl.Int64(),
    "pack_rounding_units": pl.Int64(),
    "is_cover_capped": pl.Boolean(),
    "is_assumed_terms": pl.Boolean(),
}
NOT_PROPOSED_SCHEMA: dict[str, pl.DataType] = {
    "series_id": pl.String(),
    "reason_code": pl.String(),
    "reason_text": pl.String(),
    "stockout_probability_ratio": pl.Float64(),
    "projected_stockout_date": pl.Date(),
}


def proposal_frame(
    items: CleanItems,
    outcome: Outcome,
    chosen: NDArray[np.bool_],
    *,
    as_of: date,
    settings: PlanSettings,
    input_hash: str,
) -> pl.DataFrame:
    """One row per proposal, most money gained first.

    The parts are whole units and add up exactly::

        window_demand + safety - projected_stock - on_order + moq_rounding + pack_rounding = suggested

    - ``window_demand_units``: mean demand from the order's arrival until the next order's, rounded.
    - ``projected_stock_units``: mean stock left from today's on that arrival, rounded; below zero are
      customers who wait.
    - ``on_order_units``: what open orders add to stock by then, or bring within the window, rounded.
    - ``safety_units``: what the value of units adds to (or takes from) the mean need; the roundings of
      the parts above and the cover limit (``is_cover_capped``) are in it.
    - ``raw_need_units``: the four together, the most that is worth having.
    - ``moq_rounding_units``: added to reach the supplier's minimum.
    - ``pack_rounding_units``: added to fill the pack, or left off where the pack below is worth more.
    """
    parts = _parts(items, outcome)
    frame = items.frame.select(
        "series_id", "variant_id", "location_id", "supplier_id", "unit_cost_amount", "is_assumed_terms"
    ).with_columns(
        **{name: pl.Series(values, dtype=pl.Int64) for name, values in parts.items()},
        suggested_units=pl.Series(outcome.suggested_units, dtype=pl.Int64),
        value_amount=pl.Series(outcome.order_amount.round(4)),
        stockout_probability_ratio=pl.Series(outcome.stockout_probability_ratio),
        fill_rate_ratio=pl.Series(outcome.fill_rate_ratio),
        cycle_service_ratio=pl.Series(outcome.cycle_service_ratio),
        is_cover_capped=pl.Series(outcome.is_cover_capped),
        projected_stockout_date=pl.Series(_dates(as_of, outcome.stockout_day), dtype=pl.Date),
        expected_arrival_date=pl.Series(_dates(as_of, outcome.arrival_day), dtype=pl.Date),
        window_end_date=pl.Series(_dates(as_of, outcome.end_day), dtype=pl.Date),
        order_by_date=pl.Series(_order_by(outcome, as_of, settings), dtype=pl.Date),
    )
    frame = (
        frame.filter(pl.Series(chosen, dtype=pl.Boolean))
        .sort("value_amount", "series_id", descending=[True, False])
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            cost_amount=(pl.col("suggested_units") * pl.col("unit_cost_amount")).round(4),
            window_start_date="expected_arrival_date",
        )
    )
    ids = [
        str(uuid5(_NAMESPACE, "|".join((input_hash, *key))))
        for key in frame.select("variant_id", "location_id", "supplier_id").iter_rows()
    ]
    return frame.with_columns(proposal_id=pl.Series(ids, dtype=pl.String)).select(
        pl.col(column).cast(kind) for column, kind in PROPOSAL_SCHEMA.items()
    )


def _parts(items: CleanItems, outcome: Outcome) -> dict[str, NDArray[np.int64]]:
    demand = np.rint(outcome.mean_window_demand).astype(np.int64)
    stock = np.rint(outcome.mean_stock_at_arrival).astype(np.int64)
    on_order = np.rint(outcome.mean_on_order).astype(np.int64)
    moq = items.frame["moq_units"].to_numpy()
    to_moq = np.maximum(moq - outcome.best_units, 0)
    return {
        "window_demand_units": demand,
        "safety_units": outcome.best_units - (demand - stock - on_order),
        "projected_stock_units": stock,
        "on_order_units": on_order,
        "raw_need_units": outcome.best_units,
        "moq_rounding_units": to_moq,
        "pack_rounding_units": outcome.suggested_units - outcome.best_units - to_moq,
    }


def _order_by(outcome: Outcome, as_of: date, settings: PlanSettings) -> list[date | None]:
    """Last day to order before stock runs out; today at the earliest, the next review at the latest."""
    slack = np.where(
        outcome.stockout_day == NO_STOCKOUT,
        settings.review_days - 1,
        outcome.stockout_day - outcome.arrival_day,
    )
    return _dates(as_of, np.clip(slack, 0, settings.review_days - 1))


def _dates(as_of: date, days: NDArray[np.int64]) -> list[date | None]:
    return [None if day == NO_STOCKOUT else as_of + timedelta(days=int(day)) for day in days]


def reason_codes(items: CleanItems, outcome: Outcome, has_forecast: NDArray[np.bool_]) -> list[str]:
    """Why an item isn't proposed, in order of what a buyer must fix first; empty if it is proposed."""
    cost, price = items.numbers("unit_cost_amount"), items.numbers("unit_price_amount")
    mean_need = outcome.mean_window_demand - outcome.mean_stock_at_arrival - outcome.mean_on_order
    tests = [
        ("discontinued", items.frame["is_discontinued"].to_numpy()),
        ("no_forecast", ~has_forecast),
        ("no_supplier", items.frame["supplier_id"].is_null().to_numpy()),
        ("no_cost", ~(cost > 0)),
        ("no_price", ~(price > 0)),
        ("no_margin", price <= cost),
        ("horizon_too_short", outcome.late_window_ratio > 0.5),
        ("no_demand", outcome.daily_units <= 0),
        ("covered", (outcome.best_units == 0) & (mean_need <= 0)),
        ("not_worth_holding", outcome.best_units == 0),
        ("moq_not_worth", (outcome.suggested_units == 0) & (outcome.tried_units > outcome.best_units)),
        ("not_worth_holding", outcome.suggested_units == 0),
    ]
    codes = np.full(items.frame.height, "", dtype=object)
    for code, test in reversed(tests):
        codes[test] = code
    return [str(code) for code in codes]


def not_proposed_frame(
    items: CleanItems,
    outcome: Outcome,
    codes: list[str],
    has_forecast: NDArray[np.bool_],
    receipts: pl.DataFrame,
    *,
    as_of: date,
) -> pl.DataFrame:
    """One row per item without a proposal, with the reason in words; overdue orders are named."""
    overdue = {
        str(series): f" Restock order {order} is {late} days late: expedite it."
        for series, order, late in receipts.filter(pl.col("is_overdue"))
        .select("series_id", "restock_order_id", "days_late")
        .iter_rows()
    }
    series = items.frame["series_id"].to_list()
    stockout = _dates(as_of, outcome.stockout_day)
    rows = [
        {
            "series_id": series[row],
            "reason_code": code,
            "reason_text": _sentence(code, items, outcome, row) + overdue.get(series[row], ""),
            "stockout_probability_ratio": (
                float(outcome.stockout_probability_ratio[row]) if has_forecast[row] else None
            ),
            "projected_stockout_date": stockout[row] if has_forecast[row] else None,
        }
        for row, code in enumerate(codes)
        if code
    ]
    bad = [
        {"series_id": series_id, "reason_code": "bad_data", "reason_text": text}
        for series_id, text in items.refused.iter_rows()
    ]
    return pl.DataFrame(rows + bad, schema=NOT_PROPOSED_SCHEMA).sort("series_id", "reason_code")


def _sentence(code: str, items: CleanItems, outcome: Outcome, row: int) -> str:
    item = items.frame.row(row, named=True)
    need = outcome.mean_window_demand[row]
    chance = f"{100 * outcome.stockout_probability_ratio[row]:.0f} %"
    minimum = f"minimum {item['moq_units']}, packs of {item['pack_units']}"
    return {
        "discontinued": "The item is discontinued; what is left runs out.",
        "no_forecast": "There is no forecast for the item.",
        "no_supplier": "No supplier is set for the item.",
        "no_cost": "The item has no cost, so an order can't be valued.",
        "no_price": "The item has no price, so an order can't be valued.",
        "no_margin": "The price isn't above the cost: each unit sold loses money.",
        "horizon_too_short": "The order would arrive after the last day of the forecast.",
        "no_demand": "No demand is expected.",
        "covered": f"Stock and open orders cover the {need:.1f} units expected until the next order.",
        "not_worth_holding": f"Running short has a chance of {chance}, worth less than holding stock.",
        "moq_not_worth": (
            f"{outcome.best_units[row]} units would be worth ordering, {outcome.tried_units[row]} "
            f"({minimum}) are not."
        ),
    }[code]
