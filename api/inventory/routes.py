"""All routes of inventory."""

from fastapi import APIRouter

from api.inventory.count_router import router as count_routes
from api.inventory.location_router import router as location_routes
from api.inventory.router import router as main_routes
from api.inventory.transfer_router import router as transfer_routes
from api.inventory.valuation_router import router as valuation_routes

router = APIRouter()
for part in (main_routes, location_routes, transfer_routes, count_routes, valuation_routes):
    router.include_router(part)
