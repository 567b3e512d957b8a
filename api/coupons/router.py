"""Routes of coupons: what shop managers keep, and whether codes would count."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.coupons import checking, managing
from api.coupons import managing_queries as queries
from api.coupons.errors import CouponCodeTaken, CouponTermsInvalid, LimitBelowUse
from api.coupons.rules import normalised_code
from api.coupons.schemas import (
    CouponCheck,
    CouponCheckRead,
    CouponCreate,
    CouponRead,
    CouponUpdate,
    RedemptionRead,
)
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.orders.errors import UnknownShop, UnknownSku
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.pricing.rules import DiscountKind
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/coupons", tags=["coupons"])
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The version you know is current"}}
_SOUND = (CouponTermsInvalid, UnknownReference)


@router.get("", responses=responses_for(InvalidCursor))
async def list_coupons(
    caller: CurrentCaller,
    database: AppDatabase,
    shop_id: UUID | None = None,
    campaign_id: UUID | None = None,
    code: Annotated[str | None, Query(min_length=1, max_length=50)] = None,
    kind: DiscountKind | None = None,
    is_active: bool | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[CouponRead]:
    """List coupons of my shops and of the whole company, newest first."""
    wanted = queries.CouponFilter(
        reachable_shop_ids=caller.reachable_shop_ids,
        shop_id=shop_id,
        campaign_id=campaign_id,
        code=None if code is None else normalised_code(code),
        kind=kind,
        is_active=is_active,
    )
    binding = binding_of("coupons", **vars(wanted))
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_coupons(
            connection,
            company_id,
            wanted,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return Page(items=[CouponRead.model_validate(row) for row in page], next_cursor=next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=CouponRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, CouponCodeTaken, *_SOUND),
)
async def create_coupon(
    coupon: CouponCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a coupon, of one shop or of the whole company."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await managing.create_coupon(connection, coupon, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.post("/validate", responses=responses_for(UnknownShop, UnknownSku))
async def validate_coupons(
    check: CouponCheck, caller: CurrentCaller, database: AppDatabase, now: Now
) -> CouponCheckRead:
    """Tell whether codes would count for goods, and what they would take off. Nothing is used or held."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await checking.check_coupons(connection, check, caller=caller, now=now)


@router.get("/{coupon_id}", response_model=CouponRead, responses=_NOT_MODIFIED | responses_for(NotFound))
async def read_coupon(
    coupon_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a coupon. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await managing.read_coupon(connection, coupon_id, caller=caller), request)


@router.patch(
    "/{coupon_id}",
    response_model=CouponRead,
    responses=responses_for(NotFound, LimitBelowUse, *_SOUND, *VERSION_ERRORS),
)
async def update_coupon(
    coupon_id: UUID,
    changes: CouponUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a coupon. Code and kind stay what they are; orders keep what they were given."""

    async def work(connection: AsyncConnection) -> CouponRead:
        return await managing.update_coupon(connection, coupon_id, changes, caller=caller, if_match=if_match)

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


@router.delete("/{coupon_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_coupon(
    coupon_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a coupon: its code counts no more, and stays taken."""

    async def work(connection: AsyncConnection) -> None:
        await managing.archive_coupon(connection, coupon_id, caller=caller, if_match=if_match, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@router.get("/{coupon_id}/redemptions", responses=responses_for(NotFound, InvalidCursor))
async def list_redemptions(
    coupon_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[RedemptionRead]:
    """List the uses of a coupon, newest first; those given back too."""
    binding = binding_of("redemptions", coupon_id=coupon_id)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        await managing.read_coupon(connection, coupon_id, caller=caller)
        rows = await queries.list_redemptions(
            connection,
            company_id,
            coupon_id,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return Page(items=[RedemptionRead.model_validate(row) for row in page], next_cursor=next_cursor)
