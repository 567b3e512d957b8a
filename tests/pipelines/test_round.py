"""Whole rounds: what is published is what PostgreSQL holds, and damaged data publishes nothing."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from core.lake import newest_result, raw_folder, read_manifest
from core.postgres.server import Server
from core.progress import SilentProgress
from core.published import current_build, open_snapshot
from core.results import RESULTS
from core.runs import list_runs
from core.settings import Settings, load_settings
from core.warehouse import WarehouseBusyError, hold_warehouse
from pipelines import build_scope, transform
from pipelines.rounds import hold_round
from pipelines.run import RoundResult, read_status, reconcile
from pipelines.steps import FORECAST, PLAN, RECOMMEND, STEPS, run_step
from pipelines.transform import TransformError, TransformResult, build
from tests.support.databases import fresh_copy
from tests.support.publishing import published_bytes
from tests.support.rounds import HISTORY_DAYS, SmallShops, make_small_shops

pytestmark = pytest.mark.slow

# Independent of the warehouse's SQL: straight from the tables, by the company's own calendar.
REVENUE_SQL = """
select
    orders.company_id::text,
    (orders.placed_at at time zone companies.timezone)::date as sales_date,
    sum(order_lines.net_amount) as net_sales_amount,
    sum(order_lines.quantity_units)::int as units
