"""Carts edited from many sides at once, at two API processes: no deadlock, no line twice, nothing lost."""

import asyncio
from collections import Counter
from uuid import uuid4

import httpx
import pytest

from tests.support.api_processes import ApiProcesses
from tests.support.companies import Company
from tests.support.orders import add_variant, assert_all_adds_up

pytestmark = pytest.mark.slow

ITEMS = "/api/v1/cart/items"
DEADLOCKS = "select sum(deadlocks) from pg_stat_database"


def bodies(company: Company, skus: list[str]) -> list[dict[str, object]]:
    """The same goods in two orders."""
    items = [{"sku": sku, "shop_id": str(company.shop_id), "quantity_units": 1} for sku in skus]
    return [{"items": items}, {"items": items[::-1]}]


@pytest.mark.parametrize("rounds", [40, pytest.param(500, marks=pytest.mark.soak)], ids=["short", "full"])
async def test_carts_with_the_same_goods_in_opposite_orders_do_not_deadlock(
    api_processes: ApiProcesses, rounds: int
) -> None:
    """Eight guests' carts, which hold stock, and one customer's that all edit."""
    company = api_processes.add_company(on_hand_units=1_000_000)
    skus = [company.sku, add_variant(api_processes, company, "SKU-2", on_hand_units=1_000_000)]
    with api_processes.owner() as owner:
        owner.execute("update companies set cart_reservation_minutes = 5 where id = %s", [company.id])
    headers = [api_processes.token(company)] * 2 + [add_customer(api_processes, company) for _ in range(6)]
    before = api_processes.scalar(DEADLOCKS)
    statuses: Counter[int] = Counter()

    async def edit(place: int) -> None:
        async with httpx.AsyncClient(base_url=api_processes.url, timeout=60) as client:
            for turn in range(rounds // 4):
                body = bodies(company, skus)[(place + turn) % 2]
                own = headers[place] | {"Idempotency-Key": str(uuid4())}
                statuses[(await client.post(ITEMS, json=body, headers=own)).status_code] += 1

    await asyncio.gather(*(edit(place) for place in range(8)))
    assert set(statuses) == {201}
    assert api_processes.scalar(DEADLOCKS) == before
    assert api_processes.rows(
        "select sum(quantity_units), count(*) from cart_lines where company_id = %s", [company.id]
    ) == [(2 * 8 * (rounds // 4), 2 * 7)]
    assert_all_adds_up(api_processes)


async def test_first_additions_at_once_make_one_cart(api_processes: ApiProcesses) -> None:
    company = api_processes.add_company(on_hand_units=1_000)
    headers = api_processes.token(company)
    async with httpx.AsyncClient(base_url=api_processes.url, timeout=60) as client:
        answers = await asyncio.gather(
            *(
                client.post(
                    ITEMS,
                    json=bodies(company, [company.sku])[0],
                    headers=headers | {"Idempotency-Key": str(uuid4())},
                )
                for _ in range(24)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert api_processes.rows(
        "select quantity_units from cart_lines where company_id = %s", [company.id]
    ) == [(24,)]


def add_customer(api: ApiProcesses, company: Company) -> dict[str, str]:
    """Write another customer and return the header of their token."""
    with api.owner() as owner:
        row = owner.execute(
            "insert into customers (company_id) values (%s) returning id", [company.id]
        ).fetchone()
    assert row is not None
    return api.token(company, customer_id=row[0])
