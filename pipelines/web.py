"""Dagster's web pages on the same steps."""

import subprocess
import sys
from pathlib import Path

from core.errors import StockwiseError
from core.postgres.server import open_server
from core.settings import Settings, child_environment
from core.telemetry import switch_telemetry_off

# A run whose process was killed is found by the monitor and begun again; one that failed by itself was tried
# again step by step, and is not. Runs wait for one another: the warehouse has one writer.
_INSTANCE_FILE = """\
telemetry:
  enabled: false
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
concurrency:
  runs:
    max_concurrent_runs: 1
freshness:
  enabled: true
"""
_CHECKOUT = Path(__file__).resolve().parents[1]


def open_dagster(settings: Settings, *, host: str, port: int) -> None:
    """Serve Dagster's pages, schedule and sensor until Ctrl-C.

    Raises
    ------
    StockwiseError
        If Dagster ends by itself, for example because the port is taken.
    """
    switch_telemetry_off()
    settings.dagster_folder.mkdir(parents=True, exist_ok=True)
    (settings.dagster_folder / "dagster.yaml").write_text(_INSTANCE_FILE, encoding="utf-8")
    environment = {**child_environment(settings), "DAGSTER_HOME": str(settings.dagster_folder)}
    command = [sys.executable, "-m", "dagster", "dev", "--module-name", "pipelines.definitions"]
    # Held open here, so that the sensor does not start and stop an embedded server every minute.
    with open_server(settings):
        process = subprocess.Popen(
            [*command, "--host", host, "--port", str(port)], env=environment, cwd=_CHECKOUT
        )
        try:
            exit_code = process.wait()
        except KeyboardInterrupt:
            process.wait()
            return
    raise StockwiseError(
        f"Dagster ended by itself (exit code {exit_code}).",
        hint=f"Its messages are above; is port {port} taken? Choose another with --port.",
    )
