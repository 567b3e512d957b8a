"""What the worker does for payments: lost answers, refunds, webhooks. Each is safe beside its twin."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from api.errors import ApiError
from api.payments import operation_queries, operations, queries, recording, settling, webhooks
from api.payments.desk import PaymentDesk
from core.errors import StockwiseError
from core.events.relay import Consumer, Event
from core.postgres.transaction import run_in_transaction, transaction
from core.time import Clock

MOST_OPERATIONS: Final = 100
log = structlog.get_logger(__name__)
_FIND_DUE = sa.text("select company_id from payments_find_due(:at)")


async def see_to_payments(desk: PaymentDesk, *, clock: Clock) -> int:
    """Carry out pending operations that nobody works on and apply waiting webhooks; return how many."""
    now = clock()
    async with transaction(desk.database, company_id=None) as connection:
        company_ids: list[UUID] = list((await connection.execute(_FIND_DUE, {"at": now})).scalars())
    done = 0
    for company_id in company_ids:
        try:
            done += await webhooks.apply_due(desk, company_id, now=now)
            done += await _carry_out_due(desk, company_id, now=now, clock=clock)
            done += await settling.give_up_lost(desk, company_id, now=now)
        except (StockwiseError, ApiError) as error:  # one company's trouble does not stop the others
            log.error("payments_not_seen_to", company_id=str(company_id), reason=str(error))
    return done


async def void_cancelled(connection: AsyncConnection, event: Event) -> None:
    """Let go what was authorised for orders that are cancelled now."""
    for payment in await queries.payments_of_order(connection, event.company_id, event.aggregate_id):
        if payment["payment_status"] == "authorised" and payment["captured_amount"] == 0:
            await recording.void_if_nothing_is_due(connection, payment, now=event.occurred_at)


CONSUMERS = (
    Consumer(
        name="payments.void_cancelled", event_types=frozenset({"order.cancelled"}), handle=void_cancelled
    ),
)


async def _carry_out_due(desk: PaymentDesk, company_id: UUID, *, now: datetime, clock: Clock) -> int:
    async with transaction(desk.database, company_id=company_id) as connection:
        waiting = await operation_queries.due_operation_ids(
            connection, company_id, at=now, limit=MOST_OPERATIONS
        )
    done = 0
    for operation_id in waiting:
        claim = partial(_claim, company_id=company_id, operation_id=operation_id, now=now)
        if await run_in_transaction(desk.database, claim, company_id=company_id):
            done += await operations.carry_out(desk, company_id, operation_id, clock=clock)
    return done


async def _claim(connection: AsyncConnection, *, company_id: UUID, operation_id: UUID, now: datetime) -> bool:
    return await operation_queries.claim_operation(connection, company_id, operation_id, at=now)
