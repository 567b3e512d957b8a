"""Saved reports: list, save, read, change, archive."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, Conflict, NotFound, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.reports import definitions, queries
from api.reports.errors import UnanswerableReport, UnknownReport
from api.reports.schemas import DefinitionCreate, DefinitionRead, DefinitionUpdate
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/analytics/report-definitions", tags=["reports"])
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The version you know is current"}}
_SOUND = (UnknownReport, UnanswerableReport)


@router.get("", responses=responses_for(InvalidCursor))
async def list_definitions(
    caller: CurrentCaller, database: AppDatabase, cursor: PageCursor = None, limit: PageLimit = 50
) -> Page[DefinitionRead]:
    """List one's own saved reports and those that are shared in the company, the newest first."""
    binding = binding_of("report definitions")
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_definitions(
            connection,
            company_id,
            user_id=caller.user_id,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return Page(items=[definitions.described(row, caller) for row in page], next_cursor=next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=DefinitionRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, *_SOUND, Conflict),
)
async def save_definition(
    definition: DefinitionCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Save a report, to make it again with one click; shared, others make it with their own rights."""

    async def work(connection: AsyncConnection) -> Outcome:
        saved = await definitions.save(connection, definition, caller=caller)
        return Outcome(saved, resource_id=saved.id)

    return await answer_once(database, keyed, work)


@router.get(
    "/{definition_id}", response_model=DefinitionRead, responses=_NOT_MODIFIED | responses_for(NotFound)
)
async def read_definition(
    definition_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a saved report. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await definitions.read(connection, definition_id, caller=caller), request)


@router.patch(
    "/{definition_id}",
    response_model=DefinitionRead,
    responses=responses_for(NotFound, *_SOUND, *VERSION_ERRORS),
)
async def update_definition(
    definition_id: UUID,
    changes: DefinitionUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Change a saved report: one's own, or as an admin any. What was made of it stays."""

    async def work(connection: AsyncConnection) -> DefinitionRead:
        return await definitions.change(
            connection, definition_id, changes, caller=caller, if_match=if_match, now=now
        )

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


@router.delete("/{definition_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_definition(
    definition_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a saved report."""

    async def work(connection: AsyncConnection) -> None:
        await definitions.archive(connection, definition_id, caller=caller, if_match=if_match, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
