"""Reviews and votes from many sides at once, at two API processes: each counts once."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest

from core.ids import new_id
from tests.support.api_processes import ApiProcesses
from tests.support.companies import Company

pytestmark = pytest.mark.slow
REVIEWS = "/api/v1/reviews"
CUSTOMERS = 32


def add_customers(api: ApiProcesses, company: Company) -> list[UUID]:
    ids = [new_id() for _ in range(CUSTOMERS)]
    with api.owner() as owner:
        for customer_id in ids:
            owner.execute("insert into customers (company_id, id) values (%s, %s)", [company.id, customer_id])
    return ids


async def test_writers_and_voters_at_once_all_count_once(api_processes: ApiProcesses) -> None:
    """Every request is sent twice: double clicks land on either process."""
    company = api_processes.add_company(on_hand_units=1)
    buyers = [api_processes.token(company, customer_id=one) for one in add_customers(api_processes, company)]
    async with httpx.AsyncClient(
        base_url=api_processes.url, timeout=60, limits=httpx.Limits(max_connections=32)
    ) as client:

        async def send(method: str, path: str, headers: dict[str, str], body: object = None) -> int:
            for _ in range(50):
                own = headers | {"Idempotency-Key": str(uuid4())}
                answer = await client.request(method, path, json=body, headers=own)
                if answer.status_code != 503:  # too many wait for one row: come again
                    break
            return answer.status_code

        body = {"product_id": str(company.product_id), "rating": 4, "title": "Good"}
        written = await asyncio.gather(*(send("POST", REVIEWS, buyer, body) for buyer in buyers * 2))
        assert sorted(written) == [201] * CUSTOMERS + [409] * CUSTOMERS
        with api_processes.owner() as owner:
            owner.execute("update reviews set status = 'approved' where company_id = %s", [company.id])
        review_id, writer_id = api_processes.rows(
            "select id, customer_id from reviews where company_id = %s limit 1", [company.id]
        )[0]
        path = f"{REVIEWS}/{review_id}/helpful"
        voted = await asyncio.gather(*(send("PUT", path, buyer) for buyer in buyers * 2))
    assert sorted(voted) == [200] * 2 * (CUSTOMERS - 1) + [409] * 2  # the writer's own
    assert api_processes.rows(
        "select helpful_count, (select count(*)::int from review_votes where review_id = reviews.id)"
        " from reviews where id = %s",
        [review_id],
    ) == [(CUSTOMERS - 1, CUSTOMERS - 1)]
    assert (
        api_processes.scalar(
            "select count(*) from review_votes where review_id = %s and customer_id = %s",
            [review_id, writer_id],
        )
        == 0
    )
