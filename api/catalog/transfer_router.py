"""Product files: load one, write one."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import StreamingResponse

from api.access import Caller, CurrentCaller
from api.catalog.errors import UnreadableFile
from api.catalog.transfer import ImportScope, export_batches, import_products
from api.catalog.transfer_files import (
    FileFormat,
    Reject,
    format_of,
    open_parquet,
    parquet_batch,
    read_rows,
    write_csv,
)
from api.dependencies import AppDatabase
from api.errors import (
    IDEMPOTENCY_ERRORS,
    MalformedRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
    responses_for,
)
from api.idempotency import OptionalKey, Outcome, answer_maybe_once, answered_before, keyed_upload
from api.multipart import form_schema, read_form
from api.schemas import OutputModel
from core.postgres.pools import Database

router = APIRouter(prefix="/products", tags=["products"])
MOST_FILE_BYTES = 32_000_000
MOST_ROWS = 20_000
MOST_REJECTS = 1_000
_MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


class RejectRead(OutputModel):
    """A row that was not taken: its line in the file (in Parquet its number), and why."""

    line: int
    sku: str | None
    reason: str


class ImportReport(OutputModel):
    """What became of a file's rows; the first thousand refusals are listed."""

    is_written: bool
    rows: int
    created_rows: int
    updated_rows: int
    unchanged_rows: int
    rejected_rows: int
    rejects: list[RejectRead]


@router.post(
    "/import",
    response_model=ImportReport,
    openapi_extra=form_schema({}, required=[]),
    responses=responses_for(
        MalformedRequest, UnsupportedMediaType, PayloadTooLarge, UnreadableFile, *IDEMPOTENCY_ERRORS
    ),
)
async def import_file(
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    dry_run: Annotated[bool, Query(description="Check everything, change nothing")] = False,
    all_or_nothing: Annotated[bool, Query(description="Load nothing if one row is refused")] = False,
    idempotency_key: OptionalKey = None,
) -> Response:
    """Load products from CSV or Parquet (part file): new ones, and changes by SKU.

    Loading a file again changes nothing. A row that is refused is named with its line and reason; the
    others are loaded. With a key, the report of the first time is answered again.
    """
    form = await read_form(request, fields=frozenset(), most_bytes=MOST_FILE_BYTES)
    kind = format_of(form.file_name, form.content[:4])
    key = keyed_upload(request, caller, idempotency_key, kind.encode(), form.content)

    replayed = await answered_before(database, key)
    if replayed is not None:
        return replayed
    outcome = await import_products(
        database,
        read_rows(io.BytesIO(form.content), kind, most_rows=MOST_ROWS),
        _scope_of(caller),
        dry_run=dry_run,
        all_or_nothing=all_or_nothing,
    )
    rejects: list[Reject] = outcome.rejects[:MOST_REJECTS]
    report = ImportReport.model_validate(
        {**vars(outcome), "rejected_rows": len(outcome.rejects), "rejects": rejects}
    )

    async def keep(_: AsyncConnection) -> Outcome:
        return Outcome(report)

    return await answer_maybe_once(database, key, keep, caller=caller)


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, _MEDIA_TYPES["parquet"]: {}}}},
)
async def export_file(
    caller: CurrentCaller,
    database: AppDatabase,
    file_format: Annotated[FileFormat, Query(alias="format")] = "csv",
) -> StreamingResponse:
    """Write all products with their variants as CSV (no cell is taken for a formula) or Parquet."""
    scope = _scope_of(caller)
    content = _csv(database, scope) if file_format == "csv" else _parquet(database, scope)
    return StreamingResponse(
        content,
        media_type=_MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="products.{file_format}"'},
    )


def _scope_of(caller: Caller) -> ImportScope:
    return ImportScope(caller.require_company(), caller.user_id, caller.reachable_shop_ids)


async def _csv(database: Database, scope: ImportScope) -> AsyncIterator[bytes]:
    yield write_csv([], has_header=True)
    async for rows in export_batches(database, scope):
        yield write_csv(rows, has_header=False)


async def _parquet(database: Database, scope: ImportScope) -> AsyncIterator[bytes]:
    target = io.BytesIO()
    with open_parquet(target) as writer:
        async for rows in export_batches(database, scope):
            writer.write_batch(parquet_batch(rows))
            yield _taken(target)
    yield _taken(target)


def _taken(target: io.BytesIO) -> bytes:
    """Take what was written; the writer only appends, and counts the bytes itself."""
    written = target.getvalue()
    target.seek(0)
    target.truncate()
    return written
