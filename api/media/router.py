"""Files: upload, serve, list, describe, archive."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import (
    IDEMPOTENCY_ERRORS,
    InvalidContent,
    MalformedRequest,
    NotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
    Violation,
    responses_for,
)
from api.idempotency import OptionalKey, Outcome, answer_maybe_once, keyed_upload
from api.media import service
from api.media.errors import ImageTooLarge, MediaStoreUnavailable, UnsupportedImage
from api.media.images import EXTENSIONS
from api.media.schemas import AltText, MediaKind, MediaRead, MediaUpdate
from api.media.storage import open_store
from api.multipart import form_schema, read_form
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/media", tags=["media"])
_FILE_NAME = rf"^[0-9a-f]{{64}}\.({'|'.join(EXTENSIONS)})$"
_FIELDS: TypeAdapter[tuple[MediaKind, AltText]] = TypeAdapter(tuple[MediaKind, AltText])
_FORM = form_schema(
    {
        "kind": {"type": "string", "enum": ["product", "review", "category", "banner", "avatar", "logo"]},
        "alt": {"type": "string", "maxLength": 200},
    },
    required=["kind"],
)
# The bytes never change under an address, and pages of other sites may show them.
_FILE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Disposition": "inline",
}


@router.post(
    "",
    status_code=201,
    response_model=MediaRead,
    openapi_extra=_FORM,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        MalformedRequest,
        UnsupportedMediaType,
        PayloadTooLarge,
        UnsupportedImage,
        ImageTooLarge,
        MediaStoreUnavailable,
    ),
)
async def upload_media(
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    settings: AppSettings,
    idempotency_key: OptionalKey = None,
) -> Response:
    """Upload an image (parts: file, kind, alt). The same file again is the same row, without a key too."""
    form = await read_form(request, fields=frozenset({"kind", "alt"}), most_bytes=settings.media_max_bytes)
    try:
        kind, alt = _FIELDS.validate_python((form.fields.get("kind"), form.fields.get("alt", "")))
    except ValidationError as error:
        names = ("kind", "alt")
        raise InvalidContent(
            violations=[
                Violation(f"/{names[int(fault['loc'][0])]}", fault["type"], fault["msg"])
                for fault in error.errors()
            ]
        ) from None
    upload = service.Upload(kind=kind, content=form.content, alt=alt)
    key = keyed_upload(request, caller, idempotency_key, form.content, kind.encode(), alt.encode())
    values = await service.keep_image(open_store(settings), upload, caller=caller)

    async def work(connection: AsyncConnection) -> Outcome:
        described = await service.describe_image(connection, values, caller=caller)
        return Outcome(described, described.id)

    return await answer_maybe_once(database, key, work, caller=caller, status_code=201)


@router.get("", responses=responses_for(InvalidCursor))
async def list_media(
    caller: CurrentCaller,
    database: AppDatabase,
    kind: MediaKind | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[MediaRead]:
    """List uploaded files, newest first; customers see their own."""
    binding = binding_of("media", kind=kind)
    after = decode_cursor(cursor, binding=binding, types=(UUID,))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await service.list_media(
            connection, kind=kind, caller=caller, after=after[0] if after else None, limit=limit
        )
    page, next_cursor = split_page(rows, limit=limit, binding=binding, position_of=lambda row: (row["id"],))
    return Page(items=[service.read_of(row) for row in page], next_cursor=next_cursor)


@router.get("/{media_id}", response_model=MediaRead, responses=responses_for(NotFound))
async def read_media(
    media_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read what is known of a file. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await service.read_media(connection, media_id, caller=caller), request)


@router.get(
    "/{media_id}/{file_name}",
    response_class=Response,
    responses={
        200: {"content": {"image/*": {"schema": {"type": "string", "contentMediaType": "image/*"}}}},
        **responses_for(NotFound, MediaStoreUnavailable),
    },
)
async def serve_file(
    media_id: UUID,
    file_name: Annotated[str, Path(pattern=_FILE_NAME)],
    request: Request,
    database: AppDatabase,
    settings: AppSettings,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Serve a file's bytes to whoever has its address."""
    sha256 = file_name.partition(".")[0]
    async with transaction(database, company_id=None) as connection:
        key, content_type = await service.find_file(connection, media_id, sha256)
    headers = {**_FILE_HEADERS, "ETag": f'"{sha256}"'}
    if if_none_match is not None and sha256 in if_none_match:
        return Response(status_code=304, headers=headers)
    content = await open_store(settings).load(key)
    return Response(content, media_type=content_type, headers=headers)


@router.patch("/{media_id}", response_model=MediaRead, responses=responses_for(NotFound, *VERSION_ERRORS))
async def update_media(
    media_id: UUID,
    changes: MediaUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a file's alternative text."""

    async def work(connection: AsyncConnection) -> MediaRead:
        return await service.update_media(
            connection, media_id, changes.model_dump(), if_match=if_match, caller=caller
        )

    company_id = caller.require_company()
    return answer(
        await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id), request
    )


@router.delete("/{media_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_media(
    media_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a file: it is served no more, and kept."""

    async def work(connection: AsyncConnection) -> None:
        await service.archive_media(connection, media_id, if_match=if_match, caller=caller, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
