"""``stockwise run`` and ``stockwise dagster``: the pipelines, without and with Dagster's pages."""

from datetime import timedelta
from typing import Annotated

import typer

from core.command_line import Session
from core.errors import StockwiseError

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]
_NUMBERS = ("rows", "seconds", "peak MB")


def register(app: typer.Typer) -> None:
    """Add the commands to ``stockwise``."""
    app.command("run", rich_help_panel="Data")(run_command)
    app.command("dagster", rich_help_panel="Data")(dagster_command)


def run_command(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Read and compute everything anew.")] = False,
    wait: Annotated[
        float, typer.Option(min=0, max=1440, help="Minutes to wait for a round at work; 0: refuse.")
    ] = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Do one full round: feed, warehouse, forecasts, plans, publication.

    Example: stockwise run --json
    """
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.start_with()
    from core.postgres.ready import open_ready_server
    from pipelines.run import run_round

    progress = session.terminal.progress()
    with open_ready_server(settings) as server:
        result = run_round(
            settings,
            server=server,
            dry_run=dry_run,
            full=full,
            wait=timedelta(minutes=wait),
            progress=progress,
        )
    if as_json:
        session.terminal.json(result)
    else:
        rows = [
            (step.name, f"{step.rows:,}", f"{step.seconds:.1f}", f"{step.peak_bytes / 1e6:,.0f}", step.detail)
            for step in result.steps
        ]
        session.terminal.table(("step", *_NUMBERS, ""), rows, right=_NUMBERS)
    for alarm in result.alarms:
        session.terminal.message(f"Look at this: {alarm}")
    if not result.ok:
        raise StockwiseError(
            f"Nothing was published: {result.reason}",
            hint="Readers still see the build before. More: stockwise status",
        )
    session.terminal.message(
        f"Published build {result.build_id}." if result.build_id else "Nothing was written."
    )


def dagster_command(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Open the same pipelines in Dagster's web pages, with schedule and sensor.

    Example: stockwise dagster
    """
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.start_with(dagster_host=host, dagster_port=port)
    from pipelines.web import open_dagster

    open_dagster(settings, host=settings.dagster_host, port=settings.dagster_port)
