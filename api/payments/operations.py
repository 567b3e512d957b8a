"""Asking a provider: written down, asked without any lock, and the answer recorded.

1. One transaction writes the operation and claims it for a minute.
2. The provider is asked, outside of every transaction, with the operation's id as idempotency key.
3. Another transaction records the answer, under the payment's lock, once.

A process that dies in between, or an answer that gets lost, leaves a pending operation. Whoever comes next,
the buyer's retry or the worker, claims it and asks again with the same key: a provider does it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from api.errors import IdempotencyKeyReused
from api.idempotency import KeyedRequest, claim
from api.payments import operation_queries, queries, recording, refunds
from api.payments.desk import PaymentDesk
from api.payments.errors import GatewayNotConfigured, PaymentInProgress, PaymentOutcomeUnknown
from api.payments.gateways.contract import AnswerLost, Gateway, GatewayOutcome, GatewayRequest
from api.payments.recording import AmountMismatch, References
from api.payments.rows import Row
from core.failpoints import reach
from core.postgres.transaction import run_in_transaction
from core.time import Clock

log = structlog.get_logger(__name__)
_PAUSE_SECONDS = 0.1
_TRIES_AT_ONCE = 2
_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True)
class Reserved:
    """What a request's first transaction left: an operation of ours to carry out, or one to wait for."""

    operation_id: UUID | None = None
    is_others: bool = False


NOTHING_TO_DO = Reserved()
Reserve = Callable[[AsyncConnection], Awaitable[Reserved]]


async def settle(
    desk: PaymentDesk,
    keyed: KeyedRequest,
    reserve: Reserve,
    *,
    clock: Clock,
    is_lost_answer_fine: bool = False,
) -> None:
    """Carry out what a request asks for, once, and return when its outcome is recorded.

    A twin, or another request about the same payment, that is at the provider right now is waited for.

    Raises
    ------
    PaymentInProgress
        If it takes longer than the lock timeout.
    PaymentOutcomeUnknown
        If the provider did not answer; a repetition asks it again.
    """
    patience = max(1, round(desk.settings.lock_timeout_seconds / _PAUSE_SECONDS))
    for _ in range(patience):
        reserved = await run_in_transaction(
            desk.database,
            partial(_reserve_once, keyed=keyed, reserve=reserve, now=clock()),
            company_id=keyed.company_id,
            user_id=keyed.user_id,
        )
        if not reserved.is_others:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    else:
        raise PaymentInProgress
    if reserved.operation_id is None:
        return
    is_known = await carry_out(desk, keyed.company_id, reserved.operation_id, clock=clock)
    if not is_known and not is_lost_answer_fine:
        raise PaymentOutcomeUnknown


async def reserve_step(
    connection: AsyncConnection,
    desk: PaymentDesk,
    payment: queries.Row,
    kind: str,
    *,
    keyed: KeyedRequest,
    now: datetime,
    amount: Any = None,
    request: dict[str, Any] | None = None,
) -> Reserved:
    """Write and claim a charging step of a locked payment, or find the one that is under way."""
    in_flight = await operation_queries.operation_in_flight(connection, keyed.company_id, payment["id"])
    if in_flight is not None:
        is_ours = await operation_queries.claim_operation(
            connection, keyed.company_id, in_flight["id"], at=now
        )
        return Reserved(in_flight["id"]) if is_ours else Reserved(is_others=True)
    operation_id = await operation_queries.add_operation(
        connection,
        company_id=keyed.company_id,
        payment_id=payment["id"],
        kind=kind,
        amount=payment["amount"] if amount is None else amount,
        request_encrypted=desk.vault.seal(request) if request else None,
        request_key=request_key_of(keyed),
        request_sha256=keyed.request_sha256,
        claimed_until=now + operation_queries.LEASE,
        tries=1,
    )
    return Reserved(operation_id)


def request_key_of(keyed: KeyedRequest) -> str:
    """Name a request for ever, so that its repetition finds its operation."""
    return f"{keyed.scope} {keyed.key}"


