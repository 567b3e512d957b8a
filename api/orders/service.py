"""Use cases of orders: place, read, cancel, change the status."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import ApiError, Forbidden, IdempotencyKeyReused, IllegalTransition, NotFound, Violation
from api.idempotency import KeyedRequest
from api.inventory.errors import InsufficientStock
from api.inventory.reservations import Ending, end_reservations, keep_reservations
from api.inventory.service import ship_reserved
from api.orders import queries, rules
from api.orders.errors import (
    NotOnHand,
    OutOfStock,
    PriceChanged,
    ReturnWindowOpen,
    UnknownCustomer,
    UnknownShop,
    UnknownSku,
)
from api.orders.placement import PlacedBy, Placement, PlacementLine, PlacementResult, run_placement
from api.orders.queries import OrderFilter
from api.orders.schemas import Address, OrderCreate
from api.permissions import Scope
from core.events.outbox import append_event
from core.postgres.pools import Database


async def place_order(
    database: Database, order: OrderCreate, *, caller: Caller, request: KeyedRequest, request_id: str
) -> PlacementResult:
    """Place an order and hold its stock, or change nothing; a repeated key gets the first answer.

    Raises
    ------
    ApiError
        `UnknownSku`, `UnknownShop`, `UnknownCustomer`, `OutOfStock`, `PriceChanged`, `InProgress`,
        `IdempotencyKeyReused`, `Forbidden`: nothing was changed.
    """
    shop_id = _shop_of(order, caller)
    placed_by, customer_id = _buyer_of(order, caller)
    result = await run_placement(
        database,
        Placement(
            company_id=request.company_id,
            shop_id=shop_id,
            placed_by=placed_by,
            scope=request.scope,
            key=request.key,
            # The storefront's key may name the shop, so the same body may mean another order.
            request_sha256=hashlib.sha256(request.request_sha256 + shop_id.bytes).digest(),
            lines=[PlacementLine(line.quantity_units, line.variant_id, line.sku) for line in order.lines],
            user_id=caller.user_id,
            customer_id=customer_id,
            email=order.email or (caller.email if placed_by == "customer" else None),
            shipping_address=_json(order.shipping_address),
            billing_address=_json(order.billing_address),
            shipping_method=order.shipping_method,
            customer_note=order.customer_note,
            expected_total_amount=(
                None if order.expected_total_amount is None else str(order.expected_total_amount)
            ),
            request_id=request_id,
        ),
    )
    if result.response_body is None or result.outcome == "key_reused":
        raise _refusal(result, order)
    return result


def visible_to(caller: Caller) -> OrderFilter:
    """Return the filter that leaves the orders which the caller may see."""
    if caller.scope is Scope.OWN:
        if caller.customer_id is None:
            raise NotFound
        return OrderFilter(own_customer_id=caller.customer_id)
    return OrderFilter(reachable_shop_ids=caller.reachable_shop_ids)


async def read_order(connection: AsyncConnection, order_id: UUID, *, caller: Caller) -> dict[str, Any]:
    """Return an order with its lines."""
    found = await queries.get_order(connection, caller.require_company(), order_id, visible_to(caller))
    if found is None:
        raise NotFound
    return found


async def cancel_order(
    connection: AsyncConnection, order_id: UUID, *, caller: Caller, reason: str | None, now: datetime
) -> dict[str, Any]:
    """Cancel an order and give its stock back; cancelling it again changes nothing."""
    order = await _lock(connection, order_id, caller=caller)
    if order["status"] != "cancelled":
        await _cancel(connection, order, reason=reason, ending="released", now=now, user_id=caller.user_id)
    return await read_order(connection, order_id, caller=caller)


async def change_status(
    connection: AsyncConnection,
    order_id: UUID,
    status: str,
    *,
    caller: Caller,
    note: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Bring an order to its next status, with what this means for its stock.

    Raises
    ------
    IllegalTransition
        With the current status, if it does not lead there.
    NotOnHand
        If it should be shipped and promised units have not come in yet.
    ReturnWindowOpen
        If it should be completed and may still be returned.
    """
    order = await _lock(connection, order_id, caller=caller)
    if status == "cancelled":
        await _cancel(connection, order, reason=note, ending="released", now=now, user_id=caller.user_id)
        return await read_order(connection, order_id, caller=caller)
    if not rules.can_become(order["status"], status):
        raise IllegalTransition.between(order["status"], status)
    company_id = order["company_id"]
    if status == "confirmed":
        await keep_reservations(connection, company_id=company_id, owner_id=order_id)
    elif status == "shipped":
        await _ship(connection, order, now=now, user_id=caller.user_id)
    elif status == "completed":
        await _require_window_passed(connection, order, now=now)
    await queries.set_status(connection, order, status, at=now, note=note, changed_by=caller.user_id)
    await _tell(connection, order, status, user_id=caller.user_id)
    return await read_order(connection, order_id, caller=caller)


