"""Publication at 3 and at 300 companies: time and size, of everything and after one company changed.

One generated company goes through a round; its serving tables are then held by each of many companies, and
published. The baseline writes the same rows into one file per company and nothing else: no marks, no check
of what was written, no force to disk, no links.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.company_history import COMPANY
from bench.company_home import company_home
from bench.report import BenchResult
from bench.scale_round import measure_round
from core.lake import Manifest, read_manifest
from core.progress import Progress, SilentProgress
from core.published import build_folder, current_build, open_snapshot
from core.settings import Settings
from core.warehouse import Warehouse, hold_warehouse
from pipelines.publish import PublishReport, publish

COMPANIES = (3, 300)
LINES = 10_000
OPENINGS = 50


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    companies: Sequence[int] = COMPANIES,
) -> BenchResult:
    """Publish for few companies and for many, and how time grows with their number."""
    del files
    shown = progress or SilentProgress()
    result = BenchResult("serving")
    seconds: dict[int, float] = {}
    with company_home(settings, lines=LINES, folder=None, progress=shown) as home:
        with shown.step(f"one company of {LINES:,} order lines"):
            measure_round(home.settings, is_full=True)
        manifest = read_manifest(home.settings)
        assert manifest is not None
        for count in sorted(companies):
            with (
                tempfile.TemporaryDirectory(prefix="serving-", dir=home.settings.home) as folder,
                shown.step(f"publish {count} companies"),
            ):
                many = home.settings.model_copy(update={"home": Path(folder)})
                seconds[count] = _measure(home.settings, many, manifest, result, count)
    few, most = min(seconds), max(seconds)
    if most > few:
        growth = math.log(seconds[most] / seconds[few]) / math.log(most / few)
        result.add("publish_exponent", growth, "")
    return result


def _measure(one: Settings, many: Settings, manifest: Manifest, result: BenchResult, count: int) -> float:
    prefix = f"companies_{count}"
    with hold_warehouse(many) as warehouse:
        _multiply(one, warehouse, count)
        bare = _write_bare(warehouse, many.home / "bare")
        first, first_seconds = _publish(warehouse, manifest, number=1)
        with warehouse.connect() as connection:
            connection.execute(
                "update serving.srv_sales_daily set units = units + 1"
                " where company_id = (select min(company_id) from serving.srv_company)"
            )
        changed, changed_seconds = _publish(warehouse, manifest, number=2)
    result.add(f"{prefix}_publish_seconds", first_seconds, "s", baseline=bare)
    result.add(f"{prefix}_publish_one_changed_seconds", changed_seconds, "s", baseline=first_seconds)
    result.add(f"{prefix}_files_written", first.written, "files")
    result.add(f"{prefix}_files_linked_after_one_changed", changed.linked, "files")
    folder = build_folder(many, first.build.build_id)
    size = sum(file.stat().st_size for file in folder.iterdir())
    result.add(f"{prefix}_mb", size / 1e6, "MB")
    result.add(f"{prefix}_kb_per_company", size / 1e3 / count, "kB")
    added = _bytes_on_disk(many.published_folder) - size
    result.add(f"{prefix}_mb_added_after_one_changed", added / 1e6, "MB")
    result.add(f"{prefix}_first_read_milliseconds", _open_one(many), "ms")
    return first_seconds


def _multiply(one: Settings, warehouse: Warehouse, count: int) -> None:
    """Fill the serving schema with ``count`` companies that hold what the one holds."""
    build = current_build(one)
    assert build is not None
    file = build_folder(one, build.build_id) / f"{COMPANY}.duckdb"
    with warehouse.connect() as connection:
        connection.execute("create schema serving")
        connection.execute(f"attach '{file}' as one (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'one' and table_name like 'srv_%'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(
                f"create table serving.{table} as select rows_of_one.* replace ("
                " '00000000-0000-7000-8000-' || lpad(number::varchar, 12, '0') as company_id)"
                f" from one.{table} as rows_of_one cross join range(1, {count + 1}) as companies (number)"
            )
        connection.execute("detach one")


def _write_bare(warehouse: Warehouse, folder: Path) -> float:
    folder.mkdir()
    with warehouse.connect() as connection:
        companies = connection.execute("select company_id from serving.srv_company").fetchall()
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'serving'"
        ).fetchall()
        started = time.monotonic()
        for (company,) in companies:
            connection.execute(f"attach '{folder / company}.duckdb' as target")
            for (table,) in tables:
                connection.execute(
                    f"create table target.{table} as"
                    f" select * from serving.{table} where company_id = '{company}'"
                )
            connection.execute("detach target")
        seconds = time.monotonic() - started
    shutil.rmtree(folder)
    return seconds


def _publish(warehouse: Warehouse, manifest: Manifest, *, number: int) -> tuple[PublishReport, float]:
    built_at = datetime.now(UTC) + timedelta(seconds=number)
    started = time.monotonic()
    report = publish(warehouse, manifest, build_id=f"build-{number:05d}", built_at=built_at)
    return report, time.monotonic() - started


def _bytes_on_disk(folder: Path) -> int:
    """Count each file once, however many builds link to it."""
    sizes = {file.stat().st_ino: file.stat().st_size for file in folder.rglob("*.duckdb") if file.is_file()}
    return sum(sizes.values())


def _open_one(many: Settings) -> float:
    """Median milliseconds from nothing open to the first answer, each of another company where there are."""
    build = current_build(many)
    assert build is not None
    names = sorted(file.stem for file in build_folder(many, build.build_id).glob("0*.duckdb"))
    took = []
    for name in names[:OPENINGS]:
        started = time.perf_counter()
        with open_snapshot(many, name) as snapshot:
            snapshot.rows("select sum(net_sales_amount) as total from srv_sales_daily")
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took)[len(took) // 2]
