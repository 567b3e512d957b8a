"""Feed, transform and publish once, in a process of its own, and say what each step took.

``python -m bench.scale_round HOME full`` (or ``incremental``) prints JSON.
A process of its own, so that its peak of memory is that of the round alone. Forecasts and plans are left
out: they grow with items and days, not with lines, and have numbers of their own (`bench.pipeline`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bench.own_home import own_environment
from core.postgres.server import open_server
from core.progress import SilentProgress
from core.settings import Settings, load_settings
from pipelines import steps, transform
from pipelines.rounds import hold_round

STEPS = (steps.FEED, steps.MARTS, steps.RECONCILE, steps.SERVING, steps.PUBLISH)
TRANSFORM = ("marts", "serving")


@dataclass(frozen=True)
class MeasuredStep:
    """One step of a round; ``peak_bytes`` is resident memory of the process at most."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    detail: str


@dataclass(frozen=True)
class MeasuredRound:
    """A round by step, and what one start of dbt takes before it does anything."""

    steps: Mapping[str, MeasuredStep]
    dbt_start_seconds: float
    dbt_start_cpu_seconds: float

    @property
    def seconds(self) -> float:
        """All steps together."""
        return sum(step.seconds for step in self.steps.values())

    @property
    def cpu_seconds(self) -> float:
        """Processor seconds of all steps together, without those of PostgreSQL."""
        return sum(step.cpu_seconds for step in self.steps.values())

    @property
    def peak_bytes(self) -> int:
        """The most memory of all steps."""
        return max(step.peak_bytes for step in self.steps.values())

    @property
    def transform_seconds(self) -> float:
        """Both builds of dbt with their tests, without its two starts."""
        return sum(self.steps[name].seconds - self.dbt_start_seconds for name in TRANSFORM)

    @property
    def transform_cpu_seconds(self) -> float:
        """The same in processor seconds."""
        return sum(self.steps[name].cpu_seconds - self.dbt_start_cpu_seconds for name in TRANSFORM)


def measure_round(own: Settings, *, is_full: bool) -> MeasuredRound:
    """Run this module for a home folder."""
    command = [sys.executable, "-m", "bench.scale_round", str(own.home), "full" if is_full else "incremental"]
    done = subprocess.run(
        command, env=os.environ | own_environment(own), stdout=subprocess.PIPE, text=True, check=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    answer["steps"] = {name: MeasuredStep(**step) for name, step in answer["steps"].items()}
    return MeasuredRound(**answer)


def _go_round(own: Settings, *, is_full: bool) -> MeasuredRound:
    measured: dict[str, MeasuredStep] = {}
    with (
        open_server(own) as server,
        hold_round(own, server.dsn("reader"), full=is_full, progress=SilentProgress()) as work,
    ):
        for step in STEPS:
            began = time.process_time()
            steps.run_step(step, work)
            done = work.log.record.steps[-1]
            cpu_seconds = round(time.process_time() - began, 3)
            measured[step.name] = MeasuredStep(done.seconds, cpu_seconds, done.peak_bytes, done.detail)
        work.log.succeed(build_id=work.run_id, finished_at=datetime.now(UTC))
    started, began = time.monotonic(), time.process_time()
    transform.read_lineage(own)
    return MeasuredRound(measured, time.monotonic() - started, time.process_time() - began)


if __name__ == "__main__":
    settings = load_settings({"home": sys.argv[1]}).model_copy(update={"database_url": None})
    print(json.dumps(asdict(_go_round(settings, is_full=sys.argv[2] == "full"))))
