"""Requests of the operations of customers."""

from tests.support.operation_case import Case

CASES: dict[tuple[str, str], Case] = {
    ("POST", "/api/v1/customers/erasures"): Case(body=lambda ids: {"customer_id": ids["customer_id"]}),
}
