"""Forgets what was kept long enough: old answers, logins, notes of deliveries, words of providers.

Each goes in batches, a transaction each, through a reviewed function that crosses companies. How long each
table is kept: ``docs/reference/retention.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from api.idempotency import purge_keys
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.settings import Settings

BATCH_ROWS: Final = 5_000


@dataclass(frozen=True)
class Retention:
    """A function that forgets a batch of what is older than an instant, and for how long that is kept."""

    function: str
    kept_days: int


def retentions(settings: Settings) -> Sequence[Retention]:
    """List what is forgotten by age alone."""
    return (
        Retention("purge_sessions", settings.session_days),
        Retention("purge_event_deliveries", settings.event_delivery_days),
        Retention("purge_webhook_bodies", settings.webhook_body_days),
        Retention("purge_report_runs", settings.report_run_days),
    )


async def purge(database: Database, settings: Settings, *, now: datetime) -> int:
    """Forget all that is due; return how many rows."""
    purged = await purge_keys(database, before=now - timedelta(hours=settings.idempotency_hours))
    for retention in retentions(settings):
        before = now - timedelta(days=retention.kept_days)
        purged += await _purge(database, retention.function, before)
    return purged


async def _purge(database: Database, function: str, before: datetime) -> int:
    statement = sa.text(f"select {function}(:before, :batch)")
    purged = 0
    while True:
        async with transaction(database, company_id=None) as connection:
            batch = await connection.scalar(statement, {"before": before, "batch": BATCH_ROWS}) or 0
        purged += batch
        if batch < BATCH_ROWS:
            return purged
