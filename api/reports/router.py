"""Reports: what can be asked, make one, its status, its file."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import (
    IDEMPOTENCY_ERRORS,
    NotFound,
    NothingPublishedYet,
    UnknownReference,
    responses_for,
)
from api.idempotency import Keyed
from api.media.errors import MediaStoreUnavailable
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.reports import definition_router, queries, service
from api.reports.errors import (
    ReportExpired,
    ReportFailed,
    ReportNotReady,
    ReportTooLarge,
    TooManyReports,
    UnanswerableReport,
    UnknownReport,
)
from api.reports.schemas import NamedReportRead, ReportCatalogue, ReportCreate, ReportRead
from api.schemas import Page
from core.metrics.reports import REPORTS
from core.postgres.transaction import transaction
from core.reports.formats import FILE_FORMATS, FORMATS

reports = APIRouter(prefix="/analytics/reports", tags=["reports"])
_Responses = dict[int | str, dict[str, Any]]
_QUEUED: _Responses = {202: {"model": ReportRead, "description": "It is large: the worker makes it"}}
_FILES: _Responses = {200: {"content": {form.media_type.partition(";")[0]: {} for form in FORMATS.values()}}}
_UNANSWERABLE = (UnknownReport, UnanswerableReport, ReportTooLarge)


@reports.get("/catalogue", response_model=ReportCatalogue)
async def list_named_reports(caller: CurrentCaller) -> Any:
    """List the reports that have a name, with what each can be asked."""
    listed = [
        NamedReportRead(name=one.name, title=one.title, answers=one.answers, knows=sorted(one.parameters))
        for one in REPORTS.values()
    ]
    return ReportCatalogue(reports=listed, formats=list(FILE_FORMATS))


@reports.post(
    "",
    status_code=201,
    response_model=ReportRead,
    responses=_QUEUED
    | responses_for(
        *IDEMPOTENCY_ERRORS,
        *_UNANSWERABLE,
        UnknownReference,
        NotFound,
        TooManyReports,
        NothingPublishedYet,
        MediaStoreUnavailable,
    ),
)
async def create_report(
    wanted: ReportCreate,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    settings: AppSettings,
    now: Now,
) -> Response:
    """Make a report, saved or asked here, within the caller's shops.

    A small one is there at once (201); a large one is made by the worker (202): ask for its ``status_url``
    until ``file_url`` is there.
    """
    return await service.create_report(database, settings, wanted, keyed=keyed, caller=caller, now=now)


@reports.get("", responses=responses_for(InvalidCursor))
async def list_reports(
    caller: CurrentCaller,
    database: AppDatabase,
    definition_id: UUID | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[ReportRead]:
    """List the reports that were made, the newest first; shop roles see their own."""
    binding = binding_of("reports", definition_id=definition_id)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_runs(
            connection,
            company_id,
            requested_by=None if caller.reachable_shop_ids is None else caller.user_id,
            definition_id=definition_id,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return Page(items=[service.described(row) for row in page], next_cursor=next_cursor)


@reports.get("/{report_id}", response_model=ReportRead, responses=responses_for(NotFound))
async def read_report(report_id: UUID, caller: CurrentCaller, database: AppDatabase) -> Any:
    """Read what became of a report."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return await service.read_report(connection, report_id, caller=caller)


@reports.get(
    "/{report_id}/file",
    response_class=Response,
    responses=_FILES
    | responses_for(NotFound, ReportNotReady, ReportFailed, ReportExpired, MediaStoreUnavailable),
)
async def read_report_file(
    report_id: UUID, caller: CurrentCaller, database: AppDatabase, settings: AppSettings
) -> Response:
    """Download a report; whoever lost a shop since it was made gets none of it."""
    report, content = await service.load_file(database, settings, report_id, caller=caller)
    name = f"{report.question.report}-{report.first_date}-to-{report.last_date}.{report.format}"
    return Response(
        content,
        media_type=FORMATS[report.format].media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


router = APIRouter()
router.include_router(reports)
router.include_router(definition_router.router)
