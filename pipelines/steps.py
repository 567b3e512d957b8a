"""The steps of a round, defined once: `run_round` calls them, Dagster's assets call them.

Steps hand over through the lake and the warehouse only, so each can run again by itself: a second run of a
step with the same inputs leaves the same rows.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from core.lake import Manifest, read_manifest
from core.memory import peak_bytes, reset_peak
from core.progress import Progress
from core.runs import ReconciliationRecord, RunLog, StepRecord, list_runs
from core.settings import Settings
from core.warehouse import Warehouse, count_rows, define_sources
from pipelines import transform
from pipelines.build_scope import (
    BuildScope,
    forget_build,
    forget_serving,
    read_scope,
    remember_build,
    remember_serving,
    serving_stands,
)
from pipelines.companies import read_companies
from pipelines.feed.errors import FeedError
from pipelines.feed.pull import pull
from pipelines.feed.record import describe_pull
from pipelines.feed.reread import Reread
from pipelines.forecast import forecast_companies
from pipelines.model_results import ModelRun, WrittenResults
from pipelines.public_holidays import refresh_public_holidays
from pipelines.publish import publish
from pipelines.quality.daily import VolumeError, describe_volumes, read_volumes, shrunk_tables
from pipelines.recommend import recommend_companies
from pipelines.reconcile import ReconciliationError, reconcile, require_equal
from pipelines.replenish import plan_companies
from pipelines.value_customers import value_customers

_LAYERS: dict[transform.Selector, tuple[str, ...]] = {
    "warehouse": ("intermediate", "marts"),
    "marts": ("intermediate", "marts"),
    "serving": ("serving",),
    "serving_tests": ("serving",),
}


@dataclass(frozen=True)
class Round:
    """What the steps of one round share; the warehouse's lock is held while it exists.

    ``reached`` is told the name of each step that ended and each point inside a step at which the process
    could be killed. ``reread`` is what its feed reads anew, ``companies_anew`` are those whose
    models are computed also if nothing changed.
    """

    settings: Settings
    reader_dsn: str
    warehouse: Warehouse
    run_id: str
    started_at: datetime
    is_full: bool
    progress: Progress
    log: RunLog
    reached: Callable[[str], None]
    reread: Reread | None = None
    companies_anew: Collection[str] = ()


@dataclass(frozen=True)
class StepOutcome:
    """What a step did, in a number and a phrase; ``dbt_result`` is what dbt did, if the step ran dbt."""

    rows: int
    detail: str
    dbt_result: transform.TransformResult | None = None


@dataclass(frozen=True)
class RoundStep:
    """One step of a round: its name, what it is for, and the work."""

    name: str
    purpose: str
    work: Callable[[Round], StepOutcome]


def run_step(step: RoundStep, work: Round) -> StepOutcome:
    """Run one step, measure it and write it to the run's log."""
    reset_peak()
    started = time.monotonic()
    outcome = step.work(work)
    work.log.add_step(
        StepRecord(
            name=step.name,
            rows=outcome.rows,
            seconds=round(time.monotonic() - started, 3),
            peak_bytes=peak_bytes(),
            detail=outcome.detail,
        )
    )
    work.reached(step.name)
    return outcome


def feed(work: Round) -> StepOutcome:
    """Bring what was committed since the last round into the lake."""
    started = time.monotonic()
    report = pull(
        work.settings,
        work.reader_dsn,
        full=work.is_full,
        reread=work.reread,
        progress=work.progress,
        reached=work.reached,
    )
    work.log.set_feed(describe_pull(work.settings, report, seconds=time.monotonic() - started))
    for alarm in report.alarms:
        work.log.add_alarm(alarm)
    kind = "everything read anew" if report.is_reload else "what changed"
    return StepOutcome(report.rows, f"{kind}, up to {report.manifest.horizon_at:%Y-%m-%d %H:%M:%S} UTC")


