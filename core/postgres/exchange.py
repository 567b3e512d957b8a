"""Prepared statements sent in one message: one transaction, one round trip, and little work in between.

For the one path where a driver's comfort costs as much as the statement: order placement. Everything else
uses `core.postgres.transaction`. What comes before a Sync message is one
transaction to PostgreSQL, so a failing statement undoes them all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGen
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy.ext.asyncio import AsyncConnection

from core.postgres.pools import HotPool

Row = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class PreparedStatement:
    """SQL with numbered parameters, which a connection prepares at its first use under this name."""

    name: bytes
    sql: bytes


Call = tuple[PreparedStatement, Sequence[str | None]]


class ExchangeError(Exception):
    """The call at ``position`` failed with ``error``; nothing was changed."""

    def __init__(self, position: int, error: psycopg.Error) -> None:
        super().__init__(position, error)
        self.position = position
        self.error = error


_prepared: WeakKeyDictionary[psycopg.AsyncConnection[Any], set[PreparedStatement]] = WeakKeyDictionary()


async def exchange(pool: HotPool, calls: Sequence[Call]) -> list[list[Row]]:
    """Run all calls, or none, and return each one's rows, as texts.

    Raises
    ------
    ExchangeError
        With the first error and the place of its statement; nothing was changed.
    psycopg.OperationalError
        If the connection was lost: whether it was carried out is not known.
    """
    async with pool.connection() as connection:
        answers = await _send(connection, calls)
    return _checked(answers)


async def exchange_in_transaction(connection: AsyncConnection, calls: Sequence[Call]) -> list[list[Row]]:
    """Run all calls in the transaction that is open on SQLAlchemy's connection, in one round trip.

    The driver prepares them: it also deallocates all statements of such a connection, after a rollback.

    Raises
    ------
    psycopg.Error
        The first error; the transaction can only be rolled back.
    """
    raw = await connection.get_raw_connection()
    driver = cast(psycopg.AsyncConnection[Any], raw.driver_connection)
    cursors = [psycopg.AsyncRawCursor(driver) for _ in calls]
    async with driver.pipeline():
        for cursor, (statement, values) in zip(cursors, calls, strict=True):
            await cursor.execute(statement.sql, values, prepare=True)
    return [_rows(cursor.pgresult) for cursor in cursors if cursor.pgresult is not None]


async def _send(connection: psycopg.AsyncConnection[Any], calls: Sequence[Call]) -> list[PGresult]:
    known = _prepared.setdefault(connection, set())
    try:
        for statement, _ in calls:
            if statement not in known:
                await connection.wait(_prepare(connection.pgconn, statement))
                known.add(statement)
        return await connection.wait(_exchange(connection.pgconn, calls))
    except BaseException:
        await connection.close()  # its state is not known; the pool makes another
        raise


def _checked(answers: Sequence[PGresult]) -> list[list[Row]]:
    for position, answer in enumerate(answers):
        if answer.status == pq.ExecStatus.FATAL_ERROR:
            raise ExchangeError(position, psycopg.errors.error_from_result(answer))
    return [_rows(answer) for answer in answers]


def _prepare(pgconn: PGconn, statement: PreparedStatement) -> PQGen[None]:
    pgconn.send_prepare(statement.name, statement.sql)
    yield from generators.send(pgconn)
    for result in (yield from generators.fetch_many(pgconn)):
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)


def _exchange(pgconn: PGconn, calls: Sequence[Call]) -> PQGen[list[PGresult]]:
    pgconn.enter_pipeline_mode()
    for statement, values in calls:
        texts = [None if value is None else value.encode() for value in values]
        pgconn.send_query_prepared(statement.name, texts)
    pgconn.pipeline_sync()
    yield from generators.send(pgconn)
    answers = []
    for _ in calls:
        answers += yield from generators.fetch_many(pgconn)
    yield from generators.fetch_many(pgconn)  # of the Sync: the transaction has ended
    pgconn.exit_pipeline_mode()
    return answers


def array_text(values: Iterable[str | None]) -> str:
    """Write an array as PostgreSQL reads it."""
    return "{" + ",".join("NULL" if value is None else _quoted(value) for value in values) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _rows(answer: PGresult) -> list[Row]:
    columns = range(answer.nfields)
    rows = range(answer.ntuples)
    return [tuple(_text(answer.get_value(row, column)) for column in columns) for row in rows]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
