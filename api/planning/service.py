"""Use cases of planning: read the worklist, and turn proposals into restock orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import InvalidContent
from api.planning import queries
from api.planning.errors import PlanSuperseded
from api.planning.rules import Chosen, by_supplier_and_location, choose
from api.planning.schemas import DecisionsRead, ProposalsApprove, ProposalsDismiss
from api.purchasing.ordering import WantedLine, WantedOrder, create_restock_order
from api.purchasing.service import approve_if_allowed
from core.metrics import restock
from core.published import BuildInfo, Snapshot

Proposal = dict[str, Any]


@dataclass(frozen=True)
class PlanPage:
    """Part of a snapshot's worklist."""

    build: BuildInfo
    currency: str
    timezone: str
    proposals: list[Proposal]


def read_worklist(
    snapshot: Snapshot,
    *,
    location_id: UUID | None,
    supplier_id: UUID | None,
    after_rank: int,
    limit: int,
) -> PlanPage:
    """Return one more proposal than ``limit`` when there is a next page."""
    rows = restock.worklist(
        snapshot,
        location_id=None if location_id is None else str(location_id),
        supplier_id=None if supplier_id is None else str(supplier_id),
        after_rank=after_rank,
        limit=limit + 1,
    )
    (company,) = snapshot.rows("select currency, timezone from srv_company")
    return PlanPage(build=snapshot.build, proposals=rows, **company)


def read_item(snapshot: Snapshot, series_id: str, *, history_days: int, horizon_days: int) -> dict[str, Any]:
    """Return all that explains an item's suggestion, or why it has none."""
    return {
        "build": snapshot.build,
        "currency": _currency(snapshot),
        "series_id": series_id,
        "proposal": restock.proposal_of(snapshot, series_id),
        "reason": restock.reason_without_proposal(snapshot, series_id),
        "demand": restock.demand_history(snapshot, series_id, days=history_days),
        "forecast": restock.forecast_band(snapshot, series_id, days=horizon_days),
        "projection": restock.stock_projection(snapshot, series_id, days=horizon_days),
    }


def read_chosen(snapshot: Snapshot, plan_run_id: str, proposal_ids: Sequence[UUID]) -> dict[str, Proposal]:
    """Return the proposals by id, if the plan is still the published one.

    Raises
    ------
    PlanSuperseded
        If another run's plan is published now.
    """
    runs = snapshot.rows("select distinct run_id from srv_restock_worklist")
    if runs and [row["run_id"] for row in runs] != [plan_run_id]:
        raise PlanSuperseded(extensions={"plan_run_id": runs[0]["run_id"]})
    return restock.proposals_by_id(snapshot, [str(proposal_id) for proposal_id in proposal_ids])


async def with_decisions(
    connection: AsyncConnection, proposals: Iterable[Proposal], build: BuildInfo
) -> list[dict[str, Any]]:
    """Give each proposal its parts and what was decided on its item since the build's horizon."""
    rows = list(proposals)
    if not rows:
        return []
    known = await queries.decisions_since(
        connection,
        [UUID(row["variant_id"]) for row in rows],
        plan_run_id=rows[0]["run_id"],
        horizon_at=build.horizon_at,
    )
    return [
        {
            **row,
            "plan_run_id": row["run_id"],
            "parts": restock.explain(row),
            "decision": known.get((UUID(row["variant_id"]), UUID(row["location_id"]))),
        }
        for row in rows
    ]


async def approve_proposals(
    connection: AsyncConnection,
    request: ProposalsApprove,
    proposals: dict[str, Proposal],
    build: BuildInfo,
    caller: Caller,
    *,
    now: datetime,
) -> DecisionsRead:
    """Make one restock order per supplier and location of the proposals that are still open.

    A proposal whose item was decided on since the build's horizon orders nothing a second time. An order
    above the buyer's limit stays a draft for somebody with a higher one.
    """
    lines: dict[UUID, dict[str, Any]] = {}
    wanted: list[Chosen] = []
    for item in request.items:
        proposal = proposals.get(str(item.proposal_id))
        if proposal is None or proposal["supplier_id"] is None:
            lines[item.proposal_id] = _line(
                item.proposal_id, "unknown_proposal", "The published plan has no such proposal."
            )
        else:
            wanted.append(choose(proposal, item.decided_units))
    open_items, decided = await _still_open(connection, wanted, request.plan_run_id, build)
    lines.update(decided)
    orders: list[dict[str, Any]] = []
    for (supplier_id, location_id), group in by_supplier_and_location(open_items).items():
        made = await _order_group(connection, supplier_id, location_id, group, request, caller, now=now)
        if isinstance(made, InvalidContent):
            reasons = "; ".join(fault.detail for fault in made.violations) or made.detail
            lines.update({taken.proposal_id: _line(taken.proposal_id, "refused", reasons) for taken in group})
            continue
        orders.append(made)
        for taken in group:
            detail = f"{taken.decided_units} units on {made['restock_number']}."
            lines[taken.proposal_id] = _line(taken.proposal_id, "approved", detail, made)
    return DecisionsRead.model_validate(
        {"lines": [lines[item.proposal_id] for item in request.items], "restock_orders": orders}
    )


