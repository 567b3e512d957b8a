"""The steps of a round as Dagster assets: the same functions, with lineage, checks and retries around them.

A refusal (a failed test, a total that differs) fails its step at once and holds back what is downstream.
Anything else, such as a server that is restarting, is tried again, later each time; what fails always ends
the run with its reason in the run's record.

What each company's models made has a partition per company, so that one or a range of them can be computed
anew; volumes have one per day. The feed and the tables have none: a pull is one snapshot of everything, and
late changes reach any day (docs/decisions/0009).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from core.errors import StockwiseError
from core.lake import read_manifest
from core.postgres.server import Server, open_server
from core.progress import SilentProgress
from core.settings import Settings
from pipelines import forecast, recommend, replenish, steps, value_customers
from pipelines.companies import read_companies
from pipelines.lineage import Layers, read_layers, source_names
from pipelines.quality.daily import read_volumes
from pipelines.rounds import hold_round
from pipelines.steps import Round, RoundStep, StepOutcome, run_step
from pipelines.transform import TransformError

ROUND = "round"
PUBLISHED = dg.AssetKey(["published", "current"])
WAREHOUSE_FOLDERS = ("staging", "intermediate", "marts")
_EQUALS_SOURCE = "equals_postgresql"
_USUAL_VOLUMES = "volumes_as_usual"
_CHECKED_TABLE = "fct_order_lines"
DAILY_VOLUMES = dg.AssetKey(["quality", "daily_volumes"])
COMPANIES = dg.DynamicPartitionsDefinition(name="companies")
DAYS = dg.DailyPartitionsDefinition(start_date="2020-01-01")
# A run that is started while another one, or `stockwise run`, is at work waits so long for its turn.
TURN = timedelta(minutes=30)
_RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def make_assets(manifest: dict[str, Any], settings: Settings) -> list[dg.AssetsDefinition]:
    """Make the assets of a dbt project: tables of the lake, models, results and the published build."""
    fresh = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=settings.feed_lag_hours))
    warehouse, serving = read_layers(manifest, WAREHOUSE_FOLDERS), read_layers(manifest, ("serving",))
    raw = [dg.AssetKey(["raw", name]) for name in source_names(manifest, "raw")]
    return [
        _feed(raw, fresh),
        _warehouse(warehouse),
        _daily_volumes(),
        _models(),
        _serving(serving),
        _published(serving, fresh),
    ]


def make_round_resource(
    settings: Settings, *, server: Server | None = None, database: str | None = None, wait: timedelta = TURN
) -> dg.ResourceDefinition:
    """Make the resource that is one round: it holds the warehouse's lock while Dagster's run lasts."""

    @dg.resource(description="One round at work; a second one waits for its turn.")
    def one_round(_: dg.InitResourceContext) -> Iterator[Round]:
        opened = server or open_server(settings)
        try:
            dsn = opened.dsn("reader", database)
            with hold_round(settings, dsn, full=False, progress=SilentProgress(), wait=wait) as work:
                yield work
                if work.log.record.status == "running":  # only a part was asked for
                    work.log.succeed(build_id=None, finished_at=datetime.now(UTC))
        finally:
            if server is None:
                opened.close()

    return one_round


def _feed(raw: Sequence[dg.AssetKey], fresh: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(key, group_name="feed", description=steps.FEED.purpose, freshness_policy=fresh)
        for key in raw
    ]

    @dg.multi_asset(specs=specs, name="feed", required_resource_keys={ROUND}, retry_policy=_RETRY)
    def feed(context: dg.AssetExecutionContext) -> Results:
        work: Round = getattr(context.resources, ROUND)
        _run(steps.FEED, work, context)
        lake = read_manifest(work.settings)
        rows = {table.name: sum(one.rows for one in table.segments) for table in lake.tables} if lake else {}
        for key in raw:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "rows": rows.get(key.path[-1], 1),
                    "horizon": str(lake.horizon_at) if lake else "",
                },
            )

    return feed


def _warehouse(layers: Layers) -> dg.AssetsDefinition:
    equals_source = dg.AssetCheckSpec(
        _EQUALS_SOURCE,
        asset=layers.keys[_CHECKED_TABLE],
        description=steps.RECONCILE.purpose,
        blocking=True,
    )
    usual_volumes = dg.AssetCheckSpec(
        _USUAL_VOLUMES,
        asset=layers.keys[_CHECKED_TABLE],
        description=steps.VOLUMES.purpose,
        blocking=True,
    )

    @dg.multi_asset(
        specs=layers.specs,
        check_specs=[*layers.checks, equals_source, usual_volumes],
        name="warehouse",
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def warehouse(context: dg.AssetExecutionContext) -> Results:
        work: Round = getattr(context.resources, ROUND)
        yield from _build(steps.MARTS, work, layers, context)
        outcome = _run(steps.RECONCILE, work, context)
        yield dg.AssetCheckResult(
            asset_key=equals_source.asset_key,
            check_name=_EQUALS_SOURCE,
            passed=True,
            metadata={"rows": outcome.rows, "totals": outcome.detail},
        )
        outcome = _run(steps.VOLUMES, work, context)
        yield dg.AssetCheckResult(
            asset_key=usual_volumes.asset_key,
            check_name=_USUAL_VOLUMES,
            passed=all(line.status == "usual" for line in work.log.record.volumes),
            severity=dg.AssetCheckSeverity.WARN,  # what was set to block has failed the step
            metadata={"rows": outcome.rows, "found": outcome.detail},
        )
        context.instance.add_dynamic_partitions(
            str(COMPANIES.name), [company.slug for company in read_companies(work.warehouse)]
        )

    return warehouse


def _daily_volumes() -> dg.AssetsDefinition:
    @dg.asset(
        key=DAILY_VOLUMES,
        deps=_marts(_CHECKED_TABLE),
        group_name="quality",
        description="Each company's rows of a day beside the same weekdays before; for any range of days.",
        partitions_def=DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def daily_volumes(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        work: Round = getattr(context.resources, ROUND)
        limit = work.settings.volume_limit
        records = {
            key: read_volumes(work.warehouse, limit=limit, day=date.fromisoformat(key))
            for key in context.partition_keys
        }
        work.log.set_volumes([line for lines in records.values() for line in lines])
        for key, lines in records.items():
            unusual = [f"{line.table} of {line.company_id}" for line in lines if line.status != "usual"]
            metadata = {"compared": len(lines), "unusual": ", ".join(unusual)}
            context.add_asset_metadata(metadata, partition_key=key)
        yield dg.MaterializeResult()

    return daily_volumes


def _models() -> dg.AssetsDefinition:
    """All models are one asset function: a plan follows the forecast of its own company and run."""
    specs = [
        dg.AssetSpec(
            dg.AssetKey(["model_results", result]),
            deps=group.reads,
            group_name="models",
            description=group.step.purpose,
            partitions_def=COMPANIES,
        )
        for group in _MODELS
        for result in group.results
    ]

    @dg.multi_asset(
        specs=specs,
        name="models",
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def models(context: dg.AssetExecutionContext) -> Results:
        """In a round those whose inputs changed; in a run of partitions these companies, whatever changed."""
        work: Round = getattr(context.resources, ROUND)
        is_partial = context.has_partition_key or context.has_partition_key_range
        companies = {company.slug: company.id for company in read_companies(work.warehouse)}
        chosen = [companies[slug] for slug in context.partition_keys] if is_partial else []
        for group in _MODELS:
            outcome = _run(group.step, replace(work, companies_anew=chosen), context)
            for result in group.results:
                key = dg.AssetKey(["model_results", result])
                if not is_partial:
                    for slug in companies:
                        context.log_event(dg.AssetMaterialization(key, partition=slug))
                yield dg.MaterializeResult(asset_key=key, metadata={"companies": outcome.detail})

    return models


def _serving(layers: Layers) -> dg.AssetsDefinition:
    @dg.multi_asset(
        specs=layers.specs,
        check_specs=layers.checks,
        name="serving",
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def serving(context: dg.AssetExecutionContext) -> Results:
        yield from _build(steps.SERVING, getattr(context.resources, ROUND), layers, context)

    return serving


def _published(serving: Layers, fresh: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLISHED,
        deps=[spec.key for spec in serving.specs],
        group_name="published",
        description=steps.PUBLISH.purpose,
        freshness_policy=fresh,
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        work: Round = getattr(context.resources, ROUND)
        outcome = _run(steps.PUBLISH, work, context)
        work.log.succeed(build_id=work.run_id, finished_at=datetime.now(UTC))
        return dg.MaterializeResult(metadata={"rows": outcome.rows, "build": outcome.detail})

    return published


def _build(step: RoundStep, work: Round, layers: Layers, context: dg.AssetExecutionContext) -> Results:
    """Run dbt and report each model and test, also when some failed."""
    try:
        outcome = _run_or_note(step, work, context)
    except TransformError as error:
        yield from layers.report(error.result, is_whole=False)
        raise _refused(step, work, error) from error
    if outcome.dbt_result is not None:
        yield from layers.report(outcome.dbt_result, is_whole=True)


def _run(step: RoundStep, work: Round, context: dg.AssetExecutionContext) -> StepOutcome:
    try:
        return _run_or_note(step, work, context)
    except StockwiseError as error:
        raise _refused(step, work, error) from error


def _run_or_note(step: RoundStep, work: Round, context: dg.AssetExecutionContext) -> StepOutcome:
    """Run a step; what was not expected is noted, and ends the round when it was tried often enough."""
    try:
        return run_step(step, work)
    except StockwiseError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        if context.op_execution_context.retry_number >= _RETRY.max_retries:
            work.log.fail(step=step.name, reason=reason, finished_at=datetime.now(UTC))
        else:
            work.log.add_alarm(f"The step {step.name} failed and is tried again: {reason}")
        raise


def _refused(step: RoundStep, work: Round, error: StockwiseError) -> dg.Failure:
    """Say what is wrong and what to do; to try again would not help."""
    work.log.fail(step=step.name, reason=error.message, finished_at=datetime.now(UTC))
    return dg.Failure(description=f"{error.message} {error.hint or ''}".strip(), allow_retries=False)


@dataclass(frozen=True)
class _ModelGroup:
    """A step, the results that it writes, and the tables that it reads."""

    step: RoundStep
    results: Sequence[str]
    reads: Sequence[dg.AssetKey]


def _marts(*names: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["marts", name]) for name in names]


_MODELS = (
    _ModelGroup(steps.FORECAST, forecast.GROUP, _marts("dim_company", "fct_demand_daily")),
    _ModelGroup(
        steps.PLAN,
        replenish.GROUP,
        [
            *_marts(
                "fct_plan_items",
                "fct_open_restock_lines",
                "fct_open_transfer_lines",
                "fct_supplier_lead_times",
            ),
            dg.AssetKey(["model_results", "forecast_daily"]),
        ],
    ),
    _ModelGroup(steps.RECOMMEND, recommend.GROUP, _marts("fct_order_lines", "dim_variant")),
    _ModelGroup(steps.VALUE, value_customers.GROUP, _marts("fct_orders", "fct_order_lines")),
)
