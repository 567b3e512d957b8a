"""Payments: intents, processing, capture, refunds, history."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, ApiError, NotFound, responses_for
from api.idempotency import Keyed, KeyedRequest, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.payments import charging, intents, operation_queries, operations, queries, reading, settling
from api.payments.desk import AppDesk, PaymentDesk
from api.payments.errors import (
    CaptureExceedsAuthorised,
    CardNumberRefused,
    GatewayNotConfigured,
    OperationNotLost,
    OrderNotPayable,
    OutcomeNotPossible,
    PaymentInProgress,
    PaymentNotOpen,
    PaymentOutcomeUnknown,
    PaymentTokenRequired,
    RefundExceedsCaptured,
    UnknownPaymentMethod,
    UnknownSavedMethod,
)
from api.payments.schemas import (
    AttemptRead,
    IntentCreate,
    OperationSettlement,
    PaymentCapture,
    PaymentConfirm,
    PaymentHistory,
    PaymentHistoryEntry,
    PaymentProcess,
    PaymentRead,
    PaymentStatus,
    PaymentSummary,
    PaymentVoid,
    Provider,
    RefundCreate,
    RefundList,
    RefundRead,
    TransactionStatus,
)
from api.schemas import Instant, Page
from core.postgres.transaction import transaction

router = APIRouter(prefix="/payments", tags=["payments"])
_STEP_ERRORS: tuple[type[ApiError], ...] = (
    *IDEMPOTENCY_ERRORS,
    NotFound,
    CardNumberRefused,
    PaymentNotOpen,
    PaymentInProgress,
    PaymentOutcomeUnknown,
)


@router.post(
    "/intent",
    status_code=201,
    response_model=PaymentRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        NotFound,
        CardNumberRefused,
        OrderNotPayable,
        PaymentNotOpen,
        UnknownPaymentMethod,
    ),
)
async def create_intent(
    intent: IntentCreate, keyed: Keyed, caller: CurrentCaller, desk: AppDesk, now: Now
) -> Response:
    """Say what is to be paid and how. A checkout or order has one payment, however often this is asked."""
    charging.refuse_card_numbers(intent.model_dump(mode="json", exclude={"checkout_id", "order_id"}))

    async def work(connection: AsyncConnection) -> Outcome:
        payment_id = await intents.create_intent(connection, intent, caller=caller, now=now)
        body = await reading.read_payment(connection, payment_id, caller=caller, vault=desk.vault)
        return Outcome(body, resource_id=payment_id)

    return await answer_once(desk.database, keyed, work)


@router.post(
    "/process",
    response_model=PaymentRead,
    responses=responses_for(
        *_STEP_ERRORS, OrderNotPayable, PaymentTokenRequired, UnknownSavedMethod, GatewayNotConfigured
    ),
)
async def process_payment(
    wanted: PaymentProcess, keyed: Keyed, caller: CurrentCaller, desk: AppDesk, request: Request
) -> Response:
    """Charge, or start to. A refusal by the bank is an answer too: status ``failed`` with its reason."""
    charging.refuse_card_numbers(wanted.model_dump(mode="json", exclude={"payment_id", "saved_method_id"}))
    clock = request.app.state.clock
    reserve = lambda connection: charging.reserve_process(  # noqa: E731
        connection, desk, wanted, caller=caller, keyed=keyed, now=clock()
    )
    await operations.settle(desk, keyed, reserve, clock=clock)
    return await _answer(desk, keyed, caller, wanted.payment_id)


@router.post("/{payment_id}/confirm", response_model=PaymentRead, responses=responses_for(*_STEP_ERRORS))
async def confirm_payment(
    payment_id: UUID,
    wanted: PaymentConfirm,
    keyed: Keyed,
    caller: CurrentCaller,
    desk: AppDesk,
    request: Request,
) -> Response:
    """Go on after the buyer's challenge, or approval at the provider."""
    charging.refuse_card_numbers(wanted.model_dump(mode="json"))
    clock = request.app.state.clock
    reserve = lambda connection: charging.reserve_confirm(  # noqa: E731
        connection, desk, payment_id, wanted, caller=caller, keyed=keyed, now=clock()
    )
    await operations.settle(desk, keyed, reserve, clock=clock)
    return await _answer(desk, keyed, caller, payment_id)


@router.post(
    "/{payment_id}/capture",
    response_model=PaymentRead,
    responses=responses_for(*_STEP_ERRORS, CaptureExceedsAuthorised),
)
async def capture_payment(
    payment_id: UUID,
    wanted: PaymentCapture,
    keyed: Keyed,
    caller: CurrentCaller,
    desk: AppDesk,
    request: Request,
) -> Response:
    """Take what was authorised, or less; note the arrival of a bank transfer."""
    clock = request.app.state.clock
    reserve = lambda connection: charging.reserve_capture(  # noqa: E731
        connection, desk, payment_id, wanted, caller=caller, keyed=keyed, now=clock()
    )
    await operations.settle(desk, keyed, reserve, clock=clock)
    return await _answer(desk, keyed, caller, payment_id)


@router.post("/{payment_id}/void", response_model=PaymentRead, responses=responses_for(*_STEP_ERRORS))
async def void_payment(
    payment_id: UUID,
    wanted: PaymentVoid,
    keyed: Keyed,
    caller: CurrentCaller,
    desk: AppDesk,
    request: Request,
) -> Response:
    """Let go what was not captured."""
    charging.refuse_card_numbers(wanted.model_dump(mode="json"))
    clock = request.app.state.clock
    reserve = lambda connection: charging.reserve_void(  # noqa: E731
        connection, desk, payment_id, reason=wanted.reason, caller=caller, keyed=keyed, now=clock()
    )
    await operations.settle(desk, keyed, reserve, clock=clock)
    return await _answer(desk, keyed, caller, payment_id)


