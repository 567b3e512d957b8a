"""The worker: events have their effects, old answers go, and it ends when told to."""

import asyncio
from uuid import uuid4

import pytest

from api.catalog.consumers import CONSUMERS
from api.worker import Job, jobs_of, work
from core.events.relay import Relay
from core.postgres.pools import Database
from tests.support.api_client import Api
from tests.support.companies import Company


async def place(api: Api, company: Company, units: int) -> str:
    body = {
        "lines": [{"variant_id": str(company.variant_id), "quantity_units": units}],
        "shop_id": str(company.shop_id),
    }
    headers = api.token("company_admin", company) | {"Idempotency-Key": str(uuid4())}
    answer = await api.client.post("/api/v1/orders", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    order_id: str = answer.json()["id"]
    return order_id


async def cancel(api: Api, company: Company, order_id: str) -> None:
    headers = api.token("company_admin", company) | {"Idempotency-Key": str(uuid4())}
    answer = await api.client.post(
        f"/api/v1/orders/{order_id}/cancel", json={"reason": "no"}, headers=headers
    )
    assert answer.status_code == 200, answer.text


def sold(api: Api, company: Company) -> int:
    units: int = api.scalar("select sold_units from products where company_id = %s", [company.id])
    return units


async def test_sold_units_follow_orders_and_cancellations_once(
    api: Api, database: Database, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    relay = Relay(database, api.database.dsn("reader"), CONSUMERS)
    first = await place(api, acme, 3)
    await place(api, acme, 2)
    await place(api, bolt, 7)
    assert await relay.deliver_pending() == 3
    assert (sold(api, acme), sold(api, bolt)) == (5, 7)
    await cancel(api, acme, first)
    assert await relay.deliver_pending() == 1
    assert await relay.deliver_pending() == 0
    assert (sold(api, acme), sold(api, bolt)) == (2, 7)
    # A counter is no price: selling writes no history of it.
    assert api.scalar("select count(*) from price_history") == 2


async def test_it_works_until_it_is_told_to_stop(
    api: Api, database: Database, two_companies: tuple[Company, Company]
) -> None:
    acme = two_companies[0]
    stop = asyncio.Event()
    server, name = api.database.server, api.database.name
    working = asyncio.create_task(work(api.app.state.settings, server, stop, database_name=name))
    await place(api, acme, 4)
    for _ in range(300):
        if sold(api, acme) == 4:
            break
        await asyncio.sleep(0.1)
    stop.set()
    await asyncio.wait_for(working, 30)
    assert sold(api, acme) == 4
    assert api.scalar("select count(*) from event_deliveries") == 1
    assert (await api.client.get("/api/health/all")).json()["worker"]["status"] == "ok"


async def test_every_job_finds_nothing_to_do_where_nothing_happened(api: Api, database: Database) -> None:
    jobs = jobs_of(database, api.database.dsn("reader"), api.app.state.settings)
    names = [
        "relay",
        "payments",
        "sweeper",
        "carts",
        "invoices",
        "completion",
        "price_schedules",
        "purge",
        "reports",
        "view_counts",
        "views",
    ]
    assert {job.name for job in jobs} == set(names)
    assert [await job.work() for job in jobs] == [0] * len(names)


async def test_a_failing_job_waits_longer_each_time_and_recovers() -> None:
    is_broken = True

    async def fail() -> int:
        if is_broken:
            raise OSError("gone")
        return 0

    job = Job("test", 0.5, fail)
    assert [await job._once() for _ in range(7)] == [2, 4, 8, 16, 30, 30, 30]
    is_broken = False
    assert await job._once() == pytest.approx(0.5)
    assert job.failures == 0
