"""Restock plans: lead times, stock projected along sample paths, and what each unit is worth."""

from models.replenishment.errors import ReplenishmentInputError
from models.replenishment.plan import PlanResult, plan_horizon_days, plan_restock
from models.replenishment.settings import PlanSettings

__all__ = ["PlanResult", "PlanSettings", "ReplenishmentInputError", "plan_horizon_days", "plan_restock"]
