"""Plan what every company should order today."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

import numpy as np

from core.progress import Progress, SilentProgress
from core.settings import Settings
from core.warehouse import Warehouse
from models.forecast import SamplePaths
from models.replenishment import plan_restock
from models.replenishment.plan import PLAN_VERSION
from pipelines.companies import ModelledCompany, read_companies
from pipelines.model_results import CompanyResults, WrittenResults, known_inputs, write_results
from pipelines.plan_inputs import SEED, PlanInputs, read_plan_inputs
from pipelines.sample_paths import find_paths

GROUP = (
    "restock_proposals",
    "restock_not_proposed",
    "stock_projection",
    "restock_receipts",
    "restock_data_flags",
)


def plan_companies(
    warehouse: Warehouse,
    *,
    run_id: str,
    computed_at: datetime,
    full: bool = False,
    anew: Collection[str] = (),
    progress: Progress | None = None,
) -> WrittenResults:
    """Plan the companies whose stock, orders, terms or forecast changed and write all results."""
    settings = warehouse.settings
    companies = read_companies(warehouse)
    known = {} if full else known_inputs(settings, GROUP, without=anew)
    computed: dict[str, CompanyResults] = {}
    kept: list[str] = []
    with (progress or SilentProgress()).step("plan restock", total=len(companies)) as step:
        for company in companies:
            inputs = read_plan_inputs(warehouse, company)
            input_hash = _fingerprint(settings, company, inputs)
            if known.get(company.id) == input_hash:
                kept.append(company.id)
            else:
                step.note(f"{company.name}: {inputs.items.height:,} items")
                computed[company.id] = _plan(settings, company, inputs, input_hash)
            step.advance()
    return write_results(
        settings, GROUP, run_id=run_id, computed_at=computed_at, computed=computed, kept=kept
    )


def _plan(
    settings: Settings, company: ModelledCompany, inputs: PlanInputs, input_hash: str
) -> CompanyResults:
    kept = find_paths(settings, company.id)
    plan = plan_restock(
        inputs.items,
        inputs.open_orders,
        inputs.lead_times,
        kept.load() if kept else _no_forecast(company),
        as_of=company.as_of,
        settings=company.plan_settings,
        seed=SEED,
        max_threads=settings.models_threads,
    )
    frames = (plan.proposals, plan.not_proposed, plan.projection, plan.receipts, plan.data_flags)
    return CompanyResults(input_hash, dict(zip(GROUP, frames, strict=True)))


def _no_forecast(company: ModelledCompany) -> SamplePaths:
    return SamplePaths((), company.as_of, np.empty((0, 1, 1), dtype=np.int16))


def _fingerprint(settings: Settings, company: ModelledCompany, inputs: PlanInputs) -> str:
    paths = find_paths(settings, company.id)
    parts = (
        PLAN_VERSION,
        company.as_of,
        company.plan_settings,
        SEED,
        paths and (paths.input_hash, paths.horizon_days),
        inputs.fingerprint(),
    )
    return sha256(repr(parts).encode()).hexdigest()
