"""What an invoice or a credit note says: pure, from an order's stored amounts, frozen when it is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from api.orders.amounts import ZERO, LinePart, kept_units, line_part
from core.money import format_amount, format_unit_amount, round_amount

Document = dict[str, Any]


def invoice_document(order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Document:
    """Invoice what of an order is not cancelled, and its shipping."""
    currency = order["currency"]
    entries = [_kept_entry(line, currency) for line in lines if kept_units(line)]
    return _document(order, entries, shipping_amount=order["shipping_amount"] if entries else ZERO)


def credit_document(
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    parts: Sequence[LinePart],
    *,
    shipping_amount: Decimal,
    paid_back_amount: Decimal | None,
    reason: str | None,
) -> Document:
    """Credit units that were invoiced and do not stay with the customer, and shipping.

    ``paid_back_amount`` is given where less is paid back than the units cost; the rest is kept as a charge
    for the return.
    """
    by_id = {line["id"]: line for line in lines}
    currency = order["currency"]
    entries = [
        _entry(by_id[part.order_line_id], part.units, part.net_amount, part.amount, currency)
        for part in parts
    ]
    whole = sum((part.amount for part in parts), ZERO) + shipping_amount
    if paid_back_amount is not None and paid_back_amount != whole:
        net = sum((part.net_amount for part in parts), ZERO) + shipping_amount
        kept = whole - paid_back_amount
        entries.append(_charge("Deduction", -kept, -_share(net, kept, whole, currency), currency))
    return _document(order, entries, shipping_amount=shipping_amount, reason=reason)


def refund_document(
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    *,
    amount: Decimal,
    reason: str | None,
) -> Document:
    """Credit an amount that goes with no units: its tax is in the proportion of the whole order's."""
    currency = order["currency"]
    net = sum((line["net_amount"] for line in lines), ZERO) + order["shipping_amount"]
    share = _share(net, amount, order["total_amount"], currency)
    return _document(order, [_charge("Refund", amount, share, currency)], shipping_amount=ZERO, reason=reason)


def _kept_entry(line: Mapping[str, Any], currency: str) -> Document:
    nothing_back = {**line, "cancelled_units": 0, "returned_units": 0}
    cancelled = line_part(nothing_back, line["cancelled_units"], currency=currency)
    return _entry(
        line,
        kept_units(line),
        line["net_amount"] - cancelled.net_amount,
        line["gross_amount"] - cancelled.amount,
        currency,
    )


def _entry(line: Mapping[str, Any], units: int, net: Decimal, gross: Decimal, currency: str) -> Document:
    name = line["product_name"]
    return {
        "sku": line["sku"],
        "description": f"{name}, {line['variant_name']}" if line["variant_name"] else name,
        "quantity_units": units,
        "unit_price_amount": format_unit_amount(line["unit_price_amount"]),
        "tax_rate": f"{line['tax_rate']:f}",
        "net_amount": format_amount(net, currency),
        "tax_amount": format_amount(gross - net, currency),
        "gross_amount": format_amount(gross, currency),
    }


def _charge(description: str, gross: Decimal, net: Decimal, currency: str) -> Document:
    return {
        "sku": None,
        "description": description,
        "quantity_units": 1,
        "unit_price_amount": format_amount(gross, currency),
        "tax_rate": None,
        "net_amount": format_amount(net, currency),
        "tax_amount": format_amount(gross - net, currency),
        "gross_amount": format_amount(gross, currency),
    }


def _document(
    order: Mapping[str, Any],
    entries: Iterable[Document],
    *,
    shipping_amount: Decimal,
    reason: str | None = None,
) -> Document:
    listed = list(entries)
    currency = order["currency"]
    net = _sum(listed, "net_amount") + shipping_amount
    tax = _sum(listed, "tax_amount")
    return {
        "order_number": order["order_number"],
        "placed_at": order["placed_at"].isoformat(),
        "currency": currency,
        "prices_include_tax": order["prices_include_tax"],
        "email": order["email"],
        "billing_address": order["billing_address"] or order["shipping_address"],
        "shipping_address": order["shipping_address"],
        "lines": listed,
        "taxes": _taxes(listed, currency),
        "shipping_amount": format_amount(shipping_amount, currency),
        "net_amount": format_amount(net, currency),
        "tax_amount": format_amount(tax, currency),
        "total_amount": format_amount(net + tax, currency),
        "reason": reason,
    }


def _taxes(entries: Sequence[Document], currency: str) -> list[Document]:
    rates = sorted({entry["tax_rate"] for entry in entries if entry["tax_rate"] is not None}, key=Decimal)
    return [
        {
            "tax_rate": rate,
            "net_amount": format_amount(_sum(at_rate, "net_amount"), currency),
            "tax_amount": format_amount(_sum(at_rate, "tax_amount"), currency),
        }
        for rate in rates
        for at_rate in [[entry for entry in entries if entry["tax_rate"] == rate]]
    ]


def _sum(entries: Iterable[Document], column: str) -> Decimal:
    return sum((Decimal(entry[column]) for entry in entries), ZERO)


def _share(whole_net: Decimal, amount: Decimal, whole: Decimal, currency: str) -> Decimal:
    return round_amount(whole_net * amount / whole, currency) if whole else ZERO
