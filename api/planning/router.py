"""The restock worklist of the published plan, and the buyers' decisions on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller, CurrentCaller
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import IDEMPOTENCY_ERRORS, NotFound, NothingPublishedYet, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import PageLimit
from api.planning import service
from api.planning.errors import PlanSuperseded
from api.planning.schemas import (
    DecisionsRead,
    PlanItemRead,
    ProposalsApprove,
    ProposalsDismiss,
    WorklistRead,
)
from api.published import describe_build, read_snapshot
from core.postgres.transaction import transaction
from core.published import BuildInfo, Snapshot
from core.settings import Settings

router = APIRouter(prefix="/plans", tags=["plans"])

SeriesId = Annotated[
    str, Path(pattern=r"^[0-9a-f-]{36}\|[0-9a-f-]{36}$", description="variant id|location id")
]
HISTORY_DAYS, HORIZON_DAYS = 90, 90


@router.get("/worklist", response_model=WorklistRead, responses=responses_for(NothingPublishedYet))
async def read_worklist(
    caller: CurrentCaller,
    settings: AppSettings,
    database: AppDatabase,
    now: Now,
    location_id: Annotated[UUID | None, Query()] = None,
    supplier_id: Annotated[UUID | None, Query()] = None,
    after_rank: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: PageLimit = 50,
) -> Any:
    """List what to order, from whom, how much and by when; what gains most money comes first."""
    company_id = caller.require_company()
    page = await read_snapshot(
        settings,
        company_id,
        lambda snapshot: service.read_worklist(
            snapshot, location_id=location_id, supplier_id=supplier_id, after_rank=after_rank, limit=limit
        ),
    )
    shown = page.proposals[:limit]
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        items = await service.with_decisions(connection, shown, page.build)
    return {
        "build": describe_build(page.build, now),
        "currency": page.currency,
        "timezone": page.timezone,
        "items": items,
        "next_after_rank": shown[-1]["rank"] if len(page.proposals) > limit else None,
    }


@router.get(
    "/items/{series_id}", response_model=PlanItemRead, responses=responses_for(NotFound, NothingPublishedYet)
)
async def read_item(
    series_id: SeriesId, caller: CurrentCaller, settings: AppSettings, database: AppDatabase, now: Now
) -> Any:
    """Explain one item: demand, forecast band, projected stock, and the parts of its suggestion."""
    company_id = caller.require_company()
    item = await read_snapshot(
        settings,
        company_id,
        lambda snapshot: service.read_item(
            snapshot, series_id, history_days=HISTORY_DAYS, horizon_days=HORIZON_DAYS
        ),
    )
    if item["proposal"] is None and item["reason"] is None and not item["demand"]:
        raise NotFound
    proposals = [item["proposal"]] if item["proposal"] else []
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        shown = await service.with_decisions(connection, proposals, item["build"])
    return item | {
        "build": describe_build(item["build"], now),
        "proposal": shown[0] if shown else None,
    }


_DECIDED = responses_for(PlanSuperseded, NothingPublishedYet, *IDEMPOTENCY_ERRORS)


@router.post("/proposals/approve", response_model=DecisionsRead, responses=_DECIDED)
async def approve_proposals(
    request: ProposalsApprove,
    caller: CurrentCaller,
    key: Keyed,
    settings: AppSettings,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Turn proposals into restock orders, one per supplier and location; each proposal orders once."""
    chosen = [item.proposal_id for item in request.items]

    async def work(connection: AsyncConnection) -> Outcome:
        proposals, build = await _read_chosen(settings, caller, request.plan_run_id, chosen)
        return Outcome(
            await service.approve_proposals(connection, request, proposals, build, caller, now=now)
        )

    return await answer_once(database, key, work, status_code=200)


@router.post("/proposals/dismiss", response_model=DecisionsRead, responses=_DECIDED)
async def dismiss_proposals(
    request: ProposalsDismiss,
    caller: CurrentCaller,
    key: Keyed,
    settings: AppSettings,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Say that these will not be ordered, and why."""

    async def work(connection: AsyncConnection) -> Outcome:
        proposals, build = await _read_chosen(settings, caller, request.plan_run_id, request.proposal_ids)
        return Outcome(
            await service.dismiss_proposals(connection, request, proposals, build, caller, now=now)
        )

    return await answer_once(database, key, work, status_code=200)


async def _read_chosen(
    settings: Settings, caller: Caller, plan_run_id: str, proposal_ids: Sequence[UUID]
) -> tuple[dict[str, dict[str, Any]], BuildInfo]:
    """Read the published proposals; inside the keyed work, so that a repeated request is replayed first."""

    def read(snapshot: Snapshot) -> tuple[dict[str, dict[str, Any]], BuildInfo]:
        return service.read_chosen(snapshot, plan_run_id, proposal_ids), snapshot.build

    return await read_snapshot(settings, caller.require_company(), read)
