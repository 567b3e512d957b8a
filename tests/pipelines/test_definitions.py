"""The same round as Dagster assets: lineage, blocking checks, schedule, sensor, and one whole run."""

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.published import current_build
from core.runs import list_runs
from core.settings import Settings, load_settings
from core.warehouse import hold_warehouse
from tests.support.databases import FreshDatabase
from tests.support.rounds import SmallShops, make_small_shops

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a library of dagster-dbt's warns when it is imported
    import dagster as dg

    from pipelines.assets import PUBLISHED
    from pipelines.orchestration import JOB_NAME, make_definitions

pytestmark = [
    pytest.mark.slow,
    # Dagster's own code is not free of warnings; ours is checked everywhere else.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture
def shops(fresh_database: FreshDatabase, tmp_path: Path) -> SmallShops:
    return make_small_shops(fresh_database, load_settings({"home": tmp_path / "home"}))


@pytest.fixture
def definitions(shops: SmallShops) -> dg.Definitions:
    return make_definitions(shops.settings, server=shops.database.server, database=shops.database.name)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def test_a_dagster_run_publishes_and_every_test_is_a_check_that_passed(
    shops: SmallShops, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    graph = definitions.resolve_asset_graph()
    assert dg.AssetKey(["raw", "orders"]) in graph.get_ancestor_asset_keys(PUBLISHED)
    assert dg.AssetKey(["model_results", "restock_proposals"]) in graph.get_ancestor_asset_keys(PUBLISHED)

    result = definitions.resolve_job_def(JOB_NAME).execute_in_process(instance=instance)

    assert result.success
    run = list_runs(shops.settings)[0]
    build = current_build(shops.settings)
    assert build is not None
    assert (run.status, run.build_id) == ("ok", build.build_id)
    checks = result.get_asset_check_evaluations()
    assert {test.name for test in run.tests} <= {check.check_name for check in checks}
    assert "equals_postgresql" in {check.check_name for check in checks}
    assert all(check.passed for check in checks)
    assert {event.asset_key for event in result.get_asset_materialization_events()} >= {
        PUBLISHED,
        dg.AssetKey(["marts", "fct_sales_daily"]),
    }


def test_a_round_at_work_makes_dagsters_run_fail_and_changes_nothing(
    shops: SmallShops, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    with hold_warehouse(shops.settings):
        result = definitions.resolve_job_def(JOB_NAME).execute_in_process(
            instance=instance, raise_on_error=False
        )
    assert not result.success
    assert current_build(shops.settings) is None


def test_there_is_a_schedule_and_a_sensor_that_starts_a_round_when_there_is_news(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    (schedule,) = definitions.schedules or ()
    (sensor,) = definitions.sensors or ()
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert isinstance(sensor, dg.SensorDefinition)
    at = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)
    with dg.build_schedule_context(instance, scheduled_execution_time=at) as context:
        requested = schedule.evaluate_tick(context).run_requests
    assert requested is not None
    assert len(requested) == 1
    with dg.build_sensor_context(instance) as context:
        assert len(sensor.evaluate_tick(context).run_requests or ()) == 1


def test_the_module_that_dagster_loads_has_the_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STOCKWISE_HOME", str(tmp_path))
    settings: Settings = load_settings()
    assert make_definitions(settings).resolve_job_def(JOB_NAME).name == JOB_NAME
