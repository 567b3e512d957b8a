"""Logins of pages: the dashboards' visitors, whose session lies in an HttpOnly cookie.

The page's script (Streamlit) runs on our server; it reads the visitor's cookie, but can't set one. So the
login page belongs to the API, on the same host: cookies are kept per host, not per port. The cookie holds a
random token whose hash is a session; the script exchanges it for an access token and keeps nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from api.errors import ForeignOrigin
from api.identity import queries, service
from api.identity.errors import InvalidRefreshToken, NoPageSession
from api.identity.rules import MemberCompany, Person
from api.identity.schemas import CompanyChoice, PageSessionRead, ProfileRead
from api.identity.sessions import Login, SessionMaker
from api.identity.tokens import PAGE_SESSION_PREFIX, token_sha256
from core.postgres.pools import Database
from core.postgres.transaction import transaction


async def open_page_session(
    database: Database, *, email: str, password: str, sessions: SessionMaker
) -> Login:
    """Log in for a browser; of several companies the first is entered, and the page offers the others."""
    return await service.log_in(
        database,
        email=email,
        password=password,
        company_slug=None,
        sessions=sessions,
        prefix=PAGE_SESSION_PREFIX,
        takes_first_company=True,
    )


async def read(
    database: Database, token: str, *, company_slug: str | None, sessions: SessionMaker
) -> PageSessionRead:
    """Return an access token for the company that is named, else for the one of the login.

    Raises
    ------
    NoPageSession
        If the session is unknown, ended or expired, or its account is closed.
    """
    found = await _find(database, token)
    if found is None:
        raise NoPageSession
    async with transaction(database, company_id=found.company_id, user_id=found.user_id) as connection:
        state = await queries.read_session(connection, found.session_id)
        profile = await queries.read_profile(connection, found.user_id)
        if state is None or not state.is_live(sessions.now) or profile is None:
            raise NoPageSession
        person = await service.living_person(connection, found.user_id)
    company = await _company(database, person, company_slug, found.company_id)
    company_id = company.id if company else None
    async with transaction(database, company_id=company_id, user_id=found.user_id) as connection:
        access_token, roles = await sessions.sign(connection, person, company, session_id=found.session_id)
    return PageSessionRead(
        access_token=access_token,
        token_type="Bearer",
        expires_in=sessions.expires_in,
        profile=ProfileRead.model_validate(profile),
        company=CompanyChoice.model_validate(company) if company else None,
        companies=[CompanyChoice.model_validate(choice) for choice in person.companies],
        roles=roles,
    )


async def end(database: Database, token: str, *, sessions: SessionMaker) -> None:
    """End a page session; an unknown one has ended already."""
    found = await _find(database, token)
    if found is not None:
        await service.log_out(
            database,
            user_id=found.user_id,
            company_id=found.company_id,
            session_id=found.session_id,
            token=None,
            sessions=sessions,
        )


def refuse_foreign_page(headers: Mapping[str, str]) -> None:
    """Refuse what a browser sends on behalf of a page; people's own navigation and servers pass.

    Raises
    ------
    ForeignOrigin
        If ``Origin`` is sent and is not this very address, or the browser says that another site asks.
    """
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        raise ForeignOrigin
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ForeignOrigin


async def _find(database: Database, token: str) -> queries.FoundSession | None:
    if not token.startswith(PAGE_SESSION_PREFIX):
        return None
    async with transaction(database, company_id=None) as connection:
        return await queries.find_session(connection, token_sha256(token))


async def _company(
    database: Database, person: Person, slug: str | None, company_id: UUID | None
) -> MemberCompany | None:
    if slug is None:
        own = [company for company in person.companies if company.id == company_id]
        if own or person.is_super_admin:
            return own[0] if own else None
        slug = person.companies[0].slug if person.companies else None
    try:
        return await service.choose_company(database, person, slug)
    except InvalidRefreshToken:
        raise NoPageSession from None