async def expire_order(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, *, now: datetime
) -> bool:
    """Cancel a pending order whose reservations have expired; tell whether there was anything to do."""
    order = await queries.lock_order(connection, company_id, order_id, OrderFilter(status="pending"))
    expires_at = None if order is None else order["reservation_expires_at"]
    if order is None or expires_at is None or expires_at > now:
        return False
    await _cancel(connection, order, reason="reservation expired", ending="expired", now=now, user_id=None)
    return True


def _shop_of(order: OrderCreate, caller: Caller) -> UUID:
    shop_id = caller.shop_id or order.shop_id
    if shop_id is None:
        raise UnknownShop("Name the shop, or send its storefront's key.", pointer="/shop_id")
    if order.shop_id not in (None, shop_id):
        raise UnknownShop("The storefront's key is another shop's.", pointer="/shop_id")
    if caller.scope is not Scope.OWN and not caller.may_use_shop(shop_id):
        raise Forbidden("You do not work in this shop.")
    return shop_id


def _buyer_of(order: OrderCreate, caller: Caller) -> tuple[PlacedBy, UUID | None]:
    """Tell who buys: a customer for themselves, a guest, or staff for a customer or for nobody known."""
    if caller.kind == "person" and caller.scope is not Scope.OWN:
        return "staff", order.customer_id
    customer_id = caller.customer_id if caller.kind == "person" else None
    if order.customer_id not in (None, customer_id):
        raise UnknownCustomer(pointer="/customer_id")
    if caller.kind == "person" and customer_id is None:
        raise UnknownCustomer("You are not a customer of this company.")
    return ("guest" if customer_id is None else "customer"), customer_id


def _refusal(result: PlacementResult, order: OrderCreate) -> ApiError:
    details = result.details
    match result.outcome:
        case "key_reused":
            return IdempotencyKeyReused()
        case "unknown_shop":
            return UnknownShop(pointer="/shop_id")
        case "unknown_customer":
            return UnknownCustomer(pointer="/customer_id")
        case "unknown_sku":
            return UnknownSku(violations=_line_violations(details))
        case "out_of_stock":
            return OutOfStock(violations=_short_violations(details, order), extensions={"lines": details})
        case _:
            return PriceChanged(extensions=details)


def _line_violations(unknown: Sequence[dict[str, Any]]) -> list[Violation]:
    return [
        Violation(
            f"/lines/{line['line']}/{'sku' if line['variant_id'] is None else 'variant_id'}",
            UnknownSku.code,
            "Not sold in this shop.",
        )
        for line in unknown
    ]


def _short_violations(short: Sequence[dict[str, Any]], order: OrderCreate) -> list[Violation]:
    """Point to the first line that names each variant of which there is too little."""
    wanted = [line.sku or str(line.variant_id) for line in order.lines]
    return [
        Violation(
            f"/lines/{wanted.index(name)}/quantity_units",
            OutOfStock.code,
            f"{variant['available_units']} available.",
        )
        for variant in short
        for name in (variant["sku"], variant["variant_id"])
        if name in wanted
    ]


def _json(address: Address | None) -> str:
    return "{}" if address is None else orjson.dumps(address.model_dump(exclude_none=True)).decode()


async def _lock(connection: AsyncConnection, order_id: UUID, *, caller: Caller) -> queries.Row:
    order = await queries.lock_order(connection, caller.require_company(), order_id, visible_to(caller))
    if order is None:
        raise NotFound
    return order


async def _cancel(
    connection: AsyncConnection,
    order: queries.Row,
    *,
    reason: str | None,
    ending: Ending,
    now: datetime,
    user_id: UUID | None,
) -> None:
    if not rules.can_become(order["status"], "cancelled"):
        raise IllegalTransition.between(order["status"], "cancelled")
    await end_reservations(
        connection, company_id=order["company_id"], owner_id=order["id"], ending=ending, at=now
    )
    await queries.cancel_lines(connection, order["company_id"], order["id"])
    await queries.set_status(connection, order, "cancelled", at=now, note=reason, changed_by=user_id)
    await _tell(connection, order, "cancelled", user_id=user_id)


async def _ship(
    connection: AsyncConnection, order: queries.Row, *, now: datetime, user_id: UUID | None
) -> None:
    try:
        await ship_reserved(
            connection,
            company_id=order["company_id"],
            order_id=order["id"],
            actor_user_id=user_id,
            occurred_at=now,
        )
    except InsufficientStock as error:
        raise NotOnHand(extensions=error.extensions) from None
    await queries.fulfil_lines(connection, order["company_id"], order["id"])


async def _require_window_passed(connection: AsyncConnection, order: queries.Row, *, now: datetime) -> None:
    days = await queries.return_window_days(connection, order["company_id"])
    if not rules.may_complete(order["delivered_at"], return_window_days=days, now=now):
        raise ReturnWindowOpen(extensions={"return_window_days": days})


async def _tell(
    connection: AsyncConnection, order: queries.Row, status: str, *, user_id: UUID | None
) -> None:
    await append_event(
        connection,
        company_id=order["company_id"],
        type=rules.EVENT_TYPES[status],
        aggregate_type="order",
        aggregate_id=order["id"],
        payload={
            "order_id": str(order["id"]),
            "order_number": order["order_number"],
            "from_status": order["status"],
            "status": status,
        },
        actor_user_id=user_id,
    )
