"""Delivery of events: at least once, in order per aggregate, one effect each (check 14)."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.events.outbox import append_event, first_payload
from core.events.relay import Consumer, Event, Relay
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import Clock, utc_now
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

REPOSITORY = Path(__file__).resolve().parents[2]
# The full form of check 14 kills 50 times (make soak).
KILLS = 5

ADD_EFFECT = text(
    "insert into tombstones (company_id, table_name, key)"
    " values (:company_id, 'effect', jsonb_build_object('event_id', cast(:event_id as text)))"
)


async def leave_effect(connection: AsyncConnection, event: Event) -> None:
    """An effect that is not idempotent by itself: a second one shows."""
    await connection.execute(ADD_EFFECT, {"company_id": event.company_id, "event_id": str(event.id)})


def consumer(handle: Any = leave_effect) -> Consumer:
    return Consumer(name="test", event_types=frozenset({"thing.made", "thing.changed"}), handle=handle)


def relay(
    fresh: FreshDatabase, database: Database, handle: Any = leave_effect, *, clock: Clock = utc_now
) -> Relay:
    return Relay(database, fresh.dsn("reader"), [consumer(handle)], clock=clock)


async def write(database: Database, company: Company, aggregate_id: UUID, type: str = "thing.made") -> UUID:
    async with transaction(database, company_id=company.id) as connection:
        return await append_event(
            connection,
            company_id=company.id,
            type=type,
            aggregate_type="thing",
            aggregate_id=aggregate_id,
            payload={"type": type},
        )


async def write_and_fail(database: Database, company: Company) -> None:
    async with transaction(database, company_id=company.id) as connection:
        await append_event(
            connection,
            company_id=company.id,
            type="thing.made",
            aggregate_type="thing",
            aggregate_id=new_id(),
            payload={},
        )
        raise RuntimeError


def effects(fresh: FreshDatabase) -> list[str]:
    with fresh.connect("owner") as owner:
        return [
            row[0]
            for row in owner.execute(
                "select key ->> 'event_id' from tombstones where table_name = 'effect'"
                " order by deleted_at, id"
            )
        ]


async def test_each_committed_event_has_one_effect_and_a_rolled_back_one_none(
    fresh_database: FreshDatabase, database: Database, two_companies: tuple[Company, Company]
) -> None:
    first, second = two_companies
    ids = [await write(database, first, new_id()), await write(database, second, new_id())]
    with pytest.raises(RuntimeError):
        await write_and_fail(database, first)
    one = relay(fresh_database, database)
    assert await one.deliver_pending() == 2
    assert await one.deliver_pending() == 0
    # A new process knows nothing of the rounds before.
    assert await relay(fresh_database, database).deliver_pending() == 0
    assert sorted(effects(fresh_database)) == sorted(map(str, ids))


async def test_events_of_an_aggregate_come_in_order_though_their_transactions_began_the_other_way_round(
    fresh_database: FreshDatabase, database: Database, two_companies: tuple[Company, Company]
) -> None:
    """A transaction that began first writes last: an upper bound at the oldest one would swap the two."""
    company, thing = two_companies[0], new_id()
    seen: list[str] = []

    async def note(connection: AsyncConnection, event: Event) -> None:
        seen.append(event.type)
        await leave_effect(connection, event)

    add = "insert into events (company_id, type, aggregate_type, aggregate_id) values (%s, %s, 'thing', %s)"
    with (
        psycopg.connect(fresh_database.dsn("owner")) as early,
        psycopg.connect(fresh_database.dsn("owner")) as middle,
        psycopg.connect(fresh_database.dsn("owner")) as late,
    ):
        for connection in (early, middle, late):
            connection.execute("select pg_current_xact_id()")
        late.execute(add, [company.id, "thing.made", thing])
        late.commit()
        early.execute(add, [company.id, "thing.changed", thing])
        early.commit()
        # `middle` still runs: its id lies between the two.
        one = relay(fresh_database, database, note)
        assert await one.deliver_pending() == 2
        assert seen == ["thing.made", "thing.changed"]
        middle.execute(add, [company.id, "thing.made", new_id()])
        middle.commit()
    assert await one.deliver_pending() == 1
    assert await relay(fresh_database, database, note).deliver_pending() == 0
    assert len(effects(fresh_database)) == 3


async def test_a_failing_event_holds_back_its_aggregate_alone_and_is_tried_again(
    fresh_database: FreshDatabase, database: Database, two_companies: tuple[Company, Company]
) -> None:
    company, broken, sound = two_companies[0], new_id(), new_id()
    first = await write(database, company, broken)
    second = await write(database, company, broken, "thing.changed")
    other = await write(database, company, sound)
    is_mended = False

    async def fail_once(connection: AsyncConnection, event: Event) -> None:
        if event.id == first and not is_mended:
            raise ValueError("not yet")
        await leave_effect(connection, event)

    passed = timedelta()
    one = relay(fresh_database, database, fail_once, clock=lambda: utc_now() + passed)
    assert await one.deliver_pending() == 1
    assert effects(fresh_database) == [str(other)]
    is_mended = True
    assert await one.deliver_pending() == 0  # not so soon
    passed = timedelta(seconds=3)
    assert await one.deliver_pending() == 2
    assert effects(fresh_database) == [str(other), str(first), str(second)]


async def test_two_relays_at_once_have_one_effect(
    fresh_database: FreshDatabase, database: Database, two_companies: tuple[Company, Company]
) -> None:
    ids = [await write(database, two_companies[0], new_id()) for _ in range(10)]
    relays = [relay(fresh_database, database) for _ in range(3)]
    delivered = await asyncio.gather(*(each.deliver_pending() for each in relays))
    assert sum(delivered) == len(ids)
    assert sorted(effects(fresh_database)) == sorted(map(str, ids))


async def test_after_a_restore_everything_is_looked_at_again(
    fresh_database: FreshDatabase, database: Database, two_companies: tuple[Company, Company]
) -> None:
    one = relay(fresh_database, database)
    await one.deliver_pending()
    with fresh_database.connect("owner") as owner:
        owner.execute("update event_consumers set delivered_before_xid = '999999999'::xid8")
    event_id = await write(database, two_companies[0], new_id())
    assert await relay(fresh_database, database).deliver_pending() == 1
    assert effects(fresh_database) == [str(event_id)]
    assert await relay(fresh_database, database).deliver_pending() == 0


async def test_the_first_payload_of_a_type_is_found(
    database: Database, two_companies: tuple[Company, Company]
) -> None:
    company, thing = two_companies[0], new_id()
    await write(database, company, thing)
    async with transaction(database, company_id=company.id) as connection:
        found = await first_payload(connection, company_id=company.id, aggregate_id=thing, type="thing.made")
    assert found == {"type": "thing.made"}
    async with transaction(database, company_id=two_companies[1].id) as connection:
        assert (
            await first_payload(connection, company_id=company.id, aggregate_id=thing, type="thing.made")
            is None
        )


KILLED_RELAY = """
import asyncio, os, signal, sys
from core.events.relay import Relay
from core.postgres.pools import Database, open_database
from core.settings import load_settings
from tests.core.test_events_relay import consumer

