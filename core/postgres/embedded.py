"""The embedded PostgreSQL server: shared by every command that uses one home folder.

Each user of the server holds a shared lock on ``postgres.users`` for as long as it lives; the kernel frees
it when the process ends, also by ``kill -9``. Starting and stopping happen under the exclusive lock on
``postgres.lock``. Who leaves and then gets ``postgres.users`` alone was the last one, and stops the server.
A server whose users were all killed keeps running until the next one comes and leaves.
"""

import errno
import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import StockwiseError
from core.postgres.cluster import ensure_cluster
from core.postgres.errors import DatabaseError, DatabaseUnavailableError, DiskFullError
from core.postgres.file_locks import exclusive_lock, open_lock_file, try_lock
from core.postgres.postmaster import (
    START_SECONDS,
    Postmaster,
    answers,
    find_answering_postmaster,
    find_postmaster,
    start_postmaster,
    stop_postmaster,
)
from core.postgres.server_user import choose_server_user
from core.postgres.socket_folder import make_socket_folder
from core.settings import Settings

_LOCK_SECONDS = START_SECONDS + 60


class EmbeddedServer:
    """One use of the embedded server; `close` gives it back. Made by `open_embedded`."""

    def __init__(self, start: "_Start", postmaster: Postmaster, users_lock: int) -> None:
        self.socket_folder = postmaster.socket_folder
        self.port = postmaster.port
        self.pid = postmaster.pid
        self._start = start
        self._settings = start.settings
        self._users_lock: int | None = users_lock
        self._opened_by = os.getpid()

    def ensure_running(self) -> None:
        """Start the server again if it was killed; a few system calls if it was not."""
        running = find_postmaster(self._settings.postgres_folder)
        if running is None or not answers(running):
            with exclusive_lock(_start_lock(self._settings), timeout_seconds=_LOCK_SECONDS):
                if self._users_lock is None:  # closed meanwhile, by another thread
                    raise DatabaseUnavailableError("The database was closed.", hint="Open it again.")
                running = _ensure_running(self._start)
        self.pid = running.pid

    def close(self) -> None:
        """Leave; the last user to leave stops the server. In a forked child, nothing happens."""
        if self._users_lock is None or os.getpid() != self._opened_by:
            return
        users_lock, self._users_lock = self._users_lock, None
        if not self._settings.home.exists():  # it was deleted; its server finds out and ends by itself
            os.close(users_lock)
            return
        with exclusive_lock(_start_lock(self._settings), timeout_seconds=_LOCK_SECONDS):
            os.close(users_lock)
            if _is_unused(self._settings):
                stop_postmaster(self._settings.postgres_folder)
                _remove_if_temporary(self.socket_folder, self._settings.home)


def open_embedded(
    settings: Settings, *, superuser_password: str, options: Mapping[str, str] | None = None
) -> EmbeddedServer:
    """Start the server of ``settings.home``, or join the one that runs.

    ``options`` are server settings for this start only (a test server can do without fsync).

    Raises
    ------
    DatabaseError
        If it cannot be made or started: one sentence that says why, and what to do.
    """
    _make_home(settings.home)
    start = _Start(settings, superuser_password, options or {})
    with exclusive_lock(_start_lock(settings), timeout_seconds=_LOCK_SECONDS):
        users_lock = open_lock_file(_users_file(settings))
        try:
            fcntl.flock(users_lock, fcntl.LOCK_SH)  # taken alone only under the lock that is held here
            postmaster = _ensure_running(start)
        except BaseException:
            os.close(users_lock)
            raise
    return EmbeddedServer(start, postmaster, users_lock)


@dataclass(frozen=True)
class _Start:
    """What a start of the server needs to know."""

    settings: Settings
    superuser_password: str = field(repr=False)
    options: Mapping[str, str]


def _ensure_running(start: _Start) -> Postmaster:
    settings = start.settings
    running = find_answering_postmaster(settings.postgres_folder)
    if running is not None:
        return running
    try:
        stop_postmaster(settings.postgres_folder)  # one that hangs between start and ready
        user = choose_server_user(settings.home, settings.postgres_folder)
        socket_folder = make_socket_folder(settings.home, user)
        ensure_cluster(
            settings.postgres_folder,
            user=user,
            password=start.superuser_password,
            password_folder=socket_folder,
        )
        return start_postmaster(
            settings.postgres_folder,
            socket_folder=socket_folder,
            log_file=settings.logs_folder / "postgres.log",
            user=user,
            options=start.options,
        )
    except OSError as error:
        raise explain_os_error(error, settings.home) from error


def _is_unused(settings: Settings) -> bool:
    descriptor = open_lock_file(_users_file(settings))
    try:
        return try_lock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _remove_if_temporary(socket_folder: Path, home: Path) -> None:
    if socket_folder.parent != home:
        with suppress(OSError):
            socket_folder.rmdir()


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, home) from error


def explain_os_error(error: OSError, home: Path) -> StockwiseError:
    """Turn an error of the file system into one sentence."""
    if error.errno == errno.ENOSPC:
        return DiskFullError(
            f"No space is left on the disk of {home}.",
            hint="Free some space there, or set STOCKWISE_HOME to a folder on another disk.",
        )
    return DatabaseError(
        f"The folder {home} cannot be used: {error.strerror}.",
        hint="Set STOCKWISE_HOME to a folder that you may write.",
    )


def _start_lock(settings: Settings) -> Path:
    return settings.home / "postgres.lock"


def _users_file(settings: Settings) -> Path:
    return settings.home / "postgres.users"
