"""Events that a consumer could not deal with: tried again at growing distances, then set aside.

A failure is written in a transaction of its own, after the effect was undone. Two relays that fail at once
count as one try. What is set aside (``dead_at``) no longer holds back its aggregate or the cursor; a person
sees it and has it delivered again (``stockwise events``), once, like any other event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

MOST_TRIES = 10
_LONGEST_PAUSE = timedelta(minutes=10)
_LONGEST_ERROR = 2_000

_LIST = sa.text(
    "select company_id, event_id, tries, next_try_at, dead_at from events_list_failures(:consumer)"
)
_WRITE = sa.text(
    """
    insert into event_failures as failure (
        company_id, consumer, event_id, tries, error, first_failed_at, last_failed_at, next_try_at, dead_at
    )
    select :company_id, :consumer, :event_id, :tries, :error, :at, :at, :next_try_at, :dead_at
    where not exists (
        select from event_deliveries
        where company_id = :company_id and consumer = :consumer and event_id = :event_id
    )
    on conflict (company_id, consumer, event_id) do update set
        tries = excluded.tries, error = excluded.error, last_failed_at = excluded.last_failed_at,
        next_try_at = excluded.next_try_at, dead_at = coalesce(failure.dead_at, excluded.dead_at)
    where failure.tries < excluded.tries
    """
)
_FORGET = sa.text(
    "delete from event_failures where company_id = :company_id and consumer = :consumer"
    " and event_id = any(cast(:event_ids as uuid []))"
)
_LIST_DEAD = sa.text(
    "select company_id, company_slug, consumer, event_id, type, occurred_at, tries, error, dead_at"
    " from events_list_dead(:limit)"
)


@dataclass(frozen=True)
class Failure:
    """What is known of an event that a consumer failed at."""

    company_id: UUID
    event_id: UUID
    tries: int
    next_try_at: datetime
    dead_at: datetime | None

    @property
    def is_dead(self) -> bool:
        """Whether it was set aside."""
        return self.dead_at is not None


@dataclass(frozen=True)
class DeadEvent:
    """An event that was set aside, as a person sees it."""

    company_id: UUID
    company_slug: str
    consumer: str
    event_id: UUID
    type: str
    occurred_at: datetime
    tries: int
    error: str
    dead_at: datetime


def pause_after(tries: int) -> timedelta:
    """Return how long to wait before an event is tried again.

    Examples
    --------
    >>> [pause_after(tries).seconds for tries in (1, 2, 5, 9, 10)]
    [2, 4, 32, 512, 600]
    """
    return min(timedelta(seconds=2.0 ** min(tries, 20)), _LONGEST_PAUSE)


async def list_failures(database: Database, consumer: str) -> dict[UUID, Failure]:
    """Return what a consumer failed at, by event."""
    async with transaction(database, company_id=None) as connection:
        rows = await connection.execute(_LIST, {"consumer": consumer})
        return {row.event_id: Failure(**row._asdict()) for row in rows}


async def note_failure(
    database: Database,
    consumer: str,
    company_id: UUID,
    event_id: UUID,
    *,
    tries: int,
    error: str,
    at: datetime,
) -> bool:
    """Write down that the ``tries``-th delivery failed; tell whether the event is set aside by it."""
    is_dead = tries >= MOST_TRIES
    values = {
        "company_id": company_id,
        "consumer": consumer,
        "event_id": event_id,
        "tries": tries,
        "error": error[:_LONGEST_ERROR],
        "at": at,
        "next_try_at": at + pause_after(tries),
        "dead_at": at if is_dead else None,
    }

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(_WRITE, values)

    await run_in_transaction(database, work, company_id=company_id)
    return is_dead


async def forget_failures(
    connection: AsyncConnection, company_id: UUID, consumer: str, event_ids: list[UUID]
) -> None:
    """Forget failures at events that are delivered in this transaction."""
    values = {"company_id": company_id, "consumer": consumer, "event_ids": event_ids}
    await connection.execute(_FORGET, values)


async def list_dead(database: Database, *, limit: int) -> list[DeadEvent]:
    """List what was set aside in all companies, oldest first."""
    async with transaction(database, company_id=None) as connection:
        rows = await connection.execute(_LIST_DEAD, {"limit": limit})
        return [DeadEvent(**row._asdict()) for row in rows]
