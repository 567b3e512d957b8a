"""Rotation of refresh tokens, and what happens when one is used twice (check 32, without a grace period)."""

import asyncio
from datetime import timedelta

import httpx

from tests.support.api_client import Api, TestClock, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase


async def register(api: Api) -> str:
    body = {"email": "ada@example.com", "password": "correct horse battery", "company": "acme"}
    token: str = (await api.client.post("/api/v1/auth/register", json=body)).json()["refresh_token"]
    return token


async def refresh(api: Api, token: str) -> httpx.Response:
    return await api.client.post("/api/v1/auth/refresh-token", json={"refresh_token": token})


def live_sessions(api: Api) -> int:
    count: int = api.scalar("select count(*) from sessions where rotated_at is null and revoked_at is null")
    return count


async def test_a_refresh_token_is_replaced(api: Api, two_companies: tuple[Company, Company]) -> None:
    first = await register(api)
    answer = await refresh(api, first)
    assert answer.status_code == 200
    second = answer.json()["refresh_token"]
    assert second != first
    assert live_sessions(api) == 1
    assert (await refresh(api, second)).status_code == 200


async def test_using_one_twice_revokes_the_whole_family(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    first = await register(api)
    second = (await refresh(api, first)).json()["refresh_token"]
    assert_problem(await refresh(api, first), 401, "refresh_token_reused")
    assert live_sessions(api) == 0
    assert_problem(await refresh(api, second), 401, "invalid_refresh_token")


async def test_a_race_leaves_at_most_one_live_token(api: Api, two_companies: tuple[Company, Company]) -> None:
    first = await register(api)
    answers = await asyncio.gather(*(refresh(api, first) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    assert live_sessions(api) <= 1


async def test_roles_are_those_of_now(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme = two_companies[0]
    token = await register(api)
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into memberships (company_id, user_id, role, approval_limit_amount)"
            " select %s, id, 'buyer', 500 from users where email = 'ada@example.com'",
            [acme.id],
        )
    answer = await refresh(api, token)
    assert answer.json()["roles"] == ["buyer", "customer"]
    with api.database.connect("owner") as owner:
        owner.execute("update users set is_active = false where email = 'ada@example.com'")
    assert_problem(await refresh(api, answer.json()["refresh_token"]), 401, "invalid_refresh_token")


async def test_expired_and_foreign_tokens_are_refused(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    clock = TestClock()
    async with open_api(fresh_database, clock=clock) as api:
        token = await register(api)
        access = (await refresh(api, token)).json()
        for wrong in ("swr_unknown", access["access_token"][:200], "sws_" + token[4:]):
            assert_problem(await refresh(api, wrong), 401, "invalid_refresh_token")
        clock.moved = timedelta(days=31)
        assert_problem(await refresh(api, access["refresh_token"]), 401, "invalid_refresh_token")