where, reader_dsn, app_dsn = sys.argv[1:]

class GivenServer:
    def dsn(self, role, database=None):
        return app_dsn

    def ensure_running(self):
        pass  # the session's server belongs to the test

def die():
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_database(GivenServer(), load_settings()) as database:
        relay = Relay(database, reader_dsn, [consumer()], **{where: die})
        await relay.deliver_pending()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["before_commit", "after_commit"])
async def test_a_killed_relay_loses_and_doubles_nothing(
    fresh_database: FreshDatabase,
    database: Database,
    two_companies: tuple[Company, Company],
    where: str,
) -> None:
    ids: list[UUID] = []
    for _ in range(KILLS):
        ids += [await write(database, company, new_id()) for company in two_companies for _ in range(2)]
        killed = await asyncio.to_thread(
            subprocess.run,
            [
                sys.executable, "-c", KILLED_RELAY,
                where, fresh_database.dsn("reader"), fresh_database.dsn("app"),
            ],
            cwd=REPOSITORY, env={**os.environ, "STOCKWISE_HOME": str(fresh_database.settings.home)},
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    await relay(fresh_database, database).deliver_pending()
    assert sorted(effects(fresh_database)) == sorted(map(str, ids))
    with fresh_database.connect("owner") as owner:
        count = owner.execute("select count(*) from event_deliveries").fetchone()
    assert count == (len(ids),)
