"""The same round as Dagster assets: lineage, blocking checks, partitions, retries, schedule and sensors."""

import hashlib
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from core.lake import newest_result
from core.postgres.server import Server
from core.published import current_build
from core.runs import RunLog, VolumeRecord, list_runs
from core.settings import Settings, load_settings
from core.warehouse import hold_warehouse
from pipelines import steps
from tests.pipelines.test_round import model_rows
from tests.support.databases import FreshDatabase, fresh_copy
from tests.support.rounds import SmallShops, make_small_shops

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a library of dagster-dbt's warns when it is imported
    import dagster as dg

    from pipelines import assets
    from pipelines.assets import COMPANIES, DAILY_VOLUMES, PUBLISHED
    from pipelines.orchestration import JOB_NAME, MODELS_JOB, VOLUMES_JOB, make_definitions
    from pipelines.web import _INSTANCE_FILE

pytestmark = [
    pytest.mark.slow,
    # Dagster's own code is not free of warnings; ours is checked everywhere else.
    pytest.mark.filterwarnings("default"),
]
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.fixture(scope="module")
def shops(
    database_server: Server, session_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallShops]:
    """Two companies after one round of Dagster's."""
    home = tmp_path_factory.mktemp("dagster") / "home"
    with fresh_copy(database_server, session_settings) as database:
        yield make_small_shops(database, load_settings({"home": home}))


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def definitions(shops: SmallShops) -> dg.Definitions:
    return define(shops)


def define(shops: SmallShops, *, wait: timedelta = timedelta(0)) -> dg.Definitions:
    database = shops.database
    return make_definitions(shops.settings, server=database.server, database=database.name, wait=wait)


