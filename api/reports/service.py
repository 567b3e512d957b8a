"""Use cases of reports: make one now or leave it to the worker, list them, give out the file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import Caller
from api.errors import Forbidden, NotFound
from api.idempotency import KeyedRequest, Outcome, answer_once, answered_before
from api.media.storage import open_store
from api.published import read_snapshot
from api.reports import queries, rules
from api.reports.asking import make, named_report, require_answerable
from api.reports.errors import (
    ReportExpired,
    ReportFailed,
    ReportNotReady,
    ReportTooLarge,
    TooManyReports,
)
from api.reports.schemas import FileFormat, QuestionWrite, ReportCreate, ReportRead
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.published import Snapshot
from core.reports.formats import to_bytes
from core.reports.table import Report
from core.settings import Settings

ADDRESS: Final = "/api/v1/analytics/reports"
ROWS_AT_ONCE: Final = 5_000
"""What has no more rows is answered at once; more is left to the worker."""
MOST_WAITING: Final = 50


@dataclass(frozen=True)
class Order:
    """A report to make: what is asked, in which format, and for whom."""

    company_id: UUID
    title: str
    question: QuestionWrite
    format: FileFormat
    shop_ids: list[UUID] | None
    definition_id: UUID | None = None


async def create_report(
    database: Database,
    settings: Settings,
    wanted: ReportCreate,
    *,
    keyed: KeyedRequest,
    caller: Caller,
    now: datetime,
) -> Response:
    """Make a report: 201 with its file where it is small, else 202, and the worker makes it."""
    replayed = await answered_before(database, keyed)
    if replayed is not None:
        return replayed
    order = await _order(database, wanted, caller)
    key = hashlib.sha256(f"{keyed.scope} {keyed.key}".encode()).hexdigest()
    done = await _make_at_once(settings, order, storage_key(order, key), now=now)

    async def work(connection: AsyncConnection) -> Outcome:
        if done is None and await queries.count_open_runs(connection, order.company_id) >= MOST_WAITING:
            raise TooManyReports
        row = await queries.insert_run(connection, _row(order, caller, now) | (done or {"status": "queued"}))
        return Outcome(described(row), resource_id=row["id"])

    answered = await answer_once(database, keyed, work, status_code=202 if done is None else 201)
    return answered


async def read_report(connection: AsyncConnection, report_id: UUID, *, caller: Caller) -> ReportRead:
    """Read the status of a report that holds nothing the caller may not see."""
    return described(await _readable(connection, report_id, caller))


async def load_file(
    database: Database, settings: Settings, report_id: UUID, *, caller: Caller
) -> tuple[ReportRead, bytes]:
    """Return a report's file; rights are looked at now, not as they were when it was made.

    Raises
    ------
    ReportNotReady, ReportFailed, ReportExpired
        If there is no file yet, or none any more.
    """
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        row = await _readable(connection, report_id, caller)
    match row["status"]:
        case "succeeded":
            return described(row), await open_store(settings).load(row["storage_key"])
        case "failed":
            raise ReportFailed(row["error_detail"])
        case "expired":
            raise ReportExpired
        case _:
            raise ReportNotReady


def finished(
    report: Report, content: bytes, *, key: str, now: datetime, settings: Settings
) -> dict[str, Any]:
    """Return what a run's row says of a report that was made."""
    return {
        "status": "succeeded",
        "storage_key": key,
        "size_bytes": len(content),
        "row_count": report.row_count,
        "build_id": report.build_id,
        "horizon_at": report.horizon_at,
        "first_date": report.first_date,
        "last_date": report.last_date,
        "finished_at": now,
        "expires_at": now + timedelta(days=settings.report_file_days),
    }


def made(snapshot: Snapshot, order: Order, *, now: datetime, most_rows: int) -> tuple[Report, bytes]:
    """Make a report and its file."""
    report = make(
        snapshot,
        order.question,
        order.shop_ids,
        title=order.title,
        now=now,
        most_rows=most_rows,
        pointer="/question",
    )
    return report, to_bytes(report, order.format)


def storage_key(order: Order, name: str) -> str:
    """Where a file lies in the store; nobody is given this name."""
    return f"reports/{order.company_id}/{name}.{order.format}"


def described(row: queries.Row) -> ReportRead:
    """Say what became of a report."""
    address = f"{ADDRESS}/{row['id']}"
    return ReportRead.model_validate(
        {
            **row,
            "question": QuestionWrite.model_validate(row["question"]),
            "status_url": address,
            "file_url": f"{address}/file" if row["status"] == "succeeded" else None,
        }
    )


async def _order(database: Database, wanted: ReportCreate, caller: Caller) -> Order:
    company_id = caller.require_company()
    reach = caller.reachable_shop_ids
    shop_ids = None if reach is None else sorted(reach)
    if wanted.question is not None:
        require_answerable(wanted.question, caller=caller, pointer="/question")
        title = named_report(wanted.question.report, pointer="/question").title
        return Order(company_id, title, wanted.question, wanted.format or "csv", shop_ids)
    assert wanted.definition_id is not None, "the schema asks for one of the two"
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        row = await queries.get_definition(
            connection, company_id, wanted.definition_id, user_id=caller.user_id
        )
    if row is None:
        raise NotFound
    question = QuestionWrite.model_validate(row["question"])
    require_answerable(question, caller=caller, pointer="/definition_id/question")
    return Order(company_id, row["name"], question, wanted.format or row["format"], shop_ids, row["id"])


async def _make_at_once(
    settings: Settings, order: Order, key: str, *, now: datetime
) -> dict[str, Any] | None:
    """Make a small report; None: it is for the worker. Too long for paper is refused at once."""
    try:
        report, content = await read_snapshot(
            settings,
            order.company_id,
            lambda snapshot: made(snapshot, order, now=now, most_rows=ROWS_AT_ONCE),
        )
    except ReportTooLarge:
        if order.format == "pdf":
            raise
        return None
    await open_store(settings).save(key, content)
    return finished(report, content, key=key, now=now, settings=settings) | {"started_at": now, "tries": 1}


def _row(order: Order, caller: Caller, now: datetime) -> dict[str, Any]:
    return {
        "company_id": order.company_id,
        "id": new_id(),
        "definition_id": order.definition_id,
        "requested_by": caller.user_id,
        "title": order.title,
        "question": order.question.model_dump(mode="json"),
        "format": order.format,
        "shop_ids": order.shop_ids,
        "created_at": now,
    }


async def _readable(connection: AsyncConnection, report_id: UUID, caller: Caller) -> queries.Row:
    row = await queries.get_run(connection, caller.require_company(), report_id)
    if row is None:
        raise NotFound
    if not rules.may_read(caller, requested_by=row["requested_by"], shop_ids=row["shop_ids"]):
        raise Forbidden("This report holds more than your shops.")
    return row
