"""The API is killed in the middle of work (checks 10, 12 and 13)."""

import asyncio
import random
import time
from uuid import uuid4

import httpx
import pytest

from tests.support.api_processes import ApiProcesses, run_api
from tests.support.load import ORDERS, order_until, resolve
from tests.support.orders import add_variants, assert_all_adds_up, order_body

pytestmark = pytest.mark.slow


def test_an_order_that_committed_before_the_answer_is_found_by_its_key() -> None:
    """Check 10: the process dies between COMMIT and answer."""
    with run_api(failpoint="order_committed") as api:
        company = api.add_company(on_hand_units=5)
        headers = {"Idempotency-Key": str(uuid4()), **api.token(company)}
        body = order_body(company)
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{api.url}{ORDERS}", json=body, headers=headers, timeout=30)
        order_id = str(api.scalar("select id from orders"))
        api.restart_with(failpoint=None)
        again = httpx.post(f"{api.url}{ORDERS}", json=body, headers=headers, timeout=30)
        assert (again.status_code, again.json()["id"]) == (201, order_id)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert api.scalar("select count(*) from orders") == 1
        assert_all_adds_up(api)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)], ids=["short", "full"])
async def test_killed_workers_lose_no_acknowledged_order(kills: int) -> None:
    """Checks 12 and 13: of two workers one is killed, again and again, under load."""
    with run_api(workers=2) as api:
        company = api.add_company(on_hand_units=1_000_000)
        skus = add_variants(api, company, 9)
        stop = asyncio.Event()
        load = asyncio.create_task(order_until(api, company, skus, stop, buyers=8))
        for _ in range(kills):
            await asyncio.sleep(random.uniform(1.0, 2.0))
            random.choice(api.workers()).kill()
            await asyncio.to_thread(_wait_for_workers, api)
        await asyncio.sleep(1)
        stop.set()
        told = await load
        await resolve(api, company, told)
        assert not told.others
        stored = {str(row[0]) for row in api.rows("select id from orders")}
        assert stored == set(told.acknowledged.values())
        assert len(told.acknowledged) > 0
        assert_all_adds_up(api)
        _assert_nobody_idles_in_a_transaction(api)


def _wait_for_workers(api: ApiProcesses) -> None:
    """Wait until uvicorn has put another worker in the place of the killed one."""
    deadline = time.monotonic() + 60
    while len(api.workers()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)


def _assert_nobody_idles_in_a_transaction(api: ApiProcesses) -> None:
    idle = "select count(*) from pg_stat_activity where state like 'idle in transaction%'"
    deadline = time.monotonic() + 5
    while api.scalar(idle) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert api.scalar(idle) == 0
