"""The installed command as processes: a home of a test's own, and servers on free ports."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.postgres.ready import open_ready_server
from core.settings import Settings, load_settings
from tests.support.databases import FreshDatabase
from tests.support.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
_DATABASE = "stockwise"


@dataclass(frozen=True)
class Home:
    """A home folder with its embedded server, open in this process too."""

    settings: Settings
    database: FreshDatabase

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands on this home."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("STOCKWISE_", "DATABASE_"))
        }
        return kept | {
            "STOCKWISE_HOME": str(self.settings.home),
            "STOCKWISE_API_PORT": str(self.settings.api_port),
            "STOCKWISE_DASHBOARDS_PORT": str(self.settings.dashboards_port),
        }

    def run(self, *arguments: str, timeout_seconds: float = 280) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            _command(arguments), cwd=self.settings.home, env=self.environment, capture_output=True, text=True,
            timeout=timeout_seconds,
        )  # fmt: skip

    @contextmanager
    def serving(self, *arguments: str, address: str) -> Iterator[str]:
        """Run a command that serves, until it is no longer needed; ``address`` answers when it is ready."""
        log = self.settings.home / f"{arguments[0]}.out"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(arguments),
                cwd=self.settings.home,
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        try:
            _wait_for(address, process, log)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def open_home() -> Iterator[Home]:
    """Make a home folder with a migrated embedded server, and drop both afterwards."""
    with tempfile.TemporaryDirectory(prefix="stockwise-home-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root, the server runs as another user
        ports = free_ports(2)
        settings = load_settings({"home": folder, "api_port": ports[0], "dashboards_port": ports[1]})
        settings = settings.model_copy(update={"database_url": None})
        with open_ready_server(settings) as server:
            yield Home(settings, FreshDatabase(server=server, settings=settings, name=_DATABASE))


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, str(ROOT / "stockwise.py"), *arguments]


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(address, trust_env=False, timeout=5).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"{address} does not answer:\n{log.read_text()[-3000:]}")
