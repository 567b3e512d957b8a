"""Reports from the published warehouse: fresh as of the build that every answer names."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.access import CurrentCaller
from api.analytics import customers, inventory, performance, recommendations, sales_reports
from api.analytics.errors import MeasureNotByDimension, UnknownMeasure
from api.analytics.sales_schemas import DashboardRead, ProductsRead, SalesRead
from api.analytics.schemas import MetricList
from api.analytics.visit import RESPONSES, AskedDays, Compare, CurrentVisit, Interval, Limit, Shop
from api.errors import responses_for
from core.metrics.registry import METRICS
from core.metrics.sources import known_dimensions

reports = APIRouter(prefix="/analytics", tags=["analytics"])

GroupBy = Literal["shop", "category", "top_category", "product", "variant", "brand", "abc_class", "xyz_class"]
Measures = Annotated[
    list[str] | None,
    Query(max_length=20, description="Figures by name (GET /analytics/metrics); all of sales without it"),
]
_OF_MEASURES = {**RESPONSES, **responses_for(UnknownMeasure, MeasureNotByDimension)}


@reports.get("/dashboard", response_model=DashboardRead, responses=RESPONSES)
async def read_dashboard(
    visit: CurrentVisit,
    asked: AskedDays,
    shop_id: Shop = None,
    compare: Compare = "previous",
    limit: Limit = 10,
) -> Any:
    """Headline figures, compared with the same weekdays before, by shop, and best and worst sellers."""
    ask = partial(sales_reports.dashboard, limit=limit)
    return await visit.answer(ask, asked, shop_id=shop_id, compare=compare)


@reports.get("/sales", response_model=SalesRead, responses=_OF_MEASURES)
async def read_sales(
    visit: CurrentVisit,
    asked: AskedDays,
    shop_id: Shop = None,
    interval: Annotated[Interval | None, Query(description="Rows by time; by day without a group")] = None,
    group_by: Annotated[GroupBy | None, Query(description="Rows by this, alone or within time")] = None,
    measures: Measures = None,
    compare: Compare = "none",
    limit: Annotated[int, Query(ge=1, le=5000, description="Rows")] = 1000,
) -> Any:
    """Sales by time, by shop, category, product …, or by both, with totals and a comparison."""
    ask = partial(
        sales_reports.sales,
        interval=interval if interval or group_by else "day",
        group_by=group_by,
        measures=measures or (),
        limit=limit,
    )
    return await visit.answer(ask, asked, shop_id=shop_id, compare=compare)


@reports.get("/products", response_model=ProductsRead, responses=RESPONSES)
async def read_products(
    visit: CurrentVisit, asked: AskedDays, shop_id: Shop = None, limit: Limit = 10
) -> Any:
    """Best and worst sellers of a period, what was new in it, and the assortment by ABC and XYZ class."""
    return await visit.answer(partial(sales_reports.products, limit=limit), asked, shop_id=shop_id)


@reports.get("/metrics", response_model=MetricList)
async def list_metrics(caller: CurrentCaller) -> Any:
    """What each figure means: the definitions that the reports and the dashboards use."""
    return {
        "items": [
            {**vars(metric), "dimensions": known_dimensions(metric.name)} for metric in METRICS.values()
        ]
    }


router = APIRouter()
router.include_router(reports)
router.include_router(customers.router)
router.include_router(performance.router)
router.include_router(inventory.router)
router.include_router(recommendations.router)
