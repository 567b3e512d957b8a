"""Use cases of uploaded files, and what other domains ask about them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import Forbidden, NotFound, UnknownReference
from api.media import queries
from api.media.images import CheckedImage, check_image
from api.media.schemas import MEDIA_PATH, MediaRead, media_id_of
from api.media.storage import MediaStore
from api.permissions import Scope
from core.events.outbox import append_event
from core.ids import new_id

# What people upload of themselves: written anew, so that no photograph tells where it was taken.
CUSTOMER_KINDS = frozenset({"review", "avatar"})
_DECODERS = anyio.CapacityLimiter(2)  # of a hundred megabytes each


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    kind: str
    content: bytes
    alt: str = ""


async def keep_image(store: MediaStore, upload: Upload, *, caller: Caller) -> Mapping[str, Any]:
    """Check an image and keep its bytes under their hash; return the row to be, for ``describe_image``.

    The bytes come first: a row never names a file that is not there.

    Raises
    ------
    Forbidden
        If the caller's role does not upload files of this kind.
    UnsupportedImage, ImageTooLarge
        If it is not an image that we take.
    """
    _require_kind(caller, upload.kind)
    image = await anyio.to_thread.run_sync(
        lambda: check_image(upload.content, is_cleaned=upload.kind in CUSTOMER_KINDS), limiter=_DECODERS
    )
    values = _values_of(upload, image, caller=caller)
    await store.save(values["storage_key"], image.content)
    return values


async def describe_image(
    connection: AsyncConnection, values: Mapping[str, Any], *, caller: Caller
) -> MediaRead:
    """Write the row of a file that is kept; the same upload twice is one row."""
    row = await queries.find_twin(connection, values)
    if row is None:
        row = await queries.insert_media(connection, values)
        await _tell(connection, "media.uploaded", row, caller=caller)
    return read_of(row)


async def find_file(connection: AsyncConnection, media_id: UUID, sha256: str) -> tuple[str, str]:
    """Return the name in the store and the content type of a public file."""
    row = await queries.find_file(connection, media_id, sha256)
    if row is None:
        raise NotFound
    return row["storage_key"], row["content_type"]


async def list_media(
    connection: AsyncConnection, *, kind: str | None, caller: Caller, after: UUID | None, limit: int
) -> Sequence[queries.Row]:
    """List live files; customers see their own."""
    return await queries.list_media(
        connection,
        caller.require_company(),
        kind=kind,
        customer_id=_own_customer(caller),
        after=after,
        limit=limit,
    )


async def read_media(connection: AsyncConnection, media_id: UUID, *, caller: Caller) -> MediaRead:
    """Return what is known of a file."""
    return read_of(await _get(connection, media_id, caller=caller))


async def update_media(
    connection: AsyncConnection,
    media_id: UUID,
    changes: Mapping[str, Any],
    *,
    if_match: str | None,
    caller: Caller,
) -> MediaRead:
    """Change what is said about a file."""
    row = await _get(connection, media_id, caller=caller, for_update=True)
    _require_kind(caller, row["kind"])
    require_version(if_match, read_of(row))
    changed = await queries.update_media(connection, row["company_id"], media_id, changes)
    await _tell(connection, "media.updated", changed, caller=caller)
    return read_of(changed)


async def archive_media(
    connection: AsyncConnection, media_id: UUID, *, if_match: str | None, caller: Caller, now: datetime
) -> None:
    """Take a file off every page; its row and bytes are kept."""
    row = await _get(connection, media_id, caller=caller, for_update=True)
    _require_kind(caller, row["kind"])
    require_version(if_match, read_of(row))
    if row["archived_at"] is None:
        await queries.update_media(connection, row["company_id"], media_id, {"archived_at": now})
        await _tell(connection, "media.archived", row, caller=caller)


async def require_media(
    connection: AsyncConnection,
    company_id: UUID,
    media_ids: Collection[UUID],
    *,
    kinds: Collection[str] | None = None,
    customer_id: UUID | None = None,
    pointer: str = "/media_ids",
) -> list[MediaRead]:
    """Return the files in the order of ``media_ids``; for other domains, before they refer to them.

    Raises
    ------
    UnknownReference
        If one is not there, archived, of another kind, or not the customer's.
    """
    if not media_ids:
        return []
    rows = await queries.find_live(connection, company_id, media_ids, kinds=kinds, customer_id=customer_id)
    found = {row["id"]: read_of(row) for row in rows}
    if not set(media_ids) <= set(found):
        raise UnknownReference("There is no such uploaded file.", pointer=pointer)
    return [found[media_id] for media_id in media_ids]


async def require_urls(connection: AsyncConnection, company_id: UUID, urls: Mapping[str, str | None]) -> None:
    """Check that addresses which name uploaded files name this company's; ``urls`` are by JSON pointer."""
    given = {pointer: url for pointer, url in urls.items() if url is not None}
    unknown = await unknown_urls(connection, company_id, given.values())
    for pointer, url in given.items():
        if url in unknown:
            raise UnknownReference("There is no such uploaded file.", pointer=pointer)


