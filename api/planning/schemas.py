"""What the planning routes take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from api.published import BuildRead
from api.schemas import Amount, InputModel, OutputModel, PositiveUnits, PricedModel, ShortText, UnitAmount

Ratio = Annotated[float, Field(ge=0, le=1)]


class PartRead(OutputModel):
    """One signed part of a suggestion; all parts add up to it."""

    name: str
    label: str
    units: int


class DecisionRead(OutputModel):
    """What was decided on an item since the numbers were pulled."""

    decision: Literal["approved", "dismissed"]
    decided_units: int
    restock_order_id: UUID | None
    restock_number: str | None
    decided_at: datetime


class ProposalRead(OutputModel):
    proposal_id: UUID
    plan_run_id: str
    series_id: str
    rank: int
    variant_id: UUID
    sku: str
    product_name: str
    variant_name: str | None
    location_id: UUID
    location_name: str
    supplier_id: UUID | None
    supplier_name: str | None
    suggested_units: int
    unit_cost_amount: UnitAmount | None
    cost_amount: Amount | None
    value_amount: Amount
    order_by_date: date
    expected_arrival_date: date
    projected_stockout_date: date | None
    stockout_probability_ratio: Ratio
    fill_rate_ratio: Ratio
    cycle_service_ratio: Ratio
    is_assumed: bool
    parts: list[PartRead]
    decision: DecisionRead | None


class WorklistRead(PricedModel):
    build: BuildRead
    currency: str
    timezone: str
    items: list[ProposalRead]
    next_after_rank: int | None


class DemandDayRead(OutputModel):
    demand_date: date
    demand_units: int
    is_out_of_stock: bool


class ForecastDayRead(OutputModel):
    forecast_date: date
    mean_units: float
    p10_units: float
    p50_units: float
    p90_units: float
    model_name: str
    model_version: str
    training_end_date: date


class ProjectionDayRead(OutputModel):
    projection_date: date
    stock_p10_units: int
    stock_p50_units: int
    stock_p90_units: int
    stockout_probability_ratio: Ratio


class ReasonRead(OutputModel):
    """Why the plan proposes nothing for an item."""

    reason_code: str
    reason_text: str


class PlanItemRead(PricedModel):
    build: BuildRead
    currency: str
    series_id: str
    proposal: ProposalRead | None
    reason: ReasonRead | None
    demand: list[DemandDayRead]
    forecast: list[ForecastDayRead]
    projection: list[ProjectionDayRead]


def _each_once(items: list[ApprovalItem]) -> list[ApprovalItem]:
    if len({item.proposal_id for item in items}) < len(items):
        raise ValueError("a proposal is named twice")
    return items


class ApprovalItem(InputModel):
    proposal_id: UUID
    # The quantity to order, when it is not the suggested one.
    decided_units: PositiveUnits | None = None


class ProposalsApprove(InputModel):
    plan_run_id: ShortText
    items: Annotated[list[ApprovalItem], Field(min_length=1, max_length=500), AfterValidator(_each_once)]


class ProposalsDismiss(InputModel):
    plan_run_id: ShortText
    proposal_ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]
    reason: ShortText


class LineOutcome(OutputModel):
    """What became of one proposal: approved (on an order), or why not."""

    proposal_id: UUID
    outcome: Literal["approved", "dismissed", "already_decided", "unknown_proposal", "refused"]
    detail: str
    restock_order_id: UUID | None
    restock_number: str | None


class OrderOutcome(PricedModel):
    id: UUID
    restock_number: str
    supplier_id: UUID
    location_id: UUID
    status: str
    currency: str
    total_amount: Amount


class DecisionsRead(OutputModel):
    lines: list[LineOutcome]
    restock_orders: list[OrderOutcome]
