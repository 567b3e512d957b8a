"""What pages and endpoints ask of a large company's published file, beside query files run by DuckDB alone.

Each question goes through the measure engine, by HTTP where an endpoint asks the same, and as the statements
of its file (`bench/sql/reports/`) on a connection with the same threads. They take turns, and the answers'
totals are compared. The company is that of `bench.scale`: with ``--folder`` of that run nothing is built.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import httpx

from api.identity.tokens import AccessTokens, Grant
from bench.company_history import COMPANY
from bench.company_home import company_home
from bench.own_home import own_api
from bench.report import BenchResult
from bench.report_questions import ENDPOINTS, QUESTIONS, PageQuestion
from bench.scale_round import measure_round
from core.errors import StockwiseError
from core.metrics.ask import ask
from core.metrics.period import Period
from core.progress import Progress, SilentProgress, Step
from core.published import Snapshot, build_folder, current_build, open_snapshot
from core.secrets import load_secrets
from core.settings import Settings

LINES = (10_000_000,)
ROUNDS = 20
_THREADS = 2
_REQUEST_SECONDS = 60
T = TypeVar("T")


@dataclass
class Times:
    """Seconds of one question, by who answered."""

    engine: list[float] = field(default_factory=list)
    http: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    lines: Sequence[int] = LINES,
    folder: Path | None = None,
    rounds: int = ROUNDS,
) -> BenchResult:
    """Ask everything in turns, on the largest of the sizes."""
    del files
    shown = progress or SilentProgress()
    result = BenchResult("reports")
    with company_home(settings, lines=max(lines), folder=folder, progress=shown) as home:
        own = home.settings
        if current_build(own) is None:
            with shown.step("build and publish"):
                measure_round(own, is_full=True)
        result.add("lines", home.lines, "lines")
        with own_api(own), _client(own) as client:
            with shown.step("ask in turns", total=rounds * len(QUESTIONS)) as step:
                times = _ask_in_turns(own, client, rounds, step)
            with shown.step("ask the endpoints", total=rounds * len(ENDPOINTS)) as step:
                endpoints = {name: _ask_endpoint(client, name, rounds, step) for name in ENDPOINTS}
    _report(result, times, endpoints)
    return result


def _report(result: BenchResult, times: dict[str, Times], endpoints: dict[str, list[float]]) -> None:
    for name, one in times.items():
        bare = _p95(one.bare)
        result.add(f"{name}_p95_seconds", _p95(one.engine), "s", baseline=bare)
        if one.http:
            result.add(f"{name}_http_p95_seconds", _p95(one.http), "s", baseline=bare)
    for name, seconds in endpoints.items():
        result.add(f"endpoint_{name}_p95_seconds", _p95(seconds), "s")
    everything = [seconds for one in times.values() for seconds in one.engine]
    bare_of_all = [seconds for one in times.values() for seconds in one.bare]
    result.add("all_p95_seconds", _p95(everything), "s", baseline=_p95(bare_of_all))
    by_http = [one for one in times.values() if one.http]
    result.add(
        "all_http_p95_seconds",
        _p95([seconds for one in by_http for seconds in one.http]),
        "s",
        baseline=_p95([seconds for one in by_http for seconds in one.bare]),
    )
    result.add("slowest_question_p95_seconds", max(_p95(one.engine) for one in times.values()), "s")


def _ask_in_turns(own: Settings, client: httpx.Client, rounds: int, step: Step) -> dict[str, Times]:
    build = current_build(own)
    assert build is not None
    file = build_folder(own, build.build_id) / f"{COMPANY}.duckdb"
    times = {question.file: Times() for question in QUESTIONS}
    with open_snapshot(own, COMPANY) as snapshot, _bare(own, file) as bare:
        last = _last_day(snapshot)
        for number in range(-1, rounds):  # one round to warm up
            for question in QUESTIONS:
                first, end = question.period(last, round_number=number + 1)
                one = _ask_once(snapshot, bare, client, question, Period(first, end))
                if number >= 0:
                    times[question.file].engine += one.engine
                    times[question.file].http += one.http
                    times[question.file].bare += one.bare
                    step.advance()
    return times


def _ask_once(
    snapshot: Snapshot,
    bare: duckdb.DuckDBPyConnection,
    client: httpx.Client,
    question: PageQuestion,
    period: Period,
) -> Times:
    engine, answer = _timed(
        lambda: ask(
            snapshot,
            measures=question.measures,
            dimensions=question.dimensions,
            period=period,
            limit=question.limit,
            compare=question.compare,
        )
    )
    earlier = period.compared(question.compare)
    periods = [period, *([earlier] if earlier else [])]
    seconds, found = _timed(lambda: [_run_file(bare, question, one) for one in periods])
    _require_same(question, answer.totals, found[0])
    http = []
    if question.path:
        days = {"from": str(period.first_date), "to": str(period.last_date)}
        query = {**days, **question.path, "measures": list(question.measures)}
        http.append(_timed(lambda: client.get("/analytics/sales", params=query).raise_for_status())[0])
    return Times([engine], http, [seconds])


def _run_file(
    bare: duckdb.DuckDBPyConnection, question: PageQuestion, period: Period
) -> list[dict[str, Any]]:
    """Run a file's statements; return the rows of the last one."""
    days = {"first_date": period.first_date, "last_date": period.last_date}
    rows: list[dict[str, Any]] = []
    for statement in question.statements:
        rows = bare.execute(statement, days).to_arrow_table().to_pylist()
    return rows


