"""The restock plan of one company: what to order from whom today, and why not the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.paths import SamplePaths
from models.replenishment.arrivals import (
    ArrivalDraws,
    draw_receipts,
    draw_windows,
    needed_horizon_days,
)
from models.replenishment.errors import ReplenishmentInputError
from models.replenishment.explain import not_proposed_frame, proposal_frame, reason_codes
from models.replenishment.items import (
    ITEM_SCHEMA,
    ORDER_SCHEMA,
    CleanItems,
    read_items,
    read_open_orders,
)
from models.replenishment.lead_times import LEAD_TIME_COLUMNS, learn_lead_times
from models.replenishment.outcome import ItemNumbers, StockBand, plan_items
from models.replenishment.settings import PlanSettings

PLAN_VERSION = "1"

PROJECTION_SCHEMA = {
    "series_id": pl.String,
    "projection_date": pl.Date,
    "stock_p10_units": pl.Int64,
    "stock_p50_units": pl.Int64,
    "stock_p90_units": pl.Int64,
    "stockout_probability_ratio": pl.Float64,
}


@dataclass(frozen=True)
class PlanResult:
    """A plan and everything needed to explain it.

    `proposals`: one row per item worth ordering, ranked. `not_proposed`: one row per other item, with
    its reason. `projection`: stock per item and day if nothing is ordered (end of day; below zero are
    waiting customers). `receipts`: open orders with the dates they are now expected on.
    `data_flags`: corrected or assumed inputs. `input_hash` names the inputs: equal hash, equal plan.
    """

    proposals: pl.DataFrame
    not_proposed: pl.DataFrame
    projection: pl.DataFrame
    receipts: pl.DataFrame
    data_flags: pl.DataFrame
    input_hash: str


def plan_restock(
    items: pl.DataFrame,
    open_orders: pl.DataFrame,
    lead_time_history: pl.DataFrame,
    paths: SamplePaths,
    *,
    as_of: date,
    settings: PlanSettings,
    seed: int,
    max_threads: int = 1,
) -> PlanResult:
    """Propose what to order today.

    Stock is rolled along each path to the day today's order would arrive, open orders arriving at
    random, unmet demand lost or waiting as the item says. Today's order answers for the time from then
    until the next review's order arrives. A unit is worth its margin times the chance that it serves
    someone in that time, less holding while it waits; all units worth having are ordered, rounded to
    minimum and packs if the rounded order is still worth it.

    Parameters
    ----------
    items : DataFrame
        Columns of ITEM_SCHEMA; one row per variant and location. `available_units` is on hand less
        reserved at the start of `as_of`.
    open_orders : DataFrame
        Columns of ORDER_SCHEMA: drafts, approved and sent orders with what is still to come.
    lead_time_history : DataFrame
        See `learn_lead_times`.
    paths : SamplePaths
        Daily demand covering `as_of` and `plan_horizon_days` more.
    as_of : date
        Day of the plan, in the company's time zone.
    settings : PlanSettings
    seed : int
        For lead times. Same inputs, settings and seed: same plan, whatever the order of rows.
    max_threads : int, default=1
        Items are planned in blocks on so many threads; the plan doesn't depend on it.

    Returns
    -------
    PlanResult

    Raises
    ------
    ReplenishmentInputError
        If a frame lacks columns or the paths don't cover `as_of`. Single bad rows never raise: they
        are in `not_proposed` as ``bad_data``.
    """
    offset = (as_of - paths.first_date).days
    if not 0 <= offset < paths.horizon_days:
        raise ReplenishmentInputError(f"the sample paths begin {paths.first_date} and don't cover {as_of}")
    clean = read_items(items, settings)
    orders = read_open_orders(open_orders)
    draws = _draws(lead_time_history, as_of=as_of, settings=settings, n_paths=paths.n_paths, seed=seed)
    window = draw_windows(draws, clean)
    days, receipts = draw_receipts(draws, orders, clean)

    demand, has_forecast = _demand(clean, paths, offset)
    outcome, band = plan_items(
        _numbers(clean, settings),
        demand,
        _receipts_by_row(clean, orders, days),
        window,
        max_cover_days=settings.max_cover_days,
        max_threads=max_threads,
    )
    codes = reason_codes(clean, outcome, has_forecast)
    fingerprint = _fingerprint(items, open_orders, lead_time_history, paths, as_of, settings, seed)
    chosen = np.array([code == "" for code in codes], dtype=np.bool_)
    return PlanResult(
        proposals=proposal_frame(
            clean, outcome, chosen, as_of=as_of, settings=settings, input_hash=fingerprint
        ),
        not_proposed=not_proposed_frame(clean, outcome, codes, has_forecast, receipts, as_of=as_of),
        projection=_projection(clean, band, has_forecast, as_of),
        receipts=receipts,
        data_flags=clean.flags,
        input_hash=fingerprint,
    )


def plan_horizon_days(
    items: pl.DataFrame,
    lead_time_history: pl.DataFrame,
    *,
    as_of: date,
    settings: PlanSettings,
    seed: int,
) -> int:
    """Days of sample paths from `as_of` that `plan_restock` will need."""
    draws = _draws(lead_time_history, as_of=as_of, settings=settings, n_paths=200, seed=seed)
    return needed_horizon_days(draws, read_items(items, settings))


def _draws(
    lead_time_history: pl.DataFrame, *, as_of: date, settings: PlanSettings, n_paths: int, seed: int
) -> ArrivalDraws:
    book = learn_lead_times(lead_time_history, as_of=as_of, calendar=settings.calendar)
    return ArrivalDraws(book, settings, as_of, n_paths, seed)


def _demand(
    items: CleanItems, paths: SamplePaths, offset: int
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Paths in the order of the items; zeros and False where there is no forecast."""
    row_of = {series_id: row for row, series_id in enumerate(paths.series_ids)}
    rows = np.array([row_of.get(series_id, -1) for series_id in items.frame["series_id"]], dtype=np.int64)
    has_forecast = rows >= 0
    demand = np.zeros((len(rows), paths.n_paths, paths.horizon_days - offset), dtype=np.int16)
    demand[has_forecast] = paths.units[rows[has_forecast], :, offset:]
    return demand, has_forecast