def build_marts(work: Round) -> StepOutcome:
    """Build and test staging, intermediate and marts: what changed, or everything where that is not enough.

    An incremental build that fails is followed by a full one at once: if that is right, the tables were not.
    """
    manifest = _manifest(work.settings)
    define_sources(work.warehouse, manifest)
    holidays = refresh_public_holidays(
        work.warehouse, run_id=work.run_id, computed_at=work.started_at, full=work.is_full
    )
    if holidays.computed:
        define_sources(work.warehouse, manifest)
    scope = BuildScope("it was asked for") if work.is_full else read_scope(work.warehouse, manifest)
    if not scope.is_full:
        try:
            return _build(work, "marts", "build warehouse: what changed", extent="what changed")
        except transform.TransformError as error:
            work.log.add_alarm(
                f"The marts were built anew, as bringing them up to date failed: {error.message}"
            )
            scope = BuildScope("bringing it up to date failed")
    forget_build(work.warehouse)  # a full build that dies half way is followed by a full one
    return _build_logged(work, "warehouse", "build warehouse", extent=f"everything, because {scope.reason}")


def check_totals(work: Round) -> StepOutcome:
    """Compare rows, units and cents with what PostgreSQL counted; a difference ends the round."""
    manifest = _manifest(work.settings)
    with work.progress.step("reconcile with PostgreSQL"):
        lines = reconcile(work.warehouse, manifest)
    work.log.set_reconciliation(lines)
    try:
        require_equal(lines)
    except ReconciliationError:
        forget_build(work.warehouse)
        raise
    remember_build(work.warehouse, manifest)
    return StepOutcome(_rows(lines), f"{len(lines)} totals equal")


def check_volumes(work: Round) -> StepOutcome:
    """Compare each company's last whole day with its weekdays before; if so set, a sudden change ends it."""
    with work.progress.step("compare volumes with the weeks before"):
        records = read_volumes(work.warehouse, limit=work.settings.volume_limit)
    work.log.set_volumes(records)
    unusual = [record for record in records if record.status != "usual"]
    for company_id in sorted({record.company_id for record in unusual}):
        own = [record for record in unusual if record.company_id == company_id]
        work.log.add_alarm(describe_volumes(own), company_id=company_id)
    shrunk = shrunk_tables(_last_reconciliation(work), _manifest(work.settings).totals)
    for line in shrunk:
        work.log.add_alarm(
            f"More than half of the {line.rows_source:,} rows of {line.table} are gone since the last run.",
            company_id=line.company_id,
        )
    sudden = [record for record in unusual if record.status == "sudden"]
    if work.settings.volume_blocks and (sudden or shrunk):
        raise VolumeError(
            f"Rows fell or rose suddenly in {len(sudden) + len(shrunk)} places; the alarms name them.",
            hint="If that is right, run once more with STOCKWISE_VOLUME_BLOCKS=false.",
        )
    detail = f"{len(records)} compared, {len(unusual) + len(shrunk)} unusual"
    return StepOutcome(sum(record.rows for record in records), detail)


def forecast(work: Round) -> StepOutcome:
    """Forecast daily demand."""
    for company in read_companies(work.warehouse):
        if company.settings_problem:
            work.log.add_alarm(company.settings_problem, company_id=company.id)
    return _model(work, forecast_companies)


def plan(work: Round) -> StepOutcome:
    """Plan what to order."""
    return _model(work, plan_companies)


def recommend(work: Round) -> StepOutcome:
    """Make recommendation lists."""
    return _model(work, recommend_companies)


def value(work: Round) -> StepOutcome:
    """Expect what customers will bring, and count what is bought together."""
    return _model(work, value_customers)


def build_serving(work: Round) -> StepOutcome:
    """Test what readers get, and build it where the views of an earlier round are not the ones wanted."""
    define_sources(work.warehouse, _manifest(work.settings))
    if serving_stands(work.warehouse) and not work.is_full:
        return _build_logged(work, "serving_tests", "test what is served", extent="the views stand")
    forget_serving(work.warehouse)
    outcome = _build_logged(work, "serving", "build serving views")
    remember_serving(work.warehouse)
    return outcome


