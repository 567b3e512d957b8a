"""SQL of accounts and sessions. What precedes a bound company goes through the reviewed auth functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.identity.rules import Membership
from api.identity.tables import customers, sessions, users


@dataclass(frozen=True)
class FoundUser:
    """A user as a login finds them."""

    user_id: UUID
    password_hash: str
    is_active: bool


@dataclass(frozen=True)
class FoundSession:
    """A session as a token finds it."""

    session_id: UUID
    family_id: UUID
    user_id: UUID
    company_id: UUID | None


@dataclass(frozen=True)
class SessionState:
    """Whether a session still counts."""

    expires_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Neither used, nor revoked, nor expired."""
        return self.rotated_at is None and self.revoked_at is None and self.expires_at > now


@dataclass(frozen=True)
class NewSession:
    """A row of sessions to be."""

    id: UUID
    family_id: UUID
    user_id: UUID
    company_id: UUID | None
    token_sha256: bytes
    issued_at: datetime
    expires_at: datetime
    ip_address: str | None
    user_agent: str | None


_FIND_USER = sa.text("select user_id, password_hash, is_active from auth_find_user(:email)")
_FIND_MEMBERSHIPS = sa.text(
    "select company_id, company_slug, company_name, role, shop_ids, approval_limit_amount"
    " from auth_find_memberships(:user_id)"
)
_FIND_SESSION = sa.text(
    "select session_id, family_id, user_id, company_id from auth_find_session(:token_sha256)"
)
_FIND_COMPANY = sa.text("select company_id, company_slug, company_name from auth_find_company(:slug)")
_CREATE_USER = sa.text(
    "select auth_create_user("
    ":id, :email, :password_hash, :first_name, :last_name, cast(:username as text), cast(:phone as text))"
)
_LOCK_FAMILY = sa.text(
    "select pg_advisory_xact_lock(hashtextextended('sessions ' || cast(:family_id as text), 0))"
)
_PROFILE_COLUMNS = [
    users.c[name]
    for name in (
        "id", "email", "username", "first_name", "last_name", "phone", "avatar_url", "is_email_verified",
        "preferences", "last_login_at", "created_at",
    )
]  # fmt: skip


async def find_user(connection: AsyncConnection, email: str) -> FoundUser | None:
    """Find a user by e-mail address, before anything is bound."""
    row = (await connection.execute(_FIND_USER, {"email": email})).one_or_none()
    return None if row is None else FoundUser(row.user_id, row.password_hash, row.is_active)


async def find_memberships(connection: AsyncConnection, user_id: UUID) -> tuple[Membership, ...]:
    """List the user's roles in all companies and on the platform."""
    rows = await connection.execute(_FIND_MEMBERSHIPS, {"user_id": user_id})
    return tuple(
        Membership(
            row.company_id,
            row.company_slug,
            row.company_name,
            row.role,
            tuple(row.shop_ids),
            row.approval_limit_amount,
        )
        for row in rows
    )


async def find_company(connection: AsyncConnection, slug: str) -> tuple[UUID, str, str] | None:
    """Find an open company by slug: id, slug and name."""
    row = (await connection.execute(_FIND_COMPANY, {"slug": slug})).one_or_none()
    return None if row is None else (row.company_id, row.company_slug, row.company_name)


async def find_session(connection: AsyncConnection, token_sha256: bytes) -> FoundSession | None:
    """Find the session of a token, before anything is bound."""
    row = (await connection.execute(_FIND_SESSION, {"token_sha256": token_sha256})).one_or_none()
    return None if row is None else FoundSession(row.session_id, row.family_id, row.user_id, row.company_id)


async def create_user(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Write a user; a taken e-mail, user name or phone violates its constraint."""
    await connection.execute(_CREATE_USER, dict(values))


async def lock_family(connection: AsyncConnection, family_id: UUID) -> None:
    """Let one request at a time use or revoke the tokens of one login."""
    await connection.execute(_LOCK_FAMILY, {"family_id": family_id})


async def read_session(connection: AsyncConnection, session_id: UUID) -> SessionState | None:
    """Read whether a session still counts."""
    query = sa.select(sessions.c.expires_at, sessions.c.rotated_at, sessions.c.revoked_at).where(
        sessions.c.id == session_id
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else SessionState(row.expires_at, row.rotated_at, row.revoked_at)


async def add_session(connection: AsyncConnection, session: NewSession) -> None:
    """Write a session; only the hash of its token is kept."""
    values = dict(vars(session))
    values["refresh_token_sha256"] = values.pop("token_sha256")
    await connection.execute(sessions.insert().values(**values))


async def mark_rotated(connection: AsyncConnection, session_id: UUID, *, at: datetime) -> None:
    """Note that the session's token was used and replaced."""
    await connection.execute(sessions.update().where(sessions.c.id == session_id).values(rotated_at=at))


async def revoke_family(connection: AsyncConnection, family_id: UUID, *, at: datetime, reason: str) -> None:
    """End a login: none of its tokens counts any more."""
    await connection.execute(
        sessions.update()
        .where(sessions.c.family_id == family_id, sessions.c.revoked_at.is_(None))
        .values(revoked_at=at, revoked_reason=reason)
    )


async def family_of(connection: AsyncConnection, session_id: UUID) -> UUID | None:
    """Return the login that a session belongs to."""
    found: UUID | None = await connection.scalar(
        sa.select(sessions.c.family_id).where(sessions.c.id == session_id)
    )
    return found


async def note_login(
    connection: AsyncConnection, user_id: UUID, *, at: datetime, new_password_hash: str | None
) -> None:
    """Write the time of a login, and the password's new hash if it has one."""
    values: dict[str, Any] = {"last_login_at": at}
    if new_password_hash is not None:
        values["password_hash"] = new_password_hash
    await connection.execute(users.update().where(users.c.id == user_id).values(**values))


async def read_profile(connection: AsyncConnection, user_id: UUID) -> sa.Row[Any] | None:
    """Read the account of an active user; the transaction must be bound to them."""
    query = sa.select(*_PROFILE_COLUMNS).where(users.c.id == user_id, users.c.is_active)
    return (await connection.execute(query)).one_or_none()


async def update_profile(
    connection: AsyncConnection, user_id: UUID, values: Mapping[str, Any]
) -> sa.Row[Any] | None:
    """Change an active user's account."""
    change = (
        users.update()
        .where(users.c.id == user_id, users.c.is_active)
        .values(**values, updated_at=sa.func.now())
    )
    return (await connection.execute(change.returning(*_PROFILE_COLUMNS))).one_or_none()


async def find_customer(connection: AsyncConnection, user_id: UUID) -> UUID | None:
    """Return the user's row among the bound company's customers."""
    found: UUID | None = await connection.scalar(
        sa.select(customers.c.id).where(customers.c.user_id == user_id, customers.c.archived_at.is_(None))
    )
    return found


async def has_customer_email(connection: AsyncConnection, email: str) -> bool:
    """Whether the bound company has a customer with this address."""
    return bool(await connection.scalar(sa.select(sa.exists().where(customers.c.email == email))))


async def add_customer(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Write a customer of the bound company."""
    await connection.execute(customers.insert().values(**values))
