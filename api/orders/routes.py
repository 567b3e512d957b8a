"""All routes of orders."""

from fastapi import APIRouter

from api.orders.lifecycle_router import router as lifecycle_routes
from api.orders.router import router as main_routes

router = APIRouter()
for part in (main_routes, lifecycle_routes):
    router.include_router(part)
