"""Pools of connections for a process that serves: both of the app's role, which row-level security binds."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.postgres.server import Server
from core.settings import Settings

HotPool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]

_STATEMENT_TIMEOUT_SECONDS = 30
_POOL_WAIT_SECONDS = 2  # then 503: an overloaded or lost database is said, not waited for
_START_SECONDS = 30
_SMALLEST_HOT_POOL = 1


@dataclass(frozen=True)
class Database:
    """What a use case reaches the database through.

    ``engine`` is for `core.postgres.transaction`; ``hot_pool`` is for `core.postgres.exchange`, whose
    connections autocommit and keep prepared statements.
    """

    engine: AsyncEngine
    hot_pool: HotPool
    pool_size: int


@asynccontextmanager
async def open_database(
    server: Server, settings: Settings, *, database: str | None = None
) -> AsyncIterator[Database]:
    """Open both pools, and close them at the end. An embedded server that died is started again."""
    dsn = serving_dsn(server.dsn("app", database), settings)

    async def living_dsn() -> str:
        await asyncio.to_thread(server.ensure_running)
        return dsn

    async def connect() -> psycopg.AsyncConnection[tuple[Any, ...]]:
        return await psycopg.AsyncConnection.connect(await living_dsn())

    engine = create_async_engine(
        "postgresql+psycopg://",
        async_creator=connect,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        use_native_hstore=False,
    )
    hot_pool: HotPool = AsyncConnectionPool(
        living_dsn,
        kwargs={"autocommit": True},
        min_size=_SMALLEST_HOT_POOL,
        max_size=settings.pool_size,
        timeout=_POOL_WAIT_SECONDS,
        check=refuse_if_lost,
        open=False,
        name="stockwise-hot",
    )
    try:
        await hot_pool.open(wait=True, timeout=_START_SECONDS)
        yield Database(engine=engine, hot_pool=hot_pool, pool_size=settings.pool_size)
    finally:
        await hot_pool.close()
        await engine.dispose()


def serving_dsn(dsn: str, settings: Settings) -> str:
    """Add the limits of a serving connection: on waiting for a lock, and on a statement."""
    parts = conninfo_to_dict(dsn)
    limits = (
        f"-c lock_timeout={round(settings.lock_timeout_seconds * 1000)}"
        f" -c statement_timeout={_STATEMENT_TIMEOUT_SECONDS * 1000}"
    )
    return make_conninfo(dsn, options=f"{parts.get('options') or ''} {limits}".strip())


async def refuse_if_lost(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raise if the server has closed this idle connection, without asking it: the pool takes another."""
    if is_lost(connection):
        raise psycopg.OperationalError("the server closed the connection")


def is_lost(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server has closed this idle connection: then there is an end of file to read."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    try:
        while poll.poll(0):  # a last message first, then the end of file
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return connection.closed
