"""Make every company's recommendation lists."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

import polars as pl

from core.warehouse import ENGINE_VERSION, Warehouse
from models.recommendations import RecommendationResult, recommend
from models.recommendations.recommend import MODEL_NAME, MODEL_VERSION
from pipelines.companies import ModelledCompany, read_frame
from pipelines.model_results import CompanyWork, Frames, ModelRun, WrittenResults, fingerprint_rows

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


def recommend_companies(warehouse: Warehouse, run: ModelRun) -> WrittenResults:
    """Make the lists of companies whose purchases or assortment changed and write all results.

    Like the forecast, lists learn from whole days: they are made anew once a day.
    """

    def work_of(company: ModelledCompany) -> CompanyWork:
        sellable = read_frame(warehouse, _SELLABLE_SQL, company)["product_id"].to_list()
        return CompanyWork(
            _fingerprint(warehouse, company, sellable), partial(_recommend, warehouse, company, sellable)
        )

    return run.write(warehouse, GROUP, title="recommend", work_of=work_of)


def _recommend(
    warehouse: Warehouse, company: ModelledCompany, sellable: list[str], note: Callable[[str], None]
) -> Frames:
    note(company.name)
    purchases = read_frame(warehouse, _purchases_sql(company), company)
    return _frames(recommend(purchases, as_of=company.training_end, sellable_ids=sellable))


def _frames(result: RecommendationResult) -> Frames:
    version = f"{result.model_name} {result.model_version}"
    return {
        "recommendations": result.lists.with_columns(model_version=pl.lit(version)),
        "recommendations_together": result.together,
        "recommendations_popular": result.popular,
        "recommendation_accuracy": result.accuracy.rename(
            {"method": "model_name", "n_customers": "users_count"}
        ),
    }


def _purchases_sql(company: ModelledCompany) -> str:
    return _PURCHASES_SQL.format(training_end=company.training_end)


def _fingerprint(warehouse: Warehouse, company: ModelledCompany, sellable: list[str]) -> str:
    purchases = fingerprint_rows(warehouse, _purchases_sql(company), company)
    parts = (ENGINE_VERSION, MODEL_NAME, MODEL_VERSION, company.training_end, purchases, sellable)
    return sha256(repr(parts).encode()).hexdigest()
