"""``stockwise feed …``: what the lake holds, and reading a part of it anew."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from core.command_line import Session

Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]
_COLUMNS = ("table", "rows", "bytes", "seconds", "lake rows", "lake bytes", "segments")


@dataclass(frozen=True)
class FeedStatus:
    """How far the lake has come; no pull has been made if there is no horizon."""

    pull_id: str | None
    horizon_at: datetime | None
    age_seconds: float | None
    oldest_open_seconds: float | None


def register(feeds: typer.Typer) -> None:
    """Add the commands to ``stockwise feed``."""
    feeds.command("backfill")(backfill_command)
    feeds.command("status")(status_command)


def backfill_command(
    context: typer.Context,
    table: Annotated[str | None, typer.Option(help="Fed table to read anew.")] = None,
    company: Annotated[str | None, typer.Option(help="Slug of the company to read anew.")] = None,
    as_json: Json = False,
) -> None:
    """Read one table or one company anew from PostgreSQL; the next round builds from it.

    Example: stockwise feed backfill --table orders
    """
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.start_with()
    from core.postgres.ready import open_ready_server
    from pipelines.backfill import backfill

    with open_ready_server(settings) as server:
        record = backfill(
            settings, server=server, table=table, company=company, progress=session.terminal.progress()
        )
    if as_json:
        session.terminal.json(record.model_dump(mode="json"))
    else:
        rows = [tuple(line.model_dump().values()) for line in record.tables if line.rows]
        session.terminal.table(_COLUMNS, rows, right=_COLUMNS[1:])
    session.terminal.message(
        f"Read {record.rows:,} rows, up to {record.horizon_at:%Y-%m-%d %H:%M:%S} UTC."
        " Run 'stockwise run' to build from them and publish."
    )


def status_command(context: typer.Context, as_json: Json = False) -> None:
    """Show how far each fed table has come, and its rows, bytes and files in the lake.

    Example: stockwise feed status
    """
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.settings
    from core.lake import read_manifest
    from pipelines.feed.lag import open_for
    from pipelines.feed.record import describe_lake

    manifest = read_manifest(settings)
    if manifest is None:
        status, tables = FeedStatus(None, None, None, None), []
    else:
        age = (datetime.now(UTC) - manifest.horizon_at).total_seconds()
        open_age = open_for(manifest)
        tables = [line.model_dump() for line in describe_lake(settings, manifest, {})]
        status = FeedStatus(
            manifest.pull_id,
            manifest.horizon_at,
            round(age, 1),
            open_age.total_seconds() if open_age else None,
        )
    if as_json:
        session.terminal.json({**vars(status), "tables": tables})
        return
    session.terminal.report(status, as_json=False)
    shown = ("table", "lake_rows", "lake_bytes", "segments")
    session.terminal.table(
        ("table", "rows", "bytes", "segments"),
        [tuple(line[name] for name in shown) for line in tables],
        right=("rows", "bytes", "segments"),
    )
