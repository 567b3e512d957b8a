"""Look at everything a run needs, start nothing and change nothing."""

import importlib.metadata
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from core.errors import StockwiseError
from core.settings import Settings
from core.version import VERSION

LEAST_FREE_GIGABYTES = 1.0
COMFORTABLE_FREE_GIGABYTES = 5.0
OLDEST_POSTGRESQL = 15
CONNECT_SECONDS = 5
LOCK_FILE = Path(__file__).resolve().parent.parent / "requirements.lock"

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what to do if it is not as it should be."""

    name: str
    state: State
    detail: str
    hint: str | None = None


@dataclass(frozen=True)
class Versions:
    """What is installed."""

    stockwise: str
    python: str
    libraries: dict[str, str | None]


def versions() -> Versions:
    """Return the versions of the product and of the libraries that decide how it behaves."""
    names = (
        "duckdb",
        "dbt-core",
        "dbt-duckdb",
        "dagster",
        "fastapi",
        "sqlalchemy",
        "psycopg",
        "polars",
        "streamlit",
    )
    return Versions(VERSION, sys.version.split()[0], {name: _installed_version(name) for name in names})


def examine(settings: Settings) -> list[Check]:
    """Run every check; a check that breaks is itself a failed check."""
    parts: list[tuple[str, Callable[[Settings], Iterator[Check]]]] = [
        ("python", _check_python),
        ("libraries", _check_libraries),
        ("home", _check_home),
        ("disk", _check_disk),
        ("ports", _check_ports),
        ("postgresql", _check_postgresql),
        ("last run", _check_last_run),
        ("feed", _check_feed),
        ("locks", _check_locks),
    ]
    found: list[Check] = []
    for name, part in parts:
        try:
            found.extend(part(settings))
        except StockwiseError as error:
            found.append(Check(name, "failed", error.message, error.hint))
        except OSError as error:
            found.append(Check(name, "failed", f"{error.strerror}: {error.filename}"))
    return found


def _check_python(settings: Settings) -> Iterator[Check]:
    yield Check("python", "ok", sys.version.split()[0])


def _check_libraries(settings: Settings) -> Iterator[Check]:
    if not LOCK_FILE.exists():
        yield Check("libraries", "warning", "requirements.lock is not beside this installation")
        return
    wrong = [
        f"{name} {installed} instead of {' or '.join(sorted(locked))}"
        for name, locked in _locked_versions(LOCK_FILE.read_text(encoding="utf-8")).items()
        if (installed := _installed_version(name)) is not None and installed not in locked
    ]
    if wrong:
        yield Check(
            "libraries", "warning", f"differ from requirements.lock: {', '.join(wrong)}", "Run: make setup"
        )
    else:
        yield Check("libraries", "ok", "as in requirements.lock")


def _locked_versions(lock: str) -> dict[str, set[str]]:
    """A package may be locked in several versions, one for each range of Pythons."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None  # locked for another platform


def _check_home(settings: Settings) -> Iterator[Check]:
    if not settings.home.exists():
        yield Check("home", "ok", f"{settings.home} will be made on first start")
        return
    writable = os.access(settings.home, os.W_OK | os.X_OK)
    if writable:
        yield Check("home", "ok", str(settings.home))
    else:
        yield Check(
            "home",
            "failed",
            f"{settings.home} cannot be written to",
            "Set STOCKWISE_HOME to a folder of yours.",
        )


def _check_disk(settings: Settings) -> Iterator[Check]:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free / 1e9
    detail = f"{free:.1f} GB free at {folder}"
    hint = "Free some space, or set STOCKWISE_HOME to a folder on another disk."
    if free < LEAST_FREE_GIGABYTES:
        yield Check("disk", "failed", detail, hint)
    elif free < COMFORTABLE_FREE_GIGABYTES:
        yield Check("disk", "warning", detail, hint)
    else:
        yield Check("disk", "ok", detail)


def _check_ports(settings: Settings) -> Iterator[Check]:
    for name, host, port in (
        ("api", settings.api_host, settings.api_port),
        ("dashboards", settings.dashboards_host, settings.dashboards_port),
        ("dagster", settings.dagster_host, settings.dagster_port),
    ):
        if _is_free(host, port):
            yield Check(f"port of {name}", "ok", f"{host}:{port} is free")
        else:
            hint = f"Fine if Stockwise serves there already; else set STOCKWISE_{name.upper()}_PORT."
            yield Check(f"port of {name}", "warning", f"{host}:{port} is in use or not ours", hint)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _check_postgresql(settings: Settings) -> Iterator[Check]:
    if settings.database_url is None:
        yield _check_embedded_server(settings.postgres_folder)
    else:
        yield _check_own_server(settings.database_url.get_secret_value())


