"""Who is calling and what they may do: decided here, once, for every route.

`authorize` is a dependency of the whole application. It finds the caller's credential (a person's access
token, a storefront's key, or none), looks the route up in the table of permissions and yields a `Caller`
that says how far this route reaches for them. A route that wants to know writes ``caller: CurrentCaller``.

An access token is verified without the database and remembered until it expires. A storefront key is
looked up and remembered for `STOREFRONT_MEMORY_SECONDS`: a revoked key works that long at most.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar, cast
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from api.content import refuse_unknown_query, refuse_unstorable_text
from api.errors import (
    CompanyRequired,
    Forbidden,
    InvalidStorefrontKey,
    InvalidToken,
    Unauthenticated,
)
from api.identity.tokens import AccessTokens, TokenError
from api.permissions import ANONYMOUS, STOREFRONT, EndpointKey, RoutePermission
from api.permissions import Scope as Scope

STOREFRONT_MEMORY_SECONDS = 15.0
MOST_REMEMBERED = 20_000
_LONGEST_CREDENTIAL = 4096

Kind = Literal["person", "storefront", "anonymous"]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class GuestProof:
    """What a guest shows to be let to an order: its e-mail address, or the hash of its cart's token."""

    # The shop of the storefront at which they ask.
    shop_id: UUID
    email: str | None
    session_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, in which company, and how far the route at hand reaches for them."""

    kind: Kind
    scope: Scope = Scope.PUBLIC
    roles: frozenset[str] = frozenset()
    company_id: UUID | None = None
    user_id: UUID | None = None
    email: str | None = None
    customer_id: UUID | None = None
    # Shops the caller is bound to; None: bound to none in particular. Apply it with `may_use_shop`.
    shop_ids: frozenset[UUID] | None = None
    # The shop of the storefront through which the request comes, whoever is logged in there.
    shop_id: UUID | None = None
    storefront_key_id: UUID | None = None
    session_id: UUID | None = None
    # What a buyer may approve alone, in the company's currency; None: no limit of their own.
    approval_limit_amount: Decimal | None = None
    # Set by `api.orders.guests` alone, for routes of one order.
    guest_proof: GuestProof | None = None

    def require_company(self) -> UUID:
        """Return the company that the request is bound to.

        Raises
        ------
        CompanyRequired
            If the token names none (a super admin who has not switched to one).
        """
        if self.company_id is None:
            raise CompanyRequired
        return self.company_id

    def may_use_shop(self, shop_id: UUID) -> bool:
        """Whether this route, for this caller, reaches into the shop (of the bound company)."""
        if self.scope is Scope.SHOP:
            return shop_id in (self.shop_ids or ())
        return self.scope in (Scope.COMPANY, Scope.PLATFORM)

    @property
    def reachable_shop_ids(self) -> frozenset[UUID] | None:
        """Shops to filter by; None: no filter, the whole company."""
        return (self.shop_ids or frozenset()) if self.scope is Scope.SHOP else None

    @property
    def actor(self) -> str:
        """A stable name of who acts, for idempotency scopes and logs: ``user:…``, ``storefront:…``."""
        if self.user_id is not None:
            return f"user:{self.user_id}"
        return f"storefront:{self.storefront_key_id}" if self.storefront_key_id else ANONYMOUS


NOBODY = Caller(kind="anonymous", roles=frozenset({ANONYMOUS}))


@dataclass(frozen=True, slots=True)
class Storefront:
    """What a storefront's key is bound to."""

    storefront_key_id: UUID
    company_id: UUID
    shop_id: UUID


FindStorefront = Callable[[bytes], Awaitable[Storefront | None]]


class Remembered(Generic[Value]):
    """A bounded memory of answers, each good until a second of its own; the oldest is dropped first."""

    def __init__(self, *, most: int, now: Callable[[], float]) -> None:
        self._answers: dict[bytes, tuple[Value, float]] = {}
        self._most = most
        self._now = now

    def get(self, key: bytes) -> Value | None:
        """Return the answer if it is still good."""
        found = self._answers.get(key)
        if found is None:
            return None
        if found[1] <= self._now():
            self._answers.pop(key, None)
            return None
        return found[0]

    def put(self, key: bytes, value: Value, *, until: float) -> None:
        """Remember ``value`` until the second ``until``."""
        if len(self._answers) >= self._most:
            self._answers.pop(next(iter(self._answers)), None)
        self._answers[key] = (value, until)


