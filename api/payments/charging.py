"""Use cases that ask a provider: process, confirm, capture, void, refund.

Each reserves its step in `operations.settle`; the router then reads the payment and stores the answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import InvalidContent, NotFound
from api.idempotency import KeyedRequest
from api.payments import (
    intents,
    operation_queries,
    operations,
    queries,
    reading,
    recording,
    refunds,
    rules,
    saved,
)
from api.payments.desk import PaymentDesk
from api.payments.errors import (
    CaptureExceedsAuthorised,
    CardNumberRefused,
    PaymentNotOpen,
    PaymentTokenRequired,
    RefundExceedsCaptured,
)
from api.payments.operations import NOTHING_TO_DO, Reserved
from api.payments.schemas import PaymentCapture, PaymentConfirm, PaymentProcess, RefundCreate

_NEED_NO_TOKEN = frozenset({"bank_transfer"})


def refuse_card_numbers(content: Any) -> None:
    """Refuse a request in which a card number may stand, before anything is stored or passed on.

    Raises
    ------
    CardNumberRefused
        With a pointer to it, and without it.
    """
    pointer = rules.find_card_number(content)
    if pointer is not None:
        raise CardNumberRefused(pointer=pointer or "/")


async def reserve_process(
    connection: AsyncConnection,
    desk: PaymentDesk,
    wanted: PaymentProcess,
    *,
    caller: Caller,
    keyed: KeyedRequest,
    now: datetime,
) -> Reserved:
    """Start or repeat an attempt; a payment that is authorised or paid is left as it is."""
    payment = await reading.find_payment(connection, wanted.payment_id, caller=caller, is_locked=True)
    if payment["status"] not in rules.PROCESSABLE:
        if payment["status"] == "cancelled":
            raise PaymentNotOpen
        return NOTHING_TO_DO
    if payment["payment_status"] == "authorised":
        return NOTHING_TO_DO
    in_flight = await operation_queries.operation_in_flight(connection, keyed.company_id, payment["id"])
    if in_flight is not None:
        return await operations.reserve_step(
            connection, desk, payment, in_flight["kind"], keyed=keyed, now=now
        )
    payment = await intents.refresh_amounts(connection, payment)
    request = await _means(connection, desk, wanted, payment, caller=caller)
    await desk.gateway(connection, keyed.company_id, payment["provider"])
    await queries.change_payment(connection, payment, status="processing", attempts=payment["attempts"] + 1)
    await recording.tell(connection, payment, "payment.processing", attempt=payment["attempts"] + 1)
    return await operations.reserve_step(
        connection, desk, payment, "authorise", keyed=keyed, now=now, request=request
    )


async def reserve_confirm(
    connection: AsyncConnection,
    desk: PaymentDesk,
    payment_id: UUID,
    wanted: PaymentConfirm,
    *,
    caller: Caller,
    keyed: KeyedRequest,
    now: datetime,
) -> Reserved:
    """Go on after the buyer's part."""
    payment = await reading.find_payment(connection, payment_id, caller=caller, is_locked=True)
    if payment["status"] == "succeeded" or payment["payment_status"] == "authorised":
        return NOTHING_TO_DO
    if payment["status"] != "processing":
        raise PaymentNotOpen
    request = {"challenge_result": wanted.challenge_result}
    return await operations.reserve_step(
        connection, desk, payment, "confirm", keyed=keyed, now=now, request=request
    )


