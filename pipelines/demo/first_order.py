"""The one order of the demo that is not history: placed over HTTP, as a storefront places it."""

from uuid import uuid4

import httpx

from core.errors import StockwiseError
from core.settings import Settings
from pipelines.demo.report import DemoReport

_SECONDS = 30.0
_UNITS = 2


def place_order(settings: Settings, report: DemoReport) -> str:
    """Order two of the best seller that is in stock, as a guest of the first company's online shop.

    Returns the order's number.

    Raises
    ------
    StockwiseError
        If the API cannot be reached or refuses.
    """
    company = report.companies[0]
    shop = next(shop for shop in company.shops if shop.is_online)
    try:
        answer = httpx.post(
            f"{settings.api_url}/api/v1/orders",
            headers={"X-Storefront-Key": shop.storefront_key, "Idempotency-Key": str(uuid4())},
            json={
                "email": "first.order@customers.example",
                "lines": [{"sku": company.in_stock_sku, "quantity_units": _UNITS}],
            },
            timeout=_SECONDS,
        )
    except httpx.HTTPError as error:
        raise StockwiseError(
            f"The demo's order could not be placed: {error}.", hint="Is 'stockwise serve' running?"
        ) from None
    if answer.status_code != httpx.codes.CREATED:
        raise StockwiseError(f"The API refused the demo's order ({answer.status_code}): {answer.text}")
    return str(answer.json()["order_number"])
