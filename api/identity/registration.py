"""Making an account, and becoming a customer of a company."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.errors import InvalidContent, Violation
from api.identity import queries
from api.identity.errors import AccountExists, NameTaken, UnknownCompany, WeakPassword
from api.identity.events import record_user_event
from api.identity.passwords import hash_password, verify_password, weakness_of
from api.identity.rules import Person
from api.identity.schemas import RegisterCreate
from api.identity.sessions import Login, SessionMaker
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import constraint_name, transaction


async def register(
    database: Database, wanted: RegisterCreate, *, company_id: UUID | None, sessions: SessionMaker
) -> Login:
    """Make an account and a customer of the company, and log in.

    Whoever has an account already proves it by its password and becomes a customer here too. A customer
    whom the company knows by the same address (a guest, an import) is not taken over: an address that is
    not confirmed proves nothing, so the new customer then stands beside it without an address.
    """
    password = wanted.password.get_secret_value()
    async with transaction(database, company_id=None) as connection:
        company_id = company_id or await _company_to_join(connection, wanted.company)
        known = await queries.find_user(connection, wanted.email)
    new_hash: str | None = None
    if known is None:
        weakness = weakness_of(password, email=wanted.email)
        if weakness:
            raise WeakPassword(weakness, pointer="/password")
        new_hash = await hash_password(password)
    elif not known.is_active or not (await verify_password(password, known.password_hash)).is_right:
        raise AccountExists
    user_id = known.user_id if known else new_id()
    try:
        async with transaction(database, company_id=company_id, user_id=user_id) as connection:
            if new_hash is not None:
                await queries.create_user(connection, _user_row(user_id, wanted, new_hash))
            await _become_customer(connection, company_id, user_id, wanted)
            memberships = await queries.find_memberships(connection, user_id)
            person = Person(user_id, wanted.email, memberships)
            company = next(joined for joined in person.companies if joined.id == company_id)
            return await sessions.open(connection, person, company)
    except sa.exc.IntegrityError as error:
        constraint = constraint_name(error) or ""
        if constraint in ("uq_users_username", "uq_users_phone"):
            raise NameTaken(pointer="/" + constraint.removeprefix("uq_users_")) from None
        if constraint == "uq_users_email":
            raise AccountExists from None
        raise


async def _company_to_join(connection: AsyncConnection, slug: str | None) -> UUID:
    if slug is None:
        detail = "Name the company by its slug, or send the storefront's key."
        raise InvalidContent(detail, violations=[Violation("/company", "missing", detail)])
    company = await queries.find_company(connection, slug)
    if company is None:
        raise UnknownCompany(pointer="/company")
    return company[0]


async def _become_customer(
    connection: AsyncConnection, company_id: UUID, user_id: UUID, wanted: RegisterCreate
) -> None:
    if await queries.find_customer(connection, user_id) is not None:
        raise AccountExists
    customer_id = new_id()
    is_address_free = not await queries.has_customer_email(connection, wanted.email)
    await queries.add_customer(
        connection,
        {
            "company_id": company_id,
            "id": customer_id,
            "user_id": user_id,
            "email": wanted.email if is_address_free else None,
            "first_name": wanted.first_name or None,
            "last_name": wanted.last_name or None,
            "phone": wanted.phone,
        },
    )
    await record_user_event(
        connection, company_id, user_id, "user.registered", {"customer_id": str(customer_id)}
    )


def _user_row(user_id: UUID, wanted: RegisterCreate, password_hash: str) -> dict[str, Any]:
    return {
        "id": user_id,
        "email": wanted.email,
        "password_hash": password_hash,
        "first_name": wanted.first_name,
        "last_name": wanted.last_name,
        "username": wanted.username,
        "phone": wanted.phone,
    }
