"""What surrounds every request: its id, the limit of its body, security headers, the access log, addresses of
their own, and the promise that nothing leaves as a traceback."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import Addresses
from api.errors import ApiError, MethodNotAllowed, PayloadTooLarge
from api.problems import allowed, api_error_for, problem_response

LARGEST_BODY_BYTES: Final = 1_000_000
# Files, with the form around them; their routes have limits of their own below these.
LARGER_BODIES: Final = {"/api/v1/media": 21_000_000, "/api/v1/products/import": 33_000_000}
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": under it browsers send a form with "Origin: null", which looks foreign.
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "Cache-Control": "no-store",
}
_HSTS: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}

log = structlog.get_logger("api.access")


class RequestFrame:
    """Plain ASGI, because it runs for every request."""

    def __init__(self, app: ASGIApp, *, is_production: bool) -> None:
        self._app = app
        self._headers = {**_SECURITY_HEADERS, **(_HSTS if is_production else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._headers)
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        try:
            await exchange.run(self._app)
        finally:
            exchange.write_log()
            structlog.contextvars.unbind_contextvars("request_id")


class OwnAddresses:
    """Refuses other methods there, which else went to the routes of a pattern that the address fits too."""

    def __init__(self, app: ASGIApp, *, addresses: Addresses) -> None:
        self._app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self._addresses.methods_at_end(scope["path"]) if scope["type"] == "http" else None
        if known is None or scope["method"] in known:
            await self._app(scope, receive, send)
            return
        refused = MethodNotAllowed(headers={"Allow": allowed(known)})
        answer = problem_response(refused, path=scope["path"], request_id=scope["state"]["request_id"])
        await answer(scope, receive, send)


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, security_headers: MutableMapping[str, str]
    ) -> None:
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        self._scope, self._receive, self._send = scope, receive, send
        self._security_headers = security_headers
        self._declared = headers.get("content-length", "")
        self._received_bytes = 0
        self._largest_bytes = LARGER_BODIES.get(scope["path"], LARGEST_BODY_BYTES)
        self._status = 0
        self._began = time.perf_counter()
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def run(self, app: ASGIApp) -> None:
        try:
            if self._declared.isdecimal() and int(self._declared[:20]) > self._largest_bytes:
                await self._answer(PayloadTooLarge(headers={"Connection": "close"}))
                return
            await app(self._scope, self._limited_receive, self._framed_send)
        except ClientDisconnect:
            self._status = self._status or 499
        except Exception as error:
            known = api_error_for(error)
            if known is None:
                log.exception("unhandled_error", path=self._scope["path"])
            if self._status:
                raise
            await self._answer(known or ApiError())

    async def _answer(self, error: ApiError) -> None:
        response = problem_response(error, path=self._scope["path"], request_id=self.request_id)
        await response(self._scope, self._receive, self._framed_send)

    async def _limited_receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received_bytes += len(message.get("body", b""))
            if self._received_bytes > self._largest_bytes:
                # FastAPI lets this one kind of error through while it reads the body.
                raise HTTPException(413)
        return message

    async def _framed_send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._security_headers.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self.request_id
        await self._send(message)

    def write_log(self) -> None:
        caller = self._scope["state"].get("caller")
        client = self._scope.get("client")
        fields: dict[str, Any] = {
            "method": self._scope["method"],
            "path": self._scope["path"],
            "status": self._status,
            "milliseconds": round((time.perf_counter() - self._began) * 1000, 1),
            "client": client[0] if client else None,
        }
        if caller is not None:
            fields |= {"actor": caller.actor, "company_id": str(caller.company_id)}
        log.info("request", **fields)
