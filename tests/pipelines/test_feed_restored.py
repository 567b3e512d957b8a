"""Check 58: a database that was restored elsewhere has other transaction ids: it is read anew, and once."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.postgres.binaries import program
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.feeds import Connection, Lake, expected_totals, write_order
from tests.support.own_home import open_fast

ROWS = "id, status"
AHEAD = 99_999_999_999


@pytest.mark.slow
def test_a_dump_restored_on_another_server_is_read_anew_and_then_what_changes(
    lake: Lake, fresh_database: FreshDatabase, company: Company, tmp_path: Path
) -> None:
    """What was committed after the dump is gone there, and no tombstone says so."""
    with fresh_database.connect("owner") as owner:
        kept = write_order(owner, company)
        _put_ahead(owner)
        lake.pull()
        dump = tmp_path / "dump"
        _run("pg_dump", "-Fc", "-d", fresh_database.server.administrator_dsn(fresh_database.name), "-f", dump)
        lost = write_order(owner, company)
        before = lake.pull().manifest
    assert {row[0] for row in lake.current("orders", "id")} == {str(kept), str(lost)}

    home = tmp_path / "other"
    home.mkdir(mode=0o755)
    with open_fast(home) as server:
        server.create_database("restored")
        _run("pg_restore", "-d", server.administrator_dsn("restored"), dump)
        restored = FreshDatabase(server, lake.settings, "restored")
        anew = Lake(lake.settings, server.dsn("reader", "restored"))
        report = anew.pull()
        assert report.is_reload
        assert report.manifest.source.system_identifier != before.source.system_identifier
        assert report.manifest.generation != before.generation
        assert anew.current("orders", "id") == {(str(kept),)}
        assert anew.totals() == expected_totals(anew.manifest)

        with restored.connect("owner") as owner:
            placed = write_order(owner, company)
        report = anew.pull()
        assert not report.is_reload
        assert report.rows_by_table["orders"] == 1
        assert {row[0] for row in anew.current("orders", "id")} == {str(kept), str(placed)}
        assert anew.totals() == expected_totals(anew.manifest)
        assert anew.pull().rows_by_table["orders"] == 0


@pytest.fixture
def owner(fresh_database: FreshDatabase) -> Iterator[Connection]:
    with fresh_database.connect("owner") as connection:
        yield connection


def test_a_row_ahead_of_its_server_is_read_once_whenever_it_is_brought(
    lake: Lake, owner: Connection, company: Company, fresh_database: FreshDatabase
) -> None:
    """As by a dump of some rows, also in a part of a transaction that began first and committed last."""
    lake.pull()
    brought = [write_order(owner, company)]
    _put_ahead(owner)
    assert _orders_of(lake) == [1, 0]
    with owner.transaction(), owner.transaction():
        brought.append(write_order(owner, company))
        _put_ahead(owner)
        with fresh_database.connect("owner") as later:
            later.execute("select pg_current_xact_id()")
        assert _orders_of(lake) == [0, 0]
    assert _orders_of(lake) == [1, 0]
    owner.execute("update orders set status = 'confirmed' where id = %s", [brought[0]])
    assert _orders_of(lake) == [1, 0]
    assert lake.current("orders", ROWS) == {(str(brought[0]), "confirmed"), (str(brought[1]), "pending")}
    assert lake.totals() == expected_totals(lake.manifest)


def _put_ahead(owner: Connection) -> None:
    """Give all orders and their lines a number that the server will not reach: so a dump would bring them."""
    for table in ("orders", "order_lines"):
        owner.execute(f"update {table} set row_xid = '{AHEAD}' where row_xid < '{AHEAD}'")


def _orders_of(lake: Lake) -> list[int]:
    """Orders that each of two pulls brings."""
    return [lake.pull().rows_by_table["orders"] for _ in "12"]


def _run(name: str, *arguments: str | Path) -> None:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
