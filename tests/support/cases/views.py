"""Requests of every operation of product views."""

from datetime import UTC, datetime

from tests.support.operation_case import Case

CASES: dict[tuple[str, str], Case] = {
    ("POST", "/api/v1/product-views"): Case(
        body=lambda ids: {
            "session_id": "session-1",
            "views": [
                {"product_id": ids["product_id"], "viewed_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
            ],
        }
    ),
}
