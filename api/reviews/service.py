"""Use cases of reviews: write, moderate, vote, report, reply; ratings follow in the same transaction.

Locks are taken in this order: the review's row, the product's sums, the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog.ratings import set_rating
from api.errors import Forbidden, IllegalTransition, InvalidContent, NotFound, StaleVersion, UnknownReference
from api.media.service import require_media
from api.orders.purchases import find_delivered_order
from api.permissions import STOREFRONT, Scope
from api.reviews import queries, rules
from api.reviews.errors import AlreadyReported, OwnReview, ReviewExists
from api.reviews.queries import ReviewFilter
from api.reviews.schemas import Moderation, ReportCreate, ReviewCreate, ReviewUpdate
from core.events.outbox import append_event
from core.ids import new_id

_APPROVED = ReviewFilter(status="approved")
_SHOPPERS = frozenset({"customer", STOREFRONT})


def reach_of(caller: Caller) -> ReviewFilter:
    """Return the filter that leaves what the caller may manage: one's own, or the shop's products'."""
    if caller.scope is Scope.OWN:
        return ReviewFilter(customer_id=customer_of(caller))
    return ReviewFilter(shop_ids=caller.reachable_shop_ids)


def customer_of(caller: Caller) -> UUID:
    """Return who writes and votes here."""
    if caller.customer_id is None:
        raise Forbidden("You are not a customer of this company.")
    return caller.customer_id


async def write_review(connection: AsyncConnection, review: ReviewCreate, *, caller: Caller) -> queries.Row:
    """Write a review, for a moderator to approve; it is verified if the product was delivered.

    Raises
    ------
    ReviewExists
        If the customer has a review of this product.
    """
    company_id, customer_id = caller.require_company(), customer_of(caller)
    product = await queries.get_product(connection, company_id, review.product_id)
    if product is None or not product["is_public"]:
        raise UnknownReference("There is no such product.", pointer="/product_id")
    writer = await queries.get_writer(connection, company_id, customer_id)
    if writer is None:
        raise Forbidden("You are not a customer of this company.")
    order_id = await find_delivered_order(
        connection, company_id, customer_id=customer_id, product_id=review.product_id
    )
    values = {
        **review.model_dump(exclude={"media_ids"}),
        "images": await _images(connection, company_id, review.media_ids, customer_id),
        "company_id": company_id,
        "id": new_id(),
        "customer_id": customer_id,
        "author_name": rules.shown_name(writer["first_name"], writer["last_name"]),
        "author_avatar_url": writer["avatar_url"],
        "order_id": order_id,
        "is_verified_purchase": order_id is not None,
    }
    row = await queries.insert_review(connection, values)
    if row is None:
        raise ReviewExists
    await _tell(connection, "review.created", row, caller=caller)
    return row


async def read_review(connection: AsyncConnection, review_id: UUID, *, caller: Caller) -> queries.Row:
    """Return a review that the caller wrote or moderates."""
    return await _found(connection, review_id, reach_of(caller), caller=caller)


async def change_review(
    connection: AsyncConnection, review_id: UUID, changes: ReviewUpdate, *, caller: Caller
) -> queries.Row:
    """Change one's own review; it is moderated anew, and counts no more until it is approved."""
    company_id, customer_id = caller.require_company(), customer_of(caller)
    own = ReviewFilter(customer_id=customer_id)
    row = await _found(connection, review_id, own, caller=caller, for_update=True)
    values = changes.model_dump(exclude_unset=True, exclude={"media_ids"})
    for name in ("rating", "pros", "cons"):
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    if "media_ids" in changes.model_fields_set:
        values["images"] = await _images(connection, company_id, changes.media_ids or [], customer_id)
    if not values:
        return row
    values |= {"status": "pending", "revision": row["revision"] + 1}
    return await _move(connection, row, values, "review.updated", caller=caller)


async def archive_review(
    connection: AsyncConnection, review_id: UUID, *, caller: Caller, now: datetime
) -> None:
    """Take a review away; the customer may write another one."""
    row = await _found(connection, review_id, reach_of(caller), caller=caller, for_update=True)
    await _move(connection, row, {"archived_at": now}, "review.archived", caller=caller)


async def moderate(
    connection: AsyncConnection, review_id: UUID, decision: Moderation, *, caller: Caller, now: datetime
) -> queries.Row:
    """Approve or reject the revision that the moderator read.

    Raises
    ------
    StaleVersion
        If the writer has changed the review since.
    IllegalTransition
        If it has this status already.
    """
    row = await _found(connection, review_id, reach_of(caller), caller=caller, for_update=True)
    if row["revision"] != decision.revision:
        raise StaleVersion("The writer has changed the review since you read it.")
    if not rules.can_become(row["status"], decision.status):
        raise IllegalTransition.between(row["status"], decision.status)
    values = {
        "status": decision.status,
        "moderation_note": decision.note,
        "moderated_by": caller.user_id,
        "moderated_at": now,
    }
    return await _move(connection, row, values, f"review.{decision.status}", caller=caller)


