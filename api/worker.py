"""The worker beside the API: delivers events, gives back expired reservations, forgets old answers.

Several workers may run: each thing it does is safe beside its twin. It ends when it is told to, after what
it is doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import sqlalchemy as sa
import structlog

from api.carts.sweeping import sweep_carts
from api.catalog.consumers import CONSUMERS as CATALOG_CONSUMERS
from api.catalog.prices import record_due_schedules
from api.fulfilment.issuing import issue_invoices
from api.orders.completion import complete_orders
from api.orders.expiry import release_expired_reservations
from api.payments.desk import open_desk
from api.payments.jobs import CONSUMERS as PAYMENT_CONSUMERS
from api.payments.jobs import see_to_payments
from api.reports.making import see_to_reports
from api.retention import purge
from api.reviews.consumers import CONSUMERS as REVIEW_CONSUMERS
from api.views.service import count_views, purge_views
from core.events.relay import Relay
from core.postgres.pools import Database, open_database
from core.postgres.server import Server, open_server
from core.settings import Settings
from core.time import Clock, utc_now

log = structlog.get_logger(__name__)
CONSUMERS = (
    *CATALOG_CONSUMERS,
    *PAYMENT_CONSUMERS,
    *REVIEW_CONSUMERS,
)
RELAY_PAUSE_SECONDS = 0.5
PAYMENTS_PAUSE_SECONDS = 1.0
SWEEP_PAUSE_SECONDS = 15.0
INVOICE_PAUSE_SECONDS = 2.0
COMPLETION_PAUSE_SECONDS = 600.0
PURGE_PAUSE_SECONDS = 3600.0
COUNT_PAUSE_SECONDS = 30.0
REPORTS_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_AFTER_FAILURE_SECONDS = 30.0


@dataclass
class Job:
    """Something done again and again; after failures in a row, at growing distances."""

    name: str
    pause_seconds: float
    work: Callable[[], Awaitable[int]]
    failures: int = field(default=0, init=False)

    async def repeat(self, stop: asyncio.Event) -> None:
        """Work until told to stop; never in the middle of a piece of work."""
        while not stop.is_set():
            pause = await self._once()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def _once(self) -> float:
        try:
            done = await self.work()
        except (OSError, psycopg.Error, sa.exc.SQLAlchemyError) as error:
            self.failures += 1
            log.warning("job_failed", job=self.name, failures=self.failures, reason=str(error).split("\n")[0])
            return min(2.0**self.failures, LONGEST_PAUSE_AFTER_FAILURE_SECONDS)
        except Exception:
            self.failures += 1
            log.exception("job_failed", job=self.name, failures=self.failures)
            return min(2.0**self.failures, LONGEST_PAUSE_AFTER_FAILURE_SECONDS)
        self.failures = 0
        if done:
            log.info("job_done", job=self.name, count=done)
        return self.pause_seconds


def jobs_of(database: Database, reader_dsn: str, settings: Settings, *, clock: Clock = utc_now) -> list[Job]:
    """List what a worker does."""
    relay = Relay(database, reader_dsn, CONSUMERS)
    desk = open_desk(database, settings)
    idle = timedelta(hours=settings.cart_abandoned_hours)
    view_life = timedelta(days=settings.product_view_days)
    return [
        Job("relay", RELAY_PAUSE_SECONDS, relay.deliver_pending),
        Job("payments", PAYMENTS_PAUSE_SECONDS, lambda: see_to_payments(desk, clock=clock)),
        Job("sweeper", SWEEP_PAUSE_SECONDS, lambda: release_expired_reservations(database, clock())),
        Job("carts", SWEEP_PAUSE_SECONDS, lambda: sweep_carts(database, clock(), abandoned_after=idle)),
        Job("invoices", INVOICE_PAUSE_SECONDS, lambda: issue_invoices(database, clock())),
        Job("completion", COMPLETION_PAUSE_SECONDS, lambda: complete_orders(database, clock())),
        Job("price_schedules", SWEEP_PAUSE_SECONDS, lambda: record_due_schedules(database, now=clock())),
        Job("purge", PURGE_PAUSE_SECONDS, lambda: purge(database, settings, now=clock())),
        Job("reports", REPORTS_PAUSE_SECONDS, lambda: see_to_reports(database, settings, clock=clock)),
        Job("view_counts", COUNT_PAUSE_SECONDS, lambda: count_views(database)),
        Job("views", PURGE_PAUSE_SECONDS, lambda: purge_views(database, before=clock() - view_life)),
    ]


async def work(
    settings: Settings, server: Server, stop: asyncio.Event, *, database_name: str | None = None
) -> None:
    """Do all jobs side by side until ``stop`` is set."""
    async with open_database(server, settings, database=database_name) as database:
        jobs = jobs_of(database, server.dsn("reader", database_name), settings)
        log.info("worker_started", jobs=[job.name for job in jobs])
        await asyncio.gather(*(job.repeat(stop) for job in jobs))
    log.info("worker_stopped")


def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM: ``stockwise worker``."""

    async def until_told(server: Server) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await work(settings, server, stop)

    with open_server(settings) as server:
        asyncio.run(until_told(server))
