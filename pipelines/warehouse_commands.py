"""``stockwise warehouse …``: its models explained, and its sources for Spark."""

from typing import Annotated

import typer

from core.command_line import Session
from core.errors import StockwiseError


def register(warehouse: typer.Typer) -> None:
    """Add the commands to ``stockwise warehouse``."""
    warehouse.command("docs")(docs_command)
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


def _session(context: typer.Context) -> Session:
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    return session
