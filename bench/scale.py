"""Feed, transform and publish of a generated company at several sizes: time, memory, disk, and how they grow.

At each size: a full round; the compiled SQL of the same models run by DuckDB alone in one process (the named
baseline); then 0.1 % of the orders change, and a round brings that through. Times are wall and processor
seconds; on a busy machine trust the ratios of processor seconds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench.company_home import CompanyHome, company_home, forget_rounds
from bench.compiled_sql import measure_compiled
from bench.pipeline import add_orders
from bench.report import BenchResult
from bench.scale_round import TRANSFORM, MeasuredRound, measure_round
from core.postgres.server import Server
from core.progress import Progress, SilentProgress
from core.settings import Settings

SIZES = (100_000, 1_000_000, 10_000_000)
NEW_SHARE = 0.0008
CHANGED_SHARE = 0.0002
_STEPS = ("feed", *TRANSFORM, "reconcile", "publish")


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    lines: Sequence[int] = SIZES,
    folder: Path | None = None,
) -> BenchResult:
    """Measure each size in a home and on a server of its own, and the growth from one to the next."""
    del files
    shown = progress or SilentProgress()
    result = BenchResult("scale")
    rounds: list[tuple[int, MeasuredRound]] = []
    for size in sorted(lines):
        with company_home(settings, lines=size, folder=folder, progress=shown) as home:
            forget_rounds(home.settings)
            rounds.append((home.lines, _measure(home, result, shown, prefix=f"lines_{size}")))
    for (fewer, small), (more, large) in itertools.pairwise(rounds):
        _add_growth(result, f"growth_to_{more}", small, large, scale=more / fewer)
    return result


def _measure(home: CompanyHome, result: BenchResult, progress: Progress, *, prefix: str) -> MeasuredRound:
    own = home.settings
    result.add(f"{prefix}_lines", home.lines, "lines")
    if home.filling_seconds:
        result.add(f"{prefix}_generation_seconds", home.filling_seconds, "s")
    with progress.step(f"{home.lines:,} lines: full round"):
        full = measure_round(own, is_full=True)
    _add_round(result, f"{prefix}_full", full)
    _add_disk(result, home, prefix)
    with progress.step(f"{home.lines:,} lines: the compiled SQL by DuckDB alone"):
        bare = measure_compiled(own)
    transform_cpu = full.transform_cpu_seconds
    result.add(f"{prefix}_transform_seconds", full.transform_seconds, "s", baseline=bare.seconds)
    result.add(f"{prefix}_transform_cpu_seconds", transform_cpu, "s", baseline=bare.cpu_seconds)
    result.add(f"{prefix}_bare_sql_peak_mb", bare.peak_bytes / 1e6, "MB")
    with progress.step(f"{home.lines:,} lines: 0.1 % change"):
        _change(home.server)
    with progress.step(f"{home.lines:,} lines: incremental round"):
        incremental = measure_round(own, is_full=False)
    _add_round(result, f"{prefix}_incremental", incremental)
    result.add(f"{prefix}_incremental_to_full", incremental.seconds, "s", baseline=full.seconds)
    result.add(f"{prefix}_incremental_to_full_cpu", incremental.cpu_seconds, "s", baseline=full.cpu_seconds)
    return full


def _add_round(result: BenchResult, prefix: str, measured: MeasuredRound) -> None:
    for name in _STEPS:
        step = measured.steps[name]
        result.add(f"{prefix}_{name}_seconds", step.seconds, "s")
        result.add(f"{prefix}_{name}_cpu_seconds", step.cpu_seconds, "s")
        result.add(f"{prefix}_{name}_peak_mb", step.peak_bytes / 1e6, "MB")
    result.add(f"{prefix}_dbt_start_seconds", measured.dbt_start_seconds, "s")
    result.add(f"{prefix}_seconds", measured.seconds, "s")
    result.add(f"{prefix}_peak_mb", measured.peak_bytes / 1e6, "MB")


def _add_disk(result: BenchResult, home: CompanyHome, prefix: str) -> None:
    own = home.settings
    with psycopg.connect(home.server.dsn("owner")) as owner:
        row = owner.execute("select pg_database_size(current_database())").fetchone()
    assert row is not None
    sizes = {
        "postgresql": int(row[0]),
        "lake": _bytes_of(own.lake_folder),
        "warehouse": _bytes_of(own.warehouse_file.parent),
        "published": _bytes_of(own.published_folder),
    }
    for name, size in sizes.items():
        result.add(f"{prefix}_{name}_bytes_per_line", size / home.lines, "bytes")


def _bytes_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _add_growth(
    result: BenchResult, prefix: str, small: MeasuredRound, large: MeasuredRound, *, scale: float
) -> None:
    """Add exponents of growth: 1 is linear, below is better."""

    def add(name: str, before: float, after: float) -> None:
        result.add(f"{prefix}_{name}_exponent", math.log(after / before) / math.log(scale), "")

    for name in _STEPS:
        add(f"{name}_cpu", small.steps[name].cpu_seconds, large.steps[name].cpu_seconds)
    add("transform", small.transform_seconds, large.transform_seconds)
    add("round", small.seconds, large.seconds)
    add("peak_memory", small.peak_bytes, large.peak_bytes)


def _change(server: Server) -> None:
    """Place new orders on the newest day, and have older ones go on in their life."""
    add_orders(server, share=NEW_SHARE, days_later=0)
    with psycopg.connect(server.dsn("owner")) as owner:
        owner.execute(_COMPLETE, {"share": CHANGED_SHARE})


_COMPLETE = """
update orders set status = 'completed', completed_at = now()
where id in (
    select id from orders where status = 'delivered'
    order by hashtext(id::text) limit (select ceil(count(*) * %(share)s) from orders)
)
"""
