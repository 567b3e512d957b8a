"""Tokens: signed access tokens that need no look-up, and random refresh and page-session tokens.

An access token is a JWT (HS256) that lives for minutes and carries who, in which company, with which
roles and shops. Because it is not looked up, a revoked session or a changed role is felt when the token
expires. Refresh and page-session tokens are random; the database holds their SHA-256 alone.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import jwt

ALGORITHM = "HS256"
ISSUER = "stockwise"
AUDIENCE = "stockwise-api"
CLOCK_LEEWAY_SECONDS = 5
REFRESH_PREFIX = "swr_"
PAGE_SESSION_PREFIX = "sws_"
STOREFRONT_PREFIX = "swk_"
_REQUIRED = ["sub", "iss", "aud", "exp", "nbf", "iat", "jti"]


class TokenError(Exception):
    """The token is expired, altered, not ours, or lacks a claim."""


@dataclass(frozen=True)
class Grant:
    """What a person may act as: one company, the roles held there, and the shops they are bound to."""

    user_id: UUID
    email: str
    roles: frozenset[str]
    company_id: UUID | None = None
    # None: not bound to shops. A shop role without shops may use none.
    shop_ids: frozenset[UUID] | None = None
    customer_id: UUID | None = None
    approval_limit_amount: Decimal | None = None
    session_id: UUID | None = None


@dataclass(frozen=True)
class AccessTokens:
    """Signs and verifies access tokens with one key, named by its ``kid``."""

    key: str
    lifetime: timedelta

    @property
    def key_id(self) -> str:
        """A name for the key that tells nothing about it."""
        return hashlib.sha256(b"stockwise-kid:" + self.key.encode()).hexdigest()[:16]

    def issue(self, grant: Grant, *, now: datetime) -> str:
        """Sign ``grant``; the claims have the names that the source documents use."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(grant.user_id),
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
            "jti": secrets.token_urlsafe(12),
            "userId": str(grant.user_id),
            "email": grant.email,
            "roles": sorted(grant.roles),
            "companyId": _text(grant.company_id),
            "shopIds": None if grant.shop_ids is None else sorted(map(str, grant.shop_ids)),
            "customerId": _text(grant.customer_id),
            "approvalLimitAmount": _text(grant.approval_limit_amount),
            "sid": _text(grant.session_id),
        }
        return jwt.encode(claims, self.key, algorithm=ALGORITHM, headers={"kid": self.key_id})

    def read(self, token: str) -> tuple[Grant, float]:
        """Verify ``token``; return what it grants and the second at which it expires.

        Raises
        ------
        TokenError
            If the signature, the key's name, the issuer, the audience or a time is wrong, or a claim is
            missing or has another shape.
        """
        try:
            if jwt.get_unverified_header(token).get("kid") != self.key_id:
                raise TokenError("unknown key")
            claims = jwt.decode(
                token,
                self.key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=CLOCK_LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
            return _grant(claims), float(claims["exp"])
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise TokenError(str(error)) from error


def new_token(prefix: str) -> str:
    """Make a random token of 256 bits; its prefix tells what it is for."""
    return prefix + secrets.token_urlsafe(32)


def token_sha256(token: str) -> bytes:
    """What the database keeps instead of the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _grant(claims: Mapping[str, Any]) -> Grant:
    shop_ids, limit = claims["shopIds"], claims["approvalLimitAmount"]
    if claims["userId"] != claims["sub"]:
        raise TokenError("two users")
    return Grant(
        user_id=UUID(claims["sub"]),
        email=str(claims["email"]),
        roles=frozenset(map(str, claims["roles"])),
        company_id=_uuid(claims["companyId"]),
        shop_ids=None if shop_ids is None else frozenset(map(UUID, shop_ids)),
        customer_id=_uuid(claims["customerId"]),
        approval_limit_amount=None if limit is None else Decimal(limit),
        session_id=_uuid(claims["sid"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
