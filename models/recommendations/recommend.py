"""All recommendation lists of one company."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from models.recommendations.backtest import backtest_recommendations
from models.recommendations.purchases import Purchases, read_purchases
from models.recommendations.reasons import NO_AGE, NO_ITEM, PurchaseFacts, collect_facts, explain_rows
from models.recommendations.settings import RecommendationInputError, RecommendationSettings
from models.recommendations.shelves import (
    BLOCK_CUSTOMERS,
    SHELVES,
    ShelfRows,
    Signals,
    cut_shelves,
    learn_signals,
    score_block,
)

MODEL_NAME = "own_history_and_together"
MODEL_VERSION = "1"

LIST_SCHEMA = {
    "customer_id": pl.String,
    "shelf": pl.String,
    "rank": pl.Int64,
    "item_id": pl.String,
    "score": pl.Float64,
    "reason_code": pl.String,
    "reason_item_id": pl.String,
    "reason_count": pl.Int64,
    "reason_last_date": pl.Date,
}
TOGETHER_SCHEMA = {
    "item_id": pl.String,
    "other_item_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "common_baskets": pl.Int64,
}
POPULAR_SCHEMA = {"item_id": pl.String, "rank": pl.Int64, "score": pl.Float64, "buyers": pl.Int64}


@dataclass(frozen=True)
class RecommendationResult:
    """Lists with their reasons, the tables behind them, and how good they are.

    `lists`: one row per customer, shelf and rank. `together`: items bought in the same baskets, for
    product pages, carts and guests. `popular`: what fills lists and greets new customers.
    `accuracy`: one row per method from a split by time, baselines beside it (`backtest`).
    """

    lists: pl.DataFrame
    together: pl.DataFrame
    popular: pl.DataFrame
    accuracy: pl.DataFrame
    model_name: str
    model_version: str


def recommend(
    purchases: pl.DataFrame,
    *,
    as_of: date,
    sellable_ids: Collection[str],
    depth: int = 50,
    settings: RecommendationSettings | None = None,
) -> RecommendationResult:
    """Make all lists from purchases up to and including `as_of`.

    Parameters
    ----------
    purchases : DataFrame
        ``customer_id`` (null: guest), ``basket_id``, ``item_id``, ``ordered_date``, ``kept_units``
        (ordered less cancelled and returned). One row per order line.
    as_of : date
        Newest day to use, in the company's time zone.
    sellable_ids : collection of str
        Items that may be shown; others still teach what goes together.
    depth : int, default=50
        Rows per customer and shelf, 1 to 500: more than is shown, so that filters at reading leave enough.
    settings : RecommendationSettings, optional

    Returns
    -------
    RecommendationResult
        The same input gives the same lists, whatever the order of rows.

    Raises
    ------
    RecommendationInputError
        If the purchases are malformed or an option is out of range.
    """
    if not 1 <= depth <= 500:
        raise RecommendationInputError(f"depth must be 1 to 500, not {depth}")
    chosen = settings or RecommendationSettings()
    known = read_purchases(purchases, as_of=as_of)
    is_sellable = np.isin(np.array(known.item_ids, dtype=np.str_), np.array(list(sellable_ids), np.str_))
    signals = learn_signals(known, is_sellable, chosen)
    facts = collect_facts(known, signals)
    frames = [
        _list_frame(signals, facts, shelf, rows, chosen)
        for start in range(0, len(known.customer_ids), BLOCK_CUSTOMERS)
        for shelf, rows in cut_shelves(
            score_block(signals, slice(start, start + BLOCK_CUSTOMERS), chosen), depth=depth, settings=chosen
        ).items()
    ]
    return RecommendationResult(
        lists=_lists(known, frames, as_of) if frames else pl.DataFrame(schema=LIST_SCHEMA),
        together=_together_frame(known, signals),
        popular=_popular_frame(known, signals, depth),
        accuracy=backtest_recommendations(purchases, as_of=as_of, settings=chosen),
        model_name=MODEL_NAME,
        model_version=MODEL_VERSION,
    )


def _list_frame(
    signals: Signals, facts: PurchaseFacts, shelf: str, rows: ShelfRows, settings: RecommendationSettings
) -> pl.DataFrame:
    """One shelf of a block of customers; customers and items are positions."""
    # What is trending is on the shelf for that reason, whoever looks.
    share = None if shelf == "trending" else settings.min_reason_share_ratio
    reasons = explain_rows(rows, signals, facts, min_share_ratio=share)
    return pl.DataFrame(
        {
            "customer": rows.customer,
            "shelf": pl.repeat(shelf, len(rows.customer), dtype=pl.Enum(SHELVES), eager=True),
            "rank": rows.rank,
            "item": rows.item,
            "score": rows.score,
            "reason_code": reasons.code,
            "other": reasons.other,
            "reason_count": reasons.count,
            "age": reasons.age_days,
        }
    )


def _lists(known: Purchases, frames: list[pl.DataFrame], as_of: date) -> pl.DataFrame:
    """Put the shelves in order and name customers and items; ids are sorted, so positions sort alike."""
    rows = pl.concat(frames).sort("customer", "shelf", "rank")
    last = pl.lit(as_of, dtype=pl.Date) - pl.duration(days=pl.col("age"))
    return rows.with_columns(
        customer_id=_names(known.customer_ids, rows["customer"]),
        item_id=_names(known.item_ids, rows["item"]),
        reason_item_id=_names(known.item_ids, rows["other"]),
        reason_last_date=pl.when(pl.col("age") != NO_AGE).then(last),
    ).select(pl.col(name).cast(kind) for name, kind in LIST_SCHEMA.items())


def _names(ids: tuple[str, ...], positions: np.ndarray | pl.Series) -> pl.Series:
    """Look names up by position; NO_ITEM becomes null."""
    names = pl.Series(ids, dtype=pl.String)
    wanted = pl.Series(positions, dtype=pl.Int64)
    return names.gather(wanted.set(wanted == NO_ITEM, None))


def _together_frame(known: Purchases, signals: Signals) -> pl.DataFrame:
    table = signals.together
    frame = pl.DataFrame(
        {
            "item_id": _names(known.item_ids, table.item),
            "other_item_id": _names(known.item_ids, table.other),
            "score": table.score,
            "common_baskets": table.common_baskets,
            "is_sellable": signals.is_sellable[table.other],
        }
    ).filter("is_sellable")
    ranked = frame.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("item_id"))
    return ranked.select(pl.col(name).cast(kind) for name, kind in TOGETHER_SCHEMA.items())


def _popular_frame(known: Purchases, signals: Signals, depth: int) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "item_id": pl.Series(known.item_ids, dtype=pl.String),
            "score": signals.buyers.astype(np.float64),
            "buyers": signals.buyers,
            "is_sellable": signals.is_sellable,
        }
    ).filter(pl.col("is_sellable") & (pl.col("buyers") > 0))
    ranked = frame.sort("buyers", "item_id", descending=[True, False]).head(depth)
    return ranked.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)).select(
        pl.col(name).cast(kind) for name, kind in POPULAR_SCHEMA.items()
    )
