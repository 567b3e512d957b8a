"""A guest's cart follows the guest who logs in."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts.editing import Edit
from api.carts.merging import merge_carts
from api.carts.owners import session_sha256
from api.identity import queries
from api.identity.sessions import Login
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction

log = structlog.get_logger(__name__)


async def merge_guest_cart(
    database: Database, login: Login, cart_token: str | None, *, edit: Edit
) -> dict[str, Any] | None:
    """Merge the cart that a guest's token names into that of the customer who has just logged in.

    A transaction of its own, after the login: one that fails leaves both carts as they are, for
    ``POST /cart/merge``, and the login stands.
    """
    if cart_token is None or login.company is None:
        return None
    company_id = login.company.id

    async def work(connection: AsyncConnection) -> dict[str, Any] | None:
        customer_id = await queries.find_customer(connection, login.user_id)
        if customer_id is None:
            return None
        return await merge_carts(
            connection,
            company_id,
            customer_id=customer_id,
            session_sha256=session_sha256(cart_token),
            edit=edit,
        )

    try:
        return await run_in_transaction(database, work, company_id=company_id, user_id=login.user_id)
    except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
        log.warning("cart_not_merged", company_id=str(company_id), reason=str(error).partition("\n")[0])
        return None
