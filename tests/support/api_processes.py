"""The API as its users run it: processes of ``stockwise serve`` on a server and a port of their own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg

from api.identity.tokens import AccessTokens, Grant
from core.ids import new_id
from core.postgres import migrate
from core.postgres.server import Server, open_server
from core.secrets import load_secrets
from core.settings import Settings, child_environment, load_settings
from tests.support.companies import Company, add_company
from tests.support.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 90


@dataclass
class ApiProcesses:
    """One ``stockwise serve`` with its workers, and the server behind it."""

    settings: Settings
    server: Server
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.settings.api_url

    def add_company(self, *, on_hand_units: int) -> Company:
        """Make a company of the test's own."""
        with self.owner() as owner:
            return add_company(owner, f"c{new_id().hex}", on_hand_units=on_hand_units)

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Open an autocommitting connection of the owner's role."""
        with psycopg.connect(self.server.dsn("owner"), autocommit=True) as connection:
            yield connection

    def token(self, company: Company, *, customer_id: UUID | None = None) -> dict[str, str]:
        """Return the header of a token of the company's customer, each time the same person."""
        tokens = AccessTokens(key=load_secrets(self.settings).jwt_key, lifetime=timedelta(hours=1))
        grant = Grant(
            user_id=company.admin_user_id,
            email="buyer@example.com",
            roles=frozenset({"customer"}),
            company_id=company.id,
            customer_id=customer_id or company.customer_id,
        )
        return {"Authorization": f"Bearer {tokens.issue(grant, now=datetime.now(UTC))}"}

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Query past row-level security."""
        with self.owner() as owner:
            return owner.execute(sql, parameters).fetchall()

    def scalar(self, sql: str, parameters: Any = None) -> Any:
        """Query one value past row-level security."""
        return self.rows(sql, parameters)[0][0]

    def log(self) -> str:
        """Return the end of what the API wrote, for a failure's message."""
        return (self.settings.logs_folder / "api.log").read_text(errors="replace")[-20_000:]

    def workers(self) -> list[psutil.Process]:
        """Return the processes that serve: the children, or the one process without any."""
        parent = psutil.Process(self.process.pid)
        return [child for child in parent.children() if _is_worker(child)] or [parent]

    def restart_with(self, **changed: Any) -> None:
        """End the API, however it is, and start it again with other settings."""
        stop(self.process)
        self.settings = _settings(self.settings.home, api_port=self.settings.api_port, **changed)
        self.process = _serve(self.settings)
        wait_until_ready(self.url, self.process)

    def reopen_server(self) -> None:
        """Start the database server again after it was killed."""
        self.server.close()
        self.server = open_server(self.settings)


@contextmanager
def run_api(*, workers: int = 1, **settings: Any) -> Iterator[ApiProcesses]:
    """Serve from a home folder of its own, in ``workers`` processes."""
    with tempfile.TemporaryDirectory(prefix="stockwise-api-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # as root, the server runs as another user
        own = _settings(home, api_port=free_port(), api_workers=workers, **settings)
        server = open_server(own)
        try:
            migrate.upgrade(server)
            api = ApiProcesses(own, server, _serve(own))
            try:
                wait_until_ready(api.url, api.process)
                yield api
            except Exception as error:
                error.add_note(f"The API's log ends with:\n{api.log()}")
                raise
            finally:
                stop(api.process)
                server = api.server
        finally:
            server.close()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the API answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the API ended"
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the API did not start")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End ``stockwise serve`` and all its workers."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        for one in [*children, psutil.Process(process.pid)]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
    process.wait()


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it has just died
        return False


def _settings(home: Path, **values: Any) -> Settings:
    return load_settings({"home": home, "log_level": "warning", **values}).model_copy(
        update={"database_url": None}
    )


def _serve(settings: Settings) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **child_environment(settings)}
    for name in ("DATABASE_URL", "STOCKWISE_DATABASE_URL"):
        environment.pop(name, None)
    settings.logs_folder.mkdir(parents=True, exist_ok=True)
    with (settings.logs_folder / "api.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(REPOSITORY / "stockwise.py"), "serve"],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