from order_lines
inner join orders on orders.company_id = order_lines.company_id and orders.id = order_lines.order_id
inner join companies on companies.id = orders.company_id
group by 1, 2
"""


@pytest.fixture(scope="module")
def shops(
    database_server: Server, session_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallShops]:
    """Two companies after their first round."""
    home = tmp_path_factory.mktemp("round") / "home"
    with fresh_copy(database_server, session_settings) as database:
        shops = make_small_shops(database, load_settings({"home": home}))
        result = shops.run()
        assert result.ok, result.reason
        yield shops


def revenue_in_postgresql(shops: SmallShops) -> set[tuple[str, object, Decimal, int]]:
    with shops.database.connect("owner") as owner:
        return {(row[0], row[1], row[2], row[3]) for row in owner.execute(REVENUE_SQL).fetchall()}


def revenue_published(shops: SmallShops) -> set[tuple[str, object, Decimal, int]]:
    found: set[tuple[str, object, Decimal, int]] = set()
    for company in (shops.acme, shops.bolt):
        with open_snapshot(shops.settings, company.id) as snapshot:
            found |= {
                (row["company_id"], row["sales_date"], row["net_sales_amount"], row["units"])
                for row in snapshot.rows("select * from srv_sales_daily where orders_count > 0")
            }
    return found


def test_revenue_per_day_and_company_equals_postgresql_to_the_cent(shops: SmallShops) -> None:
    assert len(revenue_in_postgresql(shops)) >= 2 * HISTORY_DAYS
    assert revenue_published(shops) == revenue_in_postgresql(shops)


def test_the_log_tells_every_step_every_total_and_every_test(shops: SmallShops) -> None:
    run = list_runs(shops.settings)[-1]
    assert (run.status, run.kind, run.build_id) == ("ok", "full", run.run_id)
    assert [step.name for step in run.steps] == [step.name for step in STEPS]
    assert all(step.peak_bytes > 0 for step in run.steps)
    assert {line.table for line in run.reconciliation} >= {"orders", "order_lines", "stock_ledger"}
    assert all(line.is_equal for line in run.reconciliation)
    assert {test.status for test in run.tests} == {"passed"}
    own = run.for_company(str(shops.acme.id))
    assert {line.company_id for line in own.reconciliation} == {str(shops.acme.id)}


def test_every_company_gets_a_forecast_a_plan_and_its_reasons(shops: SmallShops) -> None:
    for company in (shops.acme, shops.bolt):
        with open_snapshot(shops.settings, company.id) as snapshot:
            days = snapshot.rows("select count(*) as days, min(mean_units) as least from srv_forecast_daily")[
                0
            ]
            proposed = snapshot.rows("select count(*) as rows from srv_restock_worklist")[0]["rows"]
            refused = snapshot.rows("select reason_code from srv_restock_not_proposed")
        assert days["days"] >= 28
        assert days["least"] > 0
        assert proposed + len(refused) == 1


def test_a_second_round_without_news_changes_nothing_and_writes_no_company_file(shops: SmallShops) -> None:
    before = shops.mart_checksums()
    result = shops.run()
    assert result.ok
    assert shops.mart_checksums() == before
    publish = result.steps[-1].detail
    assert publish.startswith("0 company files written, 2 unchanged")
    assert [step.detail for step in result.steps if step.name in ("forecast", "plan", "recommend")] == [
        "0 companies computed, 2 unchanged"
    ] * 3


def model_rows(shops: SmallShops) -> dict[str, pl.DataFrame]:
    """Every model result without the run that made it, in a fixed order of rows."""
    frames = {}
    for name in RESULTS:
        file = newest_result(shops.settings, name)
        assert file is not None
        frame = pl.read_parquet(file).drop("run_id", "computed_at")
        frames[name] = frame.sort(frame.columns)
    return frames


def test_steps_run_again_and_out_of_order_leave_the_same_rows(shops: SmallShops) -> None:
    marts, results = shops.mart_checksums(), model_rows(shops)
    dsn = shops.database.dsn("reader")
    with hold_round(shops.settings, dsn, full=False, progress=SilentProgress()) as work:
        for step in reversed(STEPS):
            run_step(step, work)
        anew = replace(work, is_full=True)
        for step in (PLAN, RECOMMEND, FORECAST, PLAN):
            run_step(step, anew)
        work.log.succeed(build_id=work.run_id, finished_at=datetime.now(UTC))
    assert shops.mart_checksums() == marts
    again = model_rows(shops)
    assert {name: frame.equals(again[name]) for name, frame in results.items()} == dict.fromkeys(
        RESULTS, True
    )
    assert shops.run().ok  # the results computed anew are published before the next test counts files


def test_an_incremental_round_equals_a_full_one(shops: SmallShops) -> None:
    shops.sell(shops.acme, days_ago=0, units=7)
    shops.sell(shops.acme, days_ago=30, units=1)
    result = shops.run()
    assert result.ok, result.reason
    assert "1 company files written, 1 unchanged" in result.steps[-1].detail
    assert revenue_published(shops) == revenue_in_postgresql(shops)
    incremental = shops.mart_checksums()

    result = shops.run(full=True)
    assert result.ok, result.reason
    assert shops.mart_checksums() == incremental
    assert revenue_published(shops) == revenue_in_postgresql(shops)
    assert list_runs(shops.settings)[0].kind == "full"


def _serving(result: RoundResult) -> str:
    return next(step.detail for step in result.steps if step.name == "serving")


def test_serving_views_stand_until_what_they_are_made_from_changes(
    shops: SmallShops, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands = re.compile(r"0 models, \d+ tests: the views stand")
    assert stands.fullmatch(_serving(shops.run()))

    def die(*arguments: Any, **options: Any) -> TransformResult:
        if arguments[1] == "serving":
            raise TransformError("died", TransformResult((), ()))
        return build(*arguments, **options)

    with monkeypatch.context() as released:
        released.setattr(build_scope, "RESULTS", {**RESULTS, "new_result": {"rank": "integer"}})
        released.setattr(transform, "build", die)
        assert shops.run().failed_step == "serving"
    # The release that was taken back finds views of which some may be the other's.
    assert not stands.fullmatch(_serving(shops.run()))
    assert stands.fullmatch(_serving(shops.run()))


def _duplicate(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table.slice(0, 1)])


def _halve(table: pa.Table) -> pa.Table:
    return table.slice(0, table.num_rows // 2)


def _orphan(table: pa.Table) -> pa.Table:
    position = table.schema.get_field_index("order_id")
    return table.set_column(position, "order_id", pc.binary_join_element_wise(table["order_id"], "x", ""))


# No test of the models misses a cost of long ago: the totals alone do.
@pytest.mark.parametrize(
    ("table", "damage", "steps"),
    [
        ("order_lines", _duplicate, {"marts"}),
        ("order_lines", _halve, {"marts", "reconcile"}),
        ("order_lines", _orphan, {"marts"}),
        ("cost_history", _halve, {"reconcile"}),
    ],
)
def test_damaged_data_publishes_nothing_and_says_why(
    shops: SmallShops, table: str, damage: Callable[[pa.Table], pa.Table], steps: set[str], tmp_path: Path
) -> None:
    manifest = read_manifest(shops.settings)
    assert manifest is not None
    damaged = manifest.table(table)
    assert damaged is not None
    file = raw_folder(shops.settings) / damaged.segments[0].file
    kept = shutil.copy(file, tmp_path / "kept.parquet")
    before = published_bytes(shops.settings)

    pq.write_table(damage(pq.read_table(file)), file, store_decimal_as_integer=True)
    result = shops.run()
    shutil.copy(kept, file)

    assert not result.ok
    assert result.failed_step in steps
    assert result.reason
    assert published_bytes(shops.settings) == before
    run = list_runs(shops.settings)[0]
    assert (run.status, run.reason, run.build_id) == ("failed", result.reason, None)
    if result.failed_step == "marts":
        assert [test.name for test in run.tests if test.status == "failed"]
    else:
        assert [line.table for line in run.reconciliation if not line.is_equal]
    assert shops.run().ok


def test_a_second_round_at_the_same_time_is_refused_in_one_sentence(shops: SmallShops) -> None:
    runs = len(list_runs(shops.settings))
    with hold_warehouse(shops.settings), pytest.raises(WarehouseBusyError, match="Another run is at work"):
        shops.run()
    assert len(list_runs(shops.settings)) == runs


def test_a_dry_run_counts_and_writes_nothing(shops: SmallShops) -> None:
    manifest = read_manifest(shops.settings)
    shops.sell(shops.bolt, days_ago=1, units=1)
    result = shops.run(dry_run=True)
    assert result.ok
    assert "1 orders" in result.steps[0].detail
    assert read_manifest(shops.settings) == manifest


def test_status_and_reconcile_read_what_the_rounds_left(shops: SmallShops) -> None:
    status = read_status(shops.settings)
    build = current_build(shops.settings)
    assert build is not None
    assert (status.build_id, status.horizon_at) == (build.build_id, build.horizon_at)
    report = reconcile(shops.settings)
    assert report.ok
    assert report.compared_totals > 20
    assert report.differences == []


@pytest.fixture
def unusual_day(shops: SmallShops) -> None:
    """Nine weeks of sixty views a day of one company's product, and ten yesterday."""
    with shops.database.connect("owner") as owner:
        owner.execute(
            "insert into product_views (company_id, product_id, session_key, viewed_at)"
            " select %(id)s, %(product_id)s, 'session', now() - make_interval(days => day)"
            " from generate_series(1, 63) as day, generate_series(1, 60) as number"
            " where day > 1 or number <= 10",
            vars(shops.acme),
        )


@pytest.mark.usefixtures("unusual_day")
def test_a_day_with_few_rows_raises_an_alarm_and_only_if_so_set_holds_back_publication(
    shops: SmallShops,
) -> None:
    result = shops.run()
    assert result.ok, result.reason
    run = list_runs(shops.settings)[0]
    (alarm,) = [alarm for alarm in run.alarms if "product_views" in alarm.message]
    assert alarm.company_id == str(shops.acme.id)
    assert "product_views 10 rows, usually 60 (29 to 91)" in alarm.message
    assert {line.company_id for line in run.for_company(str(shops.bolt.id)).volumes} <= {str(shops.bolt.id)}
    assert run.feed is not None
    (fed,) = [table for table in run.feed.tables if table.table == "product_views"]
    assert (fed.rows, fed.bytes > 0, fed.segments) == (3730, True, 2)
    assert read_status(shops.settings).fed_rows == run.feed.rows

    build = current_build(shops.settings)
    strict = replace(shops, settings=shops.settings.model_copy(update={"volume_blocks": True}))
    result = strict.run()
    assert (result.ok, result.failed_step) == (False, "volumes")
    assert "Rows fell or rose suddenly in 1 places" in str(result.reason)
    assert current_build(shops.settings) == build
