"""The one command. It knows every part; no part knows it.

Each command reads its flags, calls one function of the part that does the work, and shows the result: data
on standard output, messages on standard error, exit code 0, 1 (failed) or 2 (used wrongly). What is heavy
is imported inside the command, once its settings are right, so that help and refusals come at once.
"""

import signal
import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from api.catalog.commands import register as register_product_files
from api.event_commands import register as register_events
from core.command_line import Reconciled, Session, hoist_global_flags
from core.errors import StockwiseError, UsageError
from core.reports.commands import register as register_report
from core.telemetry import switch_telemetry_off
from core.terminal import Terminal
from pipelines.commands import register as register_pipelines
from pipelines.feed.commands import register as register_feed
from pipelines.imports.commands import register as register_histories
from pipelines.published_commands import register as register_published
from pipelines.warehouse_commands import register as register_warehouse

SHORT_HELP = """\
Stockwise turns a shop's orders into forecasts and restock orders.

  stockwise demo        three demo shops, ready to look at in a few minutes
  stockwise run         one full round: feed, warehouse, forecasts, plans, publication
  stockwise doctor      is everything there that a run needs?

All commands: stockwise --help"""
INTERRUPTED = 130
# In the order in which a new user meets them: help lists panels and commands so.
COMMANDS = (
    "demo", "doctor", "config",
    "serve", "dashboards", "worker",
    "import", "run", "reconcile", "feed", "warehouse", "published", "dagster", "export",
    "report", "status", "version",
    "migrate", "events", "rotate-payment-keys", "bench",
)  # fmt: skip


class _InOrder(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=COMMANDS.index)


