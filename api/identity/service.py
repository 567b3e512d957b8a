"""Use cases of logins and profiles; `api.identity.registration` makes accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.companies.service import read_bound_company
from api.identity import queries
from api.identity.errors import (
    CompanyChoiceRequired,
    InvalidRefreshToken,
    NameTaken,
    NotAMember,
    RefreshTokenReused,
    WrongLogin,
)
from api.identity.events import record_user_event
from api.identity.passwords import verify_password
from api.identity.rules import SUPER_ADMIN, MemberCompany, Person
from api.identity.schemas import ProfileUpdate
from api.identity.sessions import Login, SessionMaker
from api.identity.tokens import REFRESH_PREFIX, token_sha256
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import constraint_name, transaction


async def check_login(database: Database, *, email: str, password: str) -> tuple[Person, str | None]:
    """Return who logs in, and their password's new hash if it has to change.

    Raises
    ------
    WrongLogin
        For an unknown address, a wrong password and a closed account alike, after the same work.
    """
    async with transaction(database, company_id=None) as connection:
        user = await queries.find_user(connection, email.strip())
        memberships = await queries.find_memberships(connection, user.user_id if user else new_id())
    verified = await verify_password(password, user.password_hash if user else None)
    if user is None or not verified.is_right or not user.is_active:
        raise WrongLogin
    return Person(user.user_id, email.strip().lower(), memberships), verified.new_hash


async def log_in(
    database: Database,
    *,
    email: str,
    password: str,
    company_slug: str | None,
    sessions: SessionMaker,
    prefix: str = REFRESH_PREFIX,
    takes_first_company: bool = False,
) -> Login:
    """Log in to a company: the one that is named, or the only one."""
    person, new_hash = await check_login(database, email=email, password=password)
    if takes_first_company and company_slug is None and person.companies:
        company_slug = person.companies[0].slug
    company = await choose_company(database, person, company_slug)
    company_id = company.id if company else None
    async with transaction(database, company_id=company_id, user_id=person.user_id) as connection:
        await queries.note_login(connection, person.user_id, at=sessions.now, new_password_hash=new_hash)
        login = await sessions.open(connection, person, company, prefix=prefix)
        await record_user_event(
            connection, company_id, person.user_id, "user.logged_in", {"roles": login.roles}
        )
    return login


async def refresh(database: Database, refresh_token: str, *, sessions: SessionMaker) -> Login:
    """Use a refresh token once: it is replaced, with roles as they are now.

    Raises
    ------
    RefreshTokenReused
        If it was used before; the whole family is revoked.
    """
    found = await _session_of(database, refresh_token)
    is_reused = False
    async with transaction(database, company_id=found.company_id, user_id=found.user_id) as connection:
        await queries.lock_family(connection, found.family_id)
        state = await queries.read_session(connection, found.session_id)
        if state is None or state.revoked_at is not None or state.expires_at <= sessions.now:
            raise InvalidRefreshToken
        if state.rotated_at is not None:
            is_reused = True
            await queries.revoke_family(connection, found.family_id, at=sessions.now, reason="reused")
        else:
            person = await living_person(connection, found.user_id)
            company = await _still_member(connection, person, found.company_id)
            await queries.mark_rotated(connection, found.session_id, at=sessions.now)
            login = await sessions.open(connection, person, company, family_id=found.family_id)
    if is_reused:
        raise RefreshTokenReused
    return login


async def log_out(
    database: Database,
    *,
    user_id: UUID,
    company_id: UUID | None,
    session_id: UUID | None,
    token: str | None,
    sessions: SessionMaker,
) -> None:
    """End the login of the access token and, if one is sent, that of a refresh token."""
    async with transaction(database, company_id=None) as connection:
        other = await queries.find_session(connection, token_sha256(token)) if token else None
    async with transaction(database, company_id=company_id, user_id=user_id) as connection:
        families = {await queries.family_of(connection, session_id)} if session_id else set()
        if other is not None and other.user_id == user_id:
            families.add(other.family_id)
        for family_id in sorted(family for family in families if family is not None):
            await queries.lock_family(connection, family_id)
            await queries.revoke_family(connection, family_id, at=sessions.now, reason="logged out")
        await record_user_event(connection, company_id, user_id, "user.logged_out", {})


async def switch_company(
    database: Database, *, user_id: UUID, company_slug: str, sessions: SessionMaker
) -> Login:
    """Log in to another company without the password; it is recorded in that company's events."""
    async with transaction(database, company_id=None, user_id=user_id) as connection:
        person = await living_person(connection, user_id)
    company = await choose_company(database, person, company_slug)
    assert company is not None
    async with transaction(database, company_id=company.id, user_id=user_id) as connection:
        login = await sessions.open(connection, person, company)
        payload = {"roles": login.roles, "is_super_admin": person.is_super_admin}
        await record_user_event(connection, company.id, user_id, "user.switched_company", payload)
    return login


