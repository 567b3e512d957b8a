"""Read one table or one company anew into the lake, as a round of its own without the later steps."""

from datetime import UTC, datetime

from core.errors import UsageError
from core.lake import read_manifest
from core.postgres.server import Server
from core.progress import Progress, SilentProgress
from core.runs import FeedRecord
from core.settings import Settings
from pipelines.feed.errors import FeedError
from pipelines.feed.reread import Reread
from pipelines.rounds import hold_round
from pipelines.steps import FEED, run_step


def backfill(
    settings: Settings,
    *,
    server: Server,
    database: str | None = None,
    table: str | None = None,
    company: str | None = None,
    progress: Progress | None = None,
) -> FeedRecord:
    """Read a table, or all rows of the company with that slug, anew; the next round builds from it.

    Everything else is fed as in any pull, in the same snapshot, so tables stay consistent with one another.
    To do it twice changes nothing; if it is killed, the lake is as it was.

    Raises
    ------
    UsageError
        If not exactly one of the two is given.
    FeedError
        If the lake is empty, or there is no such table or company.
    WarehouseBusyError
        If a round is at work.
    """
    if (table is None) == (company is None):
        raise UsageError("Name one table or one company.", hint="Example: --table orders, or --company acme.")
    if read_manifest(settings) is None:
        raise FeedError(
            "There is nothing to fill up: nothing was fed yet.",
            hint="Run 'stockwise run': it reads everything.",
        )
    wanted = Reread(table=table, company=company)
    with hold_round(
        settings,
        server.dsn("reader", database),
        full=False,
        progress=progress or SilentProgress(),
        reread=wanted,
    ) as work:
        try:
            run_step(FEED, work)
        except BaseException as error:
            work.log.fail(step=FEED.name, reason=str(error), finished_at=datetime.now(UTC))
            raise
        work.log.succeed(build_id=None, finished_at=datetime.now(UTC))
        assert work.log.record.feed is not None, "the step notes it"
        return work.log.record.feed
