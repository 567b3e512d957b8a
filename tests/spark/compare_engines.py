"""Build the same lake on DuckDB and on Spark, and compare every mart and serving table row for row.

``make test-spark`` runs it. Without options it writes the shop on which all tests of figures stand and two
small ones, changes these at random over several pulls (so the lake has many segments, newer versions and
deletes), and brings DuckDB's marts up to date by key, which Spark then has to equal by a full build.
``--lines`` adds a company of that size; ``--home`` takes the lake of a finished round instead.

Decimals, texts, days, instants and counts must be equal exactly, floats to 1e-9 of their size.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from core.lake import read_manifest
from core.postgres import migrate
from core.postgres.server import Server, open_server
from core.settings import Settings, load_settings
from core.terminal import Terminal
from core.warehouse import Warehouse, define_sources, hold_warehouse
from pipelines.run import run_round
from pipelines.transform import build
from tests.spark.spark_build import SparkBuild, build_on_spark
from tests.spark.table_differences import Comparison, compare
from tests.support.databases import FreshDatabase
from tests.support.measured_shop import write_measured_shop
from tests.support.random_history import RandomHistory
from tests.support.rounds import make_small_shops

COMPARED_LAYERS = ("marts", "serving")
SEED = 20261121
ROUNDS = 3
CHANGES = 40


def main() -> int:
    """Compare, print a table, and return 1 if anything differs."""
    options = read_options()
    terminal = Terminal()
    with options_home(options.home) as settings:
        if options.home is None:
            make_history(settings, lines=options.lines, terminal=terminal)
        manifest = read_manifest(settings)
        assert manifest is not None, f"{settings.lake_folder} is no lake: go one round first"
        started = time.monotonic()
        spark = build_on_spark(settings, manifest, threads=options.threads)
        spark_seconds = time.monotonic() - started
        with hold_warehouse(settings) as warehouse:
            if options.home is not None:
                bring_up_to_date(warehouse)
            comparisons = compare_all(warehouse, spark)
    print_table(terminal, comparisons)
    print_tests(terminal, spark)
    terminal.text(f"Spark took {spark_seconds:.0f} s: {spark.models} models, {spark.tests} data tests.")
    return 0 if spark.succeeded and all(one.is_equal for one in comparisons) else 1


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make test-spark", description=__doc__)
    parser.add_argument("--home", type=Path, help="home folder of a finished round, instead of a new history")
    parser.add_argument("--lines", type=int, default=0, help="add a company with so many order lines")
    parser.add_argument("--threads", type=int, default=2, help="models that are built at the same time")
    return parser.parse_args()


@contextmanager
def options_home(home: Path | None) -> Iterator[Settings]:
    """The settings of the home that was named, or of one that is gone afterwards."""
    if home is not None:
        yield load_settings({"home": home.resolve()})
        return
    with tempfile.TemporaryDirectory(prefix="stockwise-spark-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, the server runs as another user
        yield load_settings({"home": folder / "home"}).model_copy(update={"database_url": None})


def make_history(settings: Settings, *, lines: int, terminal: Terminal) -> None:
    """Fill a database, go round, change at random and go round again, a few times."""
    chance = random.Random(SEED)
    with open_server(settings) as server:
        migrate.upgrade(server)
        database = FreshDatabase(server, settings, server.database)
        write_measured_shop(database, settings)
        shops = make_small_shops(database, settings)
        if lines:
            add_large_company(settings, server, lines)
        go_round(settings, server)
        with shops.database.connect("owner") as owner:
            histories = [RandomHistory(owner, company, chance) for company in (shops.acme, shops.bolt)]
            for number in range(ROUNDS):
                terminal.message(f"round {number + 2} of {ROUNDS + 1}")
                for history in histories:
                    history.change(CHANGES)
                go_round(settings, server)


def add_large_company(settings: Settings, server: Server, lines: int) -> None:
    """Add the company that the benchmarks measure with."""
    from bench.company_history import fill_company
    from core.progress import SilentProgress

    with SilentProgress().step("company") as step:
        fill_company(settings, server, lines=lines, end=datetime.now(tz=UTC).date(), step=step)


def go_round(settings: Settings, server: Server) -> None:
    """Feed, build, forecast, plan and publish on DuckDB."""
    result = run_round(settings, server=server)
    if not result.ok:
        raise SystemExit(f"The round on DuckDB failed: {result.reason}")


def bring_up_to_date(warehouse: Warehouse) -> None:
    """Build everything with the models as they are now: the home may be older."""
    manifest = read_manifest(warehouse.settings)
    assert manifest is not None
    define_sources(warehouse, manifest)
    build(warehouse.settings, "warehouse", full_refresh=True)
    build(warehouse.settings, "serving")


def compare_all(warehouse: Warehouse, spark: SparkBuild) -> list[Comparison]:
    """Compare each table that one of the two engines has."""
    with warehouse.connect() as connection:
        found = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where list_contains($layers, table_schema) order by 1, 2",
            {"layers": list(COMPARED_LAYERS)},
        ).fetchall()
        names = sorted({*found, *spark.tables(COMPARED_LAYERS)})
        return [compare(connection, layer, table, spark.files(layer, table)) for layer, table in names]


def print_table(terminal: Terminal, comparisons: list[Comparison]) -> None:
    """A line per table."""
    rows = [
        (one.table, one.rows, one.spark_rows, one.different_rows, "equal" if one.is_equal else one.reason)
        for one in comparisons
    ]
    terminal.table(
        ("table", "rows", "on Spark", "different", ""), rows, right=("rows", "on Spark", "different")
    )
    different = sum(not one.is_equal for one in comparisons)
    terminal.text(f"{len(comparisons)} tables compared, {different} differ.")


def print_tests(terminal: Terminal, spark: SparkBuild) -> None:
    """What failed on Spark, one line each."""
    for line in spark.failures:
        terminal.text(f"failed on Spark: {line}")


if __name__ == "__main__":
    sys.exit(main())
