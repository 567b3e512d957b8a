"""``stockwise events dead`` and ``stockwise events retry``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import StockwiseError

if TYPE_CHECKING:
    from core.command_line import Session

Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]


def register(events: typer.Typer) -> None:
    """Add the commands to their group of the one command."""
    events.command("dead")(dead)
    events.command("retry")(retry)


def dead(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most events to show.")] = 100,
    as_json: Json = False,
) -> None:
    """Show events that were set aside because their consumer failed too often, with the last error.

    Example: stockwise events dead --json
    """
    session = _session(context)
    settings = session.start_with()
    from api.dead_events import DeadReport, list_dead_events

    report = DeadReport(asyncio.run(list_dead_events(settings, limit=limit)))
    if not report.events and not as_json:
        session.terminal.message("No event was set aside.")
        return
    session.terminal.report(report, as_json=as_json)


def retry(
    context: typer.Context,
    event: Annotated[str | None, typer.Option(help="Id of one event. [default: all]")] = None,
    consumer: Annotated[str | None, typer.Option(help="Name of one consumer. [default: all]")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be delivered, change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Deliver events again that were set aside; each has its effect once. What fails again stays set aside.

    Example: stockwise events retry --consumer catalog.sold_units
    """
    session = _session(context)
    settings = session.start_with()
    from api.dead_events import retry_dead_events

    report = asyncio.run(retry_dead_events(settings, event_id=event, consumer=consumer, is_dry_run=dry_run))
    session.terminal.report(report, as_json=as_json)
    if report.failed_again:
        raise StockwiseError(
            f"{report.failed_again:,} events failed again.", hint="Why: stockwise events dead"
        )


def _session(context: typer.Context) -> Session:
    from core.command_line import Session

    session = context.find_object(Session)
    assert session is not None, "the main command makes one"
    return session
