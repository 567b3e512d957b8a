"""The restock worklist with its live decisions, from the API."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from core.published import BuildInfo
from dashboards.data.api import Api, ApiRefusal

SHOWN_LINES = 100


@dataclass(frozen=True)
class Worklist:
    """Proposals by rank with what was decided on them, from one build."""

    build: BuildInfo
    currency: str
    timezone: str
    items: list[dict[str, Any]]
    has_more: bool


@dataclass(frozen=True)
class Notice:
    """What came of an approval, in a sentence."""

    is_done: bool
    sentence: str


def load_worklist(api: Api) -> Worklist:
    """Return the first lines of the plan; decisions are live, so this is never cached."""
    answer = api.get("/api/v1/plans/worklist", limit=SHOWN_LINES)
    build = answer["build"]
    return Worklist(
        build=BuildInfo(
            build_id=build["build_id"],
            built_at=datetime.fromisoformat(build["built_at"]),
            horizon_at=datetime.fromisoformat(build["horizon_at"]),
            feed_pull_id="",
        ),
        currency=answer["currency"],
        timezone=answer["timezone"],
        items=answer["items"],
        has_more=answer["next_after_rank"] is not None,
    )


def load_item(api: Api, series_id: str) -> dict[str, Any]:
    """Return what explains one item."""
    return api.get(f"/api/v1/plans/items/{series_id}")


def approve(api: Api, proposal: dict[str, Any], units: int) -> Notice:
    """Approve one proposal; a second click, or a retry, orders nothing twice.

    The key belongs to this proposal and quantity in this browser tab.
    """
    keys: dict[str, str] = st.session_state.setdefault("restock_keys", {})
    key = keys.setdefault(f"{proposal['proposal_id']} {units}", str(uuid.uuid4()))
    body = {
        "plan_run_id": proposal["plan_run_id"],
        "items": [{"proposal_id": proposal["proposal_id"], "decided_units": units}],
    }
    try:
        answer = api.post("/api/v1/plans/proposals/approve", body, idempotency_key=key)
    except ApiRefusal as refusal:
        return Notice(False, refusal.detail)
    (line,) = answer["lines"]
    if line["outcome"] != "approved":
        keys.pop(f"{proposal['proposal_id']} {units}", None)
        return Notice(False, line["detail"])
    (order,) = answer["restock_orders"]
    waiting = "" if order["status"] != "draft" else " It is above your limit and waits for approval."
    return Notice(True, f"Restock order {order['restock_number']} is {order['status']}.{waiting}")
