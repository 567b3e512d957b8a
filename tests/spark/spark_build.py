"""dbt on Spark, in an environment of its own: the lake is shown to Spark, then all is built and tested."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.lake import Manifest
from core.settings import Settings
from pipelines.spark_sources import spark_source_statements
from pipelines.transform import PROJECT_FOLDER

PYTHON = PROJECT_FOLDER.parent / ".venv-spark" / "bin" / "python"
# Both commands in one process: Spark starts once.
_COMMANDS = """
import json, sys
from dbt.cli.main import dbtRunner

for command in json.load(sys.stdin):
    if not dbtRunner().invoke(command).success:
        sys.exit(1)
"""


@dataclass(frozen=True)
class SparkBuild:
    """What a build on Spark left: Parquet files, and what dbt said of each model and test."""

    warehouse: Path
    models: int
    tests: int
    failures: tuple[str, ...]
    succeeded: bool

    def files(self, layer: str, table: str) -> list[str]:
        """The table's Parquet files."""
        return sorted(map(str, (self.warehouse / f"{layer}.db" / table).glob("*.parquet")))

    def tables(self, layers: Sequence[str]) -> list[tuple[str, str]]:
        """Layer and name of each table."""
        return [
            (layer, folder.name)
            for layer in layers
            for folder in (self.warehouse / f"{layer}.db").glob("*")
            if folder.is_dir()
        ]


def build_on_spark(settings: Settings, manifest: Manifest, *, threads: int) -> SparkBuild:
    """Build all models and run their data tests; unit tests are left to `unit_tests_on_spark`."""
    folder = settings.home / "spark"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    statements = spark_source_statements(settings, manifest, lake_url=str(settings.lake_folder))
    options = dbt_options(folder)
    commands = [
        ["run-operation", *options, "define_sources", "--args", json.dumps({"statements": statements})],
        ["build", *options, "--exclude", "test_type:unit"],
    ]
    built = subprocess.run(
        [PYTHON, "-c", _COMMANDS],
        cwd=folder,
        env=spark_environment(folder, threads=threads),
        input=json.dumps(commands),
        text=True,
        # dbt tells of failed tests there; they are read from its results and told below the table.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    results = read_results(folder)
    failures = [
        f"{result['unique_id']}: {first_line(result['message'])}"
        for result in results
        if result["status"] not in ("success", "pass")
    ]
    kinds = [
        result["unique_id"].split(".")[0] for result in results if result["status"] in ("success", "pass")
    ]
    return SparkBuild(
        warehouse=folder / "warehouse",
        models=kinds.count("model"),
        tests=kinds.count("test"),
        failures=tuple(failures),
        succeeded=built.returncode == 0,
    )


def dbt_options(folder: Path) -> list[str]:
    """What every command needs; dbt's own files stay in ``folder``."""
    places = {
        "--target": "spark",
        "--project-dir": PROJECT_FOLDER,
        "--profiles-dir": PROJECT_FOLDER,
        "--target-path": folder / "target",
        "--log-path": folder / "logs",
    }
    return ["--quiet", "--no-use-colors", *(str(part) for pair in places.items() for part in pair)]


def spark_environment(folder: Path, *, threads: int) -> Mapping[str, str]:
    """Where Spark keeps its tables; its catalogue goes with the process, a shuffle has few parts."""
    return os.environ | {
        "STOCKWISE_SPARK_WAREHOUSE": str(folder / "warehouse"),
        "STOCKWISE_SPARK_CATALOGUE_KIND": "in-memory",
        "STOCKWISE_SPARK_PARTITIONS": "4",
        "STOCKWISE_DBT_THREADS": str(threads),
    }


def read_results(folder: Path) -> list[dict[str, Any]]:
    """What dbt said of each node in its last command."""
    content = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))
    results: list[dict[str, Any]] = content["results"]
    return results


def first_line(message: str | None) -> str:
    """The first line of a message that says something."""
    lines = [line.strip() for line in (message or "no reason given").splitlines() if line.strip()]
    return lines[1] if len(lines) > 1 and lines[0].endswith(")") else lines[0]
