"""The same request twice has one effect and one answer, byte for byte.

A caller sends ``Idempotency-Key: <UUID>`` and repeats it when an answer did not arrive. The key belongs to
the company, the route and the actor. First an advisory lock is taken on it, so that a twin in flight waits
(up to the lock timeout, then 409 ``in_progress``); then the stored answer, if there is one, is replayed; else
the effect happens and its answer is stored in the same transaction. A failure stores nothing: the key can be
used again once the cause is gone. Stored answers live for ``settings.idempotency_hours``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller, CurrentCaller
from api.errors import IdempotencyKeyInvalid, IdempotencyKeyRequired, IdempotencyKeyReused, InProgress
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, sqlstate, transaction

REPLAYED_HEADER = "Idempotent-Replayed"
_LOCK_NOT_AVAILABLE = "55P03"
_PURGE_BATCH = 5_000

# The expression of api/orders/placement.sql: both must lock the same thing.
_LOCK = sa.text(
    "select pg_advisory_xact_lock(hashtextextended("
    "concat_ws(' ', cast(:company_id as text), cast(:scope as text), cast(:key as text)), 0))"
)
_FIND = sa.text(
    "select request_sha256, status_code, response_body from idempotency_keys"
    " where company_id = :company_id and scope = :scope and key = :key"
)
_STORE = sa.text(
    "insert into idempotency_keys"
    " (company_id, scope, key, request_sha256, status_code, response_body, resource_id)"
    " values (:company_id, :scope, :key, :request_sha256, :status_code, :response_body, :resource_id)"
)
_FORGET = sa.text(
    """
    delete from idempotency_keys
    where company_id = :company_id
    and (resource_id = any(cast(:resource_ids as uuid [])) or scope like any (cast(:scopes as text [])))
    """
)
_PURGE = sa.text("select purge_idempotency_keys(:before, :batch)")


@dataclass(frozen=True)
class KeyedRequest:
    """A request with its idempotency key; ``scope`` is its route and actor."""

    company_id: UUID
    user_id: UUID | None
    scope: str
    key: str
    request_sha256: bytes


@dataclass(frozen=True)
class StoredAnswer:
    """What was answered under a key."""

    status_code: int
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """What a keyed use case answers: the body, and the row that it made."""

    body: BaseModel
    resource_id: UUID | None = None


async def keyed_request(
    request: Request,
    caller: CurrentCaller,
    idempotency_key: Annotated[
        str | None, Header(description="A new UUID per request; repeat it when you retry", max_length=300)
    ] = None,
) -> KeyedRequest:
    """Read the key, and what it is bound to, from a request."""
    return KeyedRequest(
        company_id=caller.require_company(),
        user_id=caller.user_id,
        scope=scope_of(request, caller),
        key=parse_key(idempotency_key),
        request_sha256=sha256_of(request.method, request.url.path, request.url.query, await request.body()),
    )


Keyed = Annotated[KeyedRequest, Depends(keyed_request)]


OptionalKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A UUID, if the same request may be repeated",
        max_length=300,
        json_schema_extra={"x-optional": True},
    ),
]


async def maybe_keyed_request(
    request: Request, caller: CurrentCaller, idempotency_key: OptionalKey = None
) -> KeyedRequest | None:
    """Read the key of a request that may do without."""
    return None if idempotency_key is None else await keyed_request(request, caller, idempotency_key)


MaybeKeyed = Annotated[KeyedRequest | None, Depends(maybe_keyed_request)]


def keyed_upload(
    request: Request, caller: Caller, idempotency_key: str | None, *parts: bytes
) -> KeyedRequest | None:
    """Bind a key to what a form holds: its parts are sent between other boundaries each time."""
    if idempotency_key is None:
        return None
    content = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
    return KeyedRequest(
        company_id=caller.require_company(),
        user_id=caller.user_id,
        scope=scope_of(request, caller),
        key=parse_key(idempotency_key),
        request_sha256=sha256_of(request.method, request.url.path, request.url.query, content),
    )


def parse_key(value: str | None) -> str:
    """Return the key in its one spelling.

    Raises
    ------
    IdempotencyKeyRequired, IdempotencyKeyInvalid
        If there is none, or it is not a UUID.
    """
    if value is None or not value.strip():
        raise IdempotencyKeyRequired
    try:
        key = UUID(value.strip())
    except ValueError:
        raise IdempotencyKeyInvalid from None
    if len(value.strip()) != len(str(key)):
        raise IdempotencyKeyInvalid
    return str(key)


def scope_of(request: Request, caller: Caller) -> str:
    """Route and actor: one person's key never answers another's request."""
    return f"{request.method} {request.scope['endpoint'].__qualname__} {caller.actor}"


def sha256_of(method: str, path: str, query: str, body: bytes) -> bytes:
    """What makes two requests the same: method, address and the bytes of the body."""
    return hashlib.sha256(f"{method} {path}?{query}\n".encode() + body).digest()


async def claim(connection: AsyncConnection, request: KeyedRequest) -> StoredAnswer | None:
    """Lock the key, then return its stored answer; None: the effect may happen, in this transaction.

    Raises
    ------
    InProgress
        If a twin holds the lock for longer than the lock timeout.
    IdempotencyKeyReused
        If the key was used for another request.
    """
    key = {"company_id": request.company_id, "scope": request.scope, "key": request.key}
    try:
        await connection.execute(_LOCK, key)
    except sa.exc.DBAPIError as error:
        if sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise InProgress from None
        raise
    stored = (await connection.execute(_FIND, key)).one_or_none()
    if stored is None:
        return None
    if bytes(stored.request_sha256) != request.request_sha256:
        raise IdempotencyKeyReused
    return StoredAnswer(stored.status_code, stored.response_body.encode())


async def store(
    connection: AsyncConnection, request: KeyedRequest, answer: StoredAnswer, *, resource_id: UUID | None
) -> None:
    """Keep the answer, in the transaction of its effect."""
    await connection.execute(
        _STORE,
        {
            "company_id": request.company_id,
            "scope": request.scope,
            "key": request.key,
            "request_sha256": request.request_sha256,
            "status_code": answer.status_code,
            "response_body": answer.body.decode(),
            "resource_id": resource_id,
        },
    )


async def answer_once(
    database: Database,
    request: KeyedRequest,
    work: Callable[[AsyncConnection], Awaitable[Outcome]],
    *,
    status_code: int = 201,
) -> Response:
    """Carry out ``work`` once in a transaction of its own and answer; answer again when it is repeated.

    ``work`` may be run again after a deadlock, in a fresh transaction.
    """

    async def once(connection: AsyncConnection) -> tuple[StoredAnswer, bool]:
        stored = await claim(connection, request)
        if stored is not None:
            return stored, True
        outcome = await work(connection)
        answer = StoredAnswer(status_code, outcome.body.model_dump_json().encode())
        await store(connection, request, answer, resource_id=outcome.resource_id)
        return answer, False

    answer, is_replayed = await run_in_transaction(
        database, once, company_id=request.company_id, user_id=request.user_id
    )
    return response_of(answer, is_replayed=is_replayed)


async def answer_maybe_once(
    database: Database,
    request: KeyedRequest | None,
    work: Callable[[AsyncConnection], Awaitable[Outcome]],
    *,
    caller: Caller,
    status_code: int = 200,
) -> Response:
    """Answer once under the request's key; without one, each request has its own effect."""
    if request is not None:
        return await answer_once(database, request, work, status_code=status_code)
    outcome = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    answer = StoredAnswer(status_code, outcome.body.model_dump_json().encode())
    return response_of(answer, is_replayed=False)


