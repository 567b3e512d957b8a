"""Payments: how each operation is called."""

from typing import Any

from tests.support.operation_case import Case, Ids, Make, path_of

P = "/api/v1/payments"


def _intent(ids: Ids) -> dict[str, Any]:
    return {"order_id": ids["order_id"], "method": "bank_transfer"}


CASES: dict[tuple[str, str], Case] = {
    ("POST", f"{P}/intent"): Case(body=_intent),
    ("POST", f"{P}/process"): Case(
        body=lambda ids: {"payment_id": ids["payment_id"], "token": "tok_declined"}
    ),
    ("POST", f"{P}/{{payment_id}}/confirm"): Case(path_of("payment_id"), lambda ids: {}),
    ("POST", f"{P}/{{payment_id}}/capture"): Case(path_of("payment_id"), lambda ids: {"amount": "1.00"}),
    ("POST", f"{P}/{{payment_id}}/void"): Case(path_of("payment_id"), lambda ids: {"reason": "no"}),
    ("POST", f"{P}/{{payment_id}}/refund"): Case(path_of("payment_id"), lambda ids: {"amount": "1.00"}),
    ("POST", f"{P}/{{payment_id}}/settle"): Case(
        path_of("payment_id"), lambda ids: {"operation_id": ids["payment_id"], "outcome": "failed"}
    ),
    ("GET", P): Case(query=lambda ids: {"order_id": ids["order_id"]}),
    ("GET", f"{P}/history"): Case(),
    ("GET", f"{P}/{{payment_id}}"): Case(path_of("payment_id")),
    ("GET", f"{P}/{{payment_id}}/refunds"): Case(path_of("payment_id")),
    ("GET", f"{P}/{{payment_id}}/history"): Case(path_of("payment_id")),
    ("GET", f"{P}/methods"): Case(),
    ("GET", f"{P}/methods/{{method_id}}"): Case(path_of("method_id")),
    ("PATCH", f"{P}/methods/{{method_id}}"): Case(path_of("method_id"), lambda ids: {"name": "Other"}),
    ("GET", f"{P}/saved-methods"): Case(),
    ("POST", f"{P}/saved-methods"): Case(body=lambda ids: {"method": "upi", "token": "tok_visa"}),
    ("PUT", f"{P}/saved-methods/{{saved_method_id}}/default"): Case(path_of("saved_method_id")),
    ("DELETE", f"{P}/saved-methods/{{saved_method_id}}"): Case(path_of("saved_method_id")),
    ("GET", f"{P}/gateways"): Case(),
    ("GET", f"{P}/gateways/{{gateway_id}}"): Case(path_of("gateway_id")),
    ("PUT", f"{P}/gateways"): Case(
        body=lambda ids: {
            "provider": "stripe", "api_key": "sk_test_NoRealKey", "webhook_secret": "whsec_NoRealSecret"
        }
    ),
    ("POST", f"{P}/webhooks/{{provider}}"): Case(
        lambda ids: {"provider": "local"}, lambda ids: {}, lambda ids: {"account": ids["company_id"]}
    ),
}  # fmt: skip


async def add(made: Make, ids: Ids) -> None:
    """Make a payment of the company's order; ids of what only a customer or a PUT makes name nothing."""
    payment = await made("POST", f"{P}/intent")
    ids["payment_id"] = payment["id"]
    ids["method_id"] = ids["saved_method_id"] = ids["gateway_id"] = payment["id"]
