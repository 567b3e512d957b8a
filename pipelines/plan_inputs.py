"""What the planner reads of one company: its items, open restock orders and transfers, past lead times."""

from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from core.warehouse import Warehouse
from models.replenishment import plan_horizon_days
from pipelines.companies import ModelledCompany, read_frame

SEED = 1
_ITEMS_SQL = "select * exclude (company_id) from marts.fct_plan_items where company_id = $company_id"
_OPEN_ORDERS_SQL = """
select restock_order_id, supplier_id, variant_id, location_id, open_units, sent_date, expected_date
from marts.fct_open_restock_lines
where company_id = $company_id
union all
-- What comes from another location counts like what comes from a supplier.
select stock_transfer_id, null, variant_id, location_id, open_units, sent_date, expected_date
from marts.fct_open_transfer_lines
where company_id = $company_id
"""
_LEAD_TIMES_SQL = """
select supplier_id, variant_id, sent_date, received_date, units
from marts.fct_supplier_lead_times
where company_id = $company_id
"""


@dataclass(frozen=True)
class PlanInputs:
    """The frames of a plan, each in a fixed order of rows."""

    items: pl.DataFrame
    open_orders: pl.DataFrame
    lead_times: pl.DataFrame

    def fingerprint(self) -> str:
        """Hash of all frames."""
        digest = sha256()
        for frame in (self.items, self.open_orders, self.lead_times):
            digest.update(frame.write_csv().encode())
        return digest.hexdigest()

    def horizon_days(self, company: ModelledCompany) -> int:
        """Days of futures that the plan will need."""
        return plan_horizon_days(
            self.items, self.lead_times, as_of=company.as_of, settings=company.plan_settings, seed=SEED
        )


def read_plan_inputs(warehouse: Warehouse, company: ModelledCompany) -> PlanInputs:
    """Read one company's frames."""
    return PlanInputs(
        *(
            _sorted(read_frame(warehouse, sql, company))
            for sql in (_ITEMS_SQL, _OPEN_ORDERS_SQL, _LEAD_TIMES_SQL)
        )
    )


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(frame.columns)