def _require_same(question: PageQuestion, totals: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """The engine and the file must agree on the totals, else they do not ask the same."""
    measure = question.measures[0]
    keys = [name for name in rows[0] if name not in totals]
    whole = [row for row in rows if all(row[key] is None for key in keys if key.endswith(("_id", "day")))]
    found = round(float(whole[0][measure] or 0), 2)
    if found != round(float(totals[measure] or 0), 2):
        raise StockwiseError(
            f"{question.file}: {measure} is {totals[measure]} there and {found} by the file."
        )


def _ask_endpoint(client: httpx.Client, name: str, rounds: int, step: Step) -> list[float]:
    """Ask for the last 365 days, one day earlier each time."""
    seconds = []
    today = datetime.now(UTC).date()
    for number in range(-1, rounds):
        end = today - timedelta(days=number + 2)
        days = {"from": str(end - timedelta(days=364)), "to": str(end)}
        took, _ = _timed(
            lambda days=days: client.get(f"/analytics/{name}", params=days).raise_for_status()  # type: ignore[misc]
        )
        if number >= 0:
            seconds.append(took)
            step.advance()
    return seconds


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    done = work()
    return time.perf_counter() - started, done


@contextmanager
def _bare(own: Settings, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file under another name: the engine has it open, and a process opens a name once."""
    linked = own.home / f"bench-{file.name}"
    linked.unlink(missing_ok=True)
    linked.hardlink_to(file)
    try:
        with duckdb.connect(str(linked), read_only=True, config={"threads": _THREADS}) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
    finally:
        linked.unlink()


def _last_day(snapshot: Snapshot) -> date:
    (row,) = snapshot.rows("select max(sales_date) as last_date from srv_sales_daily")
    last: date = row["last_date"]
    return last


def _client(own: Settings) -> httpx.Client:
    tokens = AccessTokens(key=load_secrets(own).jwt_key, lifetime=timedelta(hours=8))
    grant = Grant(
        user_id=COMPANY,
        email="bench@example.com",
        roles=frozenset({"company_admin"}),
        company_id=COMPANY,
    )
    return httpx.Client(
        base_url=f"{own.api_url}/api/v1",
        headers={"Authorization": f"Bearer {tokens.issue(grant, now=datetime.now(UTC))}"},
        timeout=_REQUEST_SECONDS,
    )


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