def pause_after(tries: int) -> timedelta:
    """Return how long to leave a provider alone after so many lost answers: at first not at all.

    Examples
    --------
    >>> [pause_after(tries).seconds for tries in (1, 2, 3, 6, 99)]
    [0, 0, 2, 16, 600]
    """
    if tries <= _TRIES_AT_ONCE:
        return timedelta(0)
    return min(timedelta(seconds=2.0 ** min(tries - _TRIES_AT_ONCE, 20)), _LONGEST_PAUSE)


async def carry_out(desk: PaymentDesk, company_id: UUID, operation_id: UUID, *, clock: Clock) -> bool:
    """Ask the provider and record the answer of a claimed operation; False: the answer was lost."""
    prepared = await run_in_transaction(
        desk.database,
        partial(_prepare, desk=desk, company_id=company_id, operation_id=operation_id),
        company_id=company_id,
    )
    if prepared is None:
        return True
    kind, gateway, request = prepared
    outcome = await _ask(gateway, kind, request)
    reach("payment_called", desk.settings)

    async def record(connection: AsyncConnection) -> None:
        await record_outcome(connection, desk, company_id, operation_id, outcome, now=clock())

    await run_in_transaction(desk.database, record, company_id=company_id)
    return outcome is not None


async def _reserve_once(
    connection: AsyncConnection, *, keyed: KeyedRequest, reserve: Reserve, now: datetime
) -> Reserved:
    """Find out whether the request was answered, or is being carried out, before anything is written."""
    if await claim(connection, keyed) is not None:
        return NOTHING_TO_DO
    known = await operation_queries.find_operation(
        connection, keyed.company_id, request_key=request_key_of(keyed), is_locked=True
    )
    if known is None:
        return await reserve(connection)
    if bytes(known["request_sha256"]) != keyed.request_sha256:
        raise IdempotencyKeyReused
    if known["status"] != "pending":
        return NOTHING_TO_DO
    is_ours = await operation_queries.claim_operation(connection, keyed.company_id, known["id"], at=now)
    return Reserved(known["id"]) if is_ours else Reserved(is_others=True)


async def _prepare(
    connection: AsyncConnection, *, desk: PaymentDesk, company_id: UUID, operation_id: UUID
) -> tuple[str, Gateway | None, GatewayRequest] | None:
    """Read what to ask whom; None: it is finished."""
    operation = await operation_queries.find_operation(connection, company_id, operation_id=operation_id)
    if operation is None or operation["status"] != "pending":
        return None
    payment = await queries.find_payment(connection, company_id, operation["payment_id"])
    assert payment is not None
    refund_id = operation["refund_id"]
    refund = (
        None if refund_id is None else await queries.find_refund(connection, company_id, refund_id=refund_id)
    )
    sealed = operation["request_encrypted"]
    request = GatewayRequest(
        key=operation_id.hex,
        company_id=company_id,
        payment_id=payment["id"],
        transaction_number=payment["transaction_number"],
        amount=operation["amount"],
        currency=payment["currency"],
        method_code=payment["method_code"],
        is_captured_at_once=payment["capture_mode"] == "automatic",
        gateway_payment_id=payment["gateway_payment_id"],
        gateway_authorisation_id=payment["gateway_authorisation_id"],
        gateway_capture_id=payment["gateway_capture_id"],
        refund_id=refund_id,
        reason=None if refund is None else refund["reason"],
        **(desk.vault.open(sealed) if sealed else {}),
    )
    try:
        gateway: Gateway | None = await desk.gateway(connection, company_id, payment["provider"])
    except GatewayNotConfigured:
        gateway = None
    return operation["kind"], gateway, request


async def _ask(gateway: Gateway | None, kind: str, request: GatewayRequest) -> GatewayOutcome | None:
    """Ask the provider; None: it may have done it or not."""
    if gateway is None:
        return GatewayOutcome(
            "failed", failure_code=GatewayNotConfigured.code, failure_reason=GatewayNotConfigured.detail
        )
    calls: dict[str, Callable[[GatewayRequest], Awaitable[GatewayOutcome]]] = {
        "authorise": gateway.authorise,
        "confirm": gateway.confirm,
        "capture": gateway.capture,
        "void": gateway.void,
        "refund": gateway.refund,
    }
    try:
        return await calls[kind](request)
    except AnswerLost:
        log.warning("payment_answer_lost", operation=request.key, kind=kind)
        return None