def _numbers(items: CleanItems, settings: PlanSettings) -> ItemNumbers:
    frame = items.frame
    cost, price = items.numbers("unit_cost_amount"), items.numbers("unit_price_amount")
    gain = price - cost + settings.goodwill_ratio * price
    return ItemNumbers(
        start_units=(frame["available_units"] - frame["backordered_units"]).to_numpy(),
        allow_backorder=frame["allow_backorder"].to_numpy(),
        gain_amount=gain,
        holding_amount=cost * settings.carrying_rate_ratio / 365,
        moq_units=frame["moq_units"].to_numpy(),
        pack_units=frame["pack_units"].to_numpy(),
    )


def _receipts_by_row(
    items: CleanItems, orders: pl.DataFrame, days: NDArray[np.int64]
) -> dict[int, list[tuple[int, NDArray[np.int64]]]]:
    row_of = {series_id: row for row, series_id in enumerate(items.frame["series_id"])}
    receipts: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
    for line, (series_id, units) in enumerate(orders.select("series_id", "open_units").iter_rows()):
        if series_id in row_of:
            receipts.setdefault(row_of[series_id], []).append((units, days[line]))
    return receipts


def _projection(
    items: CleanItems, band: StockBand, has_forecast: NDArray[np.bool_], as_of: date
) -> pl.DataFrame:
    n_days = band.p50_units.shape[1]
    series = items.frame["series_id"].filter(pl.Series(has_forecast, dtype=pl.Boolean))
    dates = pl.Series([as_of + timedelta(days=day) for day in range(n_days)], dtype=pl.Date)
    frame = series.to_frame().join(dates.alias("projection_date").to_frame(), how="cross")
    return frame.with_columns(
        stock_p10_units=pl.Series(band.p10_units[has_forecast].ravel()),
        stock_p50_units=pl.Series(band.p50_units[has_forecast].ravel()),
        stock_p90_units=pl.Series(band.p90_units[has_forecast].ravel()),
        stockout_probability_ratio=pl.Series(band.stockout_probability_ratio[has_forecast].ravel()),
    ).select(pl.col(name).cast(kind) for name, kind in PROJECTION_SCHEMA.items())


def _fingerprint(
    items: pl.DataFrame,
    open_orders: pl.DataFrame,
    lead_time_history: pl.DataFrame,
    paths: SamplePaths,
    as_of: date,
    settings: PlanSettings,
    seed: int,
) -> str:
    """Hash of everything the plan depends on, whatever the order of rows; other columns don't count."""
    digest = sha256(f"{PLAN_VERSION} {as_of} {settings} {seed} {paths.first_date}".encode())
    known = (ITEM_SCHEMA, ORDER_SCHEMA, LEAD_TIME_COLUMNS)
    for frame, schema in zip((items, open_orders, lead_time_history), known, strict=True):
        columns = sorted(schema)
        digest.update(frame.select(columns).sort(columns).write_csv().encode())
    order = np.argsort(np.array(paths.series_ids, dtype=np.str_), kind="stable")
    digest.update("|".join(paths.series_ids[row] for row in order).encode())
    for row in order:
        digest.update(np.ascontiguousarray(paths.units[row]).tobytes())
    return digest.hexdigest()
