"""Is it alive, and does everything it needs work?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
import sqlalchemy as sa
from fastapi import APIRouter, Response

from api.dependencies import AppDatabase, AppKeptBodies, AppSettings, Now
from api.schemas import OutputModel
from core.postgres.errors import DatabaseError
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.published import current_build
from core.settings import Settings
from core.version import VERSION

router = APIRouter(tags=["platform"])
LONGEST_CHECK_SECONDS = 1.5
WORKER_SILENT_AFTER_SECONDS = 60.0

_TELL = sa.text(
    "select (select max(updated_at) from event_consumers) as seen_at,"
    " payments_count_given_up() as given_up_operations, events_count_dead() as dead_events"
)

Status = Literal["ok", "degraded", "down"]


class Liveness(OutputModel):
    """The process answers."""

    status: Literal["ok"]
    version: str


class PartHealth(OutputModel):
    """One thing the API needs."""

    status: Status
    detail: str
    at: datetime | None
    age_seconds: float | None


class Health(OutputModel):
    """The worst of the parts that requests need: without PostgreSQL nothing works."""

    status: Status
    version: str
    postgresql: PartHealth
    published: PartHealth
    cache: PartHealth
    worker: PartHealth
    payments: PartHealth
    events: PartHealth


@router.get("/health")
async def read_liveness() -> Liveness:
    """Say that the process is alive; nothing else is asked."""
    return Liveness(status="ok", version=VERSION)


@router.get("/api/health/all", responses={503: {"model": Health, "description": "PostgreSQL is down"}})
async def read_health(
    response: Response, database: AppDatabase, kept: AppKeptBodies, settings: AppSettings, now: Now
) -> Health:
    """Check PostgreSQL, what is published, the worker and what waits for a person; 503 without PostgreSQL."""
    found, is_cache_there = await asyncio.gather(_check_database(database, now), kept.check())
    cache = PartHealth(
        status="ok" if is_cache_there else "degraded",
        detail="answers" if is_cache_there else "CACHE_URL does not answer: pages are made anew",
        at=now,
        age_seconds=0.0,
    )
    postgresql = found.postgresql
    published = await asyncio.to_thread(_check_published, settings, now)
    if postgresql.status == "down":
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    parts = {published.status, cache.status, *(part.status for part in vars(found).values())}
    overall: Status = "down" if postgresql.status == "down" else "ok" if parts == {"ok"} else "degraded"
    return Health(status=overall, version=VERSION, published=published, cache=cache, **vars(found))


@dataclass(frozen=True)
class _DatabaseHealth:
    """What PostgreSQL, and what is written in it, tells."""

    postgresql: PartHealth
    worker: PartHealth
    payments: PartHealth
    events: PartHealth


async def _check_database(database: Database, now: datetime) -> _DatabaseHealth:
    try:
        async with (
            asyncio.timeout(LONGEST_CHECK_SECONDS),
            transaction(database, company_id=None) as connection,
        ):
            row = (await connection.execute(_TELL)).one()
    except (TimeoutError, OSError, psycopg.Error, sa.exc.SQLAlchemyError, DatabaseError):
        down = PartHealth(status="down", detail="PostgreSQL does not answer", at=None, age_seconds=None)
        unknown = PartHealth(status="down", detail="not known without PostgreSQL", at=None, age_seconds=None)
        return _DatabaseHealth(down, unknown, unknown, unknown)
    return _DatabaseHealth(
        postgresql=PartHealth(status="ok", detail="answers", at=now, age_seconds=0.0),
        worker=_worker(row.seen_at, now),
        payments=_waiting(
            row.given_up_operations,
            now,
            "attempts whose answer is lost: settle them (docs/how-to/take-payments.md)",
        ),
        events=_waiting(row.dead_events, now, "events set aside: stockwise events dead"),
    )


def _waiting(count: int, now: datetime, what: str) -> PartHealth:
    """What waits for a person: nothing is fine."""
    if not count:
        return PartHealth(status="ok", detail="nothing waits for a person", at=now, age_seconds=0.0)
    return PartHealth(status="degraded", detail=f"{count} {what}", at=now, age_seconds=0.0)


def _worker(seen_at: datetime | None, now: datetime) -> PartHealth:
    if seen_at is None:
        return PartHealth(status="degraded", detail="has not run yet", at=None, age_seconds=None)
    age_seconds = max(0.0, (now - seen_at).total_seconds())
    is_recent = age_seconds <= WORKER_SILENT_AFTER_SECONDS
    return PartHealth(
        status="ok" if is_recent else "degraded",
        detail="delivers events" if is_recent else "delivers no events: start 'stockwise worker'",
        at=seen_at,
        age_seconds=round(age_seconds, 3),
    )


def _check_published(settings: Settings, now: datetime) -> PartHealth:
    build = current_build(settings)
    if build is None:
        return PartHealth(
            status="degraded", detail="nothing is published: run 'stockwise run'", at=None, age_seconds=None
        )
    age_seconds = max(0.0, (now - build.horizon_at).total_seconds())
    return PartHealth(
        status="ok", detail=f"build {build.build_id}", at=build.horizon_at, age_seconds=round(age_seconds, 3)
    )
