"""Whose cart it is: a customer's, or that of a guest's session, which an opaque token stands for.

A guest without a token is given one by the first request that makes something. It is derived from that
request's idempotency key, so that a repeated request gets the same token although the database, and the
stored answer, hold nothing but its hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Header
from starlette.requests import Request

from api.access import Caller, CurrentCaller, Gatekeeper
from api.errors import NotFound
from api.idempotency import Keyed, KeyedRequest

CART_TOKEN_HEADER = "X-Cart-Token"
CART_TOKEN_PREFIX = "swc_"
CART_TOKEN_PATTERN = r"^swc_[A-Za-z0-9_-]{43}$"

CartToken = Annotated[
    str | None,
    Header(
        alias=CART_TOKEN_HEADER,
        pattern=CART_TOKEN_PATTERN,
        description="A guest's token, as the answer to the guest's first addition gave it",
    ),
]


@dataclass(frozen=True, slots=True)
class CartOwner:
    """A customer, or a guest's session by the hash of its token: one of the two."""

    customer_id: UUID | None = None
    session_sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who asks for a cart: the owner (None: a guest without a token yet), and where they shop."""

    caller: Caller
    owner: CartOwner | None
    token: str | None

    @property
    def company_id(self) -> UUID:
        """The company whose cart it is."""
        return self.caller.require_company()

    def require_owner(self) -> CartOwner:
        """Return the owner; a guest without a token owns nothing, so nothing is found."""
        if self.owner is None:
            raise NotFound
        return self.owner


@dataclass(frozen=True, slots=True)
class StartingShopper:
    """A shopper who is about to make something, with the request's key; a guest has a token by now."""

    caller: Caller
    owner: CartOwner
    token: str | None
    keyed: KeyedRequest


async def _shopper(caller: CurrentCaller, token: CartToken = None) -> Shopper:
    return Shopper(caller, owner_of(caller, token), token)


async def _starting_shopper(
    request: Request, caller: CurrentCaller, keyed: Keyed, token: CartToken = None
) -> StartingShopper:
    owner = owner_of(caller, token)
    if owner is None:
        gatekeeper = cast(Gatekeeper, request.app.state.gatekeeper)
        token = new_session_token(gatekeeper.tokens.key, keyed)
        owner = CartOwner(session_sha256=session_sha256(token))
    elif owner.session_sha256 is not None:
        # Guests of a storefront share its key: one guest's repeated request is no other guest's.
        keyed = replace(keyed, scope=f"{keyed.scope} {owner.session_sha256.hex()[:16]}")
    return StartingShopper(caller, owner, None if owner.customer_id else token, keyed)


CurrentShopper = Annotated[Shopper, Depends(_shopper)]
NewShopper = Annotated[StartingShopper, Depends(_starting_shopper)]


def owner_of(caller: Caller, token: str | None) -> CartOwner | None:
    """Return whose cart is meant; None: a guest who has no token.

    Raises
    ------
    NotFound
        For a person who is no customer of the company.
    """
    if caller.kind == "person":
        if caller.customer_id is None:
            raise NotFound("You are not a customer of this company.")
        return CartOwner(customer_id=caller.customer_id)
    return None if token is None else CartOwner(session_sha256=session_sha256(token))


def session_sha256(token: str) -> bytes:
    """What the database keeps instead of a guest's token."""
    return hashlib.sha256(token.encode()).digest()


def new_session_token(key: str, request: KeyedRequest) -> str:
    """Make the token of the guest who sends this request: the same when it is repeated."""
    named = f"cart {request.company_id} {request.scope} {request.key}"
    digest = hmac.new(key.encode(), named.encode(), hashlib.sha256).digest()
    return CART_TOKEN_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
