"""Plan what every company should order today."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

import numpy as np

from core.settings import Settings
from core.warehouse import Warehouse
from models.forecast import SamplePaths
from models.replenishment import plan_restock
from models.replenishment.plan import PLAN_VERSION
from pipelines.companies import ModelledCompany
from pipelines.model_results import CompanyWork, Frames, ModelRun, WrittenResults
from pipelines.plan_inputs import SEED, PlanInputs, read_plan_inputs
from pipelines.sample_paths import find_paths

GROUP = (
    "restock_proposals",
    "restock_not_proposed",
    "stock_projection",
    "restock_receipts",
    "restock_data_flags",
)


def plan_companies(warehouse: Warehouse, run: ModelRun) -> WrittenResults:
    """Plan the companies whose stock, orders, terms or forecast changed and write all results."""
    settings = warehouse.settings

    def work_of(company: ModelledCompany) -> CompanyWork:
        inputs = read_plan_inputs(warehouse, company)
        return CompanyWork(_fingerprint(settings, company, inputs), partial(_plan, settings, company, inputs))

    return run.write(warehouse, GROUP, title="plan restock", work_of=work_of)


def _plan(
    settings: Settings, company: ModelledCompany, inputs: PlanInputs, note: Callable[[str], None]
) -> Frames:
    note(f"{company.name}: {inputs.items.height:,} items")
    paths = find_paths(settings, company.id)
    plan = plan_restock(
        inputs.items,
        inputs.open_orders,
        inputs.lead_times,
        paths.load() if paths else _no_forecast(company),
        as_of=company.as_of,
        settings=company.plan_settings,
        seed=SEED,
        max_threads=settings.models_threads,
    )
    frames = (plan.proposals, plan.not_proposed, plan.projection, plan.receipts, plan.data_flags)
    return dict(zip(GROUP, frames, strict=True))


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
