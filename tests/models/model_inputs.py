"""Small inputs for tests of the models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from models.forecast import SamplePaths
from models.replenishment.items import ITEM_SCHEMA, ORDER_SCHEMA

SHARED = Path(__file__).resolve().parents[3] / "shared"
# A Thursday: the next working days are Friday, Monday, Tuesday.
AS_OF = date(2026, 7, 2)


def shared_file(name: str) -> Path:
    """Give a file of the project's measurements, or skip where a checkout stands alone."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    return path


def make_history(
    demand: dict[str, Sequence[float]], *, end: date, missing: dict[str, Sequence[int]] | None = None
) -> pl.DataFrame:
    """History with one row per day, newest last; `missing` names days (by position) out of stock."""
    gaps = missing or {}
    rows = [
        (series, end - timedelta(days=len(units) - 1 - day), float(value), day in gaps.get(series, ()))
        for series, units in demand.items()
        for day, value in enumerate(units)
    ]
    names = ["series_id", "demand_date", "demand_units", "is_out_of_stock"]
    kinds = [pl.String, pl.Date, pl.Float64, pl.Boolean]
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def random_history(*, n_series: int, n_days: int, end: date, seed: int = 0) -> pl.DataFrame:
    """Poisson demand with weekdays and levels of a shop; some series start late."""
    generator = np.random.default_rng(seed)
    level = generator.lognormal(0.0, 1.0, n_series)
    weekday = generator.dirichlet(np.ones(7) * 6, n_series) * 7
    units = generator.poisson(level[:, None] * weekday[:, np.arange(n_days) % 7])
    start = generator.integers(0, n_days - 5, n_series) * (generator.random(n_series) < 0.3)
    return make_history({f"v{row:03d}|main": units[row, start[row] :] for row in range(n_series)}, end=end)


def make_items(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Items with sensible values for what a test doesn't name."""
    base: dict[str, object] = {
        "variant_id": "v1",
        "location_id": "main",
        "supplier_id": "s1",
        "available_units": 0,
        "backordered_units": 0,
        "unit_cost_amount": 10.0,
        "unit_price_amount": 25.0,
        "moq_units": 1,
        "pack_units": 1,
        "quoted_lead_time_days": 7,
        "is_discontinued": False,
        "allow_backorder": False,
        "is_assumed_terms": False,
    }
    full = [base | row for row in rows]
    named = [{"series_id": f"{row['variant_id']}|{row['location_id']}", **row} for row in full]
    return pl.DataFrame(named, schema=dict(ITEM_SCHEMA))


def make_orders(rows: Sequence[dict[str, object]] = ()) -> pl.DataFrame:
    """Open orders of variant v1 from supplier s1 unless a test says otherwise."""
    base: dict[str, object] = {
        "restock_order_id": "o1",
        "supplier_id": "s1",
        "variant_id": "v1",
        "location_id": "main",
        "open_units": 1,
        "sent_date": None,
        "expected_date": None,
    }
    return pl.DataFrame([base | row for row in rows], schema=dict(ORDER_SCHEMA))


def make_receipts(rows: Sequence[tuple[str, str, date, date | None, int]] = ()) -> pl.DataFrame:
    """Lead time history: supplier, variant, sent, received, units."""
    names = ["supplier_id", "variant_id", "sent_date", "received_date", "units"]
    kinds = [pl.String, pl.String, pl.Date, pl.Date, pl.Int64]
    return pl.DataFrame(list(rows), schema=dict(zip(names, kinds, strict=True)), orient="row")


def poisson_paths(
    daily: dict[str, float], *, n_paths: int = 200, horizon_days: int = 60, seed: int = 0
) -> SamplePaths:
    """Independent Poisson demand from AS_OF on."""
    generator = np.random.default_rng(seed)
    units: NDArray[np.int16] = np.stack(
        [generator.poisson(rate, (n_paths, horizon_days)) for rate in daily.values()]
    ).astype(np.int16)
    return SamplePaths(tuple(daily), AS_OF, units)
