"""All routes of accounts, sessions and customers."""

from fastapi import APIRouter

from api.identity.customer_router import router as customer_routes
from api.identity.router import router as main_routes

router = APIRouter()
for part in (main_routes, customer_routes):
    router.include_router(part)
