"""Routes of checkouts."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import CurrentCaller
from api.carts.owners import CartToken, CurrentShopper, owner_of
from api.checkout import service
from api.checkout.errors import CartClosed, CartEmpty, CartHasProblems, EmailRequired
from api.checkout.schemas import CheckoutCreate, CheckoutRead
from api.coupons.errors import CouponRefused
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, NotFound, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.orders.admission import AppAdmission, TooManyOrders
from api.orders.errors import PriceChanged
from api.permissions import Scope
from api.problems import request_id_of
from api.shipping.errors import ShippingUnavailable
from core.failpoints import reach
from core.postgres.transaction import transaction

router = APIRouter(prefix="/checkouts", tags=["checkouts"])


@router.post(
    "",
    status_code=201,
    response_model=CheckoutRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        NotFound,
        CartEmpty,
        CartClosed,
        CartHasProblems,
        CouponRefused,
        EmailRequired,
        PriceChanged,
        ShippingUnavailable,
        TooManyOrders,
    ),
)
async def create_checkout(
    checkout: CheckoutCreate,
    keyed: Keyed,
    shopper: CurrentShopper,
    database: AppDatabase,
    admission: AppAdmission,
    now: Now,
    request: Request,
) -> Response:
    """Buy a cart: one order per shop, or nothing. A cart bought before is answered with what it became."""
    owner = shopper.require_owner()
    if owner.session_sha256 is not None:
        # Guests of a storefront share its key: one guest's repeated request is no other guest's.
        keyed = replace(keyed, scope=f"{keyed.scope} {owner.session_sha256.hex()[:16]}")

    async def work(connection: AsyncConnection) -> Outcome:
        made = await service.check_out(
            connection,
            checkout,
            shopper=shopper,
            request=keyed,
            request_id=request_id_of(request),
            now=now,
        )
        return Outcome(made, resource_id=made.id)

    async with admission.admitted():
        response = await answer_once(database, keyed, work)
    reach("order_committed", request.app.state.settings)
    return response


@router.get("/{checkout_id}", responses=responses_for(NotFound))
async def read_checkout(
    checkout_id: UUID, caller: CurrentCaller, database: AppDatabase, token: CartToken = None
) -> CheckoutRead:
    """Read a checkout: its buyer's, or of a shop whose staff ask."""
    is_staff = caller.kind == "person" and caller.scope is not Scope.OWN
    owner = None if is_staff else owner_of(caller, token)
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await service.read_checkout(connection, checkout_id, caller=caller, owner=owner)
