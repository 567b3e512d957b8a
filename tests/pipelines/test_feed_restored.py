"""Check 58: a database that was restored elsewhere has other transaction ids, so it is read anew."""

import subprocess
from pathlib import Path

import pytest

from core.postgres.binaries import program
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.feeds import Lake, expected_totals, write_order
from tests.support.own_home import open_fast

ROWS = "id, status"


@pytest.mark.slow
def test_a_dump_restored_on_another_server_is_read_anew_and_then_what_changes(
    lake: Lake, fresh_database: FreshDatabase, company: Company, tmp_path: Path
) -> None:
    """What was committed after the dump is gone there, and no tombstone says so."""
    with fresh_database.connect("owner") as owner:
        kept = write_order(owner, company)
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
        # The dump may have brought transaction numbers that are still to come here: such rows are read again.
        assert report.rows_by_table["orders"] in (1, 2)
        assert {row[0] for row in anew.current("orders", "id")} == {str(kept), str(placed)}
        assert anew.totals() == expected_totals(anew.manifest)


def _run(name: str, *arguments: str | Path) -> None:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
