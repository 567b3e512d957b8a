"""``stockwise warehouse …``: its models explained, its lake elsewhere, and its sources for Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.command_line import Session
from core.errors import StockwiseError

if TYPE_CHECKING:
    from pipelines.copies import CopyReport

Url = Annotated[str, typer.Argument(help="A folder or s3://bucket/folder.")]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]
_COLUMNS = ("what", "copied", "bytes", "there before", "removed")


def register(warehouse: typer.Typer) -> None:
    """Add the commands to ``stockwise warehouse``."""
    warehouse.command("docs")(docs_command)
    warehouse.command("push")(push_command)
    warehouse.command("fetch")(fetch_command)
    warehouse.command("spark-sources")(spark_sources_command)


def docs_command(context: typer.Context) -> None:
    """Write one page that explains every table, column and test, and how they hang together.

    The warehouse must have been built once. The page needs no server.

    Example: stockwise warehouse docs
    """
    session = _session(context)
    settings = session.start_with()
    from core.warehouse import hold_warehouse
    from pipelines.transform import write_docs

    with hold_warehouse(settings):
        page = write_docs(settings)
    session.terminal.text(str(page))


def push_command(context: typer.Context, url: Url, as_json: Json = False) -> None:
    """Copy lake and published build under a URL; what is there already stays as it is.

    Example: stockwise warehouse push s3://bucket/shops
    """
    session = _session(context)
    settings = session.start_with()
    from core.warehouse import hold_warehouse
    from pipelines.copies import push_lake, push_published

    with hold_warehouse(settings):
        reports = [push_lake(settings, url), push_published(settings, url)]
    _show(session, reports, as_json=as_json)


def fetch_command(
    context: typer.Context,
    url: Url,
    lake: Annotated[bool, typer.Option(help="Fetch the lake, to build models here.")] = True,
    published: Annotated[bool, typer.Option(help="Fetch the published build, to serve it here.")] = True,
    as_json: Json = False,
) -> None:
    """Bring lake and published build here from a URL; readers here see the build at once.

    Example: stockwise warehouse fetch s3://bucket/shops --no-lake
    """
    session = _session(context)
    settings = session.start_with()
    from core.warehouse import hold_warehouse
    from pipelines.copies import fetch_lake, fetch_published

    with hold_warehouse(settings):
        reports = [fetch_lake(settings, url)] if lake else []
        reports += [fetch_published(settings, url)] if published else []
    _show(session, reports, as_json=as_json)


def spark_sources_command(
    context: typer.Context,
    lake_url: Annotated[
        str | None, typer.Option(help="Where Spark finds the lake, if not in its folder here.")
    ] = None,
) -> None:
    """Write the statements that show the lake to Spark, for dbt's operation define_sources.

    Example: stockwise warehouse spark-sources --lake-url s3a://bucket/lake
    """
    session = _session(context)
    settings = session.settings
    from core.lake import read_manifest
    from pipelines.spark_sources import spark_source_statements

    manifest = read_manifest(settings)
    if manifest is None:
        raise StockwiseError("There is no lake yet.", hint="Go one round first: stockwise run")
    url = lake_url or str(settings.lake_folder.resolve())
    session.terminal.json({"statements": spark_source_statements(settings, manifest, lake_url=url)})


def _show(session: Session, reports: list[CopyReport], *, as_json: bool) -> None:
    if as_json:
        session.terminal.json(reports)
        return
    rows = [(one.what, one.copied, one.bytes, one.kept, one.removed) for one in reports]
    session.terminal.table(_COLUMNS, rows, right=_COLUMNS[1:])


def _session(context: typer.Context) -> Session:
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    return session
