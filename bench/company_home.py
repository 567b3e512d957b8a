"""A home folder whose database holds a generated company; kept between runs where a folder is named."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.company_history import fill_company, tables_count
from bench.own_home import api_settings, own_api_home
from core.postgres import migrate
from core.postgres.server import Server, open_server
from core.progress import Progress
from core.settings import Settings


@dataclass(frozen=True)
class CompanyHome:
    """Where a company of so many order lines lives; ``filling_seconds`` is 0 if it was there."""

    settings: Settings
    server: Server
    lines: int
    filling_seconds: float


@contextmanager
def company_home(
    settings: Settings, *, lines: int, folder: Path | None, progress: Progress
) -> Iterator[CompanyHome]:
    """Open a home with a company of about ``lines`` order lines, making it if need be.

    Parameters
    ----------
    folder : Path, optional
        Where companies are kept: to make ten million lines takes longer than to measure them.
    """
    with _home(settings, lines=lines, folder=folder) as own, open_server(own) as server:
        marker = own.home / "company_history.json"
        seconds = 0.0
        migrate.upgrade(server)  # one that was kept may be of an older release
        if not marker.exists():
            started = time.monotonic()
            with progress.step(f"write a company of {lines:,} order lines", total=tables_count()) as step:
                rows = fill_company(own, server, lines=lines, end=datetime.now(UTC).date(), step=step)
            seconds = time.monotonic() - started
            marker.write_text(json.dumps(rows), encoding="utf-8")
        written = json.loads(marker.read_text(encoding="utf-8"))["order_lines"]
        yield CompanyHome(own, server, written, seconds)


def forget_rounds(own: Settings) -> None:
    """Remove what rounds left, so that the next one is a first one."""
    for folder in (own.lake_folder, own.warehouse_file.parent, own.published_folder):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _home(settings: Settings, *, lines: int, folder: Path | None) -> Iterator[Settings]:
    if folder is None:
        with own_api_home(settings) as own:
            yield own
        return
    home = folder.absolute() / f"lines-{lines}"
    home.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # as root, the server runs as another user
    yield api_settings(settings, home)