def publish_build(work: Round) -> StepOutcome:
    """Publish a verified build and switch readers to it."""
    report = publish(
        work.warehouse,
        _manifest(work.settings),
        build_id=work.run_id,
        built_at=work.started_at,
        progress=work.progress,
        reached=work.reached,
    )
    return StepOutcome(
        report.rows, f"{report.written} company files written, {report.linked} unchanged, build {work.run_id}"
    )


FEED = RoundStep("feed", "What PostgreSQL committed since the last round, in the lake.", feed)
MARTS = RoundStep("marts", "Customers, products, sales, stock and demand as tested tables.", build_marts)
RECONCILE = RoundStep(
    "reconcile", "Rows, units and cents equal PostgreSQL's, company by company.", check_totals
)
VOLUMES = RoundStep("volumes", "Rows of the last whole day beside the same weekdays before.", check_volumes)
FORECAST = RoundStep("forecast", "Daily demand of every item and place, with its uncertainty.", forecast)
PLAN = RoundStep("plan", "What to order today, and why not the rest.", plan)
RECOMMEND = RoundStep("recommend", "What each customer may want next, and what goes together.", recommend)
VALUE = RoundStep("value", "What customers are expected to bring, and what they buy together.", value)
SERVING = RoundStep("serving", "Exactly what dashboards and API show, tested.", build_serving)
PUBLISH = RoundStep("publish", "One verified file per company; readers switch at once.", publish_build)
STEPS: tuple[RoundStep, ...] = (
    FEED,
    MARTS,
    RECONCILE,
    VOLUMES,
    FORECAST,
    PLAN,
    RECOMMEND,
    VALUE,
    SERVING,
    PUBLISH,
)


def _build_logged(work: Round, selector: transform.Selector, title: str, *, extent: str = "") -> StepOutcome:
    """Build everything of a selection; the tests of a build that failed are in the log too."""
    try:
        return _build(work, selector, title, full_refresh=True, extent=extent)
    except transform.TransformError as error:
        work.log.add_tests(error.result.tests)
        raise


def _build(
    work: Round, selector: transform.Selector, title: str, *, full_refresh: bool = False, extent: str = ""
) -> StepOutcome:
    with work.progress.step(title) as step:
        result = transform.build(work.settings, selector, full_refresh=full_refresh, step=step)
    work.log.add_tests(result.tests)
    rows = count_rows(work.warehouse, _LAYERS[selector])
    detail = f"{len(result.models)} models, {len(result.tests)} tests"
    return StepOutcome(rows, f"{detail}: {extent}" if extent else detail, dbt_result=result)


def _manifest(settings: Settings) -> Manifest:
    manifest = read_manifest(settings)
    if manifest is None:
        raise FeedError(
            "The lake is empty.", hint="Run the feed first: 'stockwise run' does everything in order."
        )
    return manifest


def _model(work: Round, write: Callable[[Warehouse, ModelRun], WrittenResults]) -> StepOutcome:
    run = ModelRun(
        run_id=work.run_id,
        computed_at=work.started_at,
        is_full=work.is_full,
        anew=work.companies_anew,
        progress=work.progress,
    )
    written = write(work.warehouse, run)
    return StepOutcome(written.rows, written.detail)


def _last_reconciliation(work: Round) -> tuple[ReconciliationRecord, ...]:
    """What the last round that ended well had counted."""
    runs = (run for run in list_runs(work.settings) if run.status == "ok" and run.run_id != work.run_id)
    return next((run.reconciliation for run in runs if run.reconciliation), ())


def _rows(lines: tuple[ReconciliationRecord, ...]) -> int:
    return sum(line.rows_source for line in lines)
