"""Run a piece of the pipelines in a process that kills itself at a named point, as ``kill -9`` would.

Called by tests as ``python -m tests.support.kill_points WHAT POINT HOME …``; exits 0 if the point was
never reached.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.lake import read_manifest
from core.progress import SilentProgress
from core.settings import load_settings
from core.warehouse import hold_warehouse
from pipelines.feed.pull import pull
from pipelines.feed.reread import Reread
from pipelines.publish import publish
from pipelines.rounds import hold_round
from pipelines.run import run_steps
from pipelines.steps import FEED, MARTS, run_step

CHECKOUT = Path(__file__).resolve().parents[2]


def run_until_killed(*arguments: str) -> None:
    """Run ``arguments`` in a process of its own and assert that it was killed, not that it ended."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_points", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr


def run_for(seconds: float, *arguments: str) -> bool:
    """Run ``arguments`` in a process group of its own and kill it then; whether it had not ended before."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.kill_points", *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True
    assert process.returncode == 0
    return False


def kill_at(point: str) -> Callable[[str], None]:
    """Make a hook that kills the process the first time the point is reached."""

    def reached(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def kill_after_model(name: str) -> None:
    """Have dbt's next runs kill the process when a model of this name was built."""
    from dbt.cli import main as dbt_main

    def reached(event: Any) -> None:
        if event.info.name == "LogModelResult":
            kill_at(name)(event.data.node_info.node_name)

    class Runner(dbt_main.dbtRunner):
        def __init__(self, callbacks: list[Callable[[Any], None]]) -> None:
            super().__init__(callbacks=[*callbacks, reached])

    dbt_main.dbtRunner = Runner  # type: ignore[misc]


def main(what: str, point: str, home: str, *rest: str) -> None:
    settings = load_settings({"home": home})
    if what == "pull":
        pull(settings, rest[0], reached=kill_at(point))
        return
    if what == "reread":
        pull(settings, rest[0], reread=Reread(**dict([rest[1].split("=")])), reached=kill_at(point))
        return
    if what == "round":
        with hold_round(
            settings, rest[0], full=False, progress=SilentProgress(), reached=kill_at(point)
        ) as work:
            run_steps(work)
        return
    if what == "marts":
        kill_after_model(point)
        with hold_round(settings, rest[0], full=False, progress=SilentProgress()) as work:
            run_step(FEED, work)
            run_step(MARTS, work)
        return
    manifest = read_manifest(settings)
    assert manifest is not None
    with hold_warehouse(settings) as warehouse:
        publish(warehouse, manifest, build_id=rest[0], built_at=datetime.now(UTC), reached=kill_at(point))


if __name__ == "__main__":
    main(*sys.argv[1:])
