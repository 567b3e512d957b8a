"""The API as a server of several processes: started, robbed of its database, stopped."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from core.postgres.server import open_server
from core.settings import Settings, load_settings
from tests.support.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[3]
START_SECONDS = 90
pytestmark = pytest.mark.slow


@dataclass
class Running:
    """A server of the API in a home of its own."""

    process: subprocess.Popen[str]
    settings: Settings
    client: httpx.Client


def start(home: Path, port: int, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(REPOSITORY / "stockwise.py"), "serve", "--home", str(home)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")}
    return subprocess.Popen(
        [*command, "--port", str(port), *options],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the database's own user can enter (pytest's temporary folders are private)."""
    with tempfile.TemporaryDirectory(prefix="stockwise-server-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def running(home: Path) -> Iterator[Running]:
    port = free_port()
    process = start(home, port, "--workers", "2")
    settings = load_settings({"home": home, "api_port": port}).model_copy(update={"database_url": None})
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        try:
            wait_for(client, process)
            yield Running(process, settings, client)
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=60)


def wait_for(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    for _ in range(START_SECONDS * 5):
        assert process.poll() is None, process.communicate()[0]
        try:
            if client.get("/api/health/all").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail("the API does not answer")


def test_it_survives_its_database_and_ends_when_told(running: Running) -> None:
    client = running.client
    assert client.get("/health").json()["status"] == "ok"
    login = {"email": "nobody@example.com", "password": "wrong password"}
    assert client.post("/api/v1/auth/login", json=login).status_code == 401

    second = start(running.settings.home, running.settings.api_port)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"Port {running.settings.api_port} on 127.0.0.1 is in use." in said
    assert "Traceback" not in said

    with open_server(running.settings) as server:
        assert server.pid is not None
        postmaster = psutil.Process(server.pid)
        backends = postmaster.children(recursive=True)
        postmaster.kill()
        assert psutil.wait_procs([postmaster, *backends], timeout=10)[1] == []  # they notice and end
    for method, path, usual in (("GET", "/api/health/all", 200), ("POST", "/api/v1/auth/login", 401)):
        began = time.monotonic()
        answer = client.request(method, path, json=login if method == "POST" else None)
        assert answer.status_code in (usual, 503), answer.text  # it may be up again already
        assert answer.status_code == usual or "retry-after" in answer.headers
        assert time.monotonic() - began < 2.5
        assert client.get("/health").status_code == 200

    wait_for(client, running.process)  # its users start it again
    assert client.post("/api/v1/auth/login", json=login).status_code == 401

    running.process.terminate()
    output, _ = running.process.communicate(timeout=30)
    assert running.process.returncode == 0, output
    assert "Traceback" not in output, output
    with pytest.raises(httpx.TransportError):
        client.get("/health")
