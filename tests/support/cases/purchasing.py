"""Calls of suppliers' archive, terms, performance, and of restock orders' documents and receipts."""

from tests.support.operation_case import Case, path_of

_TERMS = path_of("supplier_id", "variant_id")
_ORDER = path_of("restock_order_id")

CASES: dict[tuple[str, str], Case] = {
    ("DELETE", "/api/v1/suppliers/{supplier_id}"): Case(path_of("supplier_id")),
    ("GET", "/api/v1/suppliers/{supplier_id}/performance"): Case(path_of("supplier_id")),
    ("GET", "/api/v1/suppliers/{supplier_id}/products/{variant_id}"): Case(_TERMS),
    ("DELETE", "/api/v1/suppliers/{supplier_id}/products/{variant_id}"): Case(_TERMS),
    ("GET", "/api/v1/restock-orders/receipts"): Case(
        query=lambda ids: {"restock_order_id": ids["restock_order_id"]}
    ),
    ("PATCH", "/api/v1/restock-orders/{restock_order_id}"): Case(_ORDER, lambda ids: {"note": "By rail"}),
    ("GET", "/api/v1/restock-orders/{restock_order_id}/document"): Case(_ORDER),
    ("POST", "/api/v1/restock-orders/{restock_order_id}/close-short"): Case(
        _ORDER, lambda ids: {"reason": "the rest is not coming"}
    ),
}
