"""Sessions: what a login leaves in the database, and the tokens that stand for it.

A login is a family of refresh tokens: each is used once and replaced. Using one twice means that someone
holds a copy, so the whole family is revoked; there is no grace period, and of two uses at once at most one
leaves a live token. A page session (the dashboards' cookie) is a family of one token that is never replaced,
because a page's script can read its cookie but not set it; its prefix keeps the two kinds apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.identity import queries
from api.identity.rules import MemberCompany, Person, grant_for
from api.identity.tokens import REFRESH_PREFIX, AccessTokens, new_token, token_sha256
from core.ids import new_id

LONGEST_USER_AGENT = 300


@dataclass(frozen=True)
class Login:
    """What a person gets who logged in: tokens for one company (none: the platform)."""

    access_token: str
    refresh_token: str
    expires_in: int
    company: MemberCompany | None
    roles: list[str]
    user_id: UUID


@dataclass(frozen=True)
class SessionMaker:
    """Opens sessions for one request: with its time, its client and the settings' lifetimes."""

    tokens: AccessTokens
    refresh_lifetime: timedelta
    now: datetime
    ip_address: str | None
    user_agent: str | None

    async def open(
        self,
        connection: AsyncConnection,
        person: Person,
        company: MemberCompany | None,
        *,
        family_id: UUID | None = None,
        prefix: str = REFRESH_PREFIX,
    ) -> Login:
        """Write a session and sign an access token; ``connection`` is bound to the person and company."""
        session_id, refresh_token = new_id(), new_token(prefix)
        await queries.add_session(
            connection,
            queries.NewSession(
                id=session_id,
                family_id=family_id or session_id,
                user_id=person.user_id,
                company_id=company.id if company else None,
                token_sha256=token_sha256(refresh_token),
                issued_at=self.now,
                expires_at=self.now + self.refresh_lifetime,
                ip_address=self.ip_address,
                user_agent=self.user_agent and self.user_agent[:LONGEST_USER_AGENT],
            ),
        )
        access_token, roles = await self.sign(connection, person, company, session_id=session_id)
        return Login(
            access_token=access_token,
            refresh_token=refresh_token,
            expires_in=self.expires_in,
            company=company,
            roles=roles,
            user_id=person.user_id,
        )

    async def sign(
        self, connection: AsyncConnection, person: Person, company: MemberCompany | None, *, session_id: UUID
    ) -> tuple[str, list[str]]:
        """Sign an access token for a session that exists; return it with the roles it carries."""
        customer_id = await queries.find_customer(connection, person.user_id) if company else None
        grant = grant_for(
            person,
            company_id=company.id if company else None,
            customer_id=customer_id,
            session_id=session_id,
        )
        return self.tokens.issue(grant, now=self.now), sorted(grant.roles)

    @property
    def expires_in(self) -> int:
        """Seconds that an access token lives."""
        return int(self.tokens.lifetime.total_seconds())