app = typer.Typer(
    name="stockwise",
    cls=_InOrder,
    help="Order API, warehouse, forecasts, restock plans and dashboards for shops.",
    epilog="First steps: stockwise demo. Every setting and where it comes from: stockwise config.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)
imports = typer.Typer(help="Load a shop's history from files.", no_args_is_help=True)
app.add_typer(imports, name="import", rich_help_panel="Data")
exports = typer.Typer(help="Write what is stored into files.", no_args_is_help=True)
app.add_typer(exports, name="export", rich_help_panel="Data")
register_product_files(imports, exports)
register_histories(imports)
events = typer.Typer(help="See to events that could not be delivered.", no_args_is_help=True)
app.add_typer(events, name="events", rich_help_panel="Operate")
register_events(events)
register_report(app)
feeds = typer.Typer(help="Look at the feed, and read a part of it anew.", no_args_is_help=True)
app.add_typer(feeds, name="feed", rich_help_panel="Data")
register_feed(feeds)
published = typer.Typer(help="See the published builds, and go back to one.", no_args_is_help=True)
app.add_typer(published, name="published", rich_help_panel="Data")
register_published(published)
warehouse = typer.Typer(help="The warehouse explained, and shown to Spark.", no_args_is_help=True)
app.add_typer(warehouse, name="warehouse", rich_help_panel="Data")
register_warehouse(warehouse)

Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]
Compared = Annotated[Reconciled, typer.Argument(help="What to compare.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]


@app.callback()
def start(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Folder of everything the product writes. [default: .stockwise]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only data and errors.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colors; NO_COLOR does the same.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")] = False,
) -> None:
    """Order API, warehouse, forecasts, restock plans and dashboards for shops."""
    context.obj = Session(home=home, is_quiet=quiet, has_color=not no_color)
    if context.invoked_subcommand is None:
        context.obj.terminal.text(SHORT_HELP)


@app.command(rich_help_panel="Start here")
def demo(
    context: typer.Context,
    seed: Annotated[int, typer.Option(help="Another seed makes other shops.")] = 7,
    serve: Annotated[bool, typer.Option(help="Serve API and dashboards until Ctrl-C.")] = True,
) -> None:
    """Make three demo shops with two years of history, run everything, and serve it.

    A second start serves what the first one made.

    Example: stockwise demo --home ~/stockwise-demo
    """
    session = _session(context)
    settings = session.settings
    if settings.environment == "production":
        raise UsageError(
            "The demo does not belong into production.", hint="Unset STOCKWISE_ENV, or choose another --home."
        )
    from core.processes import free_port
    from pipelines.demo.tour import run_demo

    settings = session.settings_with(
        api_port=free_port(settings.api_host, settings.api_port),
        dashboards_port=free_port(settings.dashboards_host, settings.dashboards_port),
    )
    run_demo(settings, session.terminal, seed=seed, is_serving=serve)


@app.command(rich_help_panel="Serve")
def serve(
    context: typer.Context,
    host: Host = None,
    port: Port = None,
    workers: Annotated[int | None, typer.Option(help="Processes; one per core is a good start.")] = None,
) -> None:
    """Serve the API until Ctrl-C.

    Example: stockwise serve --port 8080 --workers 2
    """
    settings = _session(context).start_with(api_host=host, api_port=port, api_workers=workers)
    from api.run import serve as serve_api
    from core.postgres.ready import open_ready_server

    with open_ready_server(settings):
        serve_api(settings, workers=settings.api_workers)


@app.command(rich_help_panel="Serve")
def dashboards(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Serve the dashboards until Ctrl-C; the API has to run too.

    Example: stockwise dashboards
    """
    settings = _session(context).start_with(dashboards_host=host, dashboards_port=port)
    from dashboards.run import serve as serve_dashboards

    serve_dashboards(settings)


@app.command(rich_help_panel="Serve")
def worker(context: typer.Context) -> None:
    """Deliver events and sweep what expired, until Ctrl-C.

    Example: stockwise worker
    """
    settings = _session(context).start_with()
    from api.worker import run as run_worker
    from core.postgres.ready import open_ready_server

    with open_ready_server(settings):
        run_worker(settings)


@app.command("rotate-payment-keys", rich_help_panel="Operate")
def rotate_payment_keys(context: typer.Context) -> None:
    """Encrypt payment tokens and credentials anew, with the first of the payment keys.

    Example: stockwise rotate-payment-keys
    """
    session = _session(context)
    settings = session.start_with()
    from api.payments.rotation import run as run_rotation
    from core.postgres.ready import open_ready_server

    with open_ready_server(settings) as server:
        count = run_rotation(settings, server)
    session.terminal.text(f"{count} values are encrypted with the newest key.")


register_pipelines(app)


@app.command(rich_help_panel="Data")
def reconcile(context: typer.Context, what: Compared = Reconciled.WAREHOUSE, as_json: Json = False) -> None:
    """Compare warehouse with PostgreSQL, to the row, unit and cent; or stock with its ledger.

    Example: stockwise reconcile stock
    """
    session = _session(context)
    settings = session.start_with()
    report = import_module(what.module).reconcile(settings, progress=session.terminal.progress())
    session.terminal.report(report, as_json=as_json)
    if not report.ok:
        raise StockwiseError(what.failure, hint="The rows with a difference are in the table above.")


@app.command(rich_help_panel="Look")
def status(context: typer.Context, as_json: Json = False) -> None:
    """Show the published build, its age, and the last rounds.

    Example: stockwise status --json
    """
    session = _session(context)
    settings = session.settings
    from pipelines.status import read_status

    session.terminal.report(read_status(settings), as_json=as_json)


@app.command(rich_help_panel="Start here")
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check ports, disk, PostgreSQL, versions, last run and locks.

    Example: stockwise doctor
    """
    from core.doctor import examine

    session = _session(context)
    checks = examine(session.settings)
    if as_json:
        session.terminal.json(checks)
    else:
        session.terminal.table(
            ("check", "state", "found", "do"), [(c.name, c.state, c.detail, c.hint) for c in checks]
        )
    failed = [check.name for check in checks if check.state == "failed"]
    if failed:
        raise StockwiseError(f"Not ready: {', '.join(failed)}.", hint="The last column says what to do.")


@app.command(rich_help_panel="Start here")
def config(context: typer.Context, as_json: Json = False) -> None:
    """Show every setting, its value, and where it came from.

    A flag wins over STOCKWISE_* in the environment, that over stockwise.toml here, that over the default.

    Example: stockwise config --json
    """
    from core.settings import explain

    session = _session(context)
    settings = explain(session.settings)
    if as_json:
        session.terminal.json(settings)
    else:
        rows = [(one.name, one.value, one.origin, one.variable, one.meaning) for one in settings]
        session.terminal.table(("setting", "value", "from", "variable", "meaning"), rows)


@app.command(rich_help_panel="Operate")
def migrate(context: typer.Context, dry_run: DryRun = False) -> None:
    """Bring the database to this version's tables.

    Example: stockwise migrate --dry-run
    """
    session = _session(context)
    settings = session.start_with()
    from core.postgres.migrate import pending, upgrade
    from core.postgres.server import open_server

    with open_server(settings) as server:
        revisions = pending(server)
        for revision in revisions:
            session.terminal.text(revision)
        if revisions and not dry_run:
            upgrade(server)
    done = "would be made" if dry_run else "made"
    count = len(revisions)
    session.terminal.message(f"Changes {done}: {count}." if count else "The database is up to date.")


class Benchmark(StrEnum):
    """What can be measured."""

    CARTS = "carts"
    CATALOG = "catalog"
    FEED = "feed"
    ORDERS = "orders"
    PIPELINE = "pipeline"
    REPORTS = "reports"
    SCALE = "scale"
    SEARCH = "search"
    SERVING = "serving"


@app.command(rich_help_panel="Operate")
def bench(
    context: typer.Context,
    name: Benchmark,
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Input, if it needs any.")
    ] = None,
    lines: Annotated[
        str | None, typer.Option(help="Order lines, as 100000,1000000: for scale and reports.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the generated companies here: for scale and reports.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure this machine and print each figure beside its baseline.

    Example: stockwise bench orders
    """
    session = _session(context)
    settings = session.start_with()
    from bench.options import read_options

    result = import_module(f"bench.{name.value}").run(
        settings,
        files=files or [],
        progress=session.terminal.progress(),
        **read_options(name.value, lines=lines, folder=folder),
    )
    if as_json:
        session.terminal.json(result)
    else:
        rows = [
            (title, one.value, one.unit, one.baseline, one.ratio) for title, one in result.figures.items()
        ]
        columns = ("figure", "value", "unit", "baseline", "ratio")
        session.terminal.table(columns, rows, right=("value", "baseline", "ratio"))


@app.command(rich_help_panel="Look")
def version(context: typer.Context, as_json: Json = False) -> None:
    """Show the versions of Stockwise and of what it stands on.

    Example: stockwise version
    """
    from core.doctor import versions

    _session(context).terminal.report(versions(), as_json=as_json)


def main() -> NoReturn:
    """Run the command line; no traceback reaches the user unless asked for."""
    switch_telemetry_off()
    # Being told to end is like Ctrl-C: what was opened is closed. Servers set handlers of their own.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = hoist_global_flags(sys.argv[1:])
    terminal = Terminal(has_color="--no-color" not in arguments)
    try:
        app(arguments, prog_name="stockwise")
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            terminal.message("Interrupted; running the command again is safe.")
        raise
    except KeyboardInterrupt:
        terminal.message("Interrupted; running the command again is safe.")
        sys.exit(INTERRUPTED)
    except Exception as error:
        if "--debug" in arguments:
            raise
        if not isinstance(error, StockwiseError):
            error = StockwiseError(
                f"Something unexpected happened ({type(error).__name__}: {error}).",
                hint="Run the command again with --debug for the traceback.",
            )
        terminal.error(error)
        sys.exit(error.exit_code)
    sys.exit(0)


def _session(context: typer.Context) -> Session:
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    return session


if __name__ == "__main__":
    main()
