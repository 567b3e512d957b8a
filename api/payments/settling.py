"""Operations whose answer stays lost: staff are told once, look into the provider's books, and settle them.

After `operation_queries.KEY_LIFETIME` nobody asks the provider again: it may have forgotten the key, and
would charge a second time. What staff then say is recorded like the provider's own answer, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import NotFound, Violation
from api.payments import operation_queries, operations, queries, reading, recording
from api.payments.desk import PaymentDesk
from api.payments.errors import OperationNotLost, OutcomeNotPossible
from api.payments.gateways.contract import GatewayOutcome
from api.payments.schemas import OperationSettlement
from core.postgres.transaction import run_in_transaction, transaction

log = structlog.get_logger(__name__)
MOST_TOLD_AT_ONCE: Final = 100
POSSIBLE: Final[Mapping[str, frozenset[str]]] = {
    "authorise": frozenset({"authorised", "captured", "failed"}),
    "confirm": frozenset({"authorised", "captured", "failed"}),
    "capture": frozenset({"captured", "failed"}),
    "void": frozenset({"voided", "failed"}),
    "refund": frozenset({"refunded", "failed"}),
}


async def give_up_lost(desk: PaymentDesk, company_id: UUID, *, now: datetime) -> int:
    """Tell of operations that nobody asks about any more, each once; return how many."""
    async with transaction(desk.database, company_id=company_id) as connection:
        lost = await operation_queries.lost_operation_ids(
            connection, company_id, at=now, limit=MOST_TOLD_AT_ONCE
        )
    told = 0
    for operation_id in lost:
        work = partial(_give_up, company_id=company_id, operation_id=operation_id, now=now)
        told += await run_in_transaction(desk.database, work, company_id=company_id)
    return told


async def settle_by_hand(
    connection: AsyncConnection,
    desk: PaymentDesk,
    payment_id: UUID,
    wanted: OperationSettlement,
    *,
    caller: Caller,
    now: datetime,
) -> None:
    """Record what staff found in the provider's books, as if the provider had answered.

    Raises
    ------
    NotFound
        If the payment is not theirs, or has no such operation.
    OperationNotLost
        If it is finished, or the provider may still be asked.
    OutcomeNotPossible
        If such an operation can't end so.
    """
    payment = await reading.find_payment(connection, payment_id, caller=caller, is_locked=True)
    operation = await operation_queries.find_operation(
        connection, payment["company_id"], operation_id=wanted.operation_id, is_locked=True
    )
    if operation is None or operation["payment_id"] != payment_id:
        raise NotFound
    if operation["status"] != "pending" or not operation_queries.is_lost(operation, at=now):
        raise OperationNotLost
    if wanted.outcome not in POSSIBLE[operation["kind"]]:
        detail = f"A {operation['kind']} can't have become {wanted.outcome}."
        raise OutcomeNotPossible(detail, violations=[Violation("/outcome", OutcomeNotPossible.code, detail)])
    await queries.write_history(
        connection,
        payment,
        f"{operation['kind']} settled by hand: {wanted.outcome}",
        at=now,
        note=wanted.note,
        changed_by=caller.user_id,
    )
    await operations.record_outcome(
        connection, desk, operation["company_id"], operation["id"], _outcome_of(wanted), now=now
    )


def _outcome_of(wanted: OperationSettlement) -> GatewayOutcome:
    """Write what staff say as a provider would."""
    is_failed = wanted.outcome == "failed"
    reference = wanted.gateway_reference
    return GatewayOutcome(
        wanted.outcome,
        gateway_authorisation_id=reference if wanted.outcome == "authorised" else None,
        gateway_capture_id=reference if wanted.outcome == "captured" else None,
        gateway_refund_id=reference if wanted.outcome == "refunded" else None,
        failure_code="settled_by_hand" if is_failed else None,
        failure_reason=wanted.note if is_failed else None,
        answer={"settled_by_hand": True},
    )


async def _give_up(
    connection: AsyncConnection, *, company_id: UUID, operation_id: UUID, now: datetime
) -> bool:
    payment, operation = await operations.lock_operation(connection, company_id, operation_id)
    if operation["status"] != "pending" or operation["given_up_at"] is not None:
        return False
    await operation_queries.change_operation(connection, operation, given_up_at=now)
    await recording.tell(
        connection,
        payment,
        "payment.outcome_unknown",
        operation_id=operation_id,
        kind=operation["kind"],
        amount=operation["amount"],
    )
    log.error(
        "payment_needs_settling",
        company_id=str(company_id),
        payment_id=str(payment["id"]),
        operation_id=str(operation_id),
        kind=operation["kind"],
    )
    return True
