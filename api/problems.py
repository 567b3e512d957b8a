"""Writes every refusal as an RFC 9457 problem, whatever raised it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import orjson
import psycopg
import sqlalchemy as sa
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.errors import (
    PROBLEM_MEDIA_TYPE,
    AlreadyExists,
    ApiError,
    DatabaseUnavailable,
    InvalidContent,
    LockTimeout,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    ServiceUnavailable,
    UnknownReference,
    UnstorableText,
    UnsupportedMediaType,
    Violation,
    problem_type,
)
from core.postgres.errors import DatabaseError as ServerError

log = structlog.get_logger(__name__)
MOST_VIOLATIONS: Final = 50

_BY_SQLSTATE: Final[dict[str, type[ApiError]]] = {
    "40001": ServiceUnavailable,
    "40P01": ServiceUnavailable,
    "55P03": LockTimeout,
    "57014": ServiceUnavailable,
    "22021": UnstorableText,
    "22P05": UnstorableText,
    "22001": InvalidContent,
    "22003": InvalidContent,
    "22007": InvalidContent,
    "22008": InvalidContent,
    "22P02": InvalidContent,
    "23503": UnknownReference,
    "23505": AlreadyExists,
    "23514": InvalidContent,
}
# Connection lost or refused, server starting or stopping, out of connections, memory or disk.
_UNAVAILABLE_CLASSES: Final = ("08", "53", "57P", "58")


class ProblemViolation(BaseModel):
    """One fault and where it is."""

    pointer: str = Field(description="JSON pointer into the body, or /query/…, /path/…, /header/…")
    code: str
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem; some kinds carry further members."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:stockwise:problem:not_found"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="Path of the request")
    code: str = Field(description="Stable: programs decide by it", examples=["not_found"])
    request_id: str = Field(description="Also in the header X-Request-Id and in our logs")
    errors: list[ProblemViolation]


def add_problem_handlers(app: FastAPI) -> None:
    """Let every kind of failure end as a problem."""
    app.add_exception_handler(ApiError, _answer_api_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_error)
    for kind in (sa.exc.SQLAlchemyError, psycopg.Error, UnicodeEncodeError, ServerError):
        app.add_exception_handler(kind, _answer_database_error)


def problem_response(error: ApiError, *, path: str, request_id: str) -> Response:
    """Write ``error`` as a problem document."""
    members: dict[str, Any] = {
        **error.extensions,
        "type": problem_type(error.code),
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": path.encode("utf-8", "replace").decode(),
        "code": error.code,
        "request_id": request_id,
        "errors": [
            {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
            for fault in error.violations[:MOST_VIOLATIONS]
        ],
    }
    return Response(
        orjson.dumps(members, default=str),
        status_code=error.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=error.headers,
    )


def api_error_for(error: BaseException) -> ApiError | None:
    """Translate a database failure that the request or the server's state explains; None: our own fault."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    if isinstance(cause, UnicodeEncodeError):
        return UnstorableText()
    if isinstance(cause, (sa.exc.TimeoutError, ServerError)):
        return DatabaseUnavailable()
    if not isinstance(cause, psycopg.Error):
        return None
    state = cause.sqlstate
    if state is None:
        # Raised by the driver, without an answer of the server: a lost connection, or text it can't send.
        if isinstance(cause, psycopg.OperationalError):
            return DatabaseUnavailable()
        return UnstorableText() if isinstance(cause, psycopg.DataError) else None
    if state.startswith(_UNAVAILABLE_CLASSES):
        return DatabaseUnavailable()
    if isinstance(cause, psycopg.errors.NotNullViolation):
        return InvalidContent("This field may not be empty.", pointer=f"/{cause.diag.column_name}")
    known = _BY_SQLSTATE.get(state)
    return known() if known else None


def allowed(methods: Iterable[str]) -> str:
    """Write what an address knows as the header ``Allow`` does."""
    return ", ".join(sorted(methods))


def violations_of(errors: Iterable[dict[str, Any]], body: Any = None) -> list[Violation]:
    """Turn pydantic's list of faults into pointers, without echoing what was sent."""
    return [
        Violation(_pointer(_without_tags(error["loc"], body)), str(error["type"]), _sentence(error["msg"]))
        for error in errors
    ]


def request_id_of(request: Request) -> str:
    """The id under which this request is logged."""
    return str(getattr(request.state, "request_id", ""))


async def _answer_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _write(request, error)


async def _answer_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = list(error.errors())
    if any(fault["type"] == "json_invalid" for fault in faults):
        return _write(request, MalformedRequest())
    if isinstance(error.body, bytes) and any(tuple(fault["loc"]) == ("body",) for fault in faults):
        return _write(request, UnsupportedMediaType())
    return _write(request, InvalidContent(violations=violations_of(faults, error.body)))


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds: dict[int, type[ApiError]] = {
        400: MalformedRequest,
        404: NotFound,
        405: MethodNotAllowed,
        413: PayloadTooLarge,
        415: UnsupportedMediaType,
    }
    kind = kinds.get(error.status_code)
    headers = dict(error.headers or {})
    if kind is MethodNotAllowed:
        headers["Allow"] = allowed(request.app.state.addresses.methods_at(request.url.path))
    if kind is None:
        kind = type("HttpError", (ApiError,), {"status": error.status_code, "code": "http_error"})
        kind.title = HTTPStatus(error.status_code).phrase
    detail = "There is nothing at this address." if kind is NotFound else None
    return _write(request, kind(detail, headers=headers))


async def _answer_database_error(request: Request, error: Exception) -> Response:
    known = api_error_for(error)
    if known is None:
        log.error("database_error", exc_info=error)
    elif known.status >= 500:
        log.warning("database_trouble", code=known.code, reason=str(error).partition("\n")[0])
    return _write(request, known or ApiError())


def _write(request: Request, error: ApiError) -> Response:
    return problem_response(error, path=request.url.path, request_id=request_id_of(request))


def _without_tags(location: tuple[str | int, ...], body: Any) -> tuple[str | int, ...]:
    """Leave out what only names the kind of a body that may be of several: there is no such field in it."""
    if not location or location[0] != "body" or not isinstance(body, dict):
        return location
    kept: list[str | int] = ["body"]
    found: Any = body
    for place, part in enumerate(location[1:], start=2):
        if isinstance(found, dict) and part not in found and place < len(location):
            continue
        kept.append(part)
        is_there = (isinstance(found, dict) and part in found) or (
            isinstance(found, list) and isinstance(part, int) and part < len(found)
        )
        found = found[part] if is_there else None
    return tuple(kept)


def _pointer(location: tuple[str | int, ...]) -> str:
    parts = location[1:] if location and location[0] == "body" else location
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")[:300]
