"""Check 46: twelve writers, late commits, updates and rollbacks while the feed polls."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.feeds import Lake, expected_totals, set_status, write_order

WRITERS = 12
LATE_COMMITS_SHARE = 0.15
LONGEST_DELAY_SECONDS = 1.5
UPDATES_SHARE = 0.4
ROLLBACKS_SHARE = 0.1
_IN_LAKE = "id, status, row_xid"
_IN_SOURCE = "id::text, status, row_xid::text::bigint"


@dataclass
class Writers:
    """Threads that place and change orders until they are told to stop."""

    dsn: str
    company: Company
    stop: threading.Event = field(default_factory=threading.Event)
    rolled_back: set[str] = field(default_factory=set)
    errors: list[BaseException] = field(default_factory=list)

    def write(self, seed: int) -> None:
        chance = random.Random(seed)
        try:
            with psycopg.connect(self.dsn) as connection:
                mine: list[Any] = []
                while not self.stop.is_set():
                    self._one_transaction(connection, chance, mine)
        except BaseException as error:
            self.errors.append(error)

    def _one_transaction(
        self, connection: psycopg.Connection[Any], chance: random.Random, mine: list[Any]
    ) -> None:
        order = write_order(connection, self.company, units=chance.randint(1, 9))
        if mine and chance.random() < UPDATES_SHARE:
            set_status(connection, chance.choice(mine), chance.choice(("confirmed", "shipped")))
        if chance.random() < LATE_COMMITS_SHARE:
            time.sleep(chance.random() * LONGEST_DELAY_SECONDS)
        if chance.random() < ROLLBACKS_SHARE:
            connection.rollback()
            self.rolled_back.add(str(order))
        else:
            connection.commit()
            mine.append(order)
        time.sleep(0.02)


@dataclass
class NaiveCursor:
    """The negative control: reads above the greatest value it has seen."""

    column: str
    greatest: Any = None
    found: set[str] = field(default_factory=set)

    def poll(self, connection: psycopg.Connection[Any]) -> None:
        rows = connection.execute(
            f"select id::text, {self.column} from orders"
            f" where %(greatest)s::text is null or {self.column}::text > %(greatest)s::text",
            {"greatest": None if self.greatest is None else str(self.greatest)},
        ).fetchall()
        self.found |= {row[0] for row in rows}
        self.greatest = max([row[1] for row in rows], default=self.greatest)


def _write_and_poll(
    database: FreshDatabase, company: Company, lake: Lake, *, seconds: float, least_pulls: int
) -> tuple[Writers, list[NaiveCursor]]:
    writers = Writers(database.dsn("owner"), company)
    threads = [threading.Thread(target=writers.write, args=(seed,)) for seed in range(WRITERS)]
    cursors = [NaiveCursor("created_at"), NaiveCursor("id")]
    pulls = 0
    with database.connect("owner") as reader:
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or pulls < least_pulls:
            lake.pull()
            pulls += 1
            assert lake.totals() == expected_totals(lake.manifest)
            for cursor in cursors:
                cursor.poll(reader)
            time.sleep(0.05)
        writers.stop.set()
        for thread in threads:
            thread.join(timeout=30)
        lake.pull()
        for cursor in cursors:
            cursor.poll(reader)
    assert writers.errors == []
    return writers, cursors


def _assert_nothing_missed(
    database: FreshDatabase, company: Company, lake: Lake, *, seconds: float, least_pulls: int
) -> None:
    writers, cursors = _write_and_poll(database, company, lake, seconds=seconds, least_pulls=least_pulls)
    with database.connect("owner") as owner:
        source = set(owner.execute(f"select {_IN_SOURCE} from orders").fetchall())
    committed = {row[0] for row in source}
    assert len(committed) > 100
    assert lake.current("orders", _IN_LAKE) == source
    assert lake.totals() == expected_totals(lake.manifest)
    versions = lake.versions("orders", "id, row_xid")
    assert len(versions) == len(set(versions))
    assert {row[0] for row in versions}.isdisjoint(writers.rolled_back)
    for cursor in cursors:
        assert committed - cursor.found, f"a naive cursor by {cursor.column} should have missed orders"


@pytest.mark.slow
def test_twelve_writers_for_six_seconds_lose_nothing_but_naive_cursors_do(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], lake: Lake
) -> None:
    _assert_nothing_missed(fresh_database, two_companies[0], lake, seconds=6, least_pulls=3)


@pytest.mark.soak
def test_twelve_writers_for_a_minute_lose_nothing_but_naive_cursors_do(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], lake: Lake
) -> None:
    _assert_nothing_missed(fresh_database, two_companies[0], lake, seconds=60, least_pulls=20)
