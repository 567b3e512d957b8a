"""The one place where a use case's transaction begins, is bound to a tenant, commits, and is tried again."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.postgres.pools import Database, is_lost

Result = TypeVar("Result")

DEADLOCK = "40P01"
SERIALIZATION_FAILURE = "40001"
_WORTH_ANOTHER_TRY = {DEADLOCK, SERIALIZATION_FAILURE}
_FIRST_PAUSE_SECONDS = 0.01


@asynccontextmanager
async def transaction(
    database: Database, *, company_id: UUID | None, user_id: UUID | None = None
) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees one company's rows; it commits at the end, or undoes everything.

    With ``company_id=None`` no company is bound and no tenant's row is seen: for what happens before the
    company is known, through the reviewed functions. Begin and binding are one round trip.
    """
    async with database.engine.connect() as connection:
        driver = await _living_driver(connection, attempts=database.pool_size + 1)
        await driver.set_autocommit(True)  # the begin is ours: it goes out together with the binding
        try:
            async with connection.begin():
                await driver.execute(_begin_and_bind(company_id, user_id), prepare=False)
                yield connection
        finally:
            await _restore(connection, driver)


async def run_in_transaction(
    database: Database,
    work: Callable[[AsyncConnection], Awaitable[Result]],
    *,
    company_id: UUID | None,
    user_id: UUID | None = None,
    retries: int = 3,
    jitter: Callable[[], float] = random.random,
) -> Result:
    """Run ``work`` in a transaction, and again in a fresh one after a deadlock or a serialization failure.

    ``work`` must do nothing outside the database that cannot be done twice.
    """
    for attempt in range(retries):
        try:
            async with transaction(database, company_id=company_id, user_id=user_id) as connection:
                return await work(connection)
        except (sa.exc.DBAPIError, psycopg.Error) as error:
            if sqlstate(error) not in _WORTH_ANOTHER_TRY:
                raise
        await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt * (0.5 + jitter()))
    async with transaction(database, company_id=company_id, user_id=user_id) as connection:
        return await work(connection)


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's five-character code of an error, raised through SQLAlchemy or psycopg."""
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return original.sqlstate if isinstance(original, psycopg.Error) else None


def constraint_name(error: BaseException) -> str | None:
    """Return the name of the constraint that an error is about."""
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return original.diag.constraint_name if isinstance(original, psycopg.Error) else None


def _begin_and_bind(company_id: UUID | None, user_id: UUID | None) -> bytes:
    """Return one message of two statements; ``true`` makes the settings end with the transaction."""
    company, user = (str(UUID(str(value))) if value else "" for value in (company_id, user_id))
    return (
        f"begin; select set_config('app.company_id', '{company}', true), "
        f"set_config('app.user_id', '{user}', true)"
    ).encode()


async def _living_driver(connection: AsyncConnection, *, attempts: int) -> psycopg.AsyncConnection:
    """Return psycopg's connection, after throwing away those that a restart of the server has closed."""
    for _ in range(attempts):
        raw = await connection.get_raw_connection()
        driver = cast(psycopg.AsyncConnection, raw.driver_connection)
        if not is_lost(driver):
            return driver
        await connection.invalidate()
    raise psycopg.OperationalError("the database server closes every connection")


async def _restore(connection: AsyncConnection, driver: psycopg.AsyncConnection) -> None:
    """Give the connection back as it came, or not at all."""
    if driver.closed:
        return
    try:
        await driver.set_autocommit(False)
    except psycopg.Error:
        await connection.invalidate()
