"""Requests of every operation on one order: history, notes, shipments, tracking, invoices, returns."""

from collections.abc import Callable
from uuid import uuid4

from tests.support.operation_case import Case, Ids, Make, path_of

_ORDER = "/api/v1/orders/{order_id}"
_SHIPMENT = f"{_ORDER}/shipments/{{shipment_id}}"
_RETURN = "/api/v1/returns/{return_id}"


def _sent(*names: str) -> Callable[[Ids], dict[str, str]]:
    """Name the order that was sent in the place of the one that waits."""
    return lambda ids: {"order_id": ids["sent_order_id"]} | {name: ids[name] for name in names}


CASES: dict[tuple[str, str], Case] = {
    ("POST", "/api/v1/orders/lookup"): Case(
        body=lambda ids: {"order_number": ids["order_number"], "email": "guest@example.com"}
    ),
    ("PATCH", _ORDER): Case(path_of("order_id"), lambda ids: {"customer_note": "ring twice"}),
    ("GET", f"{_ORDER}/history"): Case(_sent()),
    ("POST", f"{_ORDER}/shipments"): Case(_sent(), lambda ids: {"carrier": "DHL", "tracking_number": "JD01"}),
    ("GET", f"{_ORDER}/shipments"): Case(_sent()),
    ("PATCH", _SHIPMENT): Case(_sent("shipment_id"), lambda ids: {"carrier": "UPS"}),
    ("POST", f"{_SHIPMENT}/events"): Case(_sent("shipment_id"), lambda ids: {"status": "delivered"}),
    ("GET", f"{_ORDER}/tracking"): Case(_sent()),
    ("GET", f"{_ORDER}/invoice"): Case(_sent()),
    ("GET", f"{_ORDER}/invoices"): Case(_sent()),
    ("GET", f"{_ORDER}/invoices/{{invoice_id}}"): Case(_sent("invoice_id")),
    ("POST", f"{_ORDER}/return"): Case(_sent(), lambda ids: {"reason": "too small"}),
    ("GET", f"{_ORDER}/returns"): Case(_sent()),
    ("GET", "/api/v1/returns"): Case(query=lambda ids: {"shop_id": ids["shop_id"]}),
    ("GET", _RETURN): Case(path_of("return_id")),
    ("POST", f"{_RETURN}/approve"): Case(path_of("return_id"), lambda ids: {"note": "fine"}),
    ("POST", f"{_RETURN}/reject"): Case(path_of("return_id"), lambda ids: {"note": "worn"}),
    ("POST", f"{_RETURN}/receive"): Case(
        path_of("return_id"),
        lambda ids: {
            "lines": [{"return_line_id": ids["return_line_id"], "restocked_units": 1, "written_off_units": 0}]
        },
    ),
    ("POST", f"{_RETURN}/refund"): Case(path_of("return_id"), lambda ids: {"note": "as agreed"}),
}


async def add(made: Make, ids: Ids) -> None:
    """Place a second order, send it, deliver it and ask for its return."""
    waiting = ids["order_id"]
    placed = await made("POST", "/api/v1/orders")
    ids["order_id"] = ids["sent_order_id"] = placed["id"]
    ids["order_number"] = placed["order_number"]
    await made("PATCH", f"{_ORDER}/status")
    ids["shipment_id"] = (await made("POST", f"{_ORDER}/shipments"))["items"][0]["id"]
    await made("POST", f"{_SHIPMENT}/events")
    returned = await made("POST", f"{_ORDER}/return")
    ids["return_id"], ids["return_line_id"] = returned["id"], returned["lines"][0]["id"]
    ids["invoice_id"] = str(uuid4())
    ids["order_id"] = waiting