async def answered_before(database: Database, request: KeyedRequest | None) -> Response | None:
    """Return what was answered under the key; for work of many transactions, before it begins.

    Such work must change nothing when it is done again: two at once both do it, and one answer is kept.
    """
    if request is None:
        return None
    async with transaction(database, company_id=request.company_id, user_id=request.user_id) as connection:
        stored = await claim(connection, request)
    return None if stored is None else response_of(stored, is_replayed=True)


def response_of(answer: StoredAnswer, *, is_replayed: bool) -> Response:
    """Write a stored answer."""
    headers = {REPLAYED_HEADER: "true"} if is_replayed else None
    return Response(
        answer.body, status_code=answer.status_code, media_type="application/json", headers=headers
    )


async def forget_answers(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    actor_user_ids: Sequence[UUID],
    resource_ids: Sequence[UUID],
) -> None:
    """Forget what was answered to these people or about these rows: it repeats their names and addresses."""
    scopes = [f"% user:{user_id}" for user_id in actor_user_ids]
    await connection.execute(
        _FORGET, {"company_id": company_id, "resource_ids": resource_ids, "scopes": scopes}
    )


async def purge_keys(database: Database, *, before: datetime) -> int:
    """Forget the answers stored before ``before``, of every company; return how many."""
    purged = 0
    while True:
        async with transaction(database, company_id=None) as connection:
            batch = await connection.scalar(_PURGE, {"before": before, "batch": _PURGE_BATCH})
        purged += batch or 0
        if not batch or batch < _PURGE_BATCH:
            return purged
