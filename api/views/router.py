"""Views of products, as the storefront tells of them."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, responses_for
from api.idempotency import MaybeKeyed, Outcome, answer_maybe_once
from api.views import service
from api.views.errors import ViewsRefused
from api.views.schemas import ViewBatch, ViewsRecorded

router = APIRouter(prefix="/product-views", tags=["product views"])


@router.post(
    "",
    status_code=201,
    response_model=ViewsRecorded,
    responses=responses_for(*IDEMPOTENCY_ERRORS, ViewsRefused),
)
async def record_views(
    batch: ViewBatch, keyed: MaybeKeyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Record what a shopper looked at. What the answer counts is stored; what it refuses is named by place.

    Without an Idempotency-Key, a batch that is sent twice counts twice. The products' ``view_count`` follows
    within a minute.
    """

    async def work(connection: AsyncConnection) -> Outcome:
        return Outcome(await service.record_views(connection, batch, caller=caller, now=now))

    return await answer_maybe_once(database, keyed, work, caller=caller, status_code=201)