async def reply(
    connection: AsyncConnection, review_id: UUID, text: str | None, *, caller: Caller, now: datetime
) -> queries.Row:
    """Write, replace or (None) take away the shop's public answer."""
    row = await _found(connection, review_id, reach_of(caller), caller=caller, for_update=True)
    values = {
        "reply_text": text,
        "replied_by": None if text is None else caller.user_id,
        "replied_at": None if text is None else now,
    }
    kind = "review.reply_removed" if text is None else "review.replied"
    return await _move(connection, row, values, kind, caller=caller)


async def set_helpful(
    connection: AsyncConnection, review_id: UUID, *, is_helpful: bool, caller: Caller
) -> queries.Row:
    """Vote for an approved review, once, or take the vote back; doing so again changes nothing."""
    company_id, customer_id = caller.require_company(), customer_of(caller)
    row = await _found(connection, review_id, _APPROVED, caller=caller, for_update=True)
    if row["customer_id"] == customer_id:
        raise OwnReview
    if is_helpful:
        change = await queries.vote(connection, company_id, review_id, customer_id)
    else:
        change = -await queries.take_back_vote(connection, company_id, review_id, customer_id)
    if not change:
        return row
    values = {"helpful_count": row["helpful_count"] + change}
    return await queries.update_review(connection, company_id, review_id, values)


async def report(
    connection: AsyncConnection, review_id: UUID, wanted: ReportCreate, *, caller: Caller
) -> queries.Row:
    """Tell the moderators what is wrong with somebody's review, once."""
    company_id, customer_id = caller.require_company(), customer_of(caller)
    row = await _found(connection, review_id, _APPROVED, caller=caller, for_update=True)
    if row["customer_id"] == customer_id:
        raise OwnReview
    key = {"company_id": company_id, "review_id": review_id, "customer_id": customer_id}
    reported = await queries.insert_report(connection, {**key, **wanted.model_dump()})
    if reported is None:
        raise AlreadyReported
    values = {"report_count": row["report_count"] + 1}
    await _move(connection, row, values, "review.reported", caller=caller)
    return reported


async def list_reports(
    connection: AsyncConnection, review_id: UUID, *, caller: Caller, limit: int
) -> Sequence[queries.Row]:
    """Return what customers reported about a review."""
    await read_review(connection, review_id, caller=caller)
    return await queries.list_reports(connection, caller.require_company(), review_id, limit=limit)


async def require_visible_product(connection: AsyncConnection, product_id: UUID, *, caller: Caller) -> None:
    """Refuse a product that the caller does not see; shoppers see what their shop sells."""
    product = await queries.get_product(connection, caller.require_company(), product_id)
    if product is None or (caller.roles <= _SHOPPERS and not product["is_public"]):
        raise NotFound
    shop_ids = {caller.shop_id} if caller.shop_id is not None else caller.reachable_shop_ids
    if shop_ids is not None and product["shop_id"] is not None and product["shop_id"] not in shop_ids:
        raise NotFound


async def read_summary(
    connection: AsyncConnection, product_id: UUID, *, caller: Caller
) -> rules.RatingSummary:
    """Return a product's rating in numbers."""
    await require_visible_product(connection, product_id, caller=caller)
    return rules.summarise(await queries.get_histogram(connection, caller.require_company(), product_id))


async def _found(
    connection: AsyncConnection,
    review_id: UUID,
    wanted: ReviewFilter,
    *,
    caller: Caller,
    for_update: bool = False,
) -> queries.Row:
    company_id = caller.require_company()
    row = await queries.get_review(connection, company_id, review_id, wanted, for_update=for_update)
    if row is None:
        raise NotFound
    return row


async def _move(
    connection: AsyncConnection, row: queries.Row, values: dict[str, Any], kind: str, *, caller: Caller
) -> queries.Row:
    """Change a locked review, let the product's rating follow, and tell of it."""
    changed = await queries.update_review(connection, row["company_id"], row["id"], values)
    removed, added = _stars(row), _stars(changed)
    if removed != added:
        histogram = await queries.change_rating(
            connection, row["company_id"], row["product_id"], removed=removed, added=added
        )
        summary = rules.summarise(histogram)
        await set_rating(connection, row["company_id"], row["product_id"], summary.average, summary.count)
    await _tell(connection, kind, changed, caller=caller)
    return changed


def _stars(row: queries.Row) -> int | None:
    return rules.counted_stars(row["status"], row["rating"], is_archived=row["archived_at"] is not None)


async def _images(
    connection: AsyncConnection, company_id: UUID, media_ids: Sequence[UUID], customer_id: UUID
) -> list[dict[str, str]]:
    files = await require_media(
        connection, company_id, media_ids, kinds={"review"}, customer_id=customer_id, pointer="/media_ids"
    )
    return [{"media_id": str(file.id), "url": file.url, "alt": file.alt} for file in files]


async def _tell(connection: AsyncConnection, kind: str, row: queries.Row, *, caller: Caller) -> None:
    await append_event(
        connection,
        company_id=row["company_id"],
        type=kind,
        aggregate_type="review",
        aggregate_id=row["id"],
        payload={
            "review_id": str(row["id"]),
            "product_id": str(row["product_id"]),
            "customer_id": str(row["customer_id"]),
            "rating": row["rating"],
            "status": row["status"],
        },
        actor_user_id=caller.user_id,
    )
