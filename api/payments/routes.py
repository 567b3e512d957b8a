"""All routes of payments: what is offered comes before what names a payment."""

from fastapi import APIRouter

from api.payments.offer_router import router as offer_routes
from api.payments.router import router as main_routes

router = APIRouter()
for part in (offer_routes, main_routes):
    router.include_router(part)
