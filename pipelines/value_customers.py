"""Expect what every company's customers will bring, and count what is bought together."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from core.progress import Progress, SilentProgress
from core.warehouse import ENGINE_VERSION, Warehouse
from models.customers import basket_pairs, customer_values
from models.customers.values import MODEL_NAME, MODEL_VERSION
from pipelines.companies import ModelledCompany, read_companies, read_frame
from pipelines.model_results import CompanyResults, WrittenResults, known_inputs, write_results

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
_FINGERPRINT_SQL = """
select count(*) as row_count, bit_xor(hash(input))::varchar as xor, sum(hash(input))::varchar as total
from ({input}) as input
"""


def value_customers(
    warehouse: Warehouse,
    *,
    run_id: str,
    computed_at: datetime,
    full: bool = False,
    anew: Collection[str] = (),
    progress: Progress | None = None,
) -> WrittenResults:
    """Compute what changed since the last run, and companies ``anew``; from whole days, so once a day."""
    settings = warehouse.settings
    companies = read_companies(warehouse)
    known = {} if full else known_inputs(settings, GROUP, without=anew)
    known = {company: inputs for company, inputs in known.items() if company not in anew}
    computed: dict[str, CompanyResults] = {}
    kept: list[str] = []
    with (progress or SilentProgress()).step("value customers", total=len(companies)) as step:
        for company in companies:
            input_hash = _fingerprint(warehouse, company)
            if known.get(company.id) == input_hash:
                kept.append(company.id)
            else:
                step.note(company.name)
                computed[company.id] = _value(warehouse, company, input_hash)
            step.advance()
    return write_results(
        settings, GROUP, run_id=run_id, computed_at=computed_at, computed=computed, kept=kept
    )


def _value(warehouse: Warehouse, company: ModelledCompany, input_hash: str) -> CompanyResults:
    margin = read_frame(warehouse, _until(_MARGIN_SQL, company), company)
    expected = customer_values(
        read_frame(warehouse, _until(_DAYS_SQL, company), company),
        as_of=company.training_end,
        margin_ratio=margin["margin_ratio"].item(),
    )
    return CompanyResults(
        input_hash,
        {
            "customer_values": expected.values,
            "customer_value_accuracy": expected.accuracy,
            "basket_pairs": basket_pairs(read_frame(warehouse, _until(_BASKETS_SQL, company), company)),
        },
    )


def _until(sql: str, company: ModelledCompany) -> str:
    return sql.format(training_end=company.training_end)


def _fingerprint(warehouse: Warehouse, company: ModelledCompany) -> str:
    inputs = [
        read_frame(warehouse, _FINGERPRINT_SQL.format(input=_until(sql, company)), company).row(0)
        for sql in (_DAYS_SQL, _MARGIN_SQL, _BASKETS_SQL)
    ]
    return sha256(
        repr((ENGINE_VERSION, MODEL_NAME, MODEL_VERSION, company.training_end, inputs)).encode()
    ).hexdigest()
