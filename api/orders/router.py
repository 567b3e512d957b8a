"""Orders: place and list; one order is in `lifecycle_router`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.access import CurrentCaller
from api.coupons.errors import CouponRefused
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, responses_for
from api.idempotency import REPLAYED_HEADER, Keyed
from api.orders import queries, service
from api.orders.access import visible_to
from api.orders.admission import AppAdmission, TooManyOrders
from api.orders.errors import (
    OutOfStock,
    PriceChanged,
    UnknownCustomer,
    UnknownShop,
    UnknownSku,
)
from api.orders.schemas import (
    OrderCreate,
    OrderRead,
    OrderStatus,
    OrderSummary,
    PaymentStatus,
)
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.problems import request_id_of
from api.schemas import Instant, Page
from api.shipping.errors import ShippingUnavailable
from core.failpoints import reach
from core.postgres.transaction import transaction

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post(
    "",
    status_code=201,
    response_model=OrderRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        UnknownSku,
        UnknownShop,
        UnknownCustomer,
        OutOfStock,
        PriceChanged,
        CouponRefused,
        ShippingUnavailable,
        TooManyOrders,
    ),
)
async def place_order(
    order: OrderCreate,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    admission: AppAdmission,
    now: Now,
    request: Request,
) -> Response:
    """Place an order and hold its stock, or change nothing."""
    async with admission.admitted():
        result = await service.place_order(
            database, order, caller=caller, request=keyed, request_id=request_id_of(request), now=now
        )
    reach("order_committed", request.app.state.settings)
    headers = {"Location": f"{request.url.path}/{result.order_id}"}
    if result.outcome == "replayed":
        headers[REPLAYED_HEADER] = "true"
    return Response(result.response_body, status_code=201, media_type="application/json", headers=headers)


@router.get("", responses=responses_for(InvalidCursor))
async def list_orders(
    caller: CurrentCaller,
    database: AppDatabase,
    status: OrderStatus | None = None,
    shop_id: UUID | None = None,
    customer_id: UUID | None = None,
    payment_status: PaymentStatus | None = None,
    order_number: Annotated[str | None, Query(max_length=50)] = None,
    tracking_number: Annotated[str | None, Query(max_length=100)] = None,
    variant_id: UUID | None = None,
    placed_from: Annotated[Instant | None, Query(description="Inclusive")] = None,
    placed_until: Annotated[Instant | None, Query(description="Exclusive")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[OrderSummary]:
    """List orders, newest first: a customer's own, the shops' of their staff, or the company's."""
    wanted = replace(
        visible_to(caller),
        status=status,
        shop_id=shop_id,
        customer_id=customer_id,
        payment_status=payment_status,
        order_number=order_number,
        tracking_number=tracking_number,
        variant_id=variant_id,
        placed_from=placed_from,
        placed_until=placed_until,
    )
    binding = binding_of("orders", **vars(wanted))
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_orders(
            connection,
            company_id,
            wanted,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["placed_at"], row["id"])
    )
    return Page(items=[OrderSummary.model_validate(dict(row)) for row in page], next_cursor=next_cursor)
