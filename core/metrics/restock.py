"""The restock worklist of a published snapshot, and the explanation of each suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.metrics.queryable import Queryable


@dataclass(frozen=True)
class Part:
    """One part of a suggestion, in units; the parts of a suggestion add up to it."""

    name: str
    label: str
    units: int


# Column, sign in the sum, and what a buyer reads.
_PARTS = (
    ("window_demand_units", 1, "Expected demand until the next order arrives"),
    ("safety_units", 1, "Safety: what uncertainty is worth"),
    ("projected_stock_units", -1, "Stock left when this order arrives"),
    ("on_order_units", -1, "Open restock orders that help by then"),
    ("moq_rounding_units", 1, "Up to the supplier's minimum"),
    ("pack_rounding_units", 1, "To whole packs"),
)


def explain(proposal: Mapping[str, Any]) -> list[Part]:
    """Return the signed parts of a suggestion; their sum is ``suggested_units``."""
    return [Part(column, label, sign * int(proposal[column])) for column, sign, label in _PARTS]


def worklist(
    snapshot: Queryable,
    *,
    location_id: str | None = None,
    supplier_id: str | None = None,
    after_rank: int = 0,
    limit: int,
) -> list[dict[str, Any]]:
    """Return proposals by rank: those whose order gains most money come first."""
    return snapshot.rows(
        """
        select * from srv_restock_worklist
        where rank > ?
        and (?::varchar is null or location_id = ?)
        and (?::varchar is null or supplier_id = ?)
        order by rank limit ?
        """,
        [after_rank, location_id, location_id, supplier_id, supplier_id, limit],
    )


def proposals_by_id(snapshot: Queryable, proposal_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the proposals that the snapshot holds, by id."""
    rows = snapshot.rows(
        "select * from srv_restock_worklist where list_contains(?::varchar[], proposal_id)",
        [list(proposal_ids)],
    )
    return {row["proposal_id"]: row for row in rows}


def proposal_of(snapshot: Queryable, series_id: str) -> dict[str, Any] | None:
    """Return an item's proposal, if it has one."""
    rows = snapshot.rows("select * from srv_restock_worklist where series_id = ?", [series_id])
    return rows[0] if rows else None


def reason_without_proposal(snapshot: Queryable, series_id: str) -> dict[str, Any] | None:
    """Return why an item has no proposal, if the plan knows it."""
    rows = snapshot.rows("select * from srv_restock_not_proposed where series_id = ?", [series_id])
    return rows[0] if rows else None


def demand_history(snapshot: Queryable, series_id: str, *, days: int) -> list[dict[str, Any]]:
    """Return the item's last days of demand; a day out of stock says nothing about demand."""
    return snapshot.rows(
        """
        select demand_date, demand_units, is_out_of_stock from srv_demand_daily
        where series_id = ?
        and demand_date > (select max(demand_date) from srv_demand_daily) - ?::integer
        order by demand_date
        """,
        [series_id, days],
    )


def forecast_band(snapshot: Queryable, series_id: str, *, days: int) -> list[dict[str, Any]]:
    """Return the item's daily forecast: mean and the band in which 8 of 10 days fall."""
    return snapshot.rows(
        """
        select forecast_date, mean_units, p10_units, p50_units, p90_units, model_name, model_version,
            training_end_date
        from srv_forecast_daily where series_id = ? order by forecast_date limit ?
        """,
        [series_id, days],
    )


def stock_projection(snapshot: Queryable, series_id: str, *, days: int) -> list[dict[str, Any]]:
    """Return the item's projected stock if nothing is ordered."""
    return snapshot.rows(
        """
        select projection_date, stock_p10_units, stock_p50_units, stock_p90_units, stockout_probability_ratio
        from srv_stock_projection where series_id = ? order by projection_date limit ?
        """,
        [series_id, days],
    )
