"""Reports from the published warehouse: fresh as of the build that every answer names."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.access import CurrentCaller
from api.analytics import recommendations, service
from api.analytics.schemas import DashboardRead, InventoryRead, MetricList, ProductsRead, SalesRead
from api.dependencies import AppSettings, Now
from api.errors import NothingPublishedYet, responses_for
from api.published import IfNoneMatch, mark_version, read_snapshot
from core.metrics.registry import METRICS
from core.published import current_build

reports = APIRouter(prefix="/analytics", tags=["analytics"])

From = Annotated[date | None, Query(alias="from", description="First day, in the company's time zone")]
To = Annotated[date | None, Query(alias="to", description="Last day, included")]
Shop = Annotated[UUID | None, Query(alias="shop_id", description="One shop; all of yours without it")]
Limit = Annotated[int, Query(ge=1, le=100)]
_UNPUBLISHED = responses_for(NothingPublishedYet)
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The build you know is current"}}
_RESPONSES = {**_UNPUBLISHED, **_NOT_MODIFIED}


def _question(
    caller: CurrentCaller, now: Now, shop: UUID | None, first: date | None, last: date | None
) -> service.Question:
    shop_ids = service.shops_of(caller, None if shop is None else str(shop))
    return service.Question(first_date=first, last_date=last, shop_ids=shop_ids, now=now)


def _is_known(settings: AppSettings, known: str | None) -> bool:
    build = current_build(settings)
    return build is not None and known == f'"{build.build_id}"'


@reports.get("/dashboard", response_model=DashboardRead, responses=_RESPONSES)
async def read_dashboard(
    caller: CurrentCaller,
    settings: AppSettings,
    now: Now,
    response: Response,
    shop_id: Shop = None,
    first_date: From = None,
    last_date: To = None,
    limit: Limit = 10,
    known: IfNoneMatch = None,
) -> Any:
    """Headline figures, compared with the same weekdays before, and best and worst sellers."""
    if _is_known(settings, known):
        return Response(status_code=304)
    question = _question(caller, now, shop_id, first_date, last_date)
    report = await read_snapshot(
        settings,
        caller.require_company(),
        lambda snapshot: service.dashboard(snapshot, question, limit=limit),
    )
    mark_version(response, report["build"].build_id)
    return report


@reports.get("/sales", response_model=SalesRead, responses=_RESPONSES)
async def read_sales(
    caller: CurrentCaller,
    settings: AppSettings,
    now: Now,
    response: Response,
    shop_id: Shop = None,
    first_date: From = None,
    last_date: To = None,
    known: IfNoneMatch = None,
) -> Any:
    """Sales by day, with totals."""
    if _is_known(settings, known):
        return Response(status_code=304)
    question = _question(caller, now, shop_id, first_date, last_date)
    report = await read_snapshot(
        settings, caller.require_company(), lambda snapshot: service.sales(snapshot, question)
    )
    mark_version(response, report["build"].build_id)
    return report


@reports.get("/products", response_model=ProductsRead, responses=_RESPONSES)
async def read_products(
    caller: CurrentCaller,
    settings: AppSettings,
    now: Now,
    response: Response,
    shop_id: Shop = None,
    first_date: From = None,
    last_date: To = None,
    limit: Limit = 10,
    known: IfNoneMatch = None,
) -> Any:
    """Best and worst sellers of a period."""
    if _is_known(settings, known):
        return Response(status_code=304)
    question = _question(caller, now, shop_id, first_date, last_date)
    report = await read_snapshot(
        settings,
        caller.require_company(),
        lambda snapshot: service.products(snapshot, question, limit=limit),
    )
    mark_version(response, report["build"].build_id)
    return report


@reports.get("/inventory", response_model=InventoryRead, responses=_RESPONSES)
async def read_inventory(
    caller: CurrentCaller,
    settings: AppSettings,
    now: Now,
    response: Response,
    limit: Limit = 20,
    known: IfNoneMatch = None,
) -> Any:
    """Stock by status with its value at cost, and the emptiest items, as of the build's horizon."""
    if _is_known(settings, known):
        return Response(status_code=304)
    question = service.Question(first_date=None, last_date=None, shop_ids=None, now=now)
    report = await read_snapshot(
        settings,
        caller.require_company(),
        lambda snapshot: service.inventory(snapshot, question, limit=limit),
    )
    mark_version(response, report["build"].build_id)
    return report


@reports.get("/metrics", response_model=MetricList)
async def list_metrics(caller: CurrentCaller) -> Any:
    """What each figure means: the definitions that the reports and the dashboards use."""
    return {"items": list(METRICS.values())}


router = APIRouter()
router.include_router(reports)
router.include_router(recommendations.router)
