"""What is kept for readers: in memory or in Redis, never older than what would be read now, never needed."""

import asyncio
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api import kept
from api.catalog import category_service
from api.conditional import Representation
from tests.support.api_client import Api, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.redis_server import RedisServer, run_redis

TREE = "/api/v1/categories/tree"


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with run_redis(tmp_path) as server:
        yield server


def rename(api: Api, name: str) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update products set name = %s", [name])


async def name_shown(api: Api, company: Company) -> str:
    answer = await api.client.get(f"/api/v1/products/{company.product_id}", headers=api.storefront(company))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["name"])


async def cache_health(api: Api) -> str:
    return str((await api.client.get("/api/health/all")).json()["cache"]["status"])


@pytest.mark.redis
async def test_processes_share_pages_and_show_none_that_is_older_than_a_read(
    fresh_database: FreshDatabase,
    company: Company,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"cache_url": kept.SecretStr(redis_server.url)}
    async with open_api(fresh_database, **settings) as one, open_api(fresh_database, **settings) as other:
        headers = one.storefront(company)
        path = f"/api/v1/products/{company.product_id}"
        first = await one.client.get(path, headers=headers)
        made = []
        read_page = kept.KeptBodies.keep

        async def keep(*arguments: Any, **named: Any) -> None:
            made.append(arguments[1])
            await read_page(*arguments, **named)

        monkeypatch.setattr(kept.KeptBodies, "keep", keep)
        again = await other.client.get(path, headers=headers)
        assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
        assert made == []  # the other process's
        for number in range(5):
            rename(one, f"Name {number}")
            for api in (one, other):
                assert (await api.client.get(path, headers=headers)).json()["name"] == f"Name {number}"
        assert len(made) == 5


@pytest.mark.redis
async def test_a_redis_that_ends_freezes_or_comes_back_changes_no_answer(
    fresh_database: FreshDatabase,
    company: Company,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "PAUSE_SECONDS", 0.5)
    async with open_api(fresh_database, cache_url=kept.SecretStr(redis_server.url)) as api:
        rename(api, "Before")
        assert await name_shown(api, company) == "Before"
        assert await cache_health(api) == "ok"
        redis_server.kill()
        rename(api, "Without")
        assert [await name_shown(api, company) for _ in range(3)] == ["Without"] * 3
        assert await cache_health(api) == "degraded"
        redis_server.start()
        await asyncio.sleep(0.6)
        assert await name_shown(api, company) == "Without"
        with redis_server.client() as client:
            assert len(client.keys("stockwise:*")) == 1  # in use again
        redis_server.freeze()
        rename(api, "Frozen")
        began = time.monotonic()
        assert [await name_shown(api, company) for _ in range(20)] == ["Frozen"] * 20
        assert time.monotonic() - began < 10  # one wait and then none, not twenty waits
        assert await cache_health(api) == "degraded"


@pytest.mark.redis
async def test_what_somebody_else_wrote_into_redis_is_neither_run_nor_shown(
    fresh_database: FreshDatabase, company: Company, redis_server: RedisServer, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (trap,)

    planted = [pickle.dumps(Trap()), b"bytes:" + pickle.dumps(Trap()), b"bytes:x", b"", b"12", b"\xff\n\n"]
    async with open_api(fresh_database, cache_url=kept.SecretStr(redis_server.url)) as api:
        rename(api, "Mine")
        assert await name_shown(api, company) == "Mine"
        with redis_server.client() as client:
            (key,) = client.keys("stockwise:*")
            for value in planted:
                client.set(key, value)
                assert await name_shown(api, company) == "Mine", value
        assert not trap.exists()


async def test_bodies_are_kept_under_their_stamp_only() -> None:
    async with kept.open_kept_bodies(None, most_bodies=2) as bodies:
        body = Representation(b'{"a": "\n"}\n', '"x.y"')
        await bodies.keep("one", body, stamp="s1", seconds=60)
        assert await bodies.get("one", stamp="s1") == body
        assert await bodies.get("one", stamp="s2") is None
        assert await bodies.get("two", stamp="s1") is None
        for name in ("two", "three"):
            await bodies.keep(name, body, stamp="s1", seconds=60)
        assert await bodies.get("one", stamp="s1") is None  # two at most


async def test_the_category_tree_is_made_once_and_made_again_after_each_change(
    api: Api, two_companies: tuple[Company, Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, bolt = two_companies
    made: list[str] = []
    read_tree = category_service.read_tree

    async def counted(*arguments: Any, **named: Any) -> Any:
        made.append("tree")
        return await read_tree(*arguments, **named)

    monkeypatch.setattr(category_service, "read_tree", counted)
    shopper, admin = api.storefront(acme), api.token("company_admin", acme)

    async def trees() -> tuple[Any, Any]:
        answers = [await api.client.get(TREE, headers=headers) for headers in (shopper, admin)]
        assert [answer.status_code for answer in answers] == [200, 200]
        first, second = (answer.json()["categories"] for answer in answers)
        return first, second

    shown, all_of_them = await trees()
    assert shown == all_of_them
    assert (await trees(), len(made)) == ((shown, all_of_them), 2)
    changes = {
        "named": "update categories set name = 'Other'",
        "hidden": "update categories set is_active = false",
        "shown": "update categories set is_active = true",
        "emptied": "update products set status = 'draft'",
        "filled": "update products set status = 'published'",
    }
    for number, (name, change) in enumerate(changes.items(), start=2):
        before = await trees()
        with api.database.connect("owner") as owner:
            owner.execute(change)
        assert await trees() != before, name
        made.clear()
        await trees()
        assert made == [], (name, number)
    headers = {"Idempotency-Key": str(uuid4()), **admin}
    created = await api.client.post("/api/v1/categories", json={"name": "New"}, headers=headers)
    assert created.status_code == 201
    assert [node["name"] for node in (await trees())[0]] == ["Other", "New"]
    others = await api.client.get(TREE, headers=api.storefront(bolt))
    assert [node["name"] for node in others.json()["categories"]] == ["Other"]
    again = await api.client.get(
        TREE, headers=api.storefront(bolt) | {"If-None-Match": others.headers["etag"]}
    )
    assert again.status_code == 304
