"""Webhooks: believed by a signature over the raw body, kept once, answered at once, applied by the worker.

Providers send events late, twice and out of order. One row per provider and event id makes repeats
harmless; what an event says is applied under the payment's lock and changes nothing the second time; an
event that comes before what it follows from (a refund before its charge) waits its turn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from api.payments import operation_queries, queries, recording, refunds
from api.payments.desk import PaymentDesk
from api.payments.errors import GatewayNotConfigured, RefundExceedsCaptured, WebhookRefused
from api.payments.gateways.contract import NotBelieved, WebhookEvent
from api.payments.recording import AmountMismatch, References
from api.payments.rows import Row, one_row
from api.payments.tables import payment_webhooks as table
from core.ids import new_id
from core.postgres.transaction import run_in_transaction, transaction

log = structlog.get_logger(__name__)
MOST_PER_ROUND: Final = 200
PATIENCE: Final = timedelta(days=3)
_MOST_PASSES: Final = 3
_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_FIND_COMPANY = sa.text(
    "select company_id from payments_find_company(cast(:provider as text), cast(:account_id as uuid))"
)


class TooEarly(Exception):
    """The event follows from something that has not come yet."""


async def take(
    desk: PaymentDesk,
    provider: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    account_id: UUID,
    now: datetime,
) -> None:
    """Keep a believed webhook, once.

    Raises
    ------
    WebhookRefused
        If no company of ours is meant, or its signature does not fit that company's secret.
    """
    company_id = await _company_of(desk, provider, account_id)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise WebhookRefused from None
    if company_id is None:
        raise WebhookRefused
    async with transaction(desk.database, company_id=company_id) as connection:
        try:
            gateway = await desk.gateway(connection, company_id, provider)
        except GatewayNotConfigured:
            raise WebhookRefused from None
    try:
        event = await gateway.believe(body, headers, now=now.timestamp())
    except NotBelieved:
        raise WebhookRefused from None
    keep = partial(_keep, company_id=company_id, provider=provider, event=event, sealed=desk.vault.seal(text))
    await run_in_transaction(desk.database, keep, company_id=company_id)


async def apply_due(desk: PaymentDesk, company_id: UUID, *, now: datetime) -> int:
    """Apply the company's waiting webhooks, oldest first; return how many had their effect.

    What had an effect may be what others waited for: then they are tried again at once.
    """
    applied = 0
    for _ in range(_MOST_PASSES):
        passed = 0
        for webhook_id in await _waiting(desk, company_id, now=now, is_any=applied > 0):
            work = partial(_apply_one, desk=desk, company_id=company_id, webhook_id=webhook_id, now=now)
            passed += await run_in_transaction(desk.database, work, company_id=company_id)
        if not passed:
            break
        applied += passed
    return applied


async def _waiting(desk: PaymentDesk, company_id: UUID, *, now: datetime, is_any: bool) -> Sequence[UUID]:
    """Return webhooks without effect yet, the oldest first: those that are due, or any."""
    statement = (
        sa.select(table.c.id)
        .where(table.c.company_id == company_id, table.c.status == "received")
        .order_by(table.c.received_at, table.c.id)
        .limit(MOST_PER_ROUND)
    )
    if not is_any:
        statement = statement.where(table.c.due_at <= now)
    async with transaction(desk.database, company_id=company_id) as connection:
        return (await connection.execute(statement)).scalars().all()


async def _company_of(desk: PaymentDesk, provider: str, account_id: UUID) -> UUID | None:
    """Find the company by the account in the address."""
    async with transaction(desk.database, company_id=None) as connection:
        found: UUID | None = await connection.scalar(
            _FIND_COMPANY, {"provider": provider, "account_id": account_id}
        )
    return found


async def _keep(
    connection: AsyncConnection, *, company_id: UUID, provider: str, event: WebhookEvent, sealed: str
) -> None:
    await connection.execute(
        insert(table)
        .values(
            company_id=company_id,
            id=new_id(),
            provider=provider,
            event_id=event.id[:255],
            type=event.type[:255],
            body_encrypted=sealed,
        )
        .on_conflict_do_nothing(index_elements=["company_id", "provider", "event_id"])
    )


async def _apply_one(
    connection: AsyncConnection, *, desk: PaymentDesk, company_id: UUID, webhook_id: UUID, now: datetime
) -> bool:
    """Apply one webhook, alone with its payment; what can't be applied is kept with the reason."""
    webhook = await one_row(
        connection,
        sa.select(table)
        .where(table.c.company_id == company_id, table.c.id == webhook_id, table.c.status == "received")
        .with_for_update(skip_locked=True),
    )
    if webhook is None:
        return False
    gateway = await desk.gateway(connection, company_id, webhook["provider"])
    event = gateway.read(json.loads(desk.vault.open(webhook["body_encrypted"])))
    if event.kind is None:
        await _close(connection, webhook, "ignored", "changes nothing here", now=now)
        return False
    try:
        async with connection.begin_nested():
            await _apply(connection, company_id, webhook["provider"], event, now=now)
    except TooEarly as early:
        await _wait(connection, webhook, str(early), now=now)
        return False
    except (AmountMismatch, RefundExceedsCaptured) as error:
        log.error("payment_webhook_failed", webhook_id=str(webhook_id), reason=str(error))
        await _close(connection, webhook, "failed", str(error), now=now)
        return False
    await _close(connection, webhook, "processed", None, now=now)
    return True


