"""A home folder, server and API of a benchmark's own, gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.processes import ANY_PORT, Services, free_port
from core.settings import Settings, child_environment, load_settings

START_SECONDS = 60


@contextmanager
def own_home(settings: Settings) -> Iterator[Settings]:
    """Settings with an empty home folder and the embedded server."""
    with _folder() as home:
        yield settings.model_copy(update={"home": home, "database_url": None})


@contextmanager
def own_api_home(settings: Settings) -> Iterator[Settings]:
    """Settings of defaults with an empty home folder, the embedded server and a free port for the API."""
    with _folder() as folder:
        yield api_settings(settings, folder / "home")


def api_settings(settings: Settings, home: Path) -> Settings:
    """Settings of defaults with a home folder, the embedded server and a free port for the API."""
    # Loaded, not copied: what is loaded is handed on to the processes that are started.
    return load_settings({"home": home, "api_port": free_port("127.0.0.1", ANY_PORT)}).model_copy(
        update={"database_url": None, "lock_timeout_seconds": settings.lock_timeout_seconds}
    )


@contextmanager
def own_api(own: Settings) -> Iterator[None]:
    """Serve the API until the end of the block."""
    with Services(own_environment(own), own.logs_folder) as services:
        services.start("api", ["serve"], health_url=f"{own.api_url}/health")
        services.wait_until_ready(timeout_seconds=START_SECONDS)
        yield


def own_environment(own: Settings) -> dict[str, str]:
    """Environment of a process that works on the benchmark's home and on no other server."""
    environment = child_environment(own)
    for variable in ("DATABASE_URL", "STOCKWISE_DATABASE_URL"):
        environment.pop(variable, None)
    return environment


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stockwise-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, the server runs as another user
        yield folder
