"""A worker is killed while it makes a report: another makes it; never half a file."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.ids import new_id
from core.published import close_snapshots
from core.settings import Settings, child_environment
from tests.support.api_processes import REPOSITORY, ApiProcesses, run_api
from tests.support.companies import Company
from tests.support.published import publish, small_plan

pytestmark = pytest.mark.slow
QUESTION = '{"report": "custom", "measures": ["units"], "dimensions": ["day"]}'


def ask(api: ApiProcesses, company: Company) -> Any:
    """Leave a report to the worker, as the API does with a large one."""
    report_id = new_id()
    with api.owner() as owner:
        owner.execute(
            "insert into report_runs (company_id, id, requested_by, title, question, format, status)"
            " values (%s, %s, %s, 'Units', %s, 'csv', 'queued')",
            [company.id, report_id, company.admin_user_id, QUESTION],
        )
    return report_id


def worker(settings: Settings, **changed: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **child_environment(settings)}
    for name in ("DATABASE_URL", "STOCKWISE_DATABASE_URL", "STOCKWISE_FAILPOINT"):
        environment.pop(name, None)
    environment |= {f"STOCKWISE_{name.upper()}": value for name, value in changed.items()}
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / "stockwise.py"), "worker"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def files_of(api: ApiProcesses) -> list[Path]:
    return [file for file in (api.settings.home / "media").rglob("*") if file.is_file()]


def test_a_report_whose_worker_was_killed_is_made_by_the_next() -> None:
    with run_api() as api:
        company = api.add_company(on_hand_units=5)
        publish(api.settings, {company: small_plan(company)})
        report_id = ask(api, company)
        assert worker(api.settings, failpoint="report_saved").wait(60) == -signal.SIGKILL
        # The file of the killed try lies there, and no row names it.
        assert api.rows("select status, tries, storage_key from report_runs") == [("running", 1, None)]
        assert len(files_of(api)) == 1
        with api.owner() as owner:
            owner.execute("update report_runs set claimed_until = now()")  # minutes pass
        running = worker(api.settings)
        try:
            assert _status_of(api, report_id) == "succeeded"
            [(tries, key, size)] = api.rows("select tries, storage_key, size_bytes from report_runs")
            (file,) = files_of(api)
            assert (tries, file.stat().st_size, str(file).endswith(key)) == (2, size, True)
            assert len(file.read_text().splitlines()) == 29
        finally:
            running.terminate()
            running.wait(30)
    close_snapshots()


def _status_of(api: ApiProcesses, report_id: Any) -> str:
    """Return what became of a report, once it has ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status: str = api.scalar("select status from report_runs where id = %s", [report_id])
        if status not in ("queued", "running"):
            return status
        time.sleep(0.2)
    raise AssertionError("the report is not made")
