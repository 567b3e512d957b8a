"""Reports from the published warehouse: fresh as of the build that every answer names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.access import CurrentCaller
from api.analytics import recommendations, service
from api.analytics.schemas import DashboardRead, InventoryRead, MetricList, ProductsRead, SalesRead
from api.dependencies import AppSettings, Now
from api.errors import NothingPublishedYet, responses_for
from api.published import IfNoneMatch, mark_version, read_snapshot
from core.metrics.registry import METRICS
from core.published import Snapshot, current_build

reports = APIRouter(prefix="/analytics", tags=["analytics"])

From = Annotated[date | None, Query(alias="from", description="First day, in the company's time zone")]
To = Annotated[date | None, Query(alias="to", description="Last day, included")]
Shop = Annotated[UUID | None, Query(alias="shop_id", description="One shop; all of yours without it")]
Limit = Annotated[int, Query(ge=1, le=100)]
_UNPUBLISHED = responses_for(NothingPublishedYet)
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The build you know is current"}}
_RESPONSES = {**_UNPUBLISHED, **_NOT_MODIFIED}


@dataclass(frozen=True)
class Visit:
    """What every report of a visit needs: who asks, for which days and shop, and what they know already."""

    caller: CurrentCaller
    settings: AppSettings
    now: Now
    response: Response
    known: IfNoneMatch = None

    async def answer(
        self,
        ask: Callable[[Snapshot, service.Question], dict[str, Any]],
        *,
        shop_id: UUID | None = None,
        first_date: date | None = None,
        last_date: date | None = None,
        is_of_shops: bool = True,
    ) -> Any:
        """Answer from the current build, or 304 where it is known; rights on the shop are looked at first."""
        build = current_build(self.settings)
        if build is not None and self.known == f'"{build.build_id}"':
            return Response(status_code=304)
        wanted = None if shop_id is None else str(shop_id)
        question = service.Question(
            first_date=first_date,
            last_date=last_date,
            shop_ids=service.shops_of(self.caller, wanted) if is_of_shops else None,
            now=self.now,
        )
        report = await read_snapshot(
            self.settings, self.caller.require_company(), lambda snapshot: ask(snapshot, question)
        )
        mark_version(self.response, report["build"].build_id)
        return report


CurrentVisit = Annotated[Visit, Depends()]


@reports.get("/dashboard", response_model=DashboardRead, responses=_RESPONSES)
async def read_dashboard(
    visit: CurrentVisit,
    shop_id: Shop = None,
    first_date: From = None,
    last_date: To = None,
    limit: Limit = 10,
) -> Any:
    """Headline figures, compared with the same weekdays before, and best and worst sellers."""
    ask = partial(service.dashboard, limit=limit)
    return await visit.answer(ask, shop_id=shop_id, first_date=first_date, last_date=last_date)


@reports.get("/sales", response_model=SalesRead, responses=_RESPONSES)
async def read_sales(
    visit: CurrentVisit, shop_id: Shop = None, first_date: From = None, last_date: To = None
) -> Any:
    """Sales by day, with totals."""
    return await visit.answer(service.sales, shop_id=shop_id, first_date=first_date, last_date=last_date)


@reports.get("/products", response_model=ProductsRead, responses=_RESPONSES)
async def read_products(
    visit: CurrentVisit,
    shop_id: Shop = None,
    first_date: From = None,
    last_date: To = None,
    limit: Limit = 10,
) -> Any:
    """Best and worst sellers of a period."""
    ask = partial(service.products, limit=limit)
    return await visit.answer(ask, shop_id=shop_id, first_date=first_date, last_date=last_date)


@reports.get("/inventory", response_model=InventoryRead, responses=_RESPONSES)
async def read_inventory(visit: CurrentVisit, limit: Limit = 20) -> Any:
    """Stock by status with its value at cost, and the emptiest items, as of the build's horizon."""
    return await visit.answer(partial(service.inventory, limit=limit), is_of_shops=False)


@reports.get("/metrics", response_model=MetricList)
async def list_metrics(caller: CurrentCaller) -> Any:
    """What each figure means: the definitions that the reports and the dashboards use."""
    return {"items": list(METRICS.values())}


router = APIRouter()
router.include_router(reports)
router.include_router(recommendations.router)
