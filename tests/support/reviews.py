"""Customers, deliveries and reviews for tests."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx

from core.ids import new_id
from tests.support.api_client import Api
from tests.support.companies import Company

# What the sums must be, found from the reviews themselves.
RECOMPUTED = """
    select
        product.rating_average, product.rating_count,
        coalesce(sums.one_star_count, 0), coalesce(sums.two_star_count, 0),
        coalesce(sums.three_star_count, 0),
        coalesce(sums.four_star_count, 0), coalesce(sums.five_star_count, 0),
        coalesce(round(avg(review.rating), 2), 0), count(review.id),
        count(*) filter (where review.rating = 1), count(*) filter (where review.rating = 2),
        count(*) filter (where review.rating = 3), count(*) filter (where review.rating = 4),
        count(*) filter (where review.rating = 5)
    from products as product
    left join product_ratings as sums
        on product.company_id = sums.company_id and product.id = sums.product_id
    left join reviews as review
        on product.company_id = review.company_id and product.id = review.product_id
        and review.status = 'approved' and review.archived_at is null
    where product.company_id = %s and product.id = %s
    group by product.company_id, product.id, sums.company_id, sums.product_id
"""


def add_customer(api: Api, company: Company, *, name: str = "Ada", last_name: str = "Lovelace") -> UUID:
    """Write a customer past the API."""
    customer_id = new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into customers (company_id, id, email, first_name, last_name)"
            " values (%s, %s, %s, %s, %s)",
            [company.id, customer_id, f"{customer_id}@example.com", name, last_name],
        )
    return customer_id


def as_customer(api: Api, company: Company, customer_id: UUID) -> dict[str, str]:
    """Return the header of a customer's token."""
    return api.token("customer", company, user_id=new_id(), customer_id=customer_id)


def deliver(api: Api, company: Company, customer_id: UUID, *, delivered_units: int = 1) -> UUID:
    """Write an order of the company's product, delivered as far as is said."""
    order_id = new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into orders (company_id, id, order_number, shop_id, customer_id, placed_by, currency,"
            " subtotal_amount, total_amount, status)"
            " values (%s, %s, %s, %s, %s, 'customer', 'EUR', 10, 10, 'shipped')",
            [company.id, order_id, f"ORD-{order_id}", company.shop_id, customer_id],
        )
        owner.execute(
            "insert into order_lines (company_id, order_id, variant_id, line_number, sku, product_name,"
            " quantity_units, unit_price_amount, line_amount, net_amount, tax_amount, gross_amount,"
            " fulfilled_units, delivered_units)"
            " values (%s, %s, %s, 1, %s, 'Thing', 1, 10, 10, 10, 0, 10, 1, %s)",
            [company.id, order_id, company.variant_id, company.sku, delivered_units],
        )
    return order_id


async def patiently(api: Api, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request, and again while the answer is to come again (503), as clients do."""
    while True:
        response = await api.client.request(method, path, **options)
        if response.status_code != 503:
            return response
        await asyncio.sleep(0.05)


async def write(api: Api, company: Company, headers: dict[str, str], **changes: Any) -> httpx.Response:
    """Send a review of the company's product."""
    body = {"product_id": str(company.product_id), "rating": 4} | changes
    return await patiently(
        api, "POST", "/api/v1/reviews", json=body, headers=headers | {"Idempotency-Key": str(uuid4())}
    )


async def decide(api: Api, company: Company, review: dict[str, Any], status: str) -> httpx.Response:
    """Approve or reject a review, as the company's admin."""
    return await patiently(
        api,
        "PATCH",
        f"/api/v1/reviews/{review['id']}/status",
        json={"status": status, "revision": review["revision"]},
        headers=api.token("company_admin", company),
    )


async def approved(api: Api, company: Company, *, rating: int = 4, **changes: Any) -> dict[str, Any]:
    """Write a review of a new customer's and approve it."""
    headers = as_customer(api, company, add_customer(api, company))
    written = await write(api, company, headers, rating=rating, **changes)
    assert written.status_code == 201, written.text
    decided = await decide(api, company, written.json(), "approved")
    assert decided.status_code == 200, decided.text
    review: dict[str, Any] = decided.json()
    return review


def assert_ratings_are_right(api: Api, company: Company) -> None:
    """What is shown equals what the approved reviews add up to."""
    ((*shown,),) = api.rows(RECOMPUTED, [company.id, company.product_id])
    assert shown[:7] == shown[7:]
