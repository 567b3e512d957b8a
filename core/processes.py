"""Start several of the product's own servers, wait until they answer, and end them together."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import StockwiseError

STOP_SECONDS = 15
_POLL_SECONDS = 0.1
ANY_PORT = 0
_PORTS_TRIED = 100
_COMMAND = Path(__file__).resolve().parent.parent / "stockwise.py"


@dataclass(frozen=True)
class Service:
    """One server that runs as a process of its own."""

    name: str
    process: subprocess.Popen[bytes]
    health_url: str | None
    log_file: Path


class Services:
    """The servers started here. Leaving the context ends them all."""

    def __init__(self, environment: Mapping[str, str], logs_folder: Path) -> None:
        self._environment = dict(environment)
        self._logs_folder = logs_folder
        self._services: list[Service] = []

    def start(self, name: str, arguments: Sequence[str], *, health_url: str | None = None) -> None:
        """Start ``stockwise ARGUMENTS``; its output goes to a log of its own.

        One without an address answers nobody: it is only watched.
        """
        self._logs_folder.mkdir(parents=True, exist_ok=True)
        log_file = self._logs_folder / f"{name}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(_COMMAND), *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._services.append(Service(name, process, health_url, log_file))

    def wait_until_ready(self, *, timeout_seconds: float) -> None:
        """Return when every server answers.

        Raises
        ------
        StockwiseError
            If one ends or does not answer in time; the sentence names its log.
        """
        deadline = time.monotonic() + timeout_seconds
        for service in self._services:
            while service.health_url is not None and not _answers(service.health_url):
                self._require_running(service)
                if time.monotonic() > deadline:
                    raise StockwiseError(
                        f"The {service.name} did not answer within {timeout_seconds:.0f} seconds.",
                        hint=f"Its log says more: {service.log_file}",
                    )
                time.sleep(_POLL_SECONDS)

    def wait(self) -> None:
        """Stay until a server ends, which is an error; Ctrl-C is the usual way out."""
        while True:
            for service in self._services:
                self._require_running(service)
            time.sleep(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in self._services:
            service.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for service in self._services:
            try:
                service.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait()

    def _require_running(self, service: Service) -> None:
        code = service.process.poll()
        if code is not None:
            lines = service.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            said = f" Its last line: {lines[-1]}" if lines else ""
            raise StockwiseError(
                f"The {service.name} ended with code {code}.{said}",
                hint=f"Its log says more: {service.log_file}",
            )


def free_port(host: str, preferred: int) -> int:
    """Return ``preferred`` or the next port that nobody listens on; the system's choice for `ANY_PORT`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(preferred, min(preferred + _PORTS_TRIED, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StockwiseError(
        f"No port from {preferred} on is free on {host}.", hint="Choose another one; see: stockwise config"
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
