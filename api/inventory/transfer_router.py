"""Transfers of stock between locations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, IllegalTransition, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, KeyedRequest, Outcome, answer_once
from api.inventory import transfer_queries, transfers
from api.inventory.errors import InsufficientStock, OverTransfer, SystemLocation
from api.inventory.transfer_schemas import (
    Arrival,
    TransferCancel,
    TransferCreate,
    TransferPage,
    TransferRead,
    TransferStatus,
    TransferSummary,
)
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from core.postgres.pools import Database
from core.postgres.transaction import transaction

router = APIRouter(prefix="/inventory/transfers", tags=["inventory"])
Step = Callable[[AsyncConnection], Awaitable[TransferRead]]


@router.post(
    "",
    status_code=201,
    response_model=TransferRead,
    responses=responses_for(UnknownReference, *IDEMPOTENCY_ERRORS),
)
async def create_transfer(
    transfer: TransferCreate, key: Keyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Draft a transfer; nothing moves yet."""
    return await _answer(
        database,
        key,
        lambda connection: transfers.create_transfer(connection, transfer, caller=caller, now=now),
        status_code=201,
    )


@router.get("", responses=responses_for(InvalidCursor))
async def list_transfers(
    caller: CurrentCaller,
    database: AppDatabase,
    status: TransferStatus | None = None,
    location_id: Annotated[UUID | None, Query(description="Source or destination")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> TransferPage:
    """List transfers, newest first."""
    company_id = caller.require_company()
    binding = binding_of("transfers", status=status, location_id=location_id)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await transfer_queries.list_transfers(
            connection,
            company_id,
            shop_ids=caller.reachable_shop_ids,
            status=status,
            location_id=location_id,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return TransferPage(
        items=[TransferSummary.model_validate(dict(row)) for row in page], next_cursor=next_cursor
    )


@router.get("/{transfer_id}", responses=responses_for(NotFound))
async def read_transfer(transfer_id: UUID, caller: CurrentCaller, database: AppDatabase) -> TransferRead:
    """Read a transfer with its lines."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await transfers.read_transfer(connection, transfer_id, caller=caller)


@router.post(
    "/{transfer_id}/send",
    response_model=TransferRead,
    responses=responses_for(
        NotFound, IllegalTransition, InsufficientStock, SystemLocation, *IDEMPOTENCY_ERRORS
    ),
)
async def send_transfer(
    transfer_id: UUID, key: Keyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Send a draft: its units leave the source and are on their way."""
    return await _answer(
        database,
        key,
        lambda connection: transfers.send_transfer(connection, transfer_id, caller=caller, now=now),
    )


@router.post(
    "/{transfer_id}/receive",
    response_model=TransferRead,
    responses=responses_for(NotFound, IllegalTransition, OverTransfer, UnknownReference, *IDEMPOTENCY_ERRORS),
)
async def receive_transfer(
    transfer_id: UUID,
    arrival: Arrival,
    key: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Book what arrived, all or some, and what was lost on the way."""
    return await _answer(
        database,
        key,
        lambda connection: transfers.receive_transfer(
            connection, transfer_id, arrival, caller=caller, now=now
        ),
    )


@router.post(
    "/{transfer_id}/cancel",
    response_model=TransferRead,
    responses=responses_for(NotFound, IllegalTransition, *IDEMPOTENCY_ERRORS),
)
async def cancel_transfer(
    transfer_id: UUID,
    cancellation: TransferCancel,
    key: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Cancel a transfer of which nothing has arrived; what is on its way goes back."""
    return await _answer(
        database,
        key,
        lambda connection: transfers.cancel_transfer(
            connection, transfer_id, reason=cancellation.reason, caller=caller, now=now
        ),
    )


async def _answer(database: Database, key: KeyedRequest, step: Step, *, status_code: int = 200) -> Response:
    async def work(connection: AsyncConnection) -> Outcome:
        transfer = await step(connection)
        return Outcome(transfer, transfer.id)

    return await answer_once(database, key, work, status_code=status_code)
