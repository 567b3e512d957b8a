"""Decisions on restock orders that need no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

NEXT_STATUSES: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"approved", "cancelled"}),
    "approved": frozenset({"sent", "cancelled"}),
    "sent": frozenset({"partly_received", "received", "closed_short", "cancelled"}),
    "partly_received": frozenset({"partly_received", "received", "closed_short"}),
    "received": frozenset(),
    "closed_short": frozenset(),
    "cancelled": frozenset(),
}


def can_become(status: str, next_status: str) -> bool:
    """Tell whether a restock order may go from one status to the other."""
    return next_status in NEXT_STATUSES[status]


def unit_cost(terms: Mapping[Any, Any], ordered_units: int) -> Decimal:
    """Return the supplier's cost a unit for this quantity: all-units price breaks.

    ``price_breaks`` is a list of ``{"min_units": int, "unit_cost_amount": "decimal string"}``.
    """
    reached = [step for step in terms["price_breaks"] if ordered_units >= step["min_units"]]
    if not reached:
        return Decimal(terms["unit_cost_amount"])
    return Decimal(max(reached, key=lambda step: step["min_units"])["unit_cost_amount"])


@dataclass(frozen=True)
class QuantityProblem:
    """Why a supplier would not accept a line's quantity."""

    code: str
    detail: str


def quantity_problem(terms: Mapping[Any, Any], ordered_units: int) -> QuantityProblem | None:
    """Return what is wrong with the quantity under the supplier's MOQ and pack, if anything is."""
    moq_units, pack_units = terms["moq_units"], terms["pack_units"]
    if ordered_units < moq_units:
        return QuantityProblem("below_moq", f"the supplier's minimum is {moq_units} units")
    if ordered_units % pack_units:
        return QuantityProblem("not_pack_multiple", f"the supplier sells packs of {pack_units} units")
    return None


def accepted_units(terms: Mapping[Any, Any], wanted_units: int) -> int:
    """Return the smallest quantity that the supplier accepts and that is no less than what is wanted."""
    at_least = max(wanted_units, terms["moq_units"])
    packs = -(-at_least // terms["pack_units"])
    return int(packs * terms["pack_units"])


def acceptable_units(ordered_units: int, received_units: int, *, tolerance_percent: Decimal) -> int:
    """Return how many more units a line may receive under the company's tolerance, whole units only."""
    most_units = int(ordered_units * (1 + tolerance_percent / 100))
    return max(most_units - received_units, 0)


@dataclass(frozen=True)
class OrderWarning:
    """Something about an order that is allowed and that a buyer should see; ``line_number`` if of a line."""

    code: str
    detail: str
    line_number: int | None


def order_warnings(order: Mapping[Any, Any]) -> list[OrderWarning]:
    """Return what a buyer should look at before the order is sent."""
    warnings = []
    if order["total_amount"] < order["minimum_order_amount"]:
        detail = f"the supplier's minimum order is {order['minimum_order_amount']} {order['currency']}"
        warnings.append(OrderWarning("below_minimum_order", detail, None))
    for line in order["lines"]:
        units, cost, number = line["ordered_units"], line["unit_cost_amount"], line["line_number"]
        if line["requested_units"] not in (None, units):
            detail = f"{line['requested_units']} units were raised to {units}: minimum and packs"
            warnings.append(OrderWarning("quantity_rounded_up", detail, number))
        for step in line["price_breaks"] or ():
            total = step["min_units"] * Decimal(step["unit_cost_amount"])
            if step["min_units"] > units and total <= units * cost:
                detail = f"{step['min_units']} units cost {total:f} in all, no more than {units} do"
                warnings.append(OrderWarning("cheaper_with_more", detail, number))
    return warnings


def status_after_receipt(lines: Iterable[tuple[int, int]]) -> str:
    """Return the order's status from (ordered, received) of all its lines."""
    return "received" if all(received >= ordered for ordered, received in lines) else "partly_received"


@dataclass(frozen=True)
class ApprovalRight:
    """How much a person may approve: ``limit_amount`` in the company's currency, None without limit."""

    may_approve: bool
    limit_amount: Decimal | None


def approval_right(roles: frozenset[str], limit_amount: Decimal | None) -> ApprovalRight:
    """Return the right of a person's roles: admins without limit, buyers up to the one that was set.

    A buyer whose limit was never set may propose, not approve.
    """
    if roles & {"company_admin", "super_admin"}:
        return ApprovalRight(may_approve=True, limit_amount=None)
    if "buyer" in roles and limit_amount is not None:
        return ApprovalRight(may_approve=True, limit_amount=limit_amount)
    return ApprovalRight(may_approve=False, limit_amount=None)


def is_within(right: ApprovalRight, total_company_amount: Decimal) -> bool:
    """Tell whether the right covers an order of this total."""
    return right.may_approve and (right.limit_amount is None or total_company_amount <= right.limit_amount)


def over_received(acceptable: Mapping[Any, int], received: Sequence[tuple[Any, int]]) -> list[Any]:
    """Return the lines of which more would have come than is acceptable still."""
    totals: dict[Any, int] = {}
    for line_id, units in received:
        totals[line_id] = totals.get(line_id, 0) + units
    return [line_id for line_id, units in totals.items() if units > acceptable[line_id]]
