"""How one shop does, and what a company amounts to: from the published warehouse."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from api.access import Scope
from api.analytics import sales_reports
from api.analytics.errors import InvalidPeriod, UnknownCategory
from api.analytics.sales_schemas import CompanyStatsRead, ShopPerformanceRead
from api.analytics.visit import NOT_MODIFIED, AskedDays, Compare, CurrentVisit, Interval
from api.companies.service import reachable
from api.errors import NotFound, NothingPublishedYet, responses_for

router = APIRouter(tags=["analytics"])
_RESPONSES: dict[int | str, dict[str, Any]] = {
    **responses_for(NothingPublishedYet, NotFound, InvalidPeriod, UnknownCategory),
    **NOT_MODIFIED,
}


@router.get("/shops/{shop_id}/performance", response_model=ShopPerformanceRead, responses=_RESPONSES)
async def read_shop_performance(
    shop_id: UUID,
    visit: CurrentVisit,
    asked: AskedDays,
    interval: Annotated[Interval, Query(description="Rows by time")] = "day",
    compare: Compare = "previous",
) -> Any:
    """One shop's sales by time, its sellers, and for company roles its place among the shops."""
    if not visit.caller.may_use_shop(shop_id):
        raise NotFound
    ask = partial(
        sales_reports.performance,
        shop_id=str(shop_id),
        is_of_company=visit.caller.scope is not Scope.SHOP,
        interval=interval,
    )
    return await visit.answer(ask, asked, compare=compare)


@router.get("/companies/{company_id}/stats", response_model=CompanyStatsRead, responses=_RESPONSES)
async def read_company_stats(
    company_id: UUID, visit: CurrentVisit, asked: AskedDays, compare: Compare = "previous"
) -> Any:
    """What a company consists of and sold, in total and by shop; its own people's and the platform's."""
    company = reachable(visit.caller, company_id)
    return await visit.answer(sales_reports.company_stats, asked, company_id=company, compare=compare)