@pytest.fixture(scope="module")
def first_round(shops: SmallShops, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """A whole round, after which the other tests begin."""
    return define(shops).resolve_job_def(JOB_NAME).execute_in_process(instance=instance)


def test_a_dagster_run_publishes_and_every_test_is_a_check_that_passed(
    shops: SmallShops,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    first_round: dg.ExecuteInProcessResult,
) -> None:
    graph = definitions.resolve_asset_graph()
    assert dg.AssetKey(["raw", "orders"]) in graph.get_ancestor_asset_keys(PUBLISHED)
    assert dg.AssetKey(["model_results", "restock_proposals"]) in graph.get_ancestor_asset_keys(PUBLISHED)

    assert first_round.success
    run = list_runs(shops.settings)[-1]
    build = current_build(shops.settings)
    assert build is not None
    assert (run.status, run.build_id) == ("ok", build.build_id)
    checks = first_round.get_asset_check_evaluations()
    assert {test.name for test in run.tests} <= {check.check_name for check in checks}
    assert {"equals_postgresql", "volumes_as_usual"} <= {check.check_name for check in checks}
    assert all(check.passed for check in checks)
    assert {event.asset_key for event in first_round.get_asset_materialization_events()} >= {
        PUBLISHED,
        dg.AssetKey(["marts", "fct_sales_daily"]),
    }
    assert set(instance.get_dynamic_partitions(str(COMPANIES.name))) == {"acme", "bolt"}
    forecast = dg.AssetKey(["model_results", "forecast_daily"])
    assert instance.get_materialized_partitions(forecast) == {"acme", "bolt"}


@pytest.mark.usefixtures("first_round")
def test_the_models_of_one_company_or_a_range_are_computed_anew_and_give_the_same_rows(
    shops: SmallShops, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    before, build = model_rows(shops), current_build(shops.settings)
    job = definitions.resolve_job_def(MODELS_JOB)

    one = job.execute_in_process(instance=instance, partition_key="bolt")
    assert details(one) == {"1 companies computed, 1 unchanged"}
    both = job.execute_in_process(instance=instance, tags={FIRST: "acme", LAST: "bolt"})
    assert details(both) == {"2 companies computed, 0 unchanged"}

    after = model_rows(shops)
    assert {name: frame.equals(after[name]) for name, frame in before.items()} == dict.fromkeys(before, True)
    assert current_build(shops.settings) == build
    assert list_runs(shops.settings)[0].status == "ok"


def details(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        str(event.step_materialization_data.materialization.metadata["companies"].value)
        for event in result.get_asset_materialization_events()
    }


@pytest.mark.usefixtures("first_round")
def test_volumes_of_a_range_of_days_are_judged_once_for_each_day(
    shops: SmallShops, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    days = [f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%d}" for ago in (4, 3, 2)]
    job = definitions.resolve_job_def(VOLUMES_JOB)
    for _ in range(2):
        result = job.execute_in_process(instance=instance, tags={FIRST: days[0], LAST: days[-1]})
        records = list_runs(shops.settings)[0].volumes
        assert sorted({f"{record.day}" for record in records}) == days
        assert {(record.table, record.status) for record in records} >= {("orders", "usual")}
        assert len(records) == len({(record.company_id, record.table, record.day) for record in records})
        assert {
            event.step_materialization_data.materialization.partition
            for event in result.get_asset_materialization_events()
        } == set(days)
    assert instance.get_materialized_partitions(DAILY_VOLUMES) == set(days)


@pytest.mark.usefixtures("first_round")
def test_results_and_marts_are_the_same_after_assets_ran_again_out_of_order(
    shops: SmallShops,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Check 54: each asset again, and before those that it is made from. A day with few rows is a warning."""
    marts, results = shops.mart_checksums(), model_rows(shops)
    monkeypatch.setattr(steps, "read_volumes", lambda *_, **__: [few_orders(shops)])
    checks = []
    for names in (["published", "serving"], ["models"], ["warehouse"]):
        keys = [key for name in names for key in _keys_of(definitions, name)]
        job = dg.define_asset_job("part", selection=dg.AssetSelection.assets(*keys))
        part = dg.Definitions(
            assets=definitions.assets, resources=definitions.resources, jobs=[job]
        ).resolve_job_def("part")
        result = part.execute_in_process(instance=instance)
        assert result.success
        checks += result.get_asset_check_evaluations()
    assert {check.check_name for check in checks if not check.passed} == {"volumes_as_usual"}
    assert {check.severity for check in checks if not check.passed} == {dg.AssetCheckSeverity.WARN}
    assert shops.mart_checksums() == marts
    again = model_rows(shops)
    assert {name: frame.equals(again[name]) for name, frame in results.items()} == dict.fromkeys(
        results, True
    )


def few_orders(shops: SmallShops) -> VolumeRecord:
    return VolumeRecord(
        company_id=str(shops.acme.id), table="orders", day=datetime.now(UTC).date(), rows=10, usual_rows=100,
        least_rows=60, most_rows=140, weeks=8, status="sudden",
    )  # fmt: skip


def _keys_of(definitions: dg.Definitions, name: str) -> list[dg.AssetKey]:
    (found,) = [
        asset
        for asset in definitions.assets or ()
        if isinstance(asset, dg.AssetsDefinition) and asset.op.name in (name, f"{name}__current")
    ]
    return list(found.keys)


def _fail(monkeypatch: pytest.MonkeyPatch, times: int) -> Callable[[], int]:
    """Let the feed fail so many times, as when its server is being restarted; tell how often it ran."""
    calls = 0
    real = steps.run_step

    def run_step(step: steps.RoundStep, work: steps.Round) -> steps.StepOutcome:
        nonlocal calls
        if step is steps.FEED:
            calls += 1
            if calls <= times:
                raise OSError("the server is starting")
        return real(step, work)

    quick = dg.RetryPolicy(
        max_retries=2, delay=0.01, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    )
    assert assets._RETRY._replace(delay=0.01) == quick
    monkeypatch.setattr(assets, "run_step", run_step)
    monkeypatch.setattr(assets, "_RETRY", quick)
    return lambda: calls


@pytest.mark.parametrize(("failures", "attempts"), [(1, 2), (2, 3)])
def test_what_fails_once_or_twice_is_tried_again(
    shops: SmallShops,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    attempts: int,
) -> None:
    """Check 55."""
    calls = _fail(monkeypatch, failures)
    result = _run_feed(shops, instance)
    assert (result.success, calls()) == (True, attempts)
    run = list_runs(shops.settings)[0]
    assert run.status == "ok"
    assert [alarm.message for alarm in run.alarms] == [
        "The step feed failed and is tried again: OSError: the server is starting"
    ] * failures


def test_what_always_fails_ends_in_an_alert_and_not_in_a_loop(
    shops: SmallShops, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _fail(monkeypatch, 99)
    result = _run_feed(shops, instance)
    assert (result.success, calls()) == (False, 3)
    run = list_runs(shops.settings)[0]
    assert (run.status, run.failed_step, run.reason) == (
        "failed",
        "feed",
        "OSError: the server is starting",
    )
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_rounds",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()
    (alert,) = [one for one in define(shops).sensors or () if one.name == "failed_rounds"]
    with structlog.testing.capture_logs() as logs:
        alert(context)
    (entry,) = logs
    assert entry["log_level"] == "error"
    assert "the server is starting" in str(entry["reason"])


def _run_feed(shops: SmallShops, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    definitions = define(shops)
    job = dg.define_asset_job("feed_alone", selection=dg.AssetSelection.groups("feed"))
    alone = dg.Definitions(assets=definitions.assets, resources=definitions.resources, jobs=[job])
    return alone.resolve_job_def("feed_alone").execute_in_process(instance=instance, raise_on_error=False)


def test_a_run_beside_a_round_waits_for_its_turn_and_then_gives_up_in_one_sentence(
    shops: SmallShops, instance: dg.DagsterInstance
) -> None:
    build = current_build(shops.settings)
    definitions = define(shops, wait=timedelta(seconds=1))
    job = dg.define_asset_job("feed_alone", selection=dg.AssetSelection.groups("feed"))
    alone = dg.Definitions(assets=definitions.assets, resources=definitions.resources, jobs=[job])
    with hold_warehouse(shops.settings):
        result = alone.resolve_job_def("feed_alone").execute_in_process(
            instance=instance, raise_on_error=False
        )
    assert not result.success
    failure = str(result.get_run_failure_event().event_specific_data) + str(
        [event.event_specific_data for event in result.all_events if event.is_failure]
    )
    assert "Another run is at work (process" in failure
    assert current_build(shops.settings) == build


def test_runs_are_queued_by_the_instance_and_only_dead_ones_are_begun_again(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(_INSTANCE_FILE, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 1
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.run_monitoring_enabled
        assert instance.get_settings("freshness") == {"enabled": True}


def test_there_is_a_schedule_and_a_sensor_that_starts_a_round_when_there_is_news(
    fresh_database: FreshDatabase, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings = load_settings({"home": tmp_path / "home"})
    definitions = make_definitions(settings, server=fresh_database.server, database=fresh_database.name)
    (schedule,) = definitions.schedules or ()
    sensor = next(one for one in definitions.sensors or () if one.name == "new_events")
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert isinstance(sensor, dg.SensorDefinition)
    at = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)
    with dg.build_schedule_context(instance, scheduled_execution_time=at) as context:
        requested = schedule.evaluate_tick(context).run_requests
    assert requested is not None
    assert len(requested) == 1

    def tick() -> Any:
        with dg.build_sensor_context(instance) as context:
            return sensor.evaluate_tick(context)

    assert len(tick().run_requests or ()) == 1
    _log_failures(settings, ago=timedelta(minutes=5))
    assert not tick().run_requests
    assert "The last 3 rounds failed, the newest at feed: No disk." in str(tick().skip_message)
    _log_failures(settings, ago=timedelta(hours=-2))  # in a later file each, but long ended
    assert len(tick().run_requests or ()) in (0, 1)


def _log_failures(settings: Settings, *, ago: timedelta) -> None:
    at = datetime.now(UTC) - ago
    for number in range(3):
        name = hashlib.sha256(f"{ago}{number}".encode()).hexdigest()[:4]
        log = RunLog(settings, run_id=f"{at:%Y%m%dT%H%M%S}{number:03d}-{name}", kind="full", started_at=at)
        log.fail(step="feed", reason="No disk.", finished_at=at)


def test_old_assets_are_late_for_dagster(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    policies = {key: graph.get(key).freshness_policy for key in (PUBLISHED, dg.AssetKey(["raw", "orders"]))}
    assert policies == dict.fromkeys(
        policies, dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26))
    )


def test_the_module_that_dagster_loads_has_the_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STOCKWISE_HOME", str(tmp_path))
    settings: Settings = load_settings()
    assert make_definitions(settings).resolve_job_def(JOB_NAME).name == JOB_NAME
    assert newest_result(settings, "forecast_daily") is None
