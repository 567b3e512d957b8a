"""What is to be paid: one payment per checkout or direct order, however often it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.checkout.service import load_checkout
from api.errors import NotFound
from api.orders import access as orders_access
from api.orders import paying
from api.orders.amounts import OrderAmounts
from api.payments import accounts, operation_queries, queries, recording, rules
from api.payments.errors import OrderNotPayable, PaymentNotOpen, UnknownPaymentMethod
from api.payments.schemas import IntentCreate
from api.permissions import Scope

# Two that ask for the same at once: the second one finds the payment of the first.
_LOCK_SOURCE = sa.text(
    "select pg_advisory_xact_lock(hashtextextended("
    "concat_ws(' ', 'payment of', cast(:company_id as text), cast(:source_id as text)), 0))"
)


@dataclass(frozen=True)
class Source:
    """What one payment pays: the orders of a checkout, or one order without any."""

    source_id: UUID
    checkout_id: UUID | None
    orders: Sequence[OrderAmounts]

    @property
    def amount(self) -> Decimal:
        """What is left to pay."""
        return sum((order.due_amount for order in self.payable), Decimal(0))

    @property
    def payable(self) -> list[OrderAmounts]:
        """Orders that can be paid."""
        return [
            order
            for order in self.orders
            if order.status in rules.PAYABLE_ORDER_STATUSES
            and order.payment_status in rules.UNPAID
            and order.due_amount > 0
        ]

    @property
    def shares(self) -> list[tuple[UUID, UUID, Decimal]]:
        """Order, shop and amount of each part."""
        return [(order.order_id, order.shop_id, order.due_amount) for order in self.payable]


async def create_intent(
    connection: AsyncConnection, intent: IntentCreate, *, caller: Caller, now: datetime
) -> UUID:
    """Make the payment of a checkout or order, or find it and bring it up to date; return its id.

    Raises
    ------
    OrderNotPayable
        If nothing is left to pay and no payment is there.
    UnknownPaymentMethod
        If the company does not offer the method.
    """
    company_id = caller.require_company()
    source = await _load_source(connection, intent, caller=caller)
    method = await _method(connection, company_id, intent.method)
    await connection.execute(_LOCK_SOURCE, {"company_id": company_id, "source_id": source.source_id})
    known = await queries.find_open_payment(connection, company_id, source.source_id)
    if known is not None:
        return await _refresh(connection, known, source, method, intent)
    if source.amount <= 0:
        raise OrderNotPayable
    first = source.payable[0]
    payment_id = await queries.add_payment(
        connection,
        at=now,
        company_id=company_id,
        source_id=source.source_id,
        checkout_id=source.checkout_id,
        customer_id=first.customer_id,
        user_id=caller.user_id,
        payment_method_id=method["id"],
        provider=method["provider"],
        currency=first.currency,
        amount=source.amount,
        capture_mode=intent.capture_mode,
        billing_address={} if intent.billing_address is None else intent.billing_address.model_dump(),
        metadata=intent.metadata,
    )
    await queries.set_allocations(connection, company_id, payment_id, source.shares)
    payment = await queries.find_payment(connection, company_id, payment_id)
    assert payment is not None
    await queries.write_history(connection, payment, "unpaid", at=now, changed_by=caller.user_id)
    await recording.tell(connection, payment, "payment.initiated", amount=source.amount)
    return payment_id


async def refresh_amounts(connection: AsyncConnection, payment: queries.Row) -> queries.Row:
    """Bring a locked payment that nobody has paid up to what is left to pay of its orders.

    Raises
    ------
    OrderNotPayable
        If that is nothing: the orders were cancelled, or paid otherwise.
    """
    company_id = payment["company_id"]
    allocations = await queries.list_allocations(connection, company_id, payment["id"])
    totals = await paying.order_totals(connection, company_id, [share["order_id"] for share in allocations])
    source = Source(payment["source_id"], payment["checkout_id"], totals)
    if source.amount <= 0:
        raise OrderNotPayable
    shares = {(share["order_id"], share["amount"]) for share in allocations}
    if shares == {(order_id, amount) for order_id, _, amount in source.shares}:
        return payment
    if payment["gateway_payment_id"] is not None and payment["provider"] != "local":
        # The provider was told another amount: that payment is over, the next one is for the new amount.
        raise PaymentNotOpen("The order's amount has changed. Void this payment and make another.")
    await queries.set_allocations(connection, company_id, payment["id"], source.shares)
    await queries.change_payment(connection, payment, amount=source.amount)
    changed = await queries.find_payment(connection, company_id, payment["id"], is_locked=True)
    assert changed is not None
    return changed


async def _refresh(
    connection: AsyncConnection,
    payment: queries.Row,
    source: Source,
    method: queries.Row,
    intent: IntentCreate,
) -> UUID:
    """Let the buyer choose another method as long as nothing was started; else leave it as it is."""
    payment_id: UUID = payment["id"]
    company_id = payment["company_id"]
    is_open = payment["status"] in ("pending", "failed") and payment["gateway_payment_id"] is None
    in_flight = await operation_queries.operation_in_flight(connection, company_id, payment_id)
    is_changeable = is_open or (payment["status"] == "failed" and payment["provider"] == method["provider"])
    if not is_changeable or in_flight is not None:
        return payment_id
    if source.amount <= 0:
        raise OrderNotPayable
    await queries.change_payment(
        connection,
        payment,
        payment_method_id=method["id"],
        provider=method["provider"],
        capture_mode=intent.capture_mode if is_open else payment["capture_mode"],
    )
    await refresh_amounts(connection, payment)
    return payment_id


async def _load_source(connection: AsyncConnection, intent: IntentCreate, *, caller: Caller) -> Source:
    company_id = caller.require_company()
    if intent.order_id is not None:
        order = await orders_access.find_order(connection, intent.order_id, caller=caller)
        checkout_id = order["checkout_id"]
    else:
        checkout_id = intent.checkout_id
    if checkout_id is None:
        assert intent.order_id is not None
        order_ids = [intent.order_id]
    else:
        checkout = await load_checkout(connection, company_id, checkout_id, lock=False)
        order_ids = [order.order_id for order in checkout.orders]
    orders = await paying.order_totals(connection, company_id, order_ids)
    if not orders or not any(_may_pay(order, caller) for order in orders):
        raise NotFound
    return Source(checkout_id or orders[0].order_id, checkout_id, orders)


def _may_pay(order: OrderAmounts, caller: Caller) -> bool:
    if caller.scope is Scope.OWN:
        return caller.customer_id is not None and order.customer_id == caller.customer_id
    if caller.kind == "storefront" and order.customer_id is not None:
        return False
    return caller.may_use_shop(order.shop_id)


async def _method(connection: AsyncConnection, company_id: UUID, code: str) -> queries.Row:
    method = await accounts.find_method(connection, company_id, code=code)
    if method is None:
        await accounts.ensure_methods(connection, company_id)
        method = await accounts.find_method(connection, company_id, code=code)
    if method is None or not method["is_active"]:
        raise UnknownPaymentMethod(pointer="/method")
    return method
