"""Many buyers, several API processes, few units (checks 1 to 5)."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.api_processes import ApiProcesses
from tests.support.companies import Company
from tests.support.load import ORDERS
from tests.support.orders import TABLES, add_variant, assert_all_adds_up, order_body

pytestmark = pytest.mark.slow

LEVEL = "select on_hand_units, reserved_units, available_units from stock_levels where company_id = %s"


async def buy_at_once(
    api: ApiProcesses, company: Company, buyers: int, *, keys: list[str] | None = None
) -> list[httpx.Response]:
    """Let all order one unit at the same time, each on a connection of its own."""
    headers = api.token(company)
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(base_url=api.url, timeout=60, limits=limits) as client:
        return list(
            await asyncio.gather(
                *(
                    client.post(
                        ORDERS,
                        json=order_body(company),
                        headers={"Idempotency-Key": keys[place] if keys else str(uuid4()), **headers},
                    )
                    for place in range(buyers)
                )
            )
        )


def counts(api: ApiProcesses, company: Company) -> dict[str, int]:
    return {
        table: api.scalar(f"select count(*) from {table} where company_id = %s", [company.id])
        for table in TABLES
    }


async def test_sixty_four_buyers_of_the_last_unit_make_one_order_and_no_debris(
    api_processes: ApiProcesses,
) -> None:
    company = api_processes.add_company(on_hand_units=1)
    answers = await buy_at_once(api_processes, company, 64)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 63}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in refused} == {"out_of_stock"}
    assert counts(api_processes, company) == {
        "orders": 1,
        "order_lines": 1,
        "reservations": 1,
        "order_history": 1,
        "events": 2,  # order.created, and inventory.out_of_stock
        "idempotency_keys": 1,
        "stock_ledger": 1,  # the opening stock
    }
    assert api_processes.rows(LEVEL, [company.id]) == [(1, 1, 0)]
    assert len(api_processes.workers()) == 2


@pytest.mark.parametrize(
    ("stock", "buyers"), [(10, 50), pytest.param(100, 500, marks=pytest.mark.soak)], ids=["short", "full"]
)
async def test_stock_is_sold_out_and_never_oversold(
    api_processes: ApiProcesses, stock: int, buyers: int
) -> None:
    """Check 2."""
    company = api_processes.add_company(on_hand_units=stock)
    answers = await buy_at_once(api_processes, company, buyers)
    assert Counter(answer.status_code for answer in answers) == {201: stock, 409: buyers - stock}
    assert api_processes.rows(LEVEL, [company.id]) == [(stock, stock, 0)]
    assert_all_adds_up(api_processes)


async def test_twins_in_flight_at_two_processes_make_one_order(api_processes: ApiProcesses) -> None:
    """Check 5, across processes."""
    company = api_processes.add_company(on_hand_units=50)
    key = str(uuid4())
    headers = api_processes.token(company)
    async with httpx.AsyncClient(base_url=api_processes.url, timeout=60) as client:
        answers = await asyncio.gather(
            *(
                client.post(ORDERS, json=order_body(company), headers={"Idempotency-Key": key, **headers})
                for _ in range(50)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 49
    assert counts(api_processes, company)["orders"] == 1


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.soak)], ids=["short", "full"])
async def test_baskets_in_opposite_orders_do_not_deadlock(
    api_processes: ApiProcesses, seconds: float
) -> None:
    """Check 4."""
    company = api_processes.add_company(on_hand_units=1_000_000)
    skus = [company.sku, add_variant(api_processes, company, "SKU-2", on_hand_units=1_000_000)]
    deadlocks = "select sum(deadlocks) from pg_stat_database"
    before = api_processes.scalar(deadlocks)
    statuses: Counter[int] = Counter()
    headers = api_processes.token(company)
    until = asyncio.get_running_loop().time() + seconds

    async def buy(ordered: list[str]) -> None:
        lines = [{"sku": sku, "quantity_units": 1} for sku in ordered]
        async with httpx.AsyncClient(base_url=api_processes.url, timeout=60) as client:
            while asyncio.get_running_loop().time() < until:
                body = order_body(company, lines=lines)
                answer = await client.post(
                    ORDERS, json=body, headers={"Idempotency-Key": str(uuid4()), **headers}
                )
                statuses[answer.status_code] += 1

    await asyncio.gather(*(buy(skus if place % 2 else skus[::-1]) for place in range(8)))
    assert set(statuses) == {201}
    assert api_processes.scalar(deadlocks) == before


@pytest.mark.parametrize(
    ("clients", "seconds"), [(8, 4), pytest.param(32, 60, marks=pytest.mark.soak)], ids=["short", "full"]
)
async def test_stock_is_conserved_under_orders_and_cancellations(
    api_processes: ApiProcesses, clients: int, seconds: float
) -> None:
    """Check 1: the ledger and the live reservations explain every level, whatever happened meanwhile."""
    company = api_processes.add_company(on_hand_units=1_000)
    skus = [
        company.sku,
        *(add_variant(api_processes, company, f"HOT-{place}", on_hand_units=1_000) for place in range(49)),
    ]
    headers = api_processes.token(company)
    seen: Counter[tuple[str, str]] = Counter()
    deadlocks = "select sum(deadlocks) from pg_stat_database"
    deadlocks_before = api_processes.scalar(deadlocks)
    until = asyncio.get_running_loop().time() + seconds

    async def buy_and_cancel(client: httpx.AsyncClient) -> None:
        lines: list[dict[str, Any]] = [
            {"sku": sku, "quantity_units": random.randint(1, 20)} for sku in random.sample(skus, k=3)
        ]
        placed = await client.post(
            ORDERS,
            json=order_body(company, lines=lines),
            headers={"Idempotency-Key": str(uuid4()), **headers},
        )
        seen["placed", _meaning(placed)] += 1
        if placed.status_code == 201 and random.random() < 0.5:
            cancelled = await client.post(
                f"{ORDERS}/{placed.json()['id']}/cancel",
                json={},
                headers={"Idempotency-Key": str(uuid4()), **headers},
            )
            seen["cancelled", _meaning(cancelled)] += 1

    async def repeat() -> None:
        async with httpx.AsyncClient(base_url=api_processes.url, timeout=60) as client:
            while asyncio.get_running_loop().time() < until:
                await buy_and_cancel(client)

    await asyncio.gather(*(repeat() for _ in range(clients)))
    assert seen["placed", "done"] > 0
    assert seen["cancelled", "done"] > 0
    # Where a busy machine holds a hot row for longer than the lock timeout, the buyer is asked to come again.
    assert {meaning for _, meaning in seen} <= {"done", "out_of_stock", "lock_timeout"}
    assert api_processes.scalar(deadlocks) == deadlocks_before
    assert_all_adds_up(api_processes)


def _meaning(answer: httpx.Response) -> str:
    return "done" if answer.status_code in (200, 201) else str(answer.json()["code"])