async def lock_operation(
    connection: AsyncConnection, company_id: UUID, operation_id: UUID
) -> tuple[Row, Row]:
    """Lock and return an operation's payment, then the operation: the order in which all lock them."""
    found = await operation_queries.find_operation(connection, company_id, operation_id=operation_id)
    assert found is not None
    payment = await queries.find_payment(connection, company_id, found["payment_id"], is_locked=True)
    operation = await operation_queries.find_operation(
        connection, company_id, operation_id=operation_id, is_locked=True
    )
    assert payment is not None
    assert operation is not None
    return payment, operation


async def record_outcome(
    connection: AsyncConnection,
    desk: PaymentDesk,
    company_id: UUID,
    operation_id: UUID,
    outcome: GatewayOutcome | None,
    *,
    now: datetime,
) -> None:
    """Write an answer down, once: the payment first, then what follows from it for its orders."""
    payment, operation = await lock_operation(connection, company_id, operation_id)
    if operation["status"] != "pending":
        return
    if outcome is None:
        await operation_queries.change_operation(
            connection, operation, claimed_until=now + pause_after(operation["tries"])
        )
        return
    await operation_queries.change_operation(
        connection,
        operation,
        status="failed" if outcome.status == "failed" else "succeeded",
        request_encrypted=None,
        response_encrypted=desk.vault.seal({"status": outcome.status, **outcome.answer}),
        failure_code=outcome.failure_code,
        failure_reason=None if outcome.failure_reason is None else outcome.failure_reason[:500],
        finished_at=now,
    )
    if outcome.card is not None:
        await queries.save_details(connection, payment, details_encrypted=desk.vault.seal(vars(outcome.card)))
    if operation["kind"] == "refund":
        await _apply_refund(connection, payment, operation, outcome, now=now)
    else:
        await _apply_charge(connection, desk, payment, operation, outcome, now=now)


async def _apply_charge(
    connection: AsyncConnection,
    desk: PaymentDesk,
    payment: queries.Row,
    operation: queries.Row,
    outcome: GatewayOutcome,
    *,
    now: datetime,
) -> None:
    references = References(
        outcome.gateway_payment_id, outcome.gateway_authorisation_id, outcome.gateway_capture_id
    )
    try:
        if outcome.status == "captured":
            await recording.record_captured(connection, payment, outcome.amount, references, now=now)
        elif outcome.status == "authorised":
            await recording.record_authorised(connection, payment, outcome.amount, references, now=now)
        elif outcome.status == "voided":
            await recording.record_voided(connection, payment, now=now)
        elif outcome.status == "failed" and operation["kind"] in ("authorise", "confirm"):
            await recording.record_failed(
                connection, payment, outcome.failure_code, outcome.failure_reason, references, now=now
            )
        elif outcome.status == "failed":
            await queries.write_history(
                connection, payment, f"{operation['kind']} failed", at=now, note=outcome.failure_code
            )
        else:
            action = desk.vault.seal(outcome.action) if outcome.action else None
            await recording.record_waiting(connection, payment, references, action_encrypted=action)
    except AmountMismatch as error:
        log.error("payment_amount_mismatch", payment_id=str(payment["id"]), reason=str(error))
        await queries.write_history(connection, payment, "amount mismatch", at=now, note=str(error))


async def _apply_refund(
    connection: AsyncConnection,
    payment: queries.Row,
    operation: queries.Row,
    outcome: GatewayOutcome,
    *,
    now: datetime,
) -> None:
    refund = await queries.find_refund(connection, payment["company_id"], refund_id=operation["refund_id"])
    assert refund is not None
    if outcome.status == "refunded":
        await refunds.record_refunded(connection, payment, refund, outcome.gateway_refund_id, now=now)
    elif outcome.status == "failed":
        reason = outcome.failure_reason or outcome.failure_code
        await refunds.record_refund_failed(connection, payment, refund, reason, now=now)
    elif refund["status"] == "pending":
        await queries.change_refund(
            connection, refund, status="processing", gateway_refund_id=outcome.gateway_refund_id
        )
