"""Every asset, jobs for a round and for a part of it, a schedule, and sensors on new events and failures."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import structlog

from core.postgres.server import Server, open_server
from core.runs import list_runs
from core.settings import Settings
from pipelines.assets import (
    DAILY_VOLUMES,
    ROUND,
    TURN,
    make_assets,
    make_round_resource,
)
from pipelines.feed.pending import has_news
from pipelines.transform import read_lineage

JOB_NAME = "round"
MODELS_JOB = "models_of_companies"
VOLUMES_JOB = "volumes_of_days"
# After midnight in every zone west of it the day turned: forecasts are made anew once a day.
DAILY = "20 3 * * *"
SENSOR_SECONDS = 60
# What fails so often in a row is not mended by trying every minute.
MOST_FAILURES = 3
PAUSE = timedelta(hours=1)
_AT_WORK = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def make_definitions(
    settings: Settings,
    *,
    server: Server | None = None,
    database: str | None = None,
    wait: timedelta = TURN,
) -> dg.Definitions:
    """Put the assets together; ``server`` and ``database`` replace the settings' own in tests."""
    models = dg.AssetSelection.groups("models")
    volumes = dg.AssetSelection.assets(DAILY_VOLUMES)
    # Steps of a round share one process: the warehouse has one writer.
    executor = dg.in_process_executor
    job = dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all() - volumes,
        description="A whole round, as `stockwise run`.",
        executor_def=executor,
    )
    models_job = dg.define_asset_job(
        MODELS_JOB,
        selection=models,
        description="The models of one or more companies, anew.",
        executor_def=executor,
    )
    volumes_job = dg.define_asset_job(
        VOLUMES_JOB,
        selection=volumes,
        description="The rows of a range of days, judged.",
        executor_def=executor,
    )
    schedule = dg.ScheduleDefinition(
        job=job, cron_schedule=DAILY, default_status=dg.DefaultScheduleStatus.RUNNING
    )
    return dg.Definitions(
        assets=make_assets(read_lineage(settings), settings),
        resources={ROUND: make_round_resource(settings, server=server, database=database, wait=wait)},
        jobs=[job, models_job, volumes_job],
        schedules=[schedule],
        sensors=[_make_sensor(settings, server=server, database=database), _tell_failures],
        executor=executor,
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
        pause = _pause_after_failures(settings, now=datetime.now(UTC))
        if pause:
            yield dg.SkipReason(pause)
            return
        with nullcontext(server) if server else open_server(settings) as opened:
            is_due = has_news(settings, opened.dsn("reader", database))
        yield dg.RunRequest() if is_due else dg.SkipReason("No events since the last pull.")

    return new_events


def _pause_after_failures(settings: Settings, *, now: datetime) -> str:
    """Say why no round is started now, if the last ones all failed; empty if one may be."""
    last = list_runs(settings, limit=MOST_FAILURES)
    if len(last) < MOST_FAILURES or any(run.status != "failed" for run in last):
        return ""
    until = (last[0].finished_at or last[0].started_at) + PAUSE
    if now >= until:
        return ""
    return (
        f"The last {MOST_FAILURES} rounds failed, the newest at {last[0].failed_step}: {last[0].reason}"
        f" Mend that and start a round by hand, or wait: the next try is at {until:%H:%M} UTC."
    )


@dg.run_failure_sensor(
    name="failed_rounds",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes an error to the log for each run that failed, with its reason.",
)
def _tell_failures(context: dg.RunFailureSensorContext) -> None:
    failures = [event.step_failure_data for event in context.get_step_failure_events()]
    structlog.get_logger(__name__).error(
        "round failed",
        job=context.dagster_run.job_name,
        dagster_run_id=context.dagster_run.run_id,
        reason="; ".join(map(_reason, failures)) or context.failure_event.message,
        hint="The run's page has the whole story; stockwise status lists the rounds.",
    )


def _reason(failure: Any) -> str:
    """What the step said of itself, or the first of the errors that led to the last."""
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip() if error is not None else "no reason was given"
