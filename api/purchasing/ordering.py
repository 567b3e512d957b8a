"""How a restock order is made: priced from the supplier's terms, checked, numbered and written.

Used by the buyers' route and by the approval of a plan's proposals: one way in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.errors import UnknownReference, Violation
from api.purchasing import queries, rules
from api.purchasing.errors import ExchangeRateRequired, QuantityNotAccepted, SupplierDoesNotOffer
from core.events.outbox import append_event
from core.ids import new_id
from core.money import line_amount, round_amount

QuantityRule = Literal["refuse", "round_up"]


@dataclass(frozen=True)
class WantedLine:
    """One variant to order; ``proposal_id`` names the plan's proposal it comes from."""

    variant_id: UUID
    ordered_units: int
    proposal_id: UUID | None = None


@dataclass(frozen=True)
class WantedOrder:
    """A restock order before it is priced.

    ``exchange_rate`` is the company's currency per unit of the supplier's.
    """

    supplier_id: UUID
    location_id: UUID
    lines: Sequence[WantedLine]
    source: str
    expected_date: date | None = None
    note: str | None = None
    exchange_rate: Decimal | None = None
    exchange_rate_date: date | None = None
    plan_run_id: str | None = None
    # A quantity below the supplier's minimum or between packs: refuse the order, or raise the quantity.
    quantity_rule: QuantityRule = "refuse"


async def create_restock_order(
    connection: AsyncConnection, wanted: WantedOrder, *, company_id: UUID, user_id: UUID | None, now: datetime
) -> dict[str, Any]:
    """Write a draft with its lines and its event, or refuse it whole.

    Raises
    ------
    UnknownReference, SupplierDoesNotOffer, QuantityNotAccepted, ExchangeRateRequired
    """
    supplier = await queries.get_supplier(connection, wanted.supplier_id)
    if supplier is None or supplier["archived_at"] is not None:
        raise UnknownReference("There is no such supplier.", pointer="/supplier_id")
    if not await queries.exists_location(connection, wanted.location_id):
        raise UnknownReference("There is no such location.", pointer="/location_id")
    company = await queries.company_terms(connection, company_id)
    exchange_rate = _exchange_rate(wanted, supplier["currency"], company["currency"])
    order_id = new_id()
    lines = await price_lines(connection, wanted, order_id, company_id=company_id)
    total = sum((line["line_amount"] for line in lines), Decimal(0))
    expected_date = wanted.expected_date or _expected_date(supplier, now)
    values = {
        "company_id": company_id,
        "id": order_id,
        "restock_number": await queries.next_restock_number(connection, company["timezone"], now),
        "supplier_id": wanted.supplier_id,
        "location_id": wanted.location_id,
        "currency": supplier["currency"],
        "exchange_rate": exchange_rate,
        "exchange_rate_date": wanted.exchange_rate_date,
        "total_amount": total,
        "total_company_amount": round_amount(total * exchange_rate, company["currency"]),
        "expected_date": expected_date,
        "note": wanted.note,
        "source": wanted.source,
        "plan_run_id": wanted.plan_run_id,
        "created_by": user_id,
    }
    await queries.insert_restock_order(connection, values, lines)
    await append_event(
        connection,
        company_id=company_id,
        type="restock_order.created",
        aggregate_type="restock_order",
        aggregate_id=order_id,
        payload={"restock_number": values["restock_number"], "source": wanted.source, "lines": len(lines)},
        actor_user_id=user_id,
    )
    return values


async def price_lines(
    connection: AsyncConnection, wanted: WantedOrder, order_id: UUID, *, company_id: UUID
) -> list[dict[str, Any]]:
    """Merge repeated variants (the supplier's minimum counts once an order), check and price them."""
    merged: dict[UUID, WantedLine] = {}
    first_index: dict[UUID, int] = {}
    for index, line in enumerate(wanted.lines):
        known = merged.get(line.variant_id)
        first_index.setdefault(line.variant_id, index)
        units = line.ordered_units + (known.ordered_units if known else 0)
        merged[line.variant_id] = WantedLine(line.variant_id, units, line.proposal_id)
    offered = {
        terms["variant_id"]: terms
        for terms in await queries.list_terms(connection, wanted.supplier_id, list(merged))
    }
    _check_lines(merged, first_index, offered, quantity_rule=wanted.quantity_rule)
    lines = []
    for number, line in enumerate(merged.values(), start=1):
        terms = offered[line.variant_id]
        units = rules.accepted_units(terms, line.ordered_units)
        cost = rules.unit_cost(terms, units)
        lines.append(
            {
                "company_id": company_id,
                "id": new_id(),
                "restock_order_id": order_id,
                "variant_id": line.variant_id,
                "line_number": number,
                "ordered_units": units,
                "requested_units": None if units == line.ordered_units else line.ordered_units,
                "unit_cost_amount": cost,
                "line_amount": line_amount(cost, units, terms["currency"]),
                "proposal_id": line.proposal_id,
            }
        )
    return lines


def _check_lines(
    lines: Mapping[UUID, WantedLine],
    first_index: Mapping[UUID, int],
    offered: Mapping[UUID, Mapping[Any, Any]],
    *,
    quantity_rule: QuantityRule,
) -> None:
    unknown = [variant_id for variant_id in lines if variant_id not in offered]
    if unknown:
        raise SupplierDoesNotOffer(
            violations=[
                Violation(
                    f"/lines/{first_index[variant_id]}/variant_id",
                    "supplier_does_not_offer",
                    "The supplier has no terms for this variant.",
                )
                for variant_id in unknown
            ]
        )
    if quantity_rule == "round_up":
        return
    problems = [
        (variant_id, problem)
        for variant_id, line in lines.items()
        if (problem := rules.quantity_problem(offered[variant_id], line.ordered_units))
    ]
    if problems:
        raise QuantityNotAccepted(
            violations=[
                Violation(f"/lines/{first_index[variant_id]}/ordered_units", problem.code, problem.detail)
                for variant_id, problem in problems
            ]
        )


def _exchange_rate(wanted: WantedOrder, supplier_currency: str, company_currency: str) -> Decimal:
    if supplier_currency == company_currency:
        return Decimal(1)
    if wanted.exchange_rate is None or wanted.exchange_rate_date is None:
        raise ExchangeRateRequired(pointer="/exchange_rate")
    return wanted.exchange_rate


def _expected_date(supplier: Mapping[Any, Any], now: datetime) -> date | None:
    days = supplier["quoted_lead_time_days"]
    return None if days is None else (now + timedelta(days=days)).date()