async def dismiss_proposals(
    connection: AsyncConnection,
    request: ProposalsDismiss,
    proposals: dict[str, Proposal],
    build: BuildInfo,
    caller: Caller,
    *,
    now: datetime,
) -> DecisionsRead:
    """Record that a buyer will not order these, and why."""
    lines = {
        proposal_id: _line(proposal_id, "unknown_proposal", "The published plan has no such proposal.")
        for proposal_id in request.proposal_ids
    }
    wanted = [choose(proposal, None) for proposal in proposals.values()]
    open_items, decided = await _still_open(connection, wanted, request.plan_run_id, build)
    lines.update(decided)
    if open_items:
        rows = [
            _decision(item, request.plan_run_id, caller, now=now)
            | {"decision": "dismissed", "decided_units": 0, "reason": request.reason}
            for item in open_items
        ]
        await queries.insert_decisions(connection, rows)
    for item in open_items:
        lines[item.proposal_id] = _line(item.proposal_id, "dismissed", request.reason)
    return DecisionsRead.model_validate({"lines": list(lines.values()), "restock_orders": []})


async def _still_open(
    connection: AsyncConnection, wanted: Sequence[Chosen], plan_run_id: str, build: BuildInfo
) -> tuple[list[Chosen], dict[UUID, dict[str, Any]]]:
    """Lock the items, then split them into those to decide on and those that somebody decided on."""
    if not wanted:
        return [], {}
    await queries.lock_items(connection, [(item.variant_id, item.location_id) for item in wanted])
    known = await queries.decisions_since(
        connection,
        [item.variant_id for item in wanted],
        plan_run_id=plan_run_id,
        horizon_at=build.horizon_at,
    )
    decided: dict[UUID, dict[str, Any]] = {}
    open_items: list[Chosen] = []
    for item in wanted:
        decision = known.get((item.variant_id, item.location_id))
        if decision is None:
            open_items.append(item)
            continue
        number = decision["restock_number"]
        detail = f"Already {decision['decision']}" + (f" on {number}." if number else ".")
        decided[item.proposal_id] = _line(
            item.proposal_id,
            "already_decided",
            detail,
            {"id": decision["restock_order_id"], "restock_number": number},
        )
    return open_items, decided


async def _order_group(
    connection: AsyncConnection,
    supplier_id: UUID,
    location_id: UUID,
    group: Sequence[Chosen],
    request: ProposalsApprove,
    caller: Caller,
    *,
    now: datetime,
) -> dict[str, Any] | InvalidContent:
    wanted = WantedOrder(
        supplier_id=supplier_id,
        location_id=location_id,
        lines=[WantedLine(item.variant_id, item.decided_units, item.proposal_id) for item in group],
        source="plan",
        plan_run_id=request.plan_run_id,
    )
    try:
        order = await create_restock_order(
            connection, wanted, company_id=caller.require_company(), user_id=caller.user_id, now=now
        )
    except InvalidContent as error:
        return error
    decisions = [
        _decision(item, request.plan_run_id, caller, now=now)
        | {"decision": "approved", "restock_order_id": order["id"], "reason": None}
        for item in group
    ]
    await queries.insert_decisions(connection, decisions)
    return await approve_if_allowed(connection, order["id"], caller, now=now)


def _decision(item: Chosen, plan_run_id: str, caller: Caller, *, now: datetime) -> dict[str, Any]:
    return {
        "company_id": caller.require_company(),
        "plan_run_id": plan_run_id,
        "proposal_id": item.proposal_id,
        "variant_id": item.variant_id,
        "location_id": item.location_id,
        "supplier_id": item.supplier_id,
        "suggested_units": item.suggested_units,
        "decided_units": item.decided_units,
        "restock_order_id": None,
        "decided_by": caller.user_id,
        "decided_at": now,
    }


def _line(
    proposal_id: UUID, outcome: str, detail: str, order: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "proposal_id": proposal_id,
        "outcome": outcome,
        "detail": detail,
        "restock_order_id": order["id"] if order else None,
        "restock_number": order["restock_number"] if order else None,
    }


def _currency(snapshot: Snapshot) -> str:
    return str(snapshot.rows("select currency from srv_company")[0]["currency"])
