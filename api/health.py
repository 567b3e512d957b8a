"""Is it alive, and does everything it needs work?"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal

import psycopg
import sqlalchemy as sa
from fastapi import APIRouter, Response

from api.dependencies import AppDatabase, AppSettings, Now
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
    worker: PartHealth


@router.get("/health")
async def read_liveness() -> Liveness:
    """Say that the process is alive; nothing else is asked."""
    return Liveness(status="ok", version=VERSION)


@router.get("/api/health/all", responses={503: {"model": Health, "description": "PostgreSQL is down"}})
async def read_health(response: Response, database: AppDatabase, settings: AppSettings, now: Now) -> Health:
    """Check PostgreSQL, the published snapshot and the worker; 503 if PostgreSQL is down."""
    postgresql, worker = await _check_database(database, now)
    published = await asyncio.to_thread(_check_published, settings, now)
    if postgresql.status == "down":
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    parts = (postgresql.status, published.status, worker.status)
    overall: Status = "down" if postgresql.status == "down" else "ok" if set(parts) == {"ok"} else "degraded"
    return Health(status=overall, version=VERSION, postgresql=postgresql, published=published, worker=worker)


async def _check_database(database: Database, now: datetime) -> tuple[PartHealth, PartHealth]:
    try:
        async with (
            asyncio.timeout(LONGEST_CHECK_SECONDS),
            transaction(database, company_id=None) as connection,
        ):
            seen_at = await connection.scalar(sa.text("select max(updated_at) from event_consumers"))
    except (TimeoutError, OSError, psycopg.Error, sa.exc.SQLAlchemyError, DatabaseError):
        down = PartHealth(status="down", detail="PostgreSQL does not answer", at=None, age_seconds=None)
        unknown = PartHealth(status="down", detail="not known without PostgreSQL", at=None, age_seconds=None)
        return down, unknown
    return PartHealth(status="ok", detail="answers", at=now, age_seconds=0.0), _worker(seen_at, now)


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
