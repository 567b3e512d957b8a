"""The compiled SQL of every model, by DuckDB alone in one process: what dbt's transform is measured beside.

``python -m bench.compiled_sql HOME`` after a full build in that home, whose compiled files it reads; prints
JSON. The same engine settings, the same lake, a warehouse of its own that is thrown away; no contracts, no
tests, no dbt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from bench.own_home import own_environment
from core.lake import read_manifest
from core.memory import peak_bytes, reset_peak
from core.settings import Settings, load_settings
from core.warehouse import define_sources, hold_warehouse
from pipelines.transform import read_lineage

_PROJECT = "stockwise"


@dataclass(frozen=True)
class CompiledRun:
    """Seconds (wall, processor) of all statements, and by model; the most memory the process held."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    by_model: Mapping[str, float]


def measure_compiled(own: Settings) -> CompiledRun:
    """Run this module for a home folder."""
    command = [sys.executable, "-m", "bench.compiled_sql", str(own.home)]
    done = subprocess.run(
        command, env=os.environ | own_environment(own), stdout=subprocess.PIPE, text=True, check=True
    )
    return CompiledRun(**json.loads(done.stdout.splitlines()[-1]))


def _run(own: Settings) -> CompiledRun:
    statements = list(_statements(own))
    manifest = read_manifest(own)
    assert manifest is not None, "Nothing was fed."
    with tempfile.TemporaryDirectory(prefix="compiled-", dir=own.home) as folder:
        beside = own.model_copy(update={"home": Path(folder)})
        (beside.home / "lake").symlink_to(own.lake_folder.resolve(), target_is_directory=True)
        with hold_warehouse(beside) as warehouse:
            define_sources(warehouse, manifest)
            by_model = {}
            reset_peak()
            began = time.process_time()
            with warehouse.connect() as connection:
                for schema in sorted({schema for _, schema, _ in statements}):
                    connection.execute(f"create schema {schema}")
                for name, _, statement in statements:
                    started = time.monotonic()
                    connection.execute(statement)
                    by_model[name] = round(time.monotonic() - started, 3)
            cpu_seconds = round(time.process_time() - began, 3)
        return CompiledRun(sum(by_model.values()), cpu_seconds, peak_bytes(), by_model)


def _statements(own: Settings) -> Iterator[tuple[str, str, str]]:
    """Each model's name, schema and statement, in the order of their references."""
    nodes = {
        key: node for key, node in read_lineage(own)["nodes"].items() if node["resource_type"] == "model"
    }
    graph = {key: [one for one in node["depends_on"]["nodes"] if one in nodes] for key, node in nodes.items()}
    for key in TopologicalSorter(graph).static_order():
        node: dict[str, Any] = nodes[key]
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        file = own.dbt_target_folder / "compiled" / _PROJECT / node["original_file_path"]
        sql = file.read_text(encoding="utf-8")
        yield node["name"], node["schema"], f"create {kind} {node['schema']}.{node['name']} as\n{sql}"


if __name__ == "__main__":
    settings = load_settings({"home": sys.argv[1]})
    print(json.dumps(asdict(_run(settings))))
