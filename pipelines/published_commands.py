"""``stockwise published list`` and ``stockwise published rollback``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.command_line import Session

Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]


def register(published: typer.Typer) -> None:
    """Add the commands to their group of the one command."""
    published.command("list")(list_builds)
    published.command("rollback")(rollback)


def list_builds(context: typer.Context, as_json: Json = False) -> None:
    """Show the published builds that are kept, which of them readers see, and the rollbacks there were.

    Example: stockwise published list
    """
    session = _session(context)
    settings = session.start_with()
    from pipelines.builds import list_builds as read_builds

    report = read_builds(settings)
    if not report.builds and not as_json:
        session.terminal.message("Nothing is published yet. Run: stockwise run")
        return
    session.terminal.report(report, as_json=as_json)


def rollback(
    context: typer.Context,
    build: Annotated[str | None, typer.Argument(help="Build id. [default: the one before]")] = None,
    as_json: Json = False,
) -> None:
    """Give readers an older build again, at once and whole; the next run publishes what is newest.

    Example: stockwise published rollback
    """
    session = _session(context)
    settings = session.start_with()
    from pipelines.builds import rollback as roll_back

    done = roll_back(settings, build, now=datetime.now(UTC))
    session.terminal.report(done, as_json=as_json)
    session.terminal.message("Readers see the older build. The next run publishes what is newest again.")


def _session(context: typer.Context) -> Session:
    from core.command_line import Session

    session = context.find_object(Session)
    assert session is not None, "the main command makes one"
    return session