@dataclass
class Gatekeeper:
    """Finds the caller behind a request and applies the table of permissions."""

    tokens: AccessTokens
    find_storefront: FindStorefront
    permissions: Mapping[EndpointKey, RoutePermission] = field(default_factory=dict)
    query_names: Mapping[EndpointKey, frozenset[str]] = field(default_factory=dict)
    now: Callable[[], float] = time.time
    _persons: Remembered[Caller] = field(init=False)
    _storefronts: Remembered[Storefront] = field(init=False)

    def __post_init__(self) -> None:
        self._persons = Remembered(most=MOST_REMEMBERED, now=self.now)
        self._storefronts = Remembered(most=MOST_REMEMBERED, now=self.now)

    async def admit(self, request: Request) -> Caller:
        """Return the caller with the scope that this route grants, or refuse."""
        endpoint = request.method, request.scope["endpoint"]
        permission = self.permissions.get(endpoint)
        if permission is None:
            raise Forbidden
        if permission.is_public:
            return NOBODY
        caller = await self.identify(request.headers)
        scope = permission.scope_for(caller.roles)
        if scope is None:
            raise Unauthenticated if caller is NOBODY else Forbidden
        if scope in (Scope.SHOP, Scope.COMPANY) and caller.company_id is None:
            raise CompanyRequired
        return replace(caller, scope=scope)

    def inspect(self, request: Request) -> None:
        """Refuse what no schema looks at: unknown query parameters and text that can't be stored."""
        known = self.query_names.get((request.method, request.scope["endpoint"]))
        if known is not None:
            refuse_unknown_query(request, known)
        # FastAPI has read the body if the route takes one; where it has not, there is nothing to look at.
        refuse_unstorable_text(getattr(request, "_body", b""))

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        """Find the caller by credential; a bad credential is refused, never ignored."""
        authorization, key = headers.get("authorization"), headers.get("x-storefront-key")
        person = None if authorization is None else self._person(authorization)
        storefront = None if key is None else await self._storefront(key)
        if person is not None and storefront is not None:
            if person.company_id != storefront.company_id:
                raise InvalidStorefrontKey("The storefront key belongs to another company than the token.")
            return replace(person, shop_id=storefront.shop_id, storefront_key_id=storefront.storefront_key_id)
        if storefront is not None:
            return Caller(
                kind="storefront",
                roles=frozenset({STOREFRONT}),
                company_id=storefront.company_id,
                shop_ids=frozenset({storefront.shop_id}),
                shop_id=storefront.shop_id,
                storefront_key_id=storefront.storefront_key_id,
            )
        return person or NOBODY

    def _person(self, authorization: str) -> Caller:
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token or len(token) > _LONGEST_CREDENTIAL:
            raise InvalidToken
        key = _digest(token)
        remembered = self._persons.get(key)
        if remembered is not None:
            return remembered
        try:
            grant, expires_at = self.tokens.read(token)
        except TokenError:
            raise InvalidToken from None
        caller = Caller(
            kind="person",
            roles=grant.roles,
            company_id=grant.company_id,
            user_id=grant.user_id,
            email=grant.email,
            customer_id=grant.customer_id,
            shop_ids=grant.shop_ids,
            session_id=grant.session_id,
            approval_limit_amount=grant.approval_limit_amount,
        )
        self._persons.put(key, caller, until=expires_at)
        return caller

    async def _storefront(self, key: str) -> Storefront:
        if not key or len(key) > _LONGEST_CREDENTIAL:
            raise InvalidStorefrontKey
        digest = _digest(key)
        storefront = self._storefronts.get(digest)
        if storefront is None:
            storefront = await self.find_storefront(digest)
            if storefront is None:
                raise InvalidStorefrontKey
            self._storefronts.put(digest, storefront, until=self.now() + STOREFRONT_MEMORY_SECONDS)
        return storefront


async def authorize(request: Request) -> Caller:
    """Dependency of every route: who calls, and may they."""
    gatekeeper = cast(Gatekeeper, request.app.state.gatekeeper)
    caller = await gatekeeper.admit(request)
    request.state.caller = caller
    gatekeeper.inspect(request)
    return caller


CurrentCaller = Annotated[Caller, Depends(authorize)]


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).digest()