async def companies_of(database: Database, *, user_id: UUID) -> list[MemberCompany]:
    """List the companies that a person belongs to, by slug."""
    async with transaction(database, company_id=None, user_id=user_id) as connection:
        return Person(user_id, "", await queries.find_memberships(connection, user_id)).companies


async def read_profile(database: Database, *, user_id: UUID) -> sa.Row[Any]:
    """Read the caller's account."""
    async with transaction(database, company_id=None, user_id=user_id) as connection:
        profile = await queries.read_profile(connection, user_id)
    if profile is None:
        raise WrongLogin("This account is closed.")
    return profile


async def update_profile(
    database: Database, wanted: ProfileUpdate, *, user_id: UUID, company_id: UUID | None
) -> sa.Row[Any]:
    """Replace the caller's account data."""
    values = wanted.model_dump()
    try:
        async with transaction(database, company_id=company_id, user_id=user_id) as connection:
            profile = await queries.update_profile(connection, user_id, values)
            await record_user_event(
                connection, company_id, user_id, "user.updated", {"fields": sorted(values)}
            )
    except sa.exc.IntegrityError as error:
        constraint = constraint_name(error) or ""
        if constraint in ("uq_users_username", "uq_users_phone"):
            raise NameTaken(pointer="/" + constraint.removeprefix("uq_users_")) from None
        raise
    if profile is None:
        raise WrongLogin("This account is closed.")
    return profile


async def choose_company(database: Database, person: Person, slug: str | None) -> MemberCompany | None:
    """Choose the company to work in: the one named, else the only one, else (super admins) none."""
    companies = person.companies
    if slug is None:
        if len(companies) > 1:
            choices = [{"slug": company.slug, "name": company.name} for company in companies]
            raise CompanyChoiceRequired(pointer="/company", extensions={"companies": choices})
        if not companies and not person.is_super_admin:
            raise NotAMember("You belong to no company any more.")
        return companies[0] if companies else None
    for company in companies:
        if company.slug == slug:
            return company
    if person.is_super_admin:
        async with transaction(database, company_id=None) as connection:
            found = await queries.find_company(connection, slug)
        if found is not None:
            return MemberCompany(*found, roles=[SUPER_ADMIN])
    raise NotAMember


async def _entered_company(connection: AsyncConnection) -> MemberCompany:
    """Return the company that a super admin works in without belonging to it."""
    company = await read_bound_company(connection)
    if company is None:
        raise InvalidRefreshToken("This company is closed.")
    return MemberCompany(company.id, company.slug, company.name, roles=[SUPER_ADMIN])


async def _session_of(database: Database, refresh_token: str) -> queries.FoundSession:
    if not refresh_token.startswith(REFRESH_PREFIX):
        raise InvalidRefreshToken
    async with transaction(database, company_id=None) as connection:
        found = await queries.find_session(connection, token_sha256(refresh_token))
    if found is None:
        raise InvalidRefreshToken
    return found


async def living_person(connection: AsyncConnection, user_id: UUID) -> Person:
    """Read whose session it is, with their memberships as they are now."""
    profile = await queries.read_profile(connection, user_id)
    if profile is None:
        raise InvalidRefreshToken("This account is closed.")
    return Person(user_id, profile.email, await queries.find_memberships(connection, user_id))


async def _still_member(
    connection: AsyncConnection, person: Person, company_id: UUID | None
) -> MemberCompany | None:
    if company_id is None:
        if not person.is_super_admin:
            raise InvalidRefreshToken
        return None
    for company in person.companies:
        if company.id == company_id:
            return company
    if person.is_super_admin:
        return await _entered_company(connection)
    raise InvalidRefreshToken("You do not belong to this company any more. Log in again.")
