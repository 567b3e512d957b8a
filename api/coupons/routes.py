"""All routes of coupons: /coupons/campaigns is no coupon's id, so campaigns come first."""

from fastapi import APIRouter

from api.coupons.campaign_router import router as campaign_routes
from api.coupons.router import router as main_routes

router = APIRouter()
for part in (campaign_routes, main_routes):
    router.include_router(part)
