"""The restock worklist with its live decisions, from the API."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.published import BuildInfo
from dashboards.data.api import Api, ApiRefusal, ApiUnreachable

PAGE_LINES = 100
SHOWN_LINES = 500
Proposal = dict[str, Any]


@dataclass(frozen=True)
class Worklist:
    """Proposals by rank with what was decided on them, from one build."""

    build: BuildInfo
    currency: str
    timezone: str
    items: list[Proposal]
    has_more: bool

    @property
    def today(self) -> date:
        """The company's day on which the numbers were read."""
        return self.build.horizon_at.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def open_items(self) -> list[Proposal]:
        """The lines that nobody decided on."""
        return [item for item in self.items if item["decision"] is None]

    @property
    def open_cost_amount(self) -> Decimal:
        """What ordering all open lines would cost, as far as costs are known."""
        return sum((Decimal(item["cost_amount"] or 0) for item in self.open_items), Decimal())

    @property
    def open_value_amount(self) -> Decimal:
        """What ordering all open lines would gain."""
        return sum((Decimal(item["value_amount"]) for item in self.open_items), Decimal())

    @property
    def suppliers(self) -> list[str]:
        """Names to filter by."""
        return sorted({item["supplier_name"] for item in self.items if item["supplier_name"]})

    @property
    def locations(self) -> list[str]:
        """Names to filter by."""
        return sorted({item["location_name"] for item in self.items})

    def only(self, suppliers: list[str], locations: list[str]) -> Worklist:
        """Leave the lines of these suppliers and locations; an empty choice means all."""
        kept = [
            item
            for item in self.items
            if (not suppliers or item["supplier_name"] in suppliers)
            and (not locations or item["location_name"] in locations)
        ]
        return replace(self, items=kept)


@dataclass(frozen=True)
class Notice:
    """What came of an approval, in a sentence."""

    is_done: bool
    sentence: str


def load_worklist(api: Api) -> Worklist:
    """Return the plan's lines, up to a limit; decisions are live, so this is never cached."""
    answer = api.get("/api/v1/plans/worklist", limit=PAGE_LINES)
    items = list(answer["items"])
    next_rank = answer["next_after_rank"]
    while next_rank is not None and len(items) < SHOWN_LINES:
        more = api.get("/api/v1/plans/worklist", limit=PAGE_LINES, after_rank=next_rank)
        if more["build"]["build_id"] != answer["build"]["build_id"]:
            return load_worklist(api)  # published anew meanwhile: ranks of two plans don't mix
        items += more["items"]
        next_rank = more["next_after_rank"]
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
        items=items,
        has_more=next_rank is not None,
    )


def load_item(api: Api, series_id: str) -> dict[str, Any]:
    """Return what explains one item."""
    return api.get(f"/api/v1/plans/items/{series_id}")


def approve(api: Api, proposal: Proposal, units: int) -> Notice:
    """Approve one proposal; a second click, or a retry, orders nothing twice.

    The key belongs to this proposal and quantity in this browser tab, until the API has answered.
    """
    keys: dict[str, str] = st.session_state.setdefault("restock_keys", {})
    name = f"{proposal['plan_run_id']} {proposal['proposal_id']} {units}"
    key = keys.setdefault(name, str(uuid.uuid4()))
    body = {
        "plan_run_id": proposal["plan_run_id"],
        "items": [{"proposal_id": proposal["proposal_id"], "decided_units": units}],
    }
    try:
        answer = api.post("/api/v1/plans/proposals/approve", body, idempotency_key=key)
    except ApiUnreachable:
        return Notice(
            False,
            "The API does not answer. The line may have been approved: approve again when it is back,"
            " and it is ordered once.",
        )
    except ApiRefusal as refusal:
        keys.pop(name, None)
        return Notice(False, refusal.detail)
    keys.pop(name, None)
    (line,) = answer["lines"]
    if line["outcome"] != "approved":
        return Notice(False, line["detail"])
    (order,) = answer["restock_orders"]
    waiting = "" if order["status"] != "draft" else " It is above your limit and waits for approval."
    return Notice(True, f"Restock order {order['restock_number']} is {order['status']}.{waiting}")
