"""A repeated key has one effect and one answer (checks 5 to 9), shown with stock adjustments."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from starlette.requests import Request

from api.access import Caller
from api.idempotency import purge_keys, scope_of
from core.ids import new_id
from core.postgres.pools import Database
from core.time import utc_now
from tests.support.api_client import Api, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

PATH = "/api/v1/inventory/adjustments"
# The full form repeats 50 times at once (make soak).
TWINS = 10


def body(company: Company, **changed: Any) -> dict[str, Any]:
    return {
        "location_id": str(company.location_id), "variant_id": str(company.variant_id), "delta_units": 7,
        "reason": "adjustment",
    } | changed  # fmt: skip


async def adjust(api: Api, company: Company, key: str | None, **changed: Any) -> httpx.Response:
    headers = api.token("company_admin", company)
    if key is not None:
        headers["Idempotency-Key"] = key
    return await api.client.post(PATH, json=body(company, **changed), headers=headers)


def on_hand(api: Api, company: Company) -> int:
    units: int = api.scalar("select on_hand_units from stock_levels where company_id = %s", [company.id])
    return units


async def test_twins_have_one_effect_and_equal_answers(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, key = two_companies[0], str(uuid4())
    answers = await asyncio.gather(*(adjust(api, acme, key) for _ in range(TWINS)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer for answer in answers if answer.headers.get("idempotent-replayed") == "true"]
    assert len(replayed) == TWINS - 1
    assert on_hand(api, acme) == 107
    assert api.scalar("select count(*) from idempotency_keys") == 1


async def test_another_body_under_a_key_is_refused(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, key = two_companies[0], str(uuid4())
    assert (await adjust(api, acme, key)).status_code == 201
    assert_problem(await adjust(api, acme, key, delta_units=8), 422, "idempotency_key_reused")
    assert on_hand(api, acme) == 107


async def test_a_key_belongs_to_its_company_and_actor(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    key = str(uuid4())
    first, second = await adjust(api, acme, key), await adjust(api, bolt, key)
    assert first.status_code == second.status_code == 201
    assert "idempotent-replayed" not in second.headers
    assert str(acme.id) not in second.text
    assert on_hand(api, bolt) == 107
    other_person = api.token("company_admin", acme, user_id=new_id()) | {"Idempotency-Key": key}
    third = await api.client.post(PATH, json=body(acme), headers=other_person)
    assert "idempotent-replayed" not in third.headers


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_required"),
        ("", "idempotency_key_required"),
        ("abc", "idempotency_key_invalid"),
        ("1" * 32, "idempotency_key_invalid"),
        ("x" * 256, "idempotency_key_invalid"),
        ("{c0ffee00-1111-4222-8333-444455556666}", "idempotency_key_invalid"),
    ],
)
async def test_a_key_is_one_uuid(
    api: Api, two_companies: tuple[Company, Company], key: str | None, code: str
) -> None:
    assert_problem(await adjust(api, two_companies[0], key), 400, code)
    assert on_hand(api, two_companies[0]) == 100


async def test_a_failure_is_not_kept(api: Api, two_companies: tuple[Company, Company]) -> None:
    """Check 8: the same key succeeds once the cause is gone."""
    acme, key = two_companies[0], str(uuid4())
    refused = await adjust(api, acme, key, delta_units=-150)
    assert refused.status_code == 409
    assert api.scalar("select count(*) from idempotency_keys") == 0
    assert (await adjust(api, acme, str(uuid4()), delta_units=100)).status_code == 201
    assert (await adjust(api, acme, key, delta_units=-150)).status_code == 201
    assert on_hand(api, acme) == 50


async def test_a_twin_in_flight_waits_and_then_says_so(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    acme, key = two_companies[0], str(uuid4())
    async with open_api(fresh_database, lock_timeout_seconds=0.3) as api:
        request = Request(
            {"type": "http", "method": "POST", "endpoint": _endpoint(api), "headers": [], "path": PATH}
        )
        scope = scope_of(request, Caller(kind="person", user_id=acme.admin_user_id))
        with psycopg.connect(fresh_database.dsn("owner")) as holder:
            holder.execute(
                "select pg_advisory_xact_lock(hashtextextended("
                "concat_ws(' ', %s::text, %s::text, %s::text), 0))",
                [acme.id, scope, key],
            )
            waiting = await adjust(api, acme, key)
            assert_problem(waiting, 409, "in_progress")
            assert waiting.headers["retry-after"] == "1"
            assert on_hand(api, acme) == 100
        assert (await adjust(api, acme, key)).status_code == 201


def _endpoint(api: Api) -> Any:
    return next(
        endpoint
        for method, endpoint in api.app.state.gatekeeper.permissions
        if method == "POST" and endpoint.__module__ == "api.inventory.router"
    )


async def test_only_old_answers_are_purged(
    api: Api, database: Database, two_companies: tuple[Company, Company]
) -> None:
    """Check 9: the clock is given, and every company's old answers go."""
    acme, bolt = two_companies
    key = str(uuid4())
    for company in (acme, bolt):
        assert (await adjust(api, company, key)).status_code == 201
    assert await purge_keys(database, before=utc_now() + timedelta(hours=71 - 72)) == 0
    assert (await adjust(api, acme, key)).headers["idempotent-replayed"] == "true"
    assert await purge_keys(database, before=utc_now() + timedelta(hours=73 - 72)) == 2
    assert (await adjust(api, acme, key)).headers.get("idempotent-replayed") is None
    assert on_hand(api, acme) == 114