def _check_embedded_server(folder: Path) -> Check:
    from core.postgres.binaries import EMBEDDED_MAJOR_VERSION, program
    from core.postgres.postmaster import find_postmaster

    program("postgres")
    version_file = folder / "PG_VERSION"
    if not version_file.exists():
        return Check("postgresql", "ok", f"embedded, version {EMBEDDED_MAJOR_VERSION}, no data yet")
    version = version_file.read_text(encoding="ascii").strip()
    if version != str(EMBEDDED_MAJOR_VERSION):
        return Check(
            "postgresql",
            "failed",
            f"{folder} holds data of PostgreSQL {version}; the embedded server is {EMBEDDED_MAJOR_VERSION}",
            f"Dump the data with PostgreSQL {version}, or set STOCKWISE_HOME to another folder.",
        )
    running = find_postmaster(folder)
    state = f"runs as process {running.pid}" if running else "stopped; starts when needed"
    return Check("postgresql", "ok", f"embedded, version {version}, {state}")


def _check_own_server(database_url: str) -> Check:
    import psycopg

    from core.secrets import without_driver

    try:
        with psycopg.connect(without_driver(database_url), connect_timeout=CONNECT_SECONDS) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        return Check(
            "postgresql",
            "failed",
            f"DATABASE_URL does not answer: {reason}",
            "Check the address and the server.",
        )
    if version // 10000 < OLDEST_POSTGRESQL:
        hint = f"Stockwise needs PostgreSQL {OLDEST_POSTGRESQL} or newer."
        return Check("postgresql", "failed", f"DATABASE_URL is PostgreSQL {version // 10000}", hint)
    return Check("postgresql", "ok", f"DATABASE_URL answers, version {version // 10000}.{version % 10000}")


def _check_last_run(settings: Settings) -> Iterator[Check]:
    from core.runs import list_runs

    runs = list_runs(settings, limit=1)
    if not runs:
        yield Check("last run", "warning", "nothing has been run yet", "Run: stockwise run")
        return
    last = runs[0]
    minutes = (datetime.now(tz=UTC) - (last.finished_at or last.started_at)).total_seconds() / 60
    when = f"{last.started_at:%Y-%m-%d %H:%M} UTC, {minutes:.0f} minutes ago"
    if last.status == "failed":
        yield Check("last run", "warning", f"failed {when}: {last.reason}", "More: stockwise status")
    else:
        yield Check("last run", "ok", f"{last.status}, {when}")


def _check_feed(settings: Settings) -> Iterator[Check]:
    from core.lake import read_manifest

    manifest = read_manifest(settings)
    if manifest is None:
        yield Check("feed", "ok", "nothing was fed yet")
        return
    hours = (datetime.now(tz=UTC) - manifest.horizon_at).total_seconds() / 3600
    detail = f"{len(manifest.tables)} tables, as of {manifest.horizon_at:%Y-%m-%d %H:%M} UTC"
    if hours > settings.feed_lag_hours:
        hint = "Run: stockwise run; or let 'stockwise dagster' run it every day."
        yield Check("feed", "warning", f"{detail}: {hours:.0f} hours ago", hint)
        return
    open_since = manifest.oldest_open.open_since if manifest.oldest_open else manifest.horizon_at
    minutes = (manifest.horizon_at - open_since).total_seconds() / 60
    if minutes >= settings.feed_open_transaction_minutes:
        hint = "Find it in pg_stat_activity and end it: what it writes is not fed before."
        yield Check("feed", "warning", f"{detail}; a transaction was open for {minutes:.0f} minutes", hint)
    else:
        yield Check("feed", "ok", detail)


def _check_locks(settings: Settings) -> Iterator[Check]:
    held = _held_inodes()
    if held is None:
        yield Check("locks", "ok", "this system does not tell who holds a lock")
        return
    locks = [
        f"{file.relative_to(settings.home)} held by process {held[file.stat().st_ino]}"
        for file in (sorted(settings.home.rglob("*.lock")) if settings.home.exists() else [])
        if file.stat().st_ino in held
    ]
    yield Check("locks", "ok", "; ".join(locks) or "none held")


def _held_inodes() -> dict[int, int] | None:
    """Return inode and process of every file lock of this machine, where the kernel lists them."""
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    pattern = re.compile(r"^\d+: \S+ +\S+ +\S+ (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) ")
    return {int(found[2]): int(found[1]) for line in lines if (found := pattern.match(line))}
