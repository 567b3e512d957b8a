"""All routes of the catalogue, in the order in which they are matched."""

from fastapi import APIRouter

from api.catalog.banner_router import router as banner_routes
from api.catalog.category_router import router as category_routes
from api.catalog.price_router import router as price_routes
from api.catalog.router import router as main_routes
from api.catalog.size_chart_router import router as size_chart_routes
from api.catalog.tag_router import router as tag_routes
from api.catalog.transfer_router import router as transfer_routes
from api.catalog.variant_router import router as variant_routes

router = APIRouter()
for part in (
    transfer_routes,
    main_routes,
    variant_routes,
    price_routes,
    category_routes,
    tag_routes,
    size_chart_routes,
    banner_routes,
):
    router.include_router(part)
