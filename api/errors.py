"""What can go wrong with a request: one class per stable code.

A route raises a subclass of `ApiError` and declares it with ``responses=responses_for(...)``;
`api.problems` writes it as an RFC 9457 problem. Status: 400 can't be parsed, 401 who are you, 403 not
allowed, 404 not there (another company's is not there either), 409 a state forbids it, 422 invalid content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

PROBLEM_MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong with the content, and where: ``/lines/0/quantity_units``."""

    pointer: str
    code: str
    detail: str


class ApiError(Exception):
    """A refusal that the caller is meant to read.

    Parameters
    ----------
    detail
        One sentence about this very request; the class's own ``detail`` when left out.
    pointer
        JSON pointer of the field at fault (query and path parameters: ``/query/limit``).
    violations
        Several faults at once, each with its own pointer.
    headers
        Further response headers.
    extensions
        Further members of the problem document, such as ``{"lines": [...]}``.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side"
    detail: str = "The request could not be carried out. Nothing was changed."
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        pointer: str | None = None,
        violations: Sequence[Violation] = (),
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)
        own = (Violation(pointer, self.code, self.detail),) if pointer is not None else ()
        self.violations = (*own, *violations)
        self.headers = dict(headers or {})
        if self.retry_after_seconds is not None:
            self.headers.setdefault("Retry-After", str(self.retry_after_seconds))
        self.extensions = dict(extensions or {})


# 400: can't be parsed -------------------------------------------------------------------------------
class MalformedRequest(ApiError):
    status = 400
    code = "malformed_request"
    title = "The request can't be read"
    detail = "The body is not valid JSON."


class IdempotencyKeyRequired(ApiError):
    status = 400
    code = "idempotency_key_required"
    title = "An idempotency key is required"
    detail = "Send the header Idempotency-Key with a new UUID, and the same one again when you retry."


class IdempotencyKeyInvalid(ApiError):
    status = 400
    code = "idempotency_key_invalid"
    title = "The idempotency key is not a UUID"
    detail = "The header Idempotency-Key must hold one UUID."


# 401, 403: who is asking ----------------------------------------------------------------------------
class Unauthenticated(ApiError):
    status = 401
    code = "unauthenticated"
    title = "Who are you?"
    detail = "Send an access token (Authorization: Bearer) or a storefront key (X-Storefront-Key)."

    def __init__(self, detail: str | None = None, **options: Any) -> None:
        super().__init__(detail, **options)
        self.headers.setdefault("WWW-Authenticate", 'Bearer realm="stockwise"')


class InvalidToken(Unauthenticated):
    code = "invalid_token"
    title = "The access token is not valid"
    detail = "The access token is expired, altered or not ours. Log in again or refresh it."

    def __init__(self, detail: str | None = None, **options: Any) -> None:
        super().__init__(detail, **options)
        self.headers["WWW-Authenticate"] = 'Bearer realm="stockwise", error="invalid_token"'


class InvalidStorefrontKey(Unauthenticated):
    code = "invalid_storefront_key"
    title = "The storefront key is not valid"
    detail = "The storefront key is unknown or was revoked."


class Forbidden(ApiError):
    status = 403
    code = "forbidden"
    title = "Your role does not allow this"
    detail = "None of your roles may do this."


class CompanyRequired(ApiError):
    status = 403
    code = "company_required"
    title = "No company is chosen"
    detail = "Your token names no company. Switch to one first (POST /api/v1/auth/switch-company)."


class ForeignOrigin(ApiError):
    status = 403
    code = "foreign_origin"
    title = "The request comes from another site"
    detail = "This page can only be used from its own address."


# 404, 405, 413, 415 ---------------------------------------------------------------------------------
class NotFound(ApiError):
    """Not there, or another company's: the answers are the same."""

    status = 404
    code = "not_found"
    title = "Not found"
    detail = "There is no such thing here."


class MethodNotAllowed(ApiError):
    status = 405
    code = "method_not_allowed"
    title = "This address knows no such method"
    detail = "See the header Allow for the methods of this address."


class PayloadTooLarge(ApiError):
    status = 413
    code = "payload_too_large"
    title = "The body is too large"
    detail = "A request body may hold 1 MB at most."


