"""Reviews: read by everybody, written by customers, moderated and answered by the shop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller, CurrentCaller
from api.conditional import answer
from api.dependencies import AppDatabase, Now
from api.errors import (
    IDEMPOTENCY_ERRORS,
    IllegalTransition,
    NotFound,
    StaleVersion,
    UnknownReference,
    responses_for,
)
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.reviews import queries, service
from api.reviews.errors import AlreadyReported, OwnReview, ReviewExists
from api.reviews.queries import ORDERS, ReviewFilter
from api.reviews.schemas import (
    HelpfulRead,
    Moderation,
    RatingSummaryRead,
    ReplyWrite,
    ReportCreate,
    ReportList,
    ReportRead,
    ReviewCreate,
    ReviewDetail,
    ReviewRead,
    ReviewSort,
    ReviewStatus,
    ReviewUpdate,
)
from api.schemas import Page
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

of_product = APIRouter(prefix="/products/{product_id}/reviews", tags=["reviews"])
reviews = APIRouter(prefix="/reviews", tags=["reviews"])

RatingIs = Annotated[int | None, Query(alias="rating[eq]", ge=1, le=5, description="Stars")]
RatingFrom = Annotated[int | None, Query(alias="rating[gte]", ge=1, le=5)]
RatingTo = Annotated[int | None, Query(alias="rating[lte]", ge=1, le=5)]
Verified = Annotated[bool | None, Query(description="Written by people who received the product")]
WithImages = Annotated[bool | None, Query(description="With or without pictures")]
_REPORTS_SHOWN = 100
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The version you know is current"}}


@of_product.get("", responses=responses_for(NotFound, InvalidCursor))
async def list_product_reviews(
    product_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    rating: RatingIs = None,
    rating_from: RatingFrom = None,
    rating_to: RatingTo = None,
    is_verified_purchase: Verified = None,
    has_images: WithImages = None,
    sort: ReviewSort = "newest",
    cursor: PageCursor = None,
    limit: PageLimit = 20,
) -> Page[ReviewRead]:
    """List a product's approved reviews."""
    wanted = ReviewFilter(
        product_id=product_id,
        status="approved",
        rating=rating,
        rating_from=rating_from,
        rating_to=rating_to,
        is_verified_purchase=is_verified_purchase,
        has_images=has_images,
    )
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        await service.require_visible_product(connection, product_id, caller=caller)
        rows, next_cursor = await _page(connection, caller, wanted, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[ReviewRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@of_product.get(
    "/summary", response_model=RatingSummaryRead, responses=_NOT_MODIFIED | responses_for(NotFound)
)
async def read_rating_summary(
    product_id: UUID, request: Request, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Sum up a product's approved reviews: average, count and how many of each number of stars."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        summary = await service.read_summary(connection, product_id, caller=caller)
    body = RatingSummaryRead(
        product_id=product_id,
        rating_average=summary.average,
        rating_count=summary.count,
        histogram=summary.histogram,
    )
    return answer(body, request)


@reviews.get("", responses=responses_for(InvalidCursor))
async def list_reviews(
    caller: CurrentCaller,
    database: AppDatabase,
    product_id: UUID | None = None,
    customer_id: UUID | None = None,
    status: ReviewStatus | None = None,
    rating: RatingIs = None,
    rating_from: RatingFrom = None,
    rating_to: RatingTo = None,
    is_verified_purchase: Verified = None,
    has_images: WithImages = None,
    is_reported: Annotated[bool | None, Query(description="Reported by customers")] = None,
    sort: ReviewSort = "newest",
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[ReviewDetail]:
    """List reviews in every state: a customer's own, or those that the shop moderates."""
    reach = service.reach_of(caller)
    if reach.customer_id is not None and customer_id not in (None, reach.customer_id):
        return Page(items=[], next_cursor=None)
    wanted = ReviewFilter(
        product_id=product_id,
        customer_id=reach.customer_id or customer_id,
        shop_ids=reach.shop_ids,
        status=status,
        rating=rating,
        rating_from=rating_from,
        rating_to=rating_to,
        is_verified_purchase=is_verified_purchase,
        has_images=has_images,
        is_reported=is_reported,
    )
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows, next_cursor = await _page(connection, caller, wanted, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[ReviewDetail.model_validate(row) for row in rows], next_cursor=next_cursor)


@reviews.post(
    "",
    status_code=201,
    response_model=ReviewDetail,
    responses=responses_for(*IDEMPOTENCY_ERRORS, ReviewExists, UnknownReference),
)
async def create_review(
    review: ReviewCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Review a product, once. A moderator approves it before it is shown and counts."""

    async def work(connection: AsyncConnection) -> Outcome:
        row = await service.write_review(connection, review, caller=caller)
        return Outcome(ReviewDetail.model_validate(row), resource_id=row["id"])

    return await answer_once(database, keyed, work)


@reviews.get("/{review_id}", responses=responses_for(NotFound))
async def read_review(review_id: UUID, caller: CurrentCaller, database: AppDatabase) -> ReviewDetail:
    """Read a review that you wrote or moderate."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return ReviewDetail.model_validate(await service.read_review(connection, review_id, caller=caller))


@reviews.patch("/{review_id}", responses=responses_for(NotFound, UnknownReference))
async def update_review(
    review_id: UUID, changes: ReviewUpdate, caller: CurrentCaller, database: AppDatabase
) -> ReviewDetail:
    """Change your review. It is moderated anew, and counts no more until it is approved."""
    return await _change(
        database,
        caller,
        lambda connection: service.change_review(connection, review_id, changes, caller=caller),
    )


@reviews.delete("/{review_id}", status_code=204, responses=responses_for(NotFound))
async def archive_review(review_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now) -> None:
    """Take a review away."""

    async def work(connection: AsyncConnection) -> None:
        await service.archive_review(connection, review_id, caller=caller, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@reviews.patch("/{review_id}/status", responses=responses_for(NotFound, IllegalTransition, StaleVersion))
async def moderate_review(
    review_id: UUID, decision: Moderation, caller: CurrentCaller, database: AppDatabase, now: Now
) -> ReviewDetail:
    """Approve or reject the revision that you read; only approved reviews are shown and count."""
    return await _change(
        database,
        caller,
        lambda connection: service.moderate(connection, review_id, decision, caller=caller, now=now),
    )


@reviews.put("/{review_id}/reply", responses=responses_for(NotFound))
async def put_reply(
    review_id: UUID, text: ReplyWrite, caller: CurrentCaller, database: AppDatabase, now: Now
) -> ReviewDetail:
    """Answer a review in public, or change the answer."""
    return await _change(
        database,
        caller,
        lambda connection: service.reply(connection, review_id, text.text, caller=caller, now=now),
    )


@reviews.delete("/{review_id}/reply", responses=responses_for(NotFound))
async def remove_reply(
    review_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now
) -> ReviewDetail:
    """Take the answer away."""
    return await _change(
        database,
        caller,
        lambda connection: service.reply(connection, review_id, None, caller=caller, now=now),
    )


@reviews.put("/{review_id}/helpful", responses=responses_for(NotFound, OwnReview))
async def vote_helpful(review_id: UUID, caller: CurrentCaller, database: AppDatabase) -> HelpfulRead:
    """Say that a review helped you. Saying so again changes nothing."""
    return await _vote(database, caller, review_id, is_helpful=True)


@reviews.delete("/{review_id}/helpful", responses=responses_for(NotFound, OwnReview))
async def take_back_vote(review_id: UUID, caller: CurrentCaller, database: AppDatabase) -> HelpfulRead:
    """Take your vote back."""
    return await _vote(database, caller, review_id, is_helpful=False)


@reviews.post(
    "/{review_id}/reports",
    status_code=201,
    response_model=ReportRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, OwnReview, AlreadyReported),
)
async def report_review(
    review_id: UUID, report: ReportCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Tell the moderators what is wrong with a review, once."""

    async def work(connection: AsyncConnection) -> Outcome:
        row = await service.report(connection, review_id, report, caller=caller)
        return Outcome(ReportRead.model_validate(row), resource_id=review_id)

    return await answer_once(database, keyed, work)


@reviews.get("/{review_id}/reports", responses=responses_for(NotFound))
async def list_reports(review_id: UUID, caller: CurrentCaller, database: AppDatabase) -> ReportList:
    """List the newest hundred reports of a review, for moderators."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows = await service.list_reports(connection, review_id, caller=caller, limit=_REPORTS_SHOWN)
    return ReportList(items=[ReportRead.model_validate(row) for row in rows])


async def _page(
    connection: AsyncConnection,
    caller: Caller,
    wanted: ReviewFilter,
    *,
    sort: ReviewSort,
    cursor: str | None,
    limit: int,
) -> tuple[list[queries.Row], str | None]:
    order = ORDERS[sort]
    filters: Mapping[str, Any] = vars(wanted) | {"shop_ids": sorted(map(str, wanted.shop_ids or []))}
    binding = binding_of(f"reviews {sort}", **filters)
    after = decode_cursor(cursor, binding=binding, types=(order.read, UUID))
    rows = await queries.list_reviews(
        connection,
        caller.require_company(),
        wanted,
        order=order,
        after=None if after is None else (after[0], after[1]),
        limit=limit,
    )
    page, next_cursor = split_page(rows, limit=limit, binding=binding, position_of=order.position_of)
    return list(page), next_cursor


async def _change(
    database: Database, caller: Caller, step: Callable[[AsyncConnection], Awaitable[queries.Row]]
) -> ReviewDetail:
    row = await run_in_transaction(
        database, step, company_id=caller.require_company(), user_id=caller.user_id
    )
    return ReviewDetail.model_validate(row)


async def _vote(database: Database, caller: Caller, review_id: UUID, *, is_helpful: bool) -> HelpfulRead:
    async def work(connection: AsyncConnection) -> queries.Row:
        return await service.set_helpful(connection, review_id, is_helpful=is_helpful, caller=caller)

    row = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return HelpfulRead(review_id=review_id, helpful_count=row["helpful_count"], is_helpful=is_helpful)


router = APIRouter()
router.include_router(of_product)
router.include_router(reviews)
