"""Delivers committed events to consumers: each at least once, one aggregate's in order, its effect once.

A round looks for a consumer's events in one snapshot, oldest sequence first. It starts at the consumer's
cursor, a transaction id below which everything was delivered, and reads without an upper bound what the
snapshot sees. (An upper bound at the oldest running transaction would hide an aggregate's first event, whose
transaction got its id late, while showing its second one: writers of an aggregate queue on its lock, not on
their ids.) After the round the cursor moves to the oldest transaction that ran when the snapshot was taken;
what is read twice until then is known by its id.

The effect and the note of delivery (`event_deliveries`) are one transaction, bound to the event's company.
So a relay that dies before it commits has done nothing, one that dies after it does nothing again, and two
relays at once wait for one another. An event that fails holds back its aggregate and is tried again, at
growing distances; other aggregates go on. After too many tries it is set aside with its error
(`core.events.failures`): its aggregate and the cursor go on, and a person has it delivered again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from psycopg.rows import class_row
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import StockwiseError
from core.events.failures import DeadEvent, Failure, forget_failures, list_failures, note_failure
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction
from core.time import Clock, utc_now

log = structlog.get_logger(__name__)
PAGE_EVENTS = 500
_FIRST_TRANSACTION = 3
# The database, not the event, is at fault: the whole round is given up and tried again.
_DATABASE_FAILURES = (psycopg.OperationalError, sa.exc.OperationalError)

_READ_CURSOR = sa.text(
    "select delivered_before_xid::text::bigint as xid, forgotten_before from event_consumers"
    " where consumer = :consumer"
)
_ADD_CONSUMER = sa.text("insert into event_consumers (consumer) values (:consumer) on conflict do nothing")
_MOVE_CURSOR = sa.text(
    "update event_consumers set updated_at = now(), delivered_before_xid ="
    " case when :is_restored then cast(:xid as text)::xid8"
    " else greatest(delivered_before_xid, cast(:xid as text)::xid8) end where consumer = :consumer"
)
_NOTE_DELIVERIES = sa.text(
    "insert into event_deliveries (company_id, consumer, event_id)"
    " select :company_id, :consumer, event_id from unnest(cast(:event_ids as uuid[])) as event_id"
    " on conflict do nothing returning event_id"
)
_BOUNDS = (
    "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
)
_EVENTS = (
    "select company_id, id, sequence, type, aggregate_type, aggregate_id, payload, actor_user_id,"
    " occurred_at, row_xid::text::bigint as row_xid from events"
)
_ONE = f"{_EVENTS} where company_id = %(company_id)s and id = %(event_id)s"
_PENDING = (
    f"{_EVENTS} where row_xid >= %(cursor)s::text::xid8 and type = any(%(types)s)"
    " and (%(occurred_from)s::timestamptz is null or occurred_at >= %(occurred_from)s) order by sequence"
)


@dataclass(frozen=True)
class Event:
    """A committed event."""

    company_id: UUID
    id: UUID
    sequence: int
    type: str
    aggregate_type: str
    aggregate_id: UUID
    payload: Mapping[str, Any]
    actor_user_id: UUID | None
    occurred_at: datetime
    row_xid: int


Handle = Callable[[AsyncConnection, Event], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """Someone who acts on events. ``handle`` works in the transaction it is given, and nowhere else."""

    name: str
    event_types: frozenset[str]
    handle: Handle


@dataclass
class _Progress:
    """What one consumer was given since its cursor, so that reading it again costs nothing."""

    delivered: dict[UUID, int] = field(default_factory=dict)

    def forget_before(self, xid: int) -> None:
        self.delivered = {event_id: seen for event_id, seen in self.delivered.items() if seen >= xid}


@dataclass
class _Round:
    """One look at the events: what was delivered, what failed before, and what must wait."""

    horizon: int
    at: datetime
    failures: Mapping[UUID, Failure]
    effects: int = 0
    held_back: set[UUID] = field(default_factory=set)

    def is_due(self, event: Event) -> bool:
        """Whether the event may be tried now; what never failed always may."""
        failure = self.failures.get(event.id)
        return failure is None or failure.next_try_at <= self.at

    def is_dead(self, event: Event) -> bool:
        """Whether the event was set aside."""
        failure = self.failures.get(event.id)
        return failure is not None and failure.is_dead

    def hold_back(self, event: Event) -> None:
        """Leave this event, and what follows in its aggregate, to a later round."""
        self.held_back.add(event.aggregate_id)
        self.horizon = min(self.horizon, event.row_xid)


class UnknownConsumer(StockwiseError):
    """An event waits for a consumer that is gone."""


class Relay:
    """Delivers to its consumers; `deliver_pending` is one round.

    ``reader_dsn`` is the reader's role: it sees the events of all companies and can change nothing.
    ``before_commit`` is called inside each delivering transaction, for tests that stop it there.
    """

    def __init__(
        self,
        database: Database,
        reader_dsn: str,
        consumers: Sequence[Consumer],
        *,
        clock: Clock = utc_now,
        before_commit: Callable[[], None] = lambda: None,
        after_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._reader_dsn = reader_dsn
        self._consumers = tuple(consumers)
        self._clock = clock
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._progress = {consumer.name: _Progress() for consumer in self._consumers}

    async def deliver_pending(self) -> int:
        """Deliver what has committed so far; return how many effects there were."""
        return sum([await self._deliver_to(consumer) for consumer in self._consumers])

    async def retry(self, dead: DeadEvent) -> bool:
        """Deliver an event again that was set aside; tell whether it went well this time.

        Raises
        ------
        UnknownConsumer
            If its consumer is not there any more.
        """
        consumer = next((one for one in self._consumers if one.name == dead.consumer), None)
        if consumer is None:
            raise UnknownConsumer(f"Nobody is called {dead.consumer} any more.")
        async with await psycopg.AsyncConnection.connect(self._reader_dsn) as connection:
            found = connection.cursor(row_factory=class_row(Event))
            await found.execute(_ONE, {"company_id": dead.company_id, "event_id": dead.event_id})
            event = await found.fetchone()
        assert event is not None
        try:
            await self._deliver(consumer, event.company_id, [event], has_failed=True)
        except _DATABASE_FAILURES:
            raise
        except Exception as error:
            await self._note_failure(consumer, event, error, tries=dead.tries + 1)
            return False
        return True

    async def _deliver_to(self, consumer: Consumer) -> int:
        cursor, forgotten_before = await self._cursor(consumer)
        failures = await list_failures(self._database, consumer.name)
        connection = await psycopg.AsyncConnection.connect(self._reader_dsn)
        async with connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(True)
            horizon, newest = await _bounds(connection)
            # After a restore, transaction ids begin lower than where the cursor stands: look at everything
            # whose deliveries are still known.
            is_restored = cursor > newest
            this_round = _Round(horizon=horizon, at=self._clock(), failures=failures)
            async for page in _pages(
                connection,
                consumer,
                cursor=_FIRST_TRANSACTION if is_restored else cursor,
                occurred_from=forgotten_before if is_restored else None,
            ):
                for company_id, events in groupby(sorted(page, key=_by_company), key=_by_company):
                    await self._deliver_page(consumer, company_id, list(events), this_round)
        await self._move_cursor(consumer, this_round.horizon, is_restored=is_restored)
        return this_round.effects

    async def _deliver_page(
        self, consumer: Consumer, company_id: UUID, events: list[Event], this_round: _Round
    ) -> None:
        """Deliver one company's events together; if that fails, one by one, to find the one that fails."""
        known = self._progress[consumer.name].delivered
        new = [event for event in events if event.id not in known and not this_round.is_dead(event)]
        is_troubled = any(
            event.aggregate_id in this_round.held_back or event.id in this_round.failures for event in new
        )
        if is_troubled:
            await self._deliver_singly(consumer, company_id, new, this_round)
            return
        try:
            if new:
                this_round.effects += await self._deliver(consumer, company_id, new)
        except _DATABASE_FAILURES:
            raise
        except Exception:
            await self._deliver_singly(consumer, company_id, new, this_round)

    async def _deliver_singly(
        self, consumer: Consumer, company_id: UUID, events: list[Event], this_round: _Round
    ) -> None:
        for event in events:
            if event.aggregate_id in this_round.held_back or not this_round.is_due(event):
                this_round.hold_back(event)
                continue
            failure = this_round.failures.get(event.id)
            try:
                this_round.effects += await self._deliver(
                    consumer, company_id, [event], has_failed=failure is not None
                )
            except _DATABASE_FAILURES:
                raise
            except Exception as error:
                tries = 1 if failure is None else failure.tries + 1
                if not await self._note_failure(consumer, event, error, tries=tries):
                    this_round.hold_back(event)

    async def _note_failure(self, consumer: Consumer, event: Event, error: Exception, *, tries: int) -> bool:
        """Write down why an event failed; tell whether it is set aside by now."""
        is_dead = await note_failure(
            self._database,
            consumer.name,
            event.company_id,
            event.id,
            tries=tries,
            error=f"{type(error).__name__}: {error}",
            at=self._clock(),
        )
        log.exception(
            "event_set_aside" if is_dead else "event_failed",
            consumer=consumer.name,
            event_id=str(event.id),
            type=event.type,
            tries=tries,
        )
        return is_dead

    async def _deliver(
        self, consumer: Consumer, company_id: UUID, events: list[Event], *, has_failed: bool = False
    ) -> int:
        """Note the deliveries and make their effects, all or none."""

        async def work(connection: AsyncConnection) -> int:
            noted = await connection.execute(
                _NOTE_DELIVERIES,
                {
                    "company_id": company_id,
                    "consumer": consumer.name,
                    "event_ids": [str(event.id) for event in events],
                },
            )
            new_ids: set[UUID] = set(noted.scalars())
            for event in events:
                if event.id in new_ids:
                    await consumer.handle(connection, event)
            if has_failed:
                event_ids = [event.id for event in events]
                await forget_failures(connection, company_id, consumer.name, event_ids)
            self._before_commit()
            return len(new_ids)

        effects = await run_in_transaction(self._database, work, company_id=company_id)
        self._after_commit()
        self._progress[consumer.name].delivered.update({event.id: event.row_xid for event in events})
        return effects

    async def _cursor(self, consumer: Consumer) -> tuple[int, datetime | None]:
        async with transaction(self._database, company_id=None) as connection:
            await connection.execute(_ADD_CONSUMER, {"consumer": consumer.name})
            row = (await connection.execute(_READ_CURSOR, {"consumer": consumer.name})).one()
        return int(row.xid), row.forgotten_before

    async def _move_cursor(self, consumer: Consumer, xid: int, *, is_restored: bool) -> None:
        moved = {"consumer": consumer.name, "xid": str(xid), "is_restored": is_restored}
        async with transaction(self._database, company_id=None) as connection:
            await connection.execute(_MOVE_CURSOR, moved)
        self._progress[consumer.name].forget_before(xid)


async def _bounds(connection: psycopg.AsyncConnection[Any]) -> tuple[int, int]:
    row = await (await connection.execute(_BOUNDS)).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


async def _pages(
    connection: psycopg.AsyncConnection[Any],
    consumer: Consumer,
    *,
    cursor: int,
    occurred_from: datetime | None,
) -> AsyncIterator[list[Event]]:
    async with connection.cursor("pending_events", row_factory=class_row(Event)) as pending:
        wanted = {
            "cursor": str(cursor),
            "types": sorted(consumer.event_types),
            "occurred_from": occurred_from,
        }
        await pending.execute(_PENDING, wanted)
        while page := await pending.fetchmany(PAGE_EVENTS):
            yield page


def _by_company(event: Event) -> UUID:
    return event.company_id