@router.post(
    "/{payment_id}/refund",
    status_code=201,
    response_model=RefundRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS, NotFound, CardNumberRefused, PaymentInProgress, RefundExceedsCaptured
    ),
)
async def refund_payment(
    payment_id: UUID,
    wanted: RefundCreate,
    keyed: Keyed,
    caller: CurrentCaller,
    desk: AppDesk,
    request: Request,
) -> Response:
    """Give money back for an order. If the provider does not answer, the worker sees to it."""
    charging.refuse_card_numbers(wanted.model_dump(mode="json", include={"reason"}))
    clock = request.app.state.clock
    reserve = lambda connection: charging.reserve_refund(  # noqa: E731
        connection, payment_id, wanted, caller=caller, keyed=keyed, now=clock()
    )
    await operations.settle(desk, keyed, reserve, clock=clock, is_lost_answer_fine=True)

    async def work(connection: AsyncConnection) -> Outcome:
        refund = await queries.find_refund(
            connection, keyed.company_id, key=charging.refund_key(keyed), payment_id=payment_id
        )
        if refund is None:
            raise NotFound
        return Outcome(RefundRead.model_validate(dict(refund)), resource_id=refund["id"])

    return await answer_once(desk.database, keyed, work)


@router.post(
    "/{payment_id}/settle",
    response_model=PaymentRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS, NotFound, CardNumberRefused, OperationNotLost, OutcomeNotPossible
    ),
)
async def settle_operation(
    payment_id: UUID,
    wanted: OperationSettlement,
    keyed: Keyed,
    caller: CurrentCaller,
    desk: AppDesk,
    now: Now,
) -> Response:
    """Say what became of an attempt whose answer stays lost (``needs_settling``), by the provider's books.

    It counts as the provider's answer: orders are confirmed, or the buyer may try again. Nothing is charged.
    """
    charging.refuse_card_numbers(wanted.model_dump(mode="json", exclude={"operation_id"}))

    async def work(connection: AsyncConnection) -> Outcome:
        await settling.settle_by_hand(connection, desk, payment_id, wanted, caller=caller, now=now)
        return await _read_outcome(connection, payment_id=payment_id, caller=caller, desk=desk)

    return await answer_once(desk.database, keyed, work, status_code=200)


@router.get("", responses=responses_for(InvalidCursor))
@router.get("/history", responses=responses_for(InvalidCursor))
async def list_payments(
    caller: CurrentCaller,
    database: AppDatabase,
    status: TransactionStatus | None = None,
    payment_status: PaymentStatus | None = None,
    provider: Provider | None = None,
    order_id: UUID | None = None,
    checkout_id: UUID | None = None,
    customer_id: UUID | None = None,
    created_from: Annotated[Instant | None, Query(alias="created_at[gte]")] = None,
    created_until: Annotated[Instant | None, Query(alias="created_at[lt]")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[PaymentSummary]:
    """List payments, newest first: a customer's own, those of a shop's staff, or the company's."""
    wanted = replace(
        reading.visible_to(caller),
        status=status,
        payment_status=payment_status,
        provider=provider,
        order_id=order_id,
        checkout_id=checkout_id,
        customer_id=customer_id,
        created_from=created_from,
        created_until=created_until,
    )
    binding = binding_of("payments", **vars(wanted))
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_payments(
            connection, company_id, wanted, after=None if after is None else (after[0], after[1]), limit=limit
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    items = [PaymentSummary.model_validate(reading.summary(row)) for row in page]
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{payment_id}", responses=responses_for(NotFound))
async def read_payment(payment_id: UUID, caller: CurrentCaller, desk: AppDesk) -> PaymentRead:
    """Read a payment, with what the buyer has to do next."""
    async with transaction(
        desk.database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await reading.read_payment(connection, payment_id, caller=caller, vault=desk.vault)


@router.get("/{payment_id}/refunds", responses=responses_for(NotFound))
async def list_refunds(payment_id: UUID, caller: CurrentCaller, database: AppDatabase) -> RefundList:
    """List a payment's refunds, oldest first."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        await reading.find_payment(connection, payment_id, caller=caller)
        rows = await queries.list_refunds(connection, company_id, payment_id)
    return RefundList(items=[RefundRead.model_validate(dict(row)) for row in rows])


@router.get("/{payment_id}/history", responses=responses_for(NotFound))
async def read_history(payment_id: UUID, caller: CurrentCaller, database: AppDatabase) -> PaymentHistory:
    """Read what happened to a payment: attempts with their failures, and every change of status."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        payment = await reading.find_payment(connection, payment_id, caller=caller)
        attempts = await operation_queries.list_operations(connection, company_id, payment_id)
        history = await queries.list_history(connection, company_id, payment_id)
    return PaymentHistory(
        currency=payment["currency"],
        attempts=[
            AttemptRead.model_validate(
                {**row, "needs_settling": row["status"] == "pending" and row["given_up_at"] is not None}
            )
            for row in attempts
        ],
        history=[PaymentHistoryEntry.model_validate(dict(row)) for row in history],
    )


async def _answer(
    desk: PaymentDesk, keyed: KeyedRequest, caller: CurrentCaller, payment_id: UUID
) -> Response:
    """Read the payment and store it as the request's answer."""
    work = partial(_read_outcome, payment_id=payment_id, caller=caller, desk=desk)
    return await answer_once(desk.database, keyed, work, status_code=200)


async def _read_outcome(
    connection: AsyncConnection, *, payment_id: UUID, caller: CurrentCaller, desk: PaymentDesk
) -> Outcome:
    body = await reading.read_payment(connection, payment_id, caller=caller, vault=desk.vault)
    return Outcome(body, resource_id=payment_id)
