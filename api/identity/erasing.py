"""A person asks to be forgotten: what a company holds of them is pseudonymised, in one transaction.

What was sold and charged stays, and so do invoices, which the law keeps. An account belongs to the platform:
it is closed when no other company knows the person, and left alone otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.carts.erasing import erase_carts
from api.checkout.erasing import erase_checkouts
from api.coupons.erasing import erase_redemptions
from api.erasure import Person
from api.errors import NotFound
from api.fulfilment.erasing import erase_shipments
from api.idempotency import forget_answers
from api.identity import queries
from api.identity.errors import CustomerHasOpenOrders
from api.identity.schemas import ErasureCreate, ErasureRead
from api.media.erasing import erase_media
from api.orders.erasing import erase_orders, lock_orders_of
from api.payments.erasing import erase_payments
from api.returns.erasing import erase_returns
from api.reviews.erasing import erase_reviews
from api.views.erasing import erase_views
from api.wishlists.erasing import erase_wishlists
from core.events.outbox import append_event

_FIND_CUSTOMERS = sa.text(
    """
    select id, user_id, mailbox_of(email) as mailbox from customers
    where company_id = :company_id
    and (
        id = cast(:customer_id as uuid) or mailbox_of(email) = mailbox_of(cast(:email as text))
        or user_id = cast(:user_id as uuid)
    )
    order by id
    """
)
# After the carts, as everywhere: an order that is being placed is seen, and one that begins later waits.
_LOCK_CUSTOMERS = sa.text(
    "select from customers where company_id = :company_id and id = any(cast(:customer_ids as uuid []))"
    " order by id for update"
)
_MAILBOX = sa.text("select mailbox_of(cast(:email as text))")
_ERASE_CUSTOMERS = sa.text(
    """
    update customers set
        user_id = null, email = null, external_code = null, first_name = null, last_name = null, phone = null,
        preferences = '{}', accepts_marketing = false,
        pseudonymised_at = coalesce(pseudonymised_at, :at), archived_at = coalesce(archived_at, :at)
    where company_id = :company_id and id = any(cast(:customer_ids as uuid []))
    """
)
# An account is its owner's: its row is seen and changed by nobody else (row-level security).
_BIND_USER = sa.text("select set_config('app.user_id', cast(:user_id as text), true)")
_CLOSE_ACCOUNT = sa.text(
    """
    update users set
        email = 'erased-' || id || '@erased.invalid', username = null, password_hash = '!', first_name = '',
        last_name = '', phone = null, avatar_url = null, preferences = '{}', is_email_verified = false,
        is_active = false
    where id = :user_id
    """
)
_END_SESSIONS = sa.text(
    """
    update sessions set
        ip_address = null, user_agent = null, revoked_at = coalesce(revoked_at, :at),
        revoked_reason = coalesce(revoked_reason, 'erased')
    where user_id = :user_id and (company_id = :company_id or :is_closed)
    """
)


async def erase_person(
    connection: AsyncConnection, wanted: ErasureCreate, *, caller: Caller, now: datetime
) -> tuple[ErasureRead, Sequence[str]]:
    """Pseudonymise a customer, or whoever left an address; return also the files to delete afterwards.

    Raises
    ------
    NotFound
        If the company knows no such person.
    CustomerHasOpenOrders
        If goods or money are still under way.
    """
    person, user_ids = await _find_person(connection, wanted, company_id=caller.require_company())
    await erase_carts(connection, person, at=now)
    await connection.execute(
        _LOCK_CUSTOMERS, {"company_id": person.company_id, "customer_ids": person.customer_ids}
    )
    orders = await lock_orders_of(connection, person)
    if not person.customer_ids and not orders.ids:
        raise NotFound
    if orders.open_numbers:
        raise CustomerHasOpenOrders(extensions={"order_numbers": list(orders.open_numbers)})
    await erase_checkouts(connection, person)
    await erase_orders(connection, person, orders.ids)
    await erase_shipments(connection, person, orders.ids)
    await erase_payments(connection, person, orders.ids)
    return_ids = await erase_returns(connection, person, orders.ids)
    await erase_redemptions(connection, person)
    await erase_reviews(connection, person)
    await erase_wishlists(connection, person)
    await erase_views(connection, person)
    files = await erase_media(connection, person, at=now)
    await forget_answers(
        connection,
        person.company_id,
        actor_user_ids=user_ids,
        resource_ids=[*orders.ids, *return_ids],
    )
    values = {"company_id": person.company_id, "customer_ids": person.customer_ids, "at": now}
    await connection.execute(_ERASE_CUSTOMERS, values)
    await _tell(connection, person, caller=caller)
    closed = [await _close_account(connection, user_id, person, at=now) for user_id in user_ids]
    return (
        ErasureRead(
            customer_ids=list(person.customer_ids),
            orders_count=len(orders.ids),
            closed_accounts_count=sum(closed),
        ),
        files,
    )


async def _find_person(
    connection: AsyncConnection, wanted: ErasureCreate, *, company_id: UUID
) -> tuple[Person, list[UUID]]:
    user = await queries.find_user(connection, wanted.email) if wanted.email is not None else None
    values = {
        "company_id": company_id,
        "customer_id": wanted.customer_id,
        "email": wanted.email,
        "user_id": user.user_id if user else None,
    }
    found = (await connection.execute(_FIND_CUSTOMERS, values)).all()
    if wanted.email is not None:
        mailbox: str | None = await connection.scalar(_MAILBOX, {"email": wanted.email})
    else:
        mailbox = next((row.mailbox for row in found if row.mailbox), None)
    user_ids = sorted(row.user_id for row in found if row.user_id is not None)
    return Person(company_id, [row.id for row in found], mailbox), user_ids


async def _close_account(connection: AsyncConnection, user_id: UUID, person: Person, *, at: datetime) -> bool:
    """End the person's logins here; close the account if nobody else knows them. Tell whether it was."""
    is_closed = not await queries.find_memberships(connection, user_id)
    await connection.execute(_BIND_USER, {"user_id": user_id})
    if is_closed:
        await connection.execute(_CLOSE_ACCOUNT, {"user_id": user_id})
    ended = {"user_id": user_id, "company_id": person.company_id, "is_closed": is_closed, "at": at}
    await connection.execute(_END_SESSIONS, ended)
    return is_closed


async def _tell(connection: AsyncConnection, person: Person, *, caller: Caller) -> None:
    if not person.customer_ids:  # a guest has no row of their own; the feed forgets by these events
        await append_event(
            connection,
            company_id=person.company_id,
            type="guest.erased",
            aggregate_type="company",
            aggregate_id=person.company_id,
            payload={},
            actor_user_id=caller.user_id,
        )
    for customer_id in person.customer_ids:
        await append_event(
            connection,
            company_id=person.company_id,
            type="customer.erased",
            aggregate_type="customer",
            aggregate_id=customer_id,
            payload={"customer_id": str(customer_id)},
            actor_user_id=caller.user_id,
        )
