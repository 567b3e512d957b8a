"""Requests of every operation of taxes, and the row that their paths name."""

from tests.support.operation_case import Case, Ids, Make, path_of

_RATE = path_of("tax_rate_id")

CASES: dict[tuple[str, str], Case] = {
    ("GET", "/api/v1/tax-rates"): Case(query=lambda ids: {"category_id": ids["category_id"]}),
    ("POST", "/api/v1/tax-rates"): Case(
        body=lambda ids: {"name": "Reduced", "rate": "0.07", "category_id": ids["category_id"]}
    ),
    ("GET", "/api/v1/tax-rates/{tax_rate_id}"): Case(_RATE),
    ("PATCH", "/api/v1/tax-rates/{tax_rate_id}"): Case(_RATE, lambda ids: {"rate": "0.05"}),
    ("DELETE", "/api/v1/tax-rates/{tax_rate_id}"): Case(_RATE),
}


async def add(made: Make, ids: Ids) -> None:
    """Make a rate."""
    ids["tax_rate_id"] = (await made("POST", "/api/v1/tax-rates"))["id"]
