"""Forecast every company's daily demand, and draw the futures that the plan rolls stock along."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

import polars as pl

from core.warehouse import ENGINE_VERSION, Warehouse
from models.forecast import ForecastResult, forecast_demand
from models.forecast.demand import MAX_HORIZON_DAYS
from models.forecast.registry import FORECASTERS
from pipelines.companies import ModelledCompany, read_frame
from pipelines.model_results import CompanyWork, Frames, ModelRun, WrittenResults
from pipelines.plan_inputs import read_plan_inputs
from pipelines.sample_paths import find_paths, keep_paths

GROUP = ("forecast_daily", "forecast_accuracy", "forecast_summary")
SHORTEST_HORIZON_DAYS = 28
N_PATHS = 200
SEED = 1

# Days without demand need no row: the model fills them in from a series' first row on. The mart of demand has
# prices beside it, which three reads of each company would pay for.
_HISTORY_SQL = """
with starts as (
    select variant_id, location_id, min(demand_date) as first_date
    from intermediate.int_demand_daily
    where company_id = $company_id
    group by variant_id, location_id
)

select
    demand.variant_id || '|' || demand.location_id as series_id,
    demand.demand_date,
    demand.demand_units::double as demand_units,
    demand.is_out_of_stock
from intermediate.int_demand_daily as demand
inner join starts on demand.variant_id = starts.variant_id and demand.location_id = starts.location_id
where
    demand.company_id = $company_id
    and demand.demand_date <= '{training_end}'
    and (demand.demand_units <> 0 or demand.is_out_of_stock or demand.demand_date = starts.first_date)
"""
_FINGERPRINT_SQL = """
select
    count(*) as row_count,
    bit_xor(hash(variant_id, location_id, demand_date, demand_units, is_out_of_stock))::varchar as xor,
    sum(hash(variant_id, location_id, demand_date, demand_units, is_out_of_stock))::varchar as total
from intermediate.int_demand_daily
where company_id = $company_id and demand_date <= '{training_end}'
"""


def forecast_companies(warehouse: Warehouse, run: ModelRun) -> WrittenResults:
    """Forecast the companies whose history changed and write all results.

    A history is everything up to the day before the plan's, so it changes once a day, or when an old order
    is cancelled or returned; a round within the day keeps the forecast.
    """

    def work_of(company: ModelledCompany) -> CompanyWork:
        needed = read_plan_inputs(warehouse, company).horizon_days(company)
        input_hash = _fingerprint(warehouse, company)
        return CompanyWork(
            input_hash,
            partial(_forecast, warehouse, company, needed, input_hash),
            can_keep=_reaches(warehouse, company, input_hash, needed),
        )

    return run.write(warehouse, GROUP, title="forecast demand", work_of=work_of)


def _forecast(
    warehouse: Warehouse,
    company: ModelledCompany,
    needed_days: int,
    input_hash: str,
    note: Callable[[str], None],
) -> Frames:
    settings = warehouse.settings
    history = read_frame(warehouse, _HISTORY_SQL.format(training_end=company.training_end), company)
    note(f"{company.name}: {history['series_id'].n_unique():,} series")
    # Half as long again as needed: a longer lead time tomorrow must not cost a new forecast.
    horizon_days = min(max(SHORTEST_HORIZON_DAYS, needed_days * 3 // 2), MAX_HORIZON_DAYS)
    result = forecast_demand(
        history,
        training_end=company.training_end,
        horizon_days=horizon_days,
        n_paths=N_PATHS,
        seed=SEED,
        max_threads=settings.models_threads,
    )
    keep_paths(settings, company.id, result.paths, input_hash=input_hash)
    return _frames(result, company)


def _frames(result: ForecastResult, company: ModelledCompany) -> Frames:
    parts = pl.col("series_id").str.splitn("|", 2)
    chosen = (
        result.accuracy.filter("is_chosen")
        .group_by("model_name")
        .agg(is_chosen_count=pl.len().cast(pl.Int64))
    )
    return {
        "forecast_daily": result.daily.with_columns(
            variant_id=parts.struct.field("field_0"), location_id=parts.struct.field("field_1")
        ),
        "forecast_accuracy": result.accuracy,
        "forecast_summary": result.summary.join(chosen, on="model_name", how="left").with_columns(
            pl.col("is_chosen_count").fill_null(0), training_end_date=pl.lit(company.training_end)
        ),
    }


def _reaches(warehouse: Warehouse, company: ModelledCompany, input_hash: str, needed_days: int) -> bool:
    """Whether the kept futures are those of this history and go far enough for the plan."""
    paths = find_paths(warehouse.settings, company.id)
    return (
        paths is not None
        and paths.input_hash == input_hash
        and paths.horizon_days >= min(needed_days, MAX_HORIZON_DAYS)
    )


def _fingerprint(warehouse: Warehouse, company: ModelledCompany) -> str:
    """Hash of the history and of everything else the forecast depends on, the code's versions included."""
    rows = read_frame(warehouse, _FINGERPRINT_SQL.format(training_end=company.training_end), company)
    methods = sorted((name, make().version) for name, make in FORECASTERS.items())
    parts = (ENGINE_VERSION, rows.row(0), company.training_end, methods, N_PATHS, SEED)
    return sha256(repr(parts).encode()).hexdigest()
