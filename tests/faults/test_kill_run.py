"""A run that is killed in the middle leaves what was published, and the next one needs no repair."""

import random
import time
from pathlib import Path

import pytest

from core.published import current_build, open_snapshot
from core.runs import list_runs
from core.settings import load_settings
from tests.support.databases import FreshDatabase
from tests.support.kill_points import run_for, run_until_killed
from tests.support.publishing import published_bytes
from tests.support.rounds import SmallShops, make_small_shops

SHORT = ("marts", "before switch")
LONG = ("before commit", "feed", "marts", "reconcile", "forecast", "plan", "recommend", "serving", "written")
_UNITS = "select sum(units)::integer as units from srv_sales_daily"


@pytest.fixture
def shops(fresh_database: FreshDatabase, tmp_path: Path) -> SmallShops:
    shops = make_small_shops(fresh_database, load_settings({"home": tmp_path / "home"}))
    result = shops.run()
    assert result.ok, result.reason
    return shops


@pytest.mark.slow
@pytest.mark.parametrize("point", SHORT)
def test_a_run_killed_after_a_step_leaves_the_build_and_the_next_succeeds(
    shops: SmallShops, point: str
) -> None:
    _kill_and_run_again(shops, point)


@pytest.mark.soak
@pytest.mark.parametrize("point", LONG)
def test_a_run_killed_anywhere_leaves_the_build_and_the_next_succeeds(shops: SmallShops, point: str) -> None:
    _kill_and_run_again(shops, point)


@pytest.mark.soak
def test_runs_killed_at_twenty_random_times_leave_a_whole_build_and_lose_no_sale(shops: SmallShops) -> None:
    chance = random.Random(20)
    units, sold = _published_units(shops), 0
    began = time.monotonic()
    assert not run_for(240, "round", "nowhere", str(shops.settings.home), shops.database.dsn("reader"))
    whole_seconds = time.monotonic() - began
    killed = 0
    while killed < 20:
        shops.sell(shops.acme, days_ago=0, units=6)
        sold += 6
        before, build = published_bytes(shops.settings), current_build(shops.settings)
        seconds = chance.uniform(0, whole_seconds)
        killed += run_for(seconds, "round", "nowhere", str(shops.settings.home), shops.database.dsn("reader"))
        if current_build(shops.settings) == build:
            after = published_bytes(shops.settings)
            assert {name: after[name] for name in before} == before
        result = shops.run()
        assert result.ok, (seconds, result.reason)
        assert _published_units(shops) == units + sold
        assert not list(shops.settings.published_folder.glob(".*"))


def _kill_and_run_again(shops: SmallShops, point: str) -> None:
    before, build = published_bytes(shops.settings), current_build(shops.settings)
    units = _published_units(shops)
    shops.sell(shops.acme, days_ago=0, units=6)

    run_until_killed("round", point, str(shops.settings.home), shops.database.dsn("reader"))

    after = published_bytes(shops.settings)
    assert {name: after[name] for name in before} == before
    assert current_build(shops.settings) == build
    killed = list_runs(shops.settings)[0]
    assert (killed.status, killed.build_id) == ("failed", None)

    result = shops.run()
    assert result.ok, result.reason
    assert _published_units(shops) == units + 6
    assert not list(shops.settings.published_folder.glob(".*"))
    assert [run.status for run in list_runs(shops.settings)] == ["ok", "failed", "ok"]


def _published_units(shops: SmallShops) -> int:
    with open_snapshot(shops.settings, shops.acme.id) as snapshot:
        return int(snapshot.rows(_UNITS)[0]["units"])
