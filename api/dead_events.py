"""What the worker set aside: shown, and delivered again on request."""

from __future__ import annotations

from dataclasses import dataclass

from api.worker import CONSUMERS
from core.events.failures import DeadEvent, list_dead
from core.events.relay import Relay
from core.postgres.pools import Database, open_database
from core.postgres.ready import open_ready_server
from core.settings import Settings

MOST_AT_ONCE = 10_000


@dataclass(frozen=True)
class DeadReport:
    """Events that wait for a person."""

    events: list[DeadEvent]


@dataclass(frozen=True)
class RetryReport:
    """What became of them; in a dry run, what would be tried."""

    is_dry_run: bool
    found: int
    delivered: int
    failed_again: int


async def list_dead_events(settings: Settings, *, limit: int) -> list[DeadEvent]:
    """List what was set aside, oldest first."""
    with open_ready_server(settings) as server:
        async with open_database(server, settings) as database:
            return await list_dead(database, limit=limit)


async def retry_dead_events(
    settings: Settings, *, event_id: str | None, consumer: str | None, is_dry_run: bool
) -> RetryReport:
    """Deliver what was set aside, or the part of it that is named."""
    with open_ready_server(settings) as server:
        async with open_database(server, settings) as database:
            relay = Relay(database, server.dsn("reader"), CONSUMERS)
            return await retry_with(
                relay, database, event_id=event_id, consumer=consumer, is_dry_run=is_dry_run
            )


async def retry_with(
    relay: Relay,
    database: Database,
    *,
    event_id: str | None = None,
    consumer: str | None = None,
    is_dry_run: bool = False,
) -> RetryReport:
    """Deliver again in the events' own order, so that those of one aggregate follow one another."""
    found = [
        dead
        for dead in await list_dead(database, limit=MOST_AT_ONCE)
        if event_id in (None, str(dead.event_id)) and consumer in (None, dead.consumer)
    ]
    if is_dry_run:
        return RetryReport(True, len(found), 0, 0)
    went_well = [await relay.retry(dead) for dead in found]
    return RetryReport(False, len(found), went_well.count(True), went_well.count(False))
