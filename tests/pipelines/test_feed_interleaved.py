"""Transactions that overlap: the feed misses nothing, brings nothing twice, and no line without its order.

The naive cursors beside it do miss: they show that the interleavings here are the dangerous ones.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.feeds import Connection, Lake, expected_totals, set_status, write_order


@dataclass
class NaiveCursor:
    """What many feeds do: remember the greatest value of a column and read what is above it."""

    column: str
    greatest: Any = None

    def pull(self, connection: Connection) -> set[Any]:
        condition = "true" if self.greatest is None else f"{self.column} > %s"
        parameters = [] if self.greatest is None else [self.greatest]
        rows = connection.execute(
            f"select id, {self.column} from orders where {condition}", parameters
        ).fetchall()
        self.greatest = max([row[1] for row in rows], default=self.greatest)
        return {row[0] for row in rows}


def open_writer(database: FreshDatabase) -> Connection:
    return psycopg.connect(database.dsn("owner"))


def orders_of(lake: Lake) -> set[str]:
    return {row[0] for row in lake.current("orders", "id")}


def assert_lake_is_snapshot(lake: Lake) -> None:
    """Everything that the pull's own snapshot counted is in the lake, and no line lacks its order."""
    assert lake.totals() == expected_totals(lake.manifest)
    assert {row[0] for row in lake.current("order_lines", "order_id")} <= orders_of(lake)


def test_what_began_first_and_committed_last_arrives_and_naive_cursors_miss_it(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], lake: Lake
) -> None:
    acme, _ = two_companies
    by_time, by_id = NaiveCursor("updated_at"), NaiveCursor("id")
    with (
        open_writer(fresh_database) as early,
        open_writer(fresh_database) as late,
        fresh_database.connect("owner") as reader,
    ):
        slow_order = write_order(early, acme)
        quick_order = write_order(late, acme)
        late.commit()

        lake.pull()
        naive_found = {"updated_at": by_time.pull(reader), "id": by_id.pull(reader)}
        assert orders_of(lake) == {str(quick_order)}
        assert_lake_is_snapshot(lake)

        early.commit()
        report = lake.pull()
        naive_found["updated_at"] |= by_time.pull(reader)
        naive_found["id"] |= by_id.pull(reader)

    assert orders_of(lake) == {str(slow_order), str(quick_order)}
    assert (report.rows_by_table["orders"], report.rows_by_table["order_lines"]) == (1, 1)
    assert_lake_is_snapshot(lake)
    assert naive_found == {"updated_at": {quick_order}, "id": {quick_order}}


def test_an_order_changed_while_an_older_transaction_stays_open_comes_in_each_version_once(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], lake: Lake
) -> None:
    acme, _ = two_companies
    with open_writer(fresh_database) as oldest, open_writer(fresh_database) as other:
        old_order = write_order(oldest, acme)

        order = write_order(other, acme)
        other.commit()
        lake.pull()
        assert_lake_is_snapshot(lake)

        set_status(other, order, "confirmed")
        other.commit()
        lake.pull()
        assert_lake_is_snapshot(lake)

        # The oldest transaction changes the order last: its row_xid is now smaller than before.
        set_status(oldest, order, "processing")
        oldest.commit()
        lake.pull()
        assert_lake_is_snapshot(lake)
        again = lake.pull()

    assert lake.current("orders", "id, status") == {(str(order), "processing"), (str(old_order), "pending")}
    statuses = lake.versions("orders", f"status, row_xid, id = '{order}' as is_ours")
    ours = [(status, xid) for status, xid, is_ours in statuses if is_ours]
    assert [status for status, _ in ours] == ["pending", "confirmed", "processing"]
    assert ours[2][1] < ours[0][1] < ours[1][1]
    assert again.rows == again.rows_by_table["stock_levels"]


def test_what_commits_while_a_pull_is_at_work_waits_whole_for_the_next(
    fresh_database: FreshDatabase, company: Company, lake: Lake
) -> None:
    """All tables are of one instant: not an order without its lines, read before, nor counts of another."""
    lake.pull()
    placed = []

    def place(point: str) -> None:
        if point == "table order_lines":  # orders are read after their lines
            with fresh_database.connect("owner") as owner:
                placed.append(str(write_order(owner, company)))

    report = lake.pull(reached=place)
    assert (report.rows_by_table["order_lines"], report.rows_by_table["orders"]) == (0, 0)
    assert_lake_is_snapshot(lake)
    lake.pull()
    assert orders_of(lake) == set(placed)
    assert len(placed) == 1
    assert_lake_is_snapshot(lake)


def test_what_rolled_back_is_never_seen(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], lake: Lake
) -> None:
    acme, _ = two_companies
    with open_writer(fresh_database) as writer:
        write_order(writer, acme)
        lake.pull()
        writer.rollback()
    lake.pull()
    assert orders_of(lake) == set()
    assert_lake_is_snapshot(lake)


def test_a_quiet_database_brings_stock_levels_and_nothing_else(
    two_companies: tuple[Company, Company], lake: Lake
) -> None:
    first, second = lake.pull(), lake.pull()
    assert first.is_reload
    assert not second.is_reload
    assert second.rows_by_table["stock_levels"] == 2
    assert second.rows == 2
    assert second.manifest.generation == first.manifest.generation


def test_subtransactions_arrive_with_their_transaction(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], lake: Lake
) -> None:
    acme, _ = two_companies
    with open_writer(fresh_database) as writer:
        kept = write_order(writer, acme)
        with writer.transaction():
            inner = write_order(writer, acme)
        lake.pull()
        assert orders_of(lake) == set()
    lake.pull()
    assert orders_of(lake) == {str(kept), str(inner)}
    assert_lake_is_snapshot(lake)
