"""The inventory report: what lies in stock, what it is worth, how fast it turns and what was missed."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from api.analytics.errors import UnknownLocation
from api.analytics.inventory_schemas import InventoryRead
from api.analytics.service import Question, head, period_of
from api.analytics.visit import RESPONSES, AskedDays, CurrentVisit, Limit, Shop
from api.errors import Forbidden, responses_for
from core.metrics.stock_report import StockScope, locations_within, stock_report
from core.published import Snapshot

router = APIRouter(prefix="/analytics", tags=["analytics"])


@router.get(
    "/inventory",
    response_model=InventoryRead,
    responses={**RESPONSES, **responses_for(UnknownLocation)},
)
async def read_inventory(
    visit: CurrentVisit,
    asked: AskedDays,
    shop_id: Shop = None,
    location_id: Annotated[UUID | None, Query(description="One location")] = None,
    limit: Limit = 20,
) -> Any:
    """Stock at the end of the period and what happened in it; shop roles see the locations of their shops."""
    location = None if location_id is None else str(location_id)
    ask = partial(inventory_report, location_id=location, limit=limit)
    return await visit.answer(ask, asked, shop_id=shop_id)


def inventory_report(
    snapshot: Snapshot, question: Question, *, location_id: str | None, limit: int
) -> dict[str, Any]:
    """Answer the question from one snapshot; each figure is the registry's.

    Raises
    ------
    UnknownLocation
        If the build holds none of this id.
    Forbidden
        If the location serves none of the shops asked about.
    """
    _require_within_reach(snapshot, question, location_id)
    scope = StockScope(
        shop_ids=question.shop_ids,
        location_ids=None if location_id is None else (location_id,),
        category_ids=question.filters.category_ids,
    )
    report = stock_report(snapshot, period=period_of(snapshot, question), scope=scope, limit=limit)
    return {**head(snapshot, question), **vars(report)}


def _require_within_reach(snapshot: Snapshot, question: Question, location_id: str | None) -> None:
    if location_id is None or location_id in locations_within(snapshot, shop_ids=question.shop_ids):
        return
    if location_id in locations_within(snapshot, shop_ids=None):
        raise Forbidden("This location serves none of the shops asked about.", pointer="/query/location_id")
    raise UnknownLocation(pointer="/query/location_id")