async def _apply(
    connection: AsyncConnection, company_id: UUID, provider: str, event: WebhookEvent, *, now: datetime
) -> None:
    payment = await _payment_of(connection, company_id, provider, event)
    if event.currency is not None and event.currency != payment["currency"]:
        raise AmountMismatch(f"currency {event.currency}, not {payment['currency']}")
    references = References(
        event.gateway_payment_id, event.gateway_authorisation_id, event.gateway_capture_id
    )
    if event.kind == "captured":
        await recording.record_captured(connection, payment, event.amount, references, now=now)
    elif event.kind == "authorised":
        await recording.record_authorised(connection, payment, event.amount, references, now=now)
    elif event.kind == "failed":
        await recording.record_failed(
            connection, payment, event.failure_code, event.failure_reason, references, now=now
        )
    elif event.kind == "voided":
        await recording.record_voided(connection, payment, now=now)
    elif event.kind == "approved":
        await _go_on(connection, payment, now=now)
    else:
        await _apply_refund(connection, payment, event, now=now)


async def _apply_refund(
    connection: AsyncConnection, payment: queries.Row, event: WebhookEvent, *, now: datetime
) -> None:
    if payment["captured_amount"] <= 0:
        raise TooEarly("a refund before its charge")
    company_id = payment["company_id"]
    refund = None
    if event.refund_id is not None:
        refund = await queries.find_refund(
            connection, company_id, refund_id=event.refund_id, payment_id=payment["id"]
        )
    if refund is None and event.gateway_refund_id is not None:
        refund = await queries.find_refund(
            connection, company_id, gateway_refund_id=event.gateway_refund_id, payment_id=payment["id"]
        )
    if event.kind == "refund_failed":
        if refund is not None:
            await refunds.record_refund_failed(connection, payment, refund, event.failure_reason, now=now)
    elif refund is not None:
        await refunds.record_refunded(connection, payment, refund, event.gateway_refund_id, now=now)
    elif event.gateway_refund_id is not None and event.amount is not None:
        await refunds.add_outside_refund(connection, payment, event.gateway_refund_id, event.amount, now=now)


async def _payment_of(
    connection: AsyncConnection, company_id: UUID, provider: str, event: WebhookEvent
) -> queries.Row:
    """Find and lock the payment that an event is about."""
    payment_id = event.payment_id
    if payment_id is None and event.refund_id is not None:
        refund = await queries.find_refund(connection, company_id, refund_id=event.refund_id)
        payment_id = None if refund is None else refund["payment_id"]
    if payment_id is None:
        payment_id = await queries.find_by_reference(connection, company_id, provider, event.references)
    if payment_id is not None:
        payment = await queries.find_payment(connection, company_id, payment_id, is_locked=True)
        if payment is not None and payment["provider"] == provider:
            return payment
    raise TooEarly("no payment of ours is known by its names")


async def _go_on(connection: AsyncConnection, payment: queries.Row, *, now: datetime) -> None:
    """Let the worker confirm what the buyer approved and did not come back from."""
    if payment["status"] != "processing" or payment["payment_status"] != "unpaid":
        return
    company_id, payment_id = payment["company_id"], payment["id"]
    if await operation_queries.operation_in_flight(connection, company_id, payment_id) is None:
        await operation_queries.add_operation(
            connection,
            company_id=company_id,
            payment_id=payment_id,
            kind="confirm",
            amount=payment["amount"],
            claimed_until=now,
        )


async def _wait(connection: AsyncConnection, webhook: Row, note: str, *, now: datetime) -> None:
    """Try again later, ever less often, for `PATIENCE`; then keep it without effect."""
    if now - webhook["received_at"] > PATIENCE:
        await _close(connection, webhook, "ignored", note, now=now)
        return
    pause = min(_FIRST_PAUSE * 2 ** min(webhook["tries"], 20), _LONGEST_PAUSE)
    await _change(connection, webhook, tries=webhook["tries"] + 1, due_at=now + pause, note=note)


async def _close(
    connection: AsyncConnection, webhook: Row, status: str, note: str | None, *, now: datetime
) -> None:
    await _change(connection, webhook, status=status, note=note, tries=webhook["tries"] + 1, processed_at=now)


async def _change(connection: AsyncConnection, webhook: Row, **values: Any) -> None:
    await connection.execute(
        sa.update(table)
        .where(table.c.company_id == webhook["company_id"], table.c.id == webhook["id"])
        .values(**values)
    )