class UnsupportedMediaType(ApiError):
    status = 415
    code = "unsupported_media_type"
    title = "The content type is not supported"
    detail = "Send JSON with the header Content-Type: application/json."


# 409, 412: a state forbids it -----------------------------------------------------------------------
class Conflict(ApiError):
    status = 409
    code = "conflict"
    title = "The current state does not allow this"
    detail = "The current state does not allow this."


class AlreadyExists(Conflict):
    code = "already_exists"
    title = "This exists already"
    detail = "Something with this unique value exists already."


class IllegalTransition(Conflict):
    code = "illegal_transition"
    title = "This change of status is not allowed"
    detail = "This change of status is not allowed from the current status."

    @classmethod
    def between(cls, current: str, wanted: str) -> IllegalTransition:
        """Name both statuses."""
        return cls(
            f"A change from {current} to {wanted} is not allowed.",
            extensions={"current_status": current, "requested_status": wanted},
        )


class InProgress(Conflict):
    code = "in_progress"
    title = "A request with this key is being carried out"
    detail = "A twin of this request is still running. Ask again with the same key."
    retry_after_seconds = 1


class StaleVersion(ApiError):
    status = 412
    code = "stale_version"
    title = "It was changed meanwhile"
    detail = "It was changed since you read it. Read it again and repeat your change."


class VersionRequired(ApiError):
    status = 428
    code = "version_required"
    title = "Say which version you change"
    detail = "Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen."


# 422: invalid content -------------------------------------------------------------------------------
class InvalidContent(ApiError):
    status = 422
    code = "invalid_content"
    title = "The content is not valid"
    detail = "Some fields are not valid; see errors."


class UnknownReference(InvalidContent):
    code = "unknown_reference"
    title = "It refers to something that is not there"
    detail = "An id in the request names nothing here."


class UnstorableText(InvalidContent):
    code = "unstorable_text"
    title = "Text holds a character that can't be stored"
    detail = "NUL characters and lone surrogates can't be stored."


class IdempotencyKeyReused(ApiError):
    status = 422
    code = "idempotency_key_reused"
    title = "This key belongs to another request"
    detail = "The idempotency key was used for a request with another body. Use a new key."


# 503: come again ----------------------------------------------------------------------------------
class ServiceUnavailable(ApiError):
    status = 503
    code = "service_unavailable"
    title = "Try again shortly"
    detail = "The request could not be carried out now. Nothing was changed; ask again."
    retry_after_seconds = 1


class DatabaseUnavailable(ServiceUnavailable):
    code = "database_unavailable"
    title = "The database can't be reached"
    detail = "The database can't be reached. If you sent an idempotency key, repeat the request with it."
    retry_after_seconds = 2


class LockTimeout(ServiceUnavailable):
    code = "lock_timeout"
    title = "Too many want the same thing"
    detail = "Others are changing the same rows. Nothing was changed; ask again."


class NothingPublishedYet(ServiceUnavailable):
    code = "nothing_published"
    title = "No numbers are published yet"
    detail = "No figures are published yet. Run the pipelines first: stockwise run."
    retry_after_seconds = 60


IDEMPOTENCY_ERRORS: tuple[type[ApiError], ...] = (
    IdempotencyKeyRequired,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    InProgress,
)


def responses_for(*errors: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """Declare errors in OpenAPI: ``@router.get(..., responses=responses_for(NotFound))``.

    What any route can answer (401, 403, 422, 503 …) is added by `api.openapi` and need not be named.
    """
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = responses.setdefault(error.status, {"description": HTTPStatus(error.status).phrase})
        content = entry.setdefault("content", {}).setdefault(
            PROBLEM_MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        )
        content["examples"][error.code] = {
            "summary": error.title,
            "value": {
                "type": problem_type(error.code),
                "title": error.title,
                "status": error.status,
                "detail": error.detail,
                "code": error.code,
            },
        }
    return responses


def problem_type(code: str) -> str:
    """The URI that names a kind of problem; it is an address of no page."""
    return f"urn:stockwise:problem:{code}"