async def reserve_capture(
    connection: AsyncConnection,
    desk: PaymentDesk,
    payment_id: UUID,
    wanted: PaymentCapture,
    *,
    caller: Caller,
    keyed: KeyedRequest,
    now: datetime,
) -> Reserved:
    """Take what was authorised; for a bank transfer, what has arrived."""
    payment = await reading.find_payment(connection, payment_id, caller=caller, is_locked=True)
    if payment["status"] == "succeeded":
        return NOTHING_TO_DO
    is_arrival = payment["method_code"] == "bank_transfer" and payment["status"] == "processing"
    if payment["payment_status"] != "authorised" and not is_arrival:
        raise PaymentNotOpen
    most = payment["amount"] if is_arrival else payment["authorised_amount"]
    due = await recording.due_amount(connection, keyed.company_id, payment["id"])
    amount = min(most, due) if wanted.amount is None else wanted.amount
    if amount > most:
        raise CaptureExceedsAuthorised(pointer="/amount", extensions={"authorised_amount": str(most)})
    if amount <= 0:
        raise PaymentNotOpen("Nothing is left to pay of its orders: void it instead.")
    return await operations.reserve_step(
        connection, desk, payment, "capture", keyed=keyed, now=now, amount=amount
    )


async def reserve_void(
    connection: AsyncConnection,
    desk: PaymentDesk,
    payment_id: UUID,
    *,
    reason: str | None,
    caller: Caller,
    keyed: KeyedRequest,
    now: datetime,
) -> Reserved:
    """Let go what was not captured."""
    payment = await reading.find_payment(connection, payment_id, caller=caller, is_locked=True)
    if payment["status"] == "cancelled":
        return NOTHING_TO_DO
    if payment["captured_amount"] > 0:
        raise PaymentNotOpen("It is captured: refund it instead.")
    await queries.write_history(
        connection, payment, "void requested", at=now, note=reason, changed_by=caller.user_id
    )
    return await operations.reserve_step(connection, desk, payment, "void", keyed=keyed, now=now)


async def reserve_refund(
    connection: AsyncConnection,
    payment_id: UUID,
    wanted: RefundCreate,
    *,
    caller: Caller,
    keyed: KeyedRequest,
    now: datetime,
) -> Reserved:
    """Write a refund of one order's share."""
    payment = await reading.find_payment(connection, payment_id, caller=caller, is_locked=True)
    shares = await queries.list_allocations(connection, keyed.company_id, payment["id"])
    reachable = [share for share in shares if caller.may_use_shop(share["shop_id"])]
    if wanted.order_id is None and len(shares) > 1:
        raise InvalidContent("A refund names an order; this payment has several.", pointer="/order_id")
    chosen = [share for share in reachable if wanted.order_id in (None, share["order_id"])]
    if not chosen:
        raise NotFound
    [share] = chosen
    amount = refunds.refundable(share) if wanted.amount is None else wanted.amount
    if amount <= 0:
        raise RefundExceedsCaptured(extensions={"refundable_amount": str(refunds.refundable(share))})
    refund_id = await refunds.add_refund(
        connection,
        payment,
        share,
        amount=amount,
        reason=wanted.reason,
        key=refund_key(keyed),
        at=now,
        requested_by=caller.user_id,
        claimed_until=now + operation_queries.LEASE,
        request_key=operations.request_key_of(keyed),
        request_sha256=keyed.request_sha256,
    )
    operation = await operation_queries.find_operation(connection, keyed.company_id, refund_id=refund_id)
    return Reserved(None if operation is None else operation["id"])


def refund_key(keyed: KeyedRequest) -> str:
    """Name the refund that a request asks for."""
    return f"request {operations.request_key_of(keyed)}"


async def _means(
    connection: AsyncConnection,
    desk: PaymentDesk,
    wanted: PaymentProcess,
    payment: queries.Row,
    *,
    caller: Caller,
) -> dict[str, Any]:
    """Return what the provider needs to charge; it is kept encrypted until the answer is there."""
    request: dict[str, Any] = {"token": wanted.token}
    if wanted.saved_method_id is not None:
        request = await saved.means_of(connection, desk.vault, wanted.saved_method_id, payment, caller=caller)
    elif (
        wanted.token is None
        and payment["provider"] == "local"
        and payment["method_code"] not in _NEED_NO_TOKEN
    ):
        raise PaymentTokenRequired(pointer="/token")
    if wanted.return_url is not None:
        request["return_url"] = str(wanted.return_url)
    return request
