"""Build the warehouse with dbt, in this process, and say what each model and test did.

`dbtRunner` in the same process takes 2 s for 30 trivial models, dbt as a command 13 s. dbt opens the
warehouse itself, so no connection of ours may be open meanwhile; the run's lock stays held.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from core.errors import StockwiseError
from core.lake import write_atomically
from core.progress import Step
from core.runs import TestRecord, TestStatus
from core.settings import Settings
from core.telemetry import switch_telemetry_off
from core.warehouse import MEMORY_LIMIT

PROJECT_FOLDER = Path(__file__).resolve().parents[1] / "dbt"
Selector = Literal["warehouse", "marts", "serving", "serving_tests", "unit_tests"]

_TEST_STATUS: Mapping[str, TestStatus] = {
    "pass": "passed",
    "warn": "warned",
    "fail": "failed",
    "error": "failed",
}
_NAMED_FAILURES = 3


class TransformError(StockwiseError):
    """A model could not be built or a data test failed; what was published before stays."""

    def __init__(self, message: str, result: "TransformResult") -> None:
        super().__init__(
            message, hint="The published numbers are unchanged; see the run's tests for details."
        )
        self.result = result


@dataclass(frozen=True)
class ModelRecord:
    """One dbt model that was built; ``unique_id`` is dbt's name of it."""

    unique_id: str
    name: str
    seconds: float


@dataclass(frozen=True)
class TransformResult:
    """What dbt built and tested."""

    models: tuple[ModelRecord, ...]
    tests: tuple[TestRecord, ...]


def build(
    settings: Settings, selector: Selector, *, full_refresh: bool = False, step: Step | None = None
) -> TransformResult:
    """Build and test one selection of the dbt project.

    Raises
    ------
    TransformError
        If anything failed, naming the first failures; its ``result`` holds what did run.
    """
    # Nobody reads what dbt would write of a build: to write it takes a second of each.
    options = ["--no-write-json", *(["--full-refresh"] if full_refresh else [])]
    arguments = ["build", "--selector", selector, *options]
    outcome = _invoke(settings, arguments, step=step)
    if outcome.result is None:
        raise TransformError(f"dbt could not start: {outcome.exception}.", TransformResult((), ()))
    result = _collect(outcome.result.results)
    failures = [_failure(entry) for entry in outcome.result.results if _status(entry) in ("fail", "error")]
    if failures or not outcome.success:
        more = f" … and {len(failures) - _NAMED_FAILURES} more" if len(failures) > _NAMED_FAILURES else ""
        named = "; ".join(failures[:_NAMED_FAILURES]) or str(outcome.exception)
        raise TransformError(f"dbt {selector}: {named}{more}.", result)
    return result


def read_lineage(settings: Settings) -> dict[str, Any]:
    """Parse the project and return dbt's manifest, for whoever draws the graph."""
    outcome = _invoke(settings, ["parse"])
    if not outcome.success:
        raise TransformError(f"dbt cannot read its project: {outcome.exception}.", TransformResult((), ()))
    return cast(dict[str, Any], outcome.result.writable_manifest().to_dict())


def write_docs(settings: Settings) -> Path:
    """Write dbt's documentation of the built warehouse as one page, and return where it is.

    Raises
    ------
    TransformError
        If dbt cannot read the project or the warehouse.
    """
    outcome = _invoke(settings, ["docs", "generate", "--static"], words=2)
    page = settings.dbt_target_folder / "static_index.html"
    if not outcome.success or not page.exists():
        raise TransformError(
            f"dbt cannot describe the warehouse: {outcome.exception}.", TransformResult((), ())
        )
    kept = settings.home / "docs" / "warehouse.html"
    with write_atomically(kept) as draft:
        shutil.copyfile(page, draft)
    return kept


def _invoke(settings: Settings, arguments: list[str], *, step: Step | None = None, words: int = 1) -> Any:
    """Run a dbt command of so many words with the project's folders and the warehouse's settings."""
    switch_telemetry_off()
    # Imported late: dbt takes a second to import, and most commands do not need it.
    from dbt.cli.main import dbtRunner

    def count(event: Any) -> None:
        if step is not None and event.info.name in ("LogModelResult", "LogTestResult"):
            step.advance()

    folders = {
        "--project-dir": PROJECT_FOLDER,
        "--profiles-dir": PROJECT_FOLDER,
        "--target-path": settings.dbt_target_folder,
        "--log-path": settings.logs_folder,
    }
    options = [part for name, folder in folders.items() for part in (name, str(folder))]
    with _environment(settings):
        try:
            return dbtRunner(callbacks=[count]).invoke(
                [*arguments[:words], "--log-level", "none", "--no-use-colors", *options, *arguments[words:]]
            )
        finally:
            _close_warehouse()


def _close_warehouse() -> None:
    """Close the connection that dbt keeps for its next command."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager.env().close()
        DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """Set what the dbt profile reads; dbt has no other way to be told."""
    wanted = {
        "STOCKWISE_WAREHOUSE_FILE": str(settings.warehouse_file),
        "STOCKWISE_WAREHOUSE_MEMORY": MEMORY_LIMIT,
        "STOCKWISE_DBT_THREADS": str(settings.models_threads),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _collect(entries: list[Any]) -> TransformResult:
    models = tuple(
        ModelRecord(entry.node.unique_id, entry.node.name, entry.execution_time)
        for entry in entries
        if entry.node.resource_type == "model" and _status(entry) == "success"
    )
    tests = tuple(
        TestRecord(
            name=entry.node.name,
            status=_TEST_STATUS[_status(entry)],
            failures=entry.failures or 0,
            message=entry.message or "",
        )
        for entry in entries
        if entry.node.resource_type in ("test", "unit_test") and _status(entry) in _TEST_STATUS
    )
    return TransformResult(models, tests)


def _status(entry: Any) -> str:
    return str(entry.status.value)


def _failure(entry: Any) -> str:
    if entry.node.resource_type == "model":
        return f"model {entry.node.name} failed ({_first_line(entry.message)})"
    if entry.failures:
        return f"test {entry.node.name} failed on {entry.failures:,} rows"
    return f"test {entry.node.name} failed ({_first_line(entry.message)})"


def _first_line(message: str | None) -> str:
    lines = [line.strip() for line in (message or "no reason given").splitlines() if line.strip()]
    # dbt puts the kind of error and the file on the first line, the reason on the second.
    return (lines[1] if len(lines) > 1 else lines[0]).rstrip(".")
