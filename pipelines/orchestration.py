"""Every asset, one job for a whole round, a schedule and a sensor on new events."""

from collections.abc import Iterator
from contextlib import nullcontext

import dagster as dg

from core.postgres.server import Server, open_server
from core.settings import Settings
from pipelines.assets import ROUND, make_assets, make_round_resource
from pipelines.feed.pending import has_news
from pipelines.transform import read_lineage

JOB_NAME = "round"
# After midnight in every zone west of it the day turned: forecasts are made anew once a day.
DAILY = "20 3 * * *"
SENSOR_SECONDS = 60
_AT_WORK = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def make_definitions(
    settings: Settings, *, server: Server | None = None, database: str | None = None
) -> dg.Definitions:
    """Put the assets together; ``server`` and ``database`` replace the settings' own in tests."""
    job = dg.define_asset_job(
        JOB_NAME, selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor
    )
    schedule = dg.ScheduleDefinition(
        job=job, cron_schedule=DAILY, default_status=dg.DefaultScheduleStatus.RUNNING
    )
    return dg.Definitions(
        assets=make_assets(read_lineage(settings)),
        resources={ROUND: make_round_resource(settings, server=server, database=database)},
        jobs=[job],
        schedules=[schedule],
        sensors=[_make_sensor(settings, server=server, database=database)],
        # Steps of a round share one process: the warehouse has one writer.
        executor=dg.in_process_executor,
    )


def _make_sensor(settings: Settings, *, server: Server | None, database: str | None) -> dg.SensorDefinition:
    @dg.sensor(
        name="new_events",
        job_name=JOB_NAME,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a round when events were committed since the last pull.",
    )
    def new_events(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        at_work = context.instance.get_run_records(
            dg.RunsFilter(job_name=JOB_NAME, statuses=_AT_WORK), limit=1
        )
        if at_work:
            yield dg.SkipReason("A round is at work.")
            return
        with nullcontext(server) if server else open_server(settings) as opened:
            is_due = has_news(settings, opened.dsn("reader", database))
        yield dg.RunRequest() if is_due else dg.SkipReason("No events since the last pull.")

    return new_events
