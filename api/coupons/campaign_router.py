"""Routes of campaigns: codes whose uses count together. Matched before those of one coupon."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.coupons import managing
from api.coupons import managing_queries as queries
from api.coupons.errors import CampaignNameTaken, LimitBelowUse
from api.coupons.schemas import CampaignCreate, CampaignRead, CampaignUpdate
from api.dependencies import AppDatabase
from api.errors import IDEMPOTENCY_ERRORS, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/coupons/campaigns", tags=["coupons"])
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The version you know is current"}}


@router.get("", responses=responses_for(InvalidCursor))
async def list_campaigns(
    caller: CurrentCaller, database: AppDatabase, cursor: PageCursor = None, limit: PageLimit = 50
) -> Page[CampaignRead]:
    """List campaigns of my shops and of the whole company, newest first."""
    binding = binding_of("campaigns", reachable_shop_ids=caller.reachable_shop_ids)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_campaigns(
            connection,
            company_id,
            shop_ids=caller.reachable_shop_ids,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return Page(items=[CampaignRead.model_validate(row) for row in page], next_cursor=next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=CampaignRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, CampaignNameTaken, UnknownReference),
)
async def create_campaign(
    campaign: CampaignCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a campaign; coupons join it by its id."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await managing.create_campaign(connection, campaign, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.get("/{campaign_id}", response_model=CampaignRead, responses=_NOT_MODIFIED | responses_for(NotFound))
async def read_campaign(
    campaign_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a campaign. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await managing.read_campaign(connection, campaign_id, caller=caller), request)


@router.patch(
    "/{campaign_id}",
    response_model=CampaignRead,
    responses=responses_for(NotFound, CampaignNameTaken, LimitBelowUse, *VERSION_ERRORS),
)
async def update_campaign(
    campaign_id: UUID,
    changes: CampaignUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a campaign's name, description or limits."""

    async def work(connection: AsyncConnection) -> CampaignRead:
        return await managing.update_campaign(
            connection, campaign_id, changes, caller=caller, if_match=if_match
        )

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)
