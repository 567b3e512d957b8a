"""The steps of a round as Dagster assets: the same functions, with lineage, checks and retries around them.

A refusal (a failed test, a total that differs) fails its step at once and holds back what is downstream.
Anything else, such as a server that is restarting, is tried again.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from core.errors import StockwiseError
from core.lake import read_manifest
from core.postgres.server import Server, open_server
from core.progress import SilentProgress
from core.settings import Settings
from pipelines import forecast, recommend, replenish, steps, value_customers
from pipelines.lineage import Layers, read_layers, source_names
from pipelines.rounds import hold_round
from pipelines.steps import Round, RoundStep, StepOutcome, run_step
from pipelines.transform import TransformError

ROUND = "round"
PUBLISHED = dg.AssetKey(["published", "current"])
WAREHOUSE_FOLDERS = ("staging", "intermediate", "marts")
_EQUALS_SOURCE = "equals_postgresql"
_CHECKED_TABLE = "fct_order_lines"
_RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def make_assets(manifest: dict[str, Any]) -> list[dg.AssetsDefinition]:
    """Make the assets of a dbt project: tables of the lake, models, results and the published build."""
    warehouse, serving = read_layers(manifest, WAREHOUSE_FOLDERS), read_layers(manifest, ("serving",))
    raw = [dg.AssetKey(["raw", name]) for name in source_names(manifest, "raw")]
    return [
        _feed(raw),
        _warehouse(warehouse),
        _results("forecast", steps.FORECAST, forecast.GROUP, _marts("dim_company", "fct_demand_daily")),
        _results(
            "plan",
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
        _results("recommend", steps.RECOMMEND, recommend.GROUP, _marts("fct_order_lines", "dim_variant")),
        _results("value", steps.VALUE, value_customers.GROUP, _marts("fct_orders", "fct_order_lines")),
        _serving(serving),
        _published(serving),
    ]


def make_round_resource(
    settings: Settings, *, server: Server | None = None, database: str | None = None
) -> dg.ResourceDefinition:
    """Make the resource that is one round: it holds the warehouse's lock while Dagster's run lasts."""

    @dg.resource(description="One round at work; a second one is refused.")
    def one_round(_: dg.InitResourceContext) -> Iterator[Round]:
        opened = server or open_server(settings)
        try:
            dsn = opened.dsn("reader", database)
            with hold_round(settings, dsn, full=False, progress=SilentProgress()) as work:
                yield work
                if work.log.record.status == "running":  # only a part was asked for
                    work.log.succeed(build_id=None, finished_at=datetime.now(UTC))
        finally:
            if server is None:
                opened.close()

    return one_round


def _feed(raw: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    specs = [dg.AssetSpec(key, group_name="feed", description=steps.FEED.purpose) for key in raw]

    @dg.multi_asset(specs=specs, name="feed", required_resource_keys={ROUND}, retry_policy=_RETRY)
    def feed(context: dg.AssetExecutionContext) -> Results:
        work: Round = getattr(context.resources, ROUND)
        _run(steps.FEED, work)
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

    @dg.multi_asset(
        specs=layers.specs,
        check_specs=[*layers.checks, equals_source],
        name="warehouse",
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def warehouse(context: dg.AssetExecutionContext) -> Results:
        work: Round = getattr(context.resources, ROUND)
        yield from _build(steps.MARTS, work, layers)
        outcome = _run(steps.RECONCILE, work)
        yield dg.AssetCheckResult(
            asset_key=equals_source.asset_key,
            check_name=_EQUALS_SOURCE,
            passed=True,
            metadata={"rows": outcome.rows, "totals": outcome.detail},
        )

    return warehouse


def _results(
    name: str, step: RoundStep, group: Sequence[str], deps: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    keys = [dg.AssetKey(["model_results", result]) for result in group]
    specs = [dg.AssetSpec(key, deps=deps, group_name="models", description=step.purpose) for key in keys]

    @dg.multi_asset(specs=specs, name=name, required_resource_keys={ROUND}, retry_policy=_RETRY)
    def results(context: dg.AssetExecutionContext) -> Results:
        outcome = _run(step, getattr(context.resources, ROUND))
        for key in keys:
            yield dg.MaterializeResult(asset_key=key, metadata={"companies": outcome.detail})

    return results


def _serving(layers: Layers) -> dg.AssetsDefinition:
    @dg.multi_asset(
        specs=layers.specs,
        check_specs=layers.checks,
        name="serving",
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def serving(context: dg.AssetExecutionContext) -> Results:
        yield from _build(steps.SERVING, getattr(context.resources, ROUND), layers)

    return serving


def _published(serving: Layers) -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLISHED,
        deps=[spec.key for spec in serving.specs],
        group_name="published",
        description=steps.PUBLISH.purpose,
        required_resource_keys={ROUND},
        retry_policy=_RETRY,
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        work: Round = getattr(context.resources, ROUND)
        outcome = _run(steps.PUBLISH, work)
        work.log.succeed(build_id=work.run_id, finished_at=datetime.now(UTC))
        return dg.MaterializeResult(metadata={"rows": outcome.rows, "build": outcome.detail})

    return published


def _build(step: RoundStep, work: Round, layers: Layers) -> Results:
    """Run dbt and report each model and test, also when some failed."""
    try:
        outcome = run_step(step, work)
    except TransformError as error:
        yield from layers.report(error.result, is_whole=False)
        raise _refused(step, work, error) from error
    if outcome.dbt_result is not None:
        yield from layers.report(outcome.dbt_result, is_whole=True)


def _run(step: RoundStep, work: Round) -> StepOutcome:
    try:
        return run_step(step, work)
    except StockwiseError as error:
        raise _refused(step, work, error) from error


def _refused(step: RoundStep, work: Round, error: StockwiseError) -> dg.Failure:
    work.log.fail(step=step.name, reason=error.message, finished_at=datetime.now(UTC))
    return dg.Failure(description=error.message, allow_retries=False)


def _marts(*names: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["marts", name]) for name in names]
