"""What the media routes take and give, and the kind of address that texts may name."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

from api.media.images import EXTENSIONS
from api.schemas import InputModel, OutputModel

MediaKind = Literal["product", "review", "category", "banner", "avatar", "logo"]
MEDIA_PATH: Final = "/api/v1/media"
_OURS = re.compile(rf"^{MEDIA_PATH}/([0-9a-f-]{{36}})/([0-9a-f]{{64}})\.(?:{'|'.join(EXTENSIONS)})$")
_WEB = re.compile(r"^https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][^\s<>\"'`\\]*)?$")
AltText = Annotated[str, StringConstraints(max_length=200)]


def _require_address(value: str) -> str:
    if not (_WEB.fullmatch(value) or _OURS.fullmatch(value)):
        raise ValueError("send an http or https address, or the url of an uploaded file")
    return value


# An address that browsers may be sent to: no scheme but http(s), no user name, or one of our own files.
WebUrl = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_require_address)]


def media_id_of(url: str) -> UUID | None:
    """Return the id of the uploaded file that an address names; None: an address elsewhere."""
    found = _OURS.fullmatch(url)
    return UUID(found[1]) if found else None


class MediaUpdate(InputModel):
    """A change of what is said about a file; its bytes never change."""

    alt: AltText


class MediaRead(OutputModel):
    id: UUID
    kind: MediaKind
    url: str
    alt: str
    content_type: str
    size_bytes: int
    width_pixels: int
    height_pixels: int
    sha256: str
    uploaded_by: UUID | None
    archived_at: datetime | None
    created_at: datetime
