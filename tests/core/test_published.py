"""Readers of published builds: one whole version, one company, never an older one."""

import json
import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core import published
from core.published import NothingPublished, current_build, open_platform_snapshot, open_snapshot
from core.settings import Settings
from pipelines.builds import rollback
from tests.support.publishing import (
    ACME,
    BOLT,
    as_uuid,
    build_name,
    fill_serving,
    publish_number,
    publishing_settings,
)

READERS = 8
CHECKOUT = Path(__file__).resolve().parents[2]
_TOTAL = "select sum(net_sales_amount)::integer as total, max(net_sales_amount) as most from srv_sales_daily"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return publishing_settings(tmp_path)


def test_before_the_first_build_the_next_step_is_said(settings: Settings) -> None:
    assert current_build(settings) is None
    with pytest.raises(NothingPublished) as refusal, open_snapshot(settings, ACME):
        pass
    assert "stockwise run" in (refusal.value.hint or "")


def test_a_reader_sees_its_company_only_and_which_build_it_reads(settings: Settings) -> None:
    fill_serving(settings, {ACME: 10, BOLT: 20})
    publish_number(settings, 1)
    with open_snapshot(settings, as_uuid(ACME)) as snapshot:
        assert snapshot.build.build_id == build_name(1)
        assert snapshot.rows("select distinct company_id from srv_sales_daily") == [{"company_id": ACME}]
        assert (
            snapshot.query("select sum(net_sales_amount) as total from srv_sales_daily")["total"][0].as_py()
            == 30
        )
        info = snapshot.rows("select build_id, feed_pull_id, company_id from build_info")
        assert info == [{"build_id": build_name(1), "feed_pull_id": "pull-1", "company_id": ACME}]
        assert snapshot.rows("select units from srv_sales_daily where sales_date = ?", ["2026-01-02"]) == [
            {"units": 2}
        ]


def test_a_company_that_is_not_published_is_named_as_such(settings: Settings) -> None:
    fill_serving(settings, {ACME: 10})
    publish_number(settings, 1)
    with pytest.raises(NothingPublished, match="not in the published numbers"), open_snapshot(settings, BOLT):
        pass
    with pytest.raises(ValueError, match="badly formed"), open_snapshot(settings, "../platform"):
        pass


def test_the_platform_file_holds_totals_of_every_company(settings: Settings) -> None:
    fill_serving(settings, {ACME: 10, BOLT: 20})
    publish_number(settings, 1)
    with open_platform_snapshot(settings) as snapshot:
        totals = snapshot.rows(
            "select company_id, sum(net_sales_amount)::integer as total from platform_sales_daily"
            " group by company_id order by company_id"
        )
    assert totals == [{"company_id": ACME, "total": 30}, {"company_id": BOLT, "total": 60}]


def test_no_query_reaches_another_file_or_writes(settings: Settings) -> None:
    fill_serving(settings, {ACME: 10, BOLT: 20})
    publish_number(settings, 1)
    other = settings.published_folder / build_name(1) / f"{BOLT}.duckdb"
    with open_snapshot(settings, ACME) as snapshot:
        for query in (
            f"attach '{other}' as other",
            f"select * from read_text('{settings.published_folder / published.POINTER}')",
            "create table added as select 1",
            "set enable_external_access = true",
            "set global threads = 1",
        ):
            with pytest.raises(duckdb.Error):
                snapshot.query(query)
    mode = stat.S_IMODE((settings.published_folder / build_name(1) / f"{ACME}.duckdb").stat().st_mode)
    assert mode == 0o444


def test_the_build_that_readers_have_stays_if_the_clock_went_back(settings: Settings) -> None:
    """Builds are kept by their names, which begin with the time."""
    fill_serving(settings, {ACME: 10})
    for number in (2, 3, 4, 1):
        publish_number(settings, number)
    with open_snapshot(settings, ACME) as snapshot:
        assert snapshot.build.build_id == build_name(1)


def test_an_open_reader_keeps_its_build_and_the_next_one_gets_the_new(settings: Settings) -> None:
    fill_serving(settings, {ACME: 10})
    publish_number(settings, 1)
    with open_snapshot(settings, ACME) as before:
        fill_serving(settings, {ACME: 11})
        publish_number(settings, 2)
        with open_snapshot(settings, ACME) as after:
            assert after.rows(_TOTAL)[0]["most"] == 11
        assert before.rows(_TOTAL)[0]["most"] == 10
        assert before.build.build_id == build_name(1)


@pytest.mark.parametrize("look", [1, 2])
def test_a_build_that_is_tidied_away_after_its_pointer_was_read_is_looked_for_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    """At its description, or at its file."""
    fill_serving(settings, {ACME: 10})
    publish_number(settings, 1)
    looks = iter(range(1, 10))
    folder = published.build_folder

    def gone_once(of: Settings, build_id: str) -> Path:
        return of.home / "gone" if next(looks) == look else folder(of, build_id)

    monkeypatch.setattr(published, "build_folder", gone_once)
    with open_snapshot(settings, ACME) as snapshot:
        assert snapshot.rows(_TOTAL)[0]["most"] == 10
    assert next(looks) > look + 1


def test_files_of_old_builds_are_closed_when_a_newer_one_is_read(settings: Settings) -> None:
    published.close_snapshots()
    for number in range(1, 6):
        fill_serving(settings, {ACME: number})
        publish_number(settings, number)
        with open_snapshot(settings, ACME) as snapshot:
            assert snapshot.rows(_TOTAL)[0]["most"] == number
    folder = str(settings.published_folder)
    held = [
        os.readlink(f"/proc/self/fd/{name}")
        for name in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{name}")
    ]
    assert len([path for path in held if path.startswith(folder)]) == 1
    published.close_snapshots()


def _publish_under_readers(
    settings: Settings, *, builds: int, processes: int = READERS
) -> list[dict[str, Any]]:
    """Publish while processes read, go back half way, and publish on; return what each saw."""
    fill_serving(settings, {ACME: 1, BOLT: 1}, rows=2000)
    publish_number(settings, 1)
    command = [sys.executable, "-m", "tests.support.published_reader", str(settings.home)]
    readers = [subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) for _ in range(processes)]
    try:
        for number in range(2, builds + 2):
            fill_serving(settings, {ACME: number, BOLT: 1}, rows=2000)
            publish_number(settings, number)
            time.sleep(0.2)
            if number == 2 + builds // 2:
                rollback(settings, build_name(number - 1), now=datetime.now(UTC))
                time.sleep(0.5)
        (settings.home / "stop").touch()
        return [json.loads(reader.communicate(timeout=60)[0]) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


@pytest.mark.slow
def test_readers_in_eight_processes_see_whole_builds_while_ten_are_published_and_one_is_taken_back(
    settings: Settings,
) -> None:
    answers = _publish_under_readers(settings, builds=10)
    for seen in answers:
        assert (seen["mixed"], seen["errors"]) == (0, [])
        assert seen["builds"] >= 2
        assert seen["p50_seconds"] < 0.05
    assert max(seen["steps_back"] for seen in answers) == 1


@pytest.mark.soak
def test_readers_in_three_processes_see_whole_builds_soon_while_100_are_published(settings: Settings) -> None:
    """Check 50, with its three processes: eight on two cores wait for one another more than for a file."""
    for seen in _publish_under_readers(settings, builds=100, processes=3):
        assert (seen["mixed"], seen["errors"]) == (0, [])
        assert seen["builds"] >= 30
        assert seen["p99_seconds"] < 0.05