async def unknown_urls(connection: AsyncConnection, company_id: UUID, urls: Collection[str]) -> set[str]:
    """Return those of the addresses that look like our files and name none of this company's."""
    ours = {url: media_id for url in urls if (media_id := media_id_of(url)) is not None}
    if not ours:
        return set()
    rows = await queries.find_live(connection, company_id, set(ours.values()), kinds=None, customer_id=None)
    return set(ours) - {url_of(row) for row in rows}


def url_of(row: queries.Row) -> str:
    """Return the address of a file: it names the bytes, so it can be kept by browsers for ever."""
    return f"{MEDIA_PATH}/{row['id']}/{row['storage_key'].rpartition('/')[2]}"


def read_of(row: queries.Row) -> MediaRead:
    """Describe a row."""
    return MediaRead.model_validate({**row, "url": url_of(row)})


def _values_of(upload: Upload, image: CheckedImage, *, caller: Caller) -> dict[str, Any]:
    sha256 = hashlib.sha256(image.content).hexdigest()
    company_id = caller.require_company()
    return {
        "company_id": company_id,
        "id": new_id(),
        "kind": upload.kind,
        "alt": upload.alt,
        "sha256": sha256,
        "content_type": image.content_type,
        "size_bytes": len(image.content),
        "width_pixels": image.width_pixels,
        "height_pixels": image.height_pixels,
        "storage_key": f"{company_id}/{sha256[:2]}/{sha256}.{image.extension}",
        "uploaded_by": caller.user_id,
        "customer_id": _own_customer(caller),
    }


def _own_customer(caller: Caller) -> UUID | None:
    """Return the customer whose files alone the caller reaches; None: all of the company's."""
    if caller.scope is not Scope.OWN:
        return None
    if caller.customer_id is None:
        raise Forbidden
    return caller.customer_id


def _require_kind(caller: Caller, kind: str) -> None:
    if caller.scope is Scope.OWN and kind not in CUSTOMER_KINDS:
        raise Forbidden("Customers upload pictures of reviews and of themselves only.")


async def _get(
    connection: AsyncConnection, media_id: UUID, *, caller: Caller, for_update: bool = False
) -> queries.Row:
    row = await queries.get_media(
        connection,
        caller.require_company(),
        media_id,
        customer_id=_own_customer(caller),
        for_update=for_update,
    )
    if row is None:
        raise NotFound
    return row


async def _tell(connection: AsyncConnection, kind: str, row: queries.Row, *, caller: Caller) -> None:
    await append_event(
        connection,
        company_id=row["company_id"],
        type=kind,
        aggregate_type="media",
        aggregate_id=row["id"],
        payload={"media_id": str(row["id"]), "kind": row["kind"]},
        actor_user_id=caller.user_id,
    )
