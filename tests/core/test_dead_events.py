"""An event that a consumer can't deal with is set aside after some tries; a person has it delivered once."""

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.dead_events import retry_with
from core.events.failures import MOST_TRIES, list_dead
from core.events.outbox import append_event
from core.events.relay import Consumer, Event, Relay
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

ADD_EFFECT = sa.text(
    "insert into tombstones (company_id, table_name, key)"
    " values (:company_id, 'effect', jsonb_build_object('event_id', cast(:event_id as text)))"
)


class Patient:
    """A consumer that fails at what is broken, and a clock that is moved."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.passed = timedelta()
        self.calls: list[str] = []

    def now(self) -> datetime:
        return utc_now() + self.passed

    async def handle(self, connection: AsyncConnection, event: Event) -> None:
        name = event.payload["name"]
        self.calls.append(name)
        await connection.execute(ADD_EFFECT, {"company_id": event.company_id, "event_id": str(event.id)})
        if name in self.broken:
            raise ValueError(f"{name} is broken")

    def relay(self, fresh: FreshDatabase, database: Database) -> Relay:
        consumer = Consumer("test", frozenset({"thing.made"}), self.handle)
        return Relay(database, fresh.dsn("reader"), [consumer], clock=self.now)


async def write(database: Database, company: Company, name: str, aggregate_id: object = None) -> None:
    async with transaction(database, company_id=company.id) as connection:
        await append_event(
            connection,
            company_id=company.id,
            type="thing.made",
            aggregate_type="thing",
            aggregate_id=aggregate_id or new_id(),  # type: ignore[arg-type]
            payload={"name": name},
        )


def effects(fresh: FreshDatabase) -> list[str]:
    """Names of events in the order of their effects."""
    with fresh.connect("owner") as owner:
        return [
            row[0]
            for row in owner.execute(
                "select events.payload ->> 'name' from tombstones"
                " inner join events on tombstones.key ->> 'event_id' = events.id::text"
                " where table_name = 'effect' order by tombstones.row_xid::text::bigint, tombstones.id"
            )
        ]


def scalar(fresh: FreshDatabase, sql: str) -> object:
    with fresh.connect("owner") as owner:
        row = owner.execute(sql).fetchone()
    return row and row[0]


@pytest.fixture
async def dead(fresh_database: FreshDatabase, database: Database, company: Company) -> Patient:
    """A consumer that gave an event up, after as many tries as it gets; more of its thing followed."""
    patient, thing = Patient(), new_id()
    patient.broken = {"first"}
    await write(database, company, "first", thing)
    await write(database, company, "second", thing)
    await write(database, company, "other")
    relay = patient.relay(fresh_database, database)
    for tries in range(1, MOST_TRIES + 1):
        assert scalar(fresh_database, "select count(*) from event_failures where dead_at is not null") == 0
        await relay.deliver_pending()
        assert patient.calls.count("first") == tries + 1 if tries == 1 else True
        await relay.deliver_pending()  # not so soon
        patient.passed += timedelta(minutes=11)
    assert scalar(fresh_database, "select tries from event_failures") == MOST_TRIES
    return patient


async def test_what_fails_too_often_is_set_aside_and_the_rest_goes_on(
    fresh_database: FreshDatabase, database: Database, company: Company, dead: Patient
) -> None:
    assert effects(fresh_database) == ["other", "second"]
    [event] = await list_dead(database, limit=10)
    assert (event.consumer, event.type, event.tries) == ("test", "thing.made", MOST_TRIES)
    assert (event.company_slug, event.error) == (company.slug, "ValueError: first is broken")
    cursor = "select delivered_before_xid::text::bigint from event_consumers"
    before = scalar(fresh_database, cursor)
    calls = len(dead.calls)
    await write(database, company, "third")
    # Another relay, that remembers nothing, begins behind it.
    assert await dead.relay(fresh_database, database).deliver_pending() == 1
    assert len(dead.calls) == calls + 1
    assert scalar(fresh_database, cursor) > before  # type: ignore[operator]
    assert effects(fresh_database) == ["other", "second", "third"]


async def test_a_person_has_it_delivered_again_and_it_has_one_effect(
    fresh_database: FreshDatabase, database: Database, dead: Patient
) -> None:
    relay = dead.relay(fresh_database, database)
    assert vars(await retry_with(relay, database, is_dry_run=True)) == {
        "is_dry_run": True, "found": 1, "delivered": 0, "failed_again": 0,
    }  # fmt: skip
    assert (await retry_with(relay, database)).failed_again == 1
    [event] = await list_dead(database, limit=10)
    assert event.tries == MOST_TRIES + 1
    assert (await retry_with(relay, database, consumer="somebody else")).found == 0
    dead.broken = set()
    reports = await asyncio.gather(
        *(retry_with(dead.relay(fresh_database, database), database) for _ in range(4)),
        relay.deliver_pending(),
    )
    assert all(report.failed_again == 0 for report in reports[:4])  # type: ignore[union-attr]
    assert effects(fresh_database) == ["other", "second", "first"]
    assert await list_dead(database, limit=10) == []
    assert await relay.deliver_pending() == 0
    assert scalar(fresh_database, "select count(*) from event_deliveries") == 3


async def test_relays_that_fail_at_once_count_one_try(
    fresh_database: FreshDatabase, database: Database, company: Company
) -> None:
    patient = Patient()
    patient.broken = {"first"}
    await write(database, company, "first")
    await asyncio.gather(*(patient.relay(fresh_database, database).deliver_pending() for _ in range(4)))
    assert scalar(fresh_database, "select tries from event_failures") == 1
    patient.broken, patient.passed = set(), timedelta(minutes=1)
    assert await patient.relay(fresh_database, database).deliver_pending() == 1
    assert scalar(fresh_database, "select count(*) from event_failures") == 0
