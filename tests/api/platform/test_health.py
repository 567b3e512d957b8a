"""Is it alive, and does everything it needs work?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from core.published import BuildInfo
from tests.support.api_client import Api, open_api
from tests.support.databases import FreshDatabase


async def test_liveness_asks_for_nothing(api: Api) -> None:
    answer = await api.client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


async def test_parts_are_told_apart(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (await api.client.get("/api/health/all")).json()
    assert first["status"] == "degraded"
    assert first["postgresql"]["status"] == "ok"
    assert first["published"]["status"] == "degraded"
    assert first["worker"]["detail"] == "has not run yet"

    now = datetime.now(UTC)
    build = BuildInfo.model_construct(build_id="b1", built_at=now, horizon_at=now - timedelta(minutes=5))
    monkeypatch.setattr("api.health.current_build", lambda settings: build)
    with api.database.connect("owner") as owner:
        owner.execute("insert into event_consumers (consumer) values ('test')")
    second = await api.client.get("/api/health/all")
    assert second.status_code == 200
    assert second.json()["status"] == "ok"
    assert 290 < second.json()["published"]["age_seconds"] < 330

    with api.database.connect("owner") as owner:
        owner.execute("update event_consumers set updated_at = now() - interval '2 minutes'")
    third = (await api.client.get("/api/health/all")).json()
    assert third["status"] == "degraded"
    assert "stockwise worker" in third["worker"]["detail"]


async def test_without_postgresql_it_is_503_in_time_and_alive(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api(fresh_database) as api:

        def refuse(*_: Any, **__: Any) -> None:
            raise psycopg.OperationalError("connection refused")

        monkeypatch.setattr("api.health.transaction", refuse)
        answer = await api.client.get("/api/health/all")
        assert answer.status_code == 503
        assert answer.json()["postgresql"]["status"] == "down"
        assert answer.headers["retry-after"] == "2"
        assert (await api.client.get("/health")).status_code == 200
