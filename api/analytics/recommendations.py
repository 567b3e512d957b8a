"""What to show a shopper next: published lists, filtered by what can be bought right now."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from api.access import Caller, CurrentCaller
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import Forbidden, NothingPublishedYet, responses_for
from api.inventory.buyable import buyable_products
from api.published import BuildRead, describe_build, read_snapshot
from api.schemas import OutputModel
from core.metrics import recommendations as lists
from core.postgres.transaction import transaction
from core.published import BuildInfo, Snapshot

router = APIRouter(prefix="/products", tags=["recommendations"])

Shelf = Literal["for_you", "buy_again", "new_for_you", "trending"]


class RecommendationRead(OutputModel):
    """A product and why it is shown; the text is English, the code and its parts fit any language."""

    product_id: UUID
    product_name: str
    rank: int
    reason_code: str
    reason_product_id: UUID | None
    reason_product_name: str | None
    reason_count: int | None
    reason_text: str


class RecommendationsRead(OutputModel):
    build: BuildRead
    items: list[RecommendationRead]


@router.get(
    "/recommendations", response_model=RecommendationsRead, responses=responses_for(NothingPublishedYet)
)
async def read_recommendations(
    caller: CurrentCaller,
    settings: AppSettings,
    database: AppDatabase,
    now: Now,
    shelf: Annotated[Shelf, Query(description="Which of the customer's lists")] = "for_you",
    product_ids: Annotated[
        list[UUID] | None,
        Query(max_length=100, description="The cart, or the product looked at: what goes with these"),
    ] = None,
    customer_id: Annotated[UUID | None, Query(description="For staff: whose list")] = None,
    limit: Annotated[int, Query(ge=1, le=20)] = 10,
) -> Any:
    """Recommend products that can be bought now: with the cart's, else personal, else popular ones."""
    company_id = caller.require_company()
    context = [str(product_id) for product_id in product_ids or ()]
    person = _customer(caller, customer_id)

    def read(snapshot: Snapshot) -> tuple[BuildInfo, list[dict[str, Any]]]:
        found = lists.bought_together(snapshot, context) if context else []
        if person is not None and not context:
            found = lists.for_customer(snapshot, str(person), shelf)
        return snapshot.build, [*found, *lists.popular(snapshot)]

    build, candidates = await read_snapshot(settings, company_id, read)
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        buyable = await buyable_products(
            connection, {UUID(row["product_id"]) for row in candidates}, shop_id=caller.shop_id
        )
    shown = _distinct(candidates, buyable, hidden=set(context))[:limit]
    return {
        "build": describe_build(build, now),
        "items": [
            {**row, "rank": rank, "reason_text": lists.reason_text(row)}
            for rank, row in enumerate(shown, start=1)
        ],
    }


def _customer(caller: Caller, customer_id: UUID | None) -> UUID | None:
    """Return whose list is read: one's own, or for staff the one they name."""
    if customer_id is None or customer_id == caller.customer_id:
        return caller.customer_id
    if caller.kind != "person" or caller.roles <= {"customer"}:
        raise Forbidden("A customer's recommendations are their own.")
    return customer_id


def _distinct(
    candidates: list[dict[str, Any]], buyable: set[UUID], *, hidden: set[str]
) -> list[dict[str, Any]]:
    """Keep each buyable product once, in the order of the lists."""
    kept: dict[str, dict[str, Any]] = {}
    for row in candidates:
        if UUID(row["product_id"]) in buyable and row["product_id"] not in hidden:
            kept.setdefault(row["product_id"], row)
    return list(kept.values())
