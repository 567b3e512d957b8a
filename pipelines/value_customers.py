"""Expect what every company's customers will bring, and count what is bought together."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

from core.warehouse import ENGINE_VERSION, Warehouse
from models.customers import basket_pairs, customer_values
from models.customers.values import MODEL_NAME, MODEL_VERSION
from pipelines.companies import ModelledCompany, read_frame
from pipelines.model_results import CompanyWork, Frames, ModelRun, WrittenResults, fingerprint_rows

GROUP = ("customer_values", "customer_value_accuracy", "basket_pairs")
_DAYS_SQL = """
select
    customer_id,
    placed_date as ordered_date,
    sum(kept_net_sales_amount)::double as kept_net_sales_amount,
    sum(kept_margin_amount)::double as kept_margin_amount
from marts.fct_orders
where company_id = $company_id and customer_id is not null and units > 0 and placed_date <= '{training_end}'
group by customer_id, placed_date
"""
_MARGIN_SQL = """
select (sum(margin_amount) / nullif(sum(costed_net_sales_amount), 0))::double as margin_ratio
from marts.fct_orders
where company_id = $company_id and placed_date <= '{training_end}'
"""
_BASKETS_SQL = """
select order_id as basket_id, product_id as item_id
from marts.fct_order_lines
where company_id = $company_id and kept_units > 0 and placed_date <= '{training_end}'
"""


def value_customers(warehouse: Warehouse, run: ModelRun) -> WrittenResults:
    """Compute what changed since the last run; from whole days, so once a day."""

    def work_of(company: ModelledCompany) -> CompanyWork:
        return CompanyWork(_fingerprint(warehouse, company), partial(_value, warehouse, company))

    return run.write(warehouse, GROUP, title="value customers", work_of=work_of)


def _value(warehouse: Warehouse, company: ModelledCompany, note: Callable[[str], None]) -> Frames:
    note(company.name)
    margin = read_frame(warehouse, _until(_MARGIN_SQL, company), company)
    expected = customer_values(
        read_frame(warehouse, _until(_DAYS_SQL, company), company),
        as_of=company.training_end,
        margin_ratio=margin["margin_ratio"].item(),
    )
    return {
        "customer_values": expected.values,
        "customer_value_accuracy": expected.accuracy,
        "basket_pairs": basket_pairs(read_frame(warehouse, _until(_BASKETS_SQL, company), company)),
    }


def _until(sql: str, company: ModelledCompany) -> str:
    return sql.format(training_end=company.training_end)


def _fingerprint(warehouse: Warehouse, company: ModelledCompany) -> str:
    inputs = [
        fingerprint_rows(warehouse, _until(sql, company), company)
        for sql in (_DAYS_SQL, _MARGIN_SQL, _BASKETS_SQL)
    ]
    parts = (ENGINE_VERSION, MODEL_NAME, MODEL_VERSION, company.training_end, inputs)
    return sha256(repr(parts).encode()).hexdigest()
