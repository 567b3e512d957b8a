"""Planned prices sell from their very start until their very end, and the history says so."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.catalog.prices import record_due_schedules
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import place


async def plan(
    api: Api, company: Company, *, starts_in: float, ends_in: float | None = None, **prices: Any
) -> httpx.Response:
    now = datetime.now(UTC)
    body: dict[str, Any] = {"starts_at": (now + timedelta(seconds=starts_in)).isoformat(), **prices}
    if ends_in is not None:
        body["ends_at"] = (now + timedelta(seconds=ends_in)).isoformat()
    headers = {"Idempotency-Key": str(uuid4()), **api.token("company_admin", company)}
    path = f"/api/v1/products/{company.product_id}/price-schedules"
    return await api.client.post(path, json=body, headers=headers)


async def price(api: Api, company: Company) -> str:
    total: str = (await place(api, company)).json()["total_amount"]
    return total


async def test_a_future_price_does_not_sell_early_and_ends_on_time(api: Api, company: Company) -> None:
    """No job runs in between: the view that orders are priced by knows the time."""
    answer = await plan(api, company, starts_in=1.5, ends_in=4, sale_price_amount="7.00")
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "planned"
    starts = datetime.fromisoformat(answer.json()["starts_at"])
    ends = datetime.fromisoformat(answer.json()["ends_at"])
    assert await price(api, company) == "10.00"
    await asyncio.sleep((starts - datetime.now(UTC)).total_seconds() + 0.05)
    assert await price(api, company) == "7.00"
    path = f"/api/v1/products/{company.product_id}"
    product = (await api.client.get(path, headers=api.storefront(company))).json()
    assert (product["price_amount"], product["current_price_amount"]) == ("10.000000", "7.000000")
    await asyncio.sleep((ends - datetime.now(UTC)).total_seconds() + 0.05)
    assert await price(api, company) == "10.00"

    async with api.database.open() as database:
        assert await record_due_schedules(database, now=datetime.now(UTC)) == 2
        assert await record_due_schedules(database, now=datetime.now(UTC)) == 0
    history = api.rows(
        "select unit_price_amount::numeric(9, 2)::text, valid_from, reason from price_history"
        " order by valid_from"
    )
    assert [row[0] for row in history] == ["10.00", "7.00", "10.00"]
    assert history[1][1:] == (starts, "schedule")
    assert history[2][1:] == (ends, "schedule")
    told = (
        "select count(*) from events where type = 'product.updated' and payload::text like '%current_price%'"
    )
    assert api.scalar(told) == 1


async def test_a_change_meanwhile_leaves_the_history_in_order(api: Api, company: Company) -> None:
    """The start is written down before the change that would hide what the price was then."""
    assert (await plan(api, company, starts_in=0.5, sale_price_amount="7.00")).status_code == 201
    await asyncio.sleep(0.8)
    admin = {"If-Match": "*", **api.token("company_admin", company)}
    path = f"/api/v1/products/{company.product_id}"
    body = {"price_amount": "12.00"}
    assert (await api.client.patch(path, json=body, headers=admin)).status_code == 200
    prices = await api.client.get(f"{path}/price-history", headers=admin)
    found = [
        (row["unit_price_amount"], row["regular_price_amount"]) for row in reversed(prices.json()["items"])
    ]
    assert found == [("10.000000", "10.000000"), ("7.000000", "10.000000"), ("7.000000", "12.000000")]
    refused = await api.client.patch(path, json={"price_amount": "6.00"}, headers=admin)
    assert_problem(refused, 422, "sale_not_below_regular")


async def test_a_planned_price_is_cancelled_or_ended(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    later = (await plan(api, company, starts_in=3600, sale_price_amount="5.00")).json()
    path = f"/api/v1/products/{company.product_id}/price-schedules"
    assert (await api.client.delete(f"{path}/{later['id']}", headers=admin)).status_code == 204
    assert_problem(await api.client.delete(f"{path}/{later['id']}", headers=admin), 409, "conflict")
    current = (await plan(api, company, starts_in=0.3, price_amount="20.00")).json()
    await asyncio.sleep(0.5)
    assert await price(api, company) == "20.00"
    assert (await api.client.delete(f"{path}/{current['id']}", headers=admin)).status_code == 204
    assert await price(api, company) == "10.00"
    states = [one["state"] for one in (await api.client.get(path, headers=admin)).json()["items"]]
    assert sorted(states) == ["cancelled", "ended"]
    history = api.rows("select unit_price_amount::int from price_history order by valid_from, id")
    assert history == [(10,), (20,), (10,)]


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "prices", "code"),
    [
        (-60, None, {"sale_price_amount": "5"}, "invalid_content"),
        (60, 30, {"sale_price_amount": "5"}, "invalid_content"),
        (60, None, {}, "invalid_content"),
        (60, None, {"sale_price_amount": "10"}, "sale_not_below_regular"),
        (60, None, {"sale_price_amount": "-1"}, "invalid_content"),
        (60, None, {"sale_price_amount": 5.5}, "invalid_content"),
        (60, None, {"sale_price_amount": "5", "company_id": "x"}, "invalid_content"),
    ],
)
async def test_bad_plans_are_refused(
    api: Api, company: Company, starts_in: float, ends_in: float | None, prices: dict[str, Any], code: str
) -> None:
    assert_problem(await plan(api, company, starts_in=starts_in, ends_in=ends_in, **prices), 422, code)
    assert api.scalar("select count(*) from price_schedules") == 0


@pytest.mark.parametrize(
    ("starts", "ends", "price"),
    [
        ("now()", "null", 7),
        ("now() + interval '1 microsecond'", "null", 10),
        ("now() - interval '1 hour'", "now() + interval '1 microsecond'", 7),
        ("now() - interval '1 hour'", "now()", 10),
    ],
)
def test_a_plan_holds_from_its_first_instant_until_just_before_its_last(
    api: Api, company: Company, starts: str, ends: str, price: int
) -> None:
    """In one transaction, where now stands still; what is sold by and what is written down agree."""
    with api.database.connect("owner") as owner, owner.transaction(force_rollback=True):
        owner.execute(
            "insert into price_schedules (company_id, product_id, sale_price_amount, starts_at, ends_at)"
            f" values (%s, %s, 7, {starts}, {ends})",
            [company.id, company.product_id],
        )
        found = owner.execute(
            "select terms.unit_price_amount, prices.price_amount from variant_terms as terms"
            " cross join product_prices_at(terms.company_id, terms.product_id, now()) as prices"
        ).fetchone()
    assert found == (price, price)


async def test_plans_may_touch_and_a_cancelled_one_leaves_its_place(api: Api, company: Company) -> None:
    now = datetime.now(UTC)

    async def plan_minutes(first: int, last: int) -> httpx.Response:
        seconds = [(now + timedelta(minutes=minute)).isoformat() for minute in (first, last)]
        body = {"starts_at": seconds[0], "ends_at": seconds[1], "sale_price_amount": "5.00"}
        headers = {"Idempotency-Key": str(uuid4()), **api.token("company_admin", company)}
        path = f"/api/v1/products/{company.product_id}/price-schedules"
        return await api.client.post(path, json=body, headers=headers)

    middle = await plan_minutes(20, 30)
    assert middle.status_code == 201, middle.text
    for first, last in ((10, 21), (29, 40), (22, 28), (10, 40)):
        assert_problem(await plan_minutes(first, last), 409, "schedules_overlap")
    assert [(await plan_minutes(*minutes)).status_code for minutes in ((10, 20), (30, 40))] == [201, 201]
    path = f"/api/v1/products/{company.product_id}/price-schedules/{middle.json()['id']}"
    assert (await api.client.delete(path, headers=api.token("company_admin", company))).status_code == 204
    assert (await plan_minutes(20, 30)).status_code == 201


async def test_plans_do_not_overlap_even_at_once(api: Api, company: Company) -> None:
    answers = await asyncio.gather(
        *(
            plan(api, company, starts_in=60, ends_in=120, sale_price_amount=str(price))
            for price in range(1, 6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    after = await plan(api, company, starts_in=121, ends_in=180, sale_price_amount="2")
    assert after.status_code == 201
