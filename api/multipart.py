"""Files that come as ``multipart/form-data``: read within limits, and described in OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.content import is_storable
from api.errors import (
    InvalidContent,
    MalformedRequest,
    PayloadTooLarge,
    UnstorableText,
    UnsupportedMediaType,
    Violation,
)

_MOST_FIELDS = 10
_LONGEST_FIELD_BYTES = 4_000


@dataclass(frozen=True)
class Form:
    """The one file of a form and its other fields."""

    content: bytes
    file_name: str
    fields: Mapping[str, str]


async def read_form(request: Request, *, fields: frozenset[str], most_bytes: int) -> Form:
    """Read the part ``file`` and the named text fields.

    Raises
    ------
    UnsupportedMediaType, MalformedRequest, PayloadTooLarge
        If it is no form, no well-formed one, or its file is larger than ``most_bytes``.
    InvalidContent
        If the file is missing, or a field is unknown.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedMediaType("Send multipart/form-data with the part file.")
    try:
        async with request.form(
            max_files=1, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD_BYTES
        ) as form:
            parts = form.multi_items()
            uploads = [part for name, part in parts if name == "file" and isinstance(part, UploadFile)]
            texts = {name: part for name, part in parts if isinstance(part, str)}
            unknown = {name for name, _ in parts} - fields - {"file"}
            _require_parts(uploads, texts, unknown)
            content = await uploads[0].read(most_bytes + 1)
            file_name = uploads[0].filename or ""
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise MalformedRequest("The body is not valid multipart/form-data within its limits.") from None
    if len(content) > most_bytes:
        raise PayloadTooLarge(f"The file may hold {most_bytes:,} bytes at most.")
    return Form(content, file_name, texts)


def form_schema(fields: Mapping[str, Mapping[str, Any]], *, required: list[str]) -> dict[str, Any]:
    """Describe such a form for ``openapi_extra``."""
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["file", *required],
        "properties": {"file": file, **fields},
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _require_parts(uploads: list[UploadFile], texts: Mapping[str, str], unknown: set[str]) -> None:
    faults = [Violation(f"/{name[:100]}", "extra_forbidden", "Unknown field") for name in sorted(unknown)]
    if not uploads:
        faults.append(Violation("/file", "missing", "Field required"))
    if faults:
        raise InvalidContent(violations=faults)
    for name, text in texts.items():
        if not is_storable(text):
            raise UnstorableText(pointer=f"/{name}")
