"""Servers started together end together, and a failed start names its log."""

import os
import socket
from pathlib import Path

import psutil
import pytest

from core.errors import StockwiseError
from core.processes import ANY_PORT, Services, free_port


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "STOCKWISE_HOME": str(home)}


def test_a_free_port_is_kept_and_a_taken_one_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port("127.0.0.1", port) > port

    assert free_port("127.0.0.1", port) == port
    assert free_port("127.0.0.1", ANY_PORT) > 1023


def test_a_server_that_ends_at_once_is_named_with_its_log(tmp_path: Path) -> None:
    with Services(environment(tmp_path / "home"), tmp_path) as services:
        services.start("api", ["no-such-command"], health_url="http://127.0.0.1:1/health")
        with pytest.raises(StockwiseError) as failed:
            services.wait_until_ready(timeout_seconds=30)

    assert failed.value.message.startswith("The api ended with code 2.")
    assert failed.value.hint == f"Its log says more: {tmp_path / 'api.log'}"


@pytest.mark.slow
def test_leaving_ends_what_was_started(tmp_path: Path) -> None:
    port = free_port("127.0.0.1", 18_000)
    before = set(psutil.Process().children())  # a runner may have others: another file's server
    with Services(environment(tmp_path / "home"), tmp_path) as services:
        services.start(
            "api",
            ["serve", "--port", str(port), "--home", str(tmp_path / "home")],
            health_url=f"http://127.0.0.1:{port}/health",
        )
        services.wait_until_ready(timeout_seconds=120)
        [child] = set(psutil.Process().children()) - before

    assert not child.is_running()
    assert free_port("127.0.0.1", port) == port
