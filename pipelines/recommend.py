"""Make every company's recommendation lists."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

import polars as pl

from core.progress import Progress, SilentProgress
from core.warehouse import ENGINE_VERSION, Warehouse
from models.recommendations import RecommendationResult, recommend
from models.recommendations.recommend import MODEL_NAME, MODEL_VERSION
from pipelines.companies import ModelledCompany, read_companies, read_frame
from pipelines.model_results import CompanyResults, WrittenResults, known_inputs, write_results

GROUP = (
    "recommendations",
    "recommendations_together",
    "recommendations_popular",
    "recommendation_accuracy",
)
_PURCHASES_SQL = """
select
    customer_id,
    order_id as basket_id,
    product_id as item_id,
    placed_date as ordered_date,
    kept_units
from marts.fct_order_lines
where company_id = $company_id and placed_date <= '{training_end}'
"""
_SELLABLE_SQL = """
select distinct product_id
from marts.dim_variant
where company_id = $company_id and is_sellable
order by product_id
"""
_FINGERPRINT_SQL = """
select
    count(*) as row_count,
    bit_xor(hash(purchases))::varchar as xor,
    sum(hash(purchases))::varchar as total
from ({purchases}) as purchases
"""


def recommend_companies(
    warehouse: Warehouse,
    *,
    run_id: str,
    computed_at: datetime,
    full: bool = False,
    anew: Collection[str] = (),
    progress: Progress | None = None,
) -> WrittenResults:
    """Make the lists of companies whose purchases or assortment changed and write all results.

    Like the forecast, lists learn from whole days: they are made anew once a day.
    """
    settings = warehouse.settings
    companies = read_companies(warehouse)
    known = {} if full else known_inputs(settings, GROUP, without=anew)
    computed: dict[str, CompanyResults] = {}
    kept: list[str] = []
    with (progress or SilentProgress()).step("recommend", total=len(companies)) as step:
        for company in companies:
            sellable = read_frame(warehouse, _SELLABLE_SQL, company)["product_id"].to_list()
            input_hash = _fingerprint(warehouse, company, sellable)
            if known.get(company.id) == input_hash:
                kept.append(company.id)
            else:
                step.note(company.name)
                computed[company.id] = _recommend(warehouse, company, sellable, input_hash)
            step.advance()
    return write_results(
        settings, GROUP, run_id=run_id, computed_at=computed_at, computed=computed, kept=kept
    )


def _recommend(
    warehouse: Warehouse, company: ModelledCompany, sellable: list[str], input_hash: str
) -> CompanyResults:
    purchases = read_frame(warehouse, _PURCHASES_SQL.format(training_end=company.training_end), company)
    result = recommend(purchases, as_of=company.training_end, sellable_ids=sellable)
    return CompanyResults(input_hash, _frames(result))


def _frames(result: RecommendationResult) -> dict[str, pl.DataFrame]:
    version = f"{result.model_name} {result.model_version}"
    return {
        "recommendations": result.lists.with_columns(model_version=pl.lit(version)),
        "recommendations_together": result.together,
        "recommendations_popular": result.popular,
        "recommendation_accuracy": result.accuracy.rename(
            {"method": "model_name", "n_customers": "users_count"}
        ),
    }


def _fingerprint(warehouse: Warehouse, company: ModelledCompany, sellable: list[str]) -> str:
    purchases = _PURCHASES_SQL.format(training_end=company.training_end)
    rows = read_frame(warehouse, _FINGERPRINT_SQL.format(purchases=purchases), company)
    parts = (ENGINE_VERSION, MODEL_NAME, MODEL_VERSION, company.training_end, rows.row(0), sellable)
    return sha256(repr(parts).encode()).hexdigest()
