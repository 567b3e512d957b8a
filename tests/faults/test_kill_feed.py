"""A feed that is killed at any point loses nothing, doubles nothing, and needs no repair."""

from pathlib import Path

import pytest

from core.lake import manifest_file, raw_folder, read_manifest
from core.settings import load_settings
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.feeds import Lake, expected_totals, set_status, write_order
from tests.support.kill_points import run_until_killed

FAILPOINTS = ("table orders", "table variants", "tables", "before commit", "committed")


@pytest.fixture
def killed_lake(fresh_database: FreshDatabase, tmp_path: Path) -> Lake:
    return Lake(load_settings({"home": tmp_path / "home"}), fresh_database.dsn("reader"))


@pytest.mark.slow
@pytest.mark.parametrize("point", FAILPOINTS)
@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.soak)], ids=["short", "full"])
def test_a_feed_killed_at_a_point_is_resumed_without_loss_or_doubles(
    point: str,
    kills: int,
    fresh_database: FreshDatabase,
    two_companies: tuple[Company, Company],
    killed_lake: Lake,
) -> None:
    lake, (acme, bolt) = killed_lake, two_companies
    written = set()
    with fresh_database.connect("owner") as owner:
        first = write_order(owner, acme)
        lake.pull()
        for _ in range(kills):
            set_status(owner, first, "confirmed")
            second = write_order(owner, bolt)
            before = manifest_file(lake.settings).read_bytes()

            run_until_killed("pull", point, str(lake.settings.home), lake.dsn)

            is_committed = manifest_file(lake.settings).read_bytes() != before
            assert is_committed == (point == "committed")
            assert _listed_files(lake) <= _present_files(lake)
            set_status(owner, second, "confirmed")
            lake.pull()
            written |= {(str(order), "confirmed") for order in (first, second)}
            assert lake.current("orders", "id, status") == written

    assert lake.totals() == expected_totals(lake.manifest)
    assert _present_files(lake) == _listed_files(lake)
    versions = lake.versions("orders", "id, row_xid")
    assert len(versions) == len(set(versions))


@pytest.mark.slow
def test_a_first_feed_killed_before_its_manifest_leaves_no_lake_and_the_next_has_everything(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], killed_lake: Lake
) -> None:
    with fresh_database.connect("owner") as owner:
        order = write_order(owner, two_companies[0])
    run_until_killed("pull", "before commit", str(killed_lake.settings.home), killed_lake.dsn)
    assert read_manifest(killed_lake.settings) is None
    report = killed_lake.pull()
    assert report.removed_files > 0
    assert killed_lake.current("orders", "id") == {(str(order),)}


def _listed_files(lake: Lake) -> set[str]:
    return {segment.file for table in lake.manifest.tables for segment in table.segments}


def _present_files(lake: Lake) -> set[str]:
    folder = raw_folder(lake.settings)
    return {str(file.relative_to(folder)) for file in folder.glob("*/*")}
