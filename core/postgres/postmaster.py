"""The embedded server's process: found, started and stopped.

The caller holds the home folder's exclusive lock, so no one else starts or stops meanwhile.
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.postgres import binaries
from core.postgres.errors import (
    DatabaseError,
    DatabaseUnavailableError,
    DiskFullError,
    WrongDatabaseVersionError,
)
from core.postgres.server_user import ServerUser

START_SECONDS = 300  # a server that was killed replays its log first
STOP_SECONDS = 30
_ORPHANS_SECONDS = 15
_POLL_SECONDS = 0.01
_ANSWER_SECONDS = 5
_ENCRYPTION_REQUEST = struct.pack("!ii", 8, 80877103)  # answered with one letter, before any login
# The second is PostgreSQL's when the last block went in half.
_DISK_IS_FULL = ("No space left on device", "could not extend file")
_LEAST_FREE_BYTES = 16 * 1024 * 1024  # one segment of the write-ahead log
_LARGEST_LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Postmaster:
    """A running server, as its ``postmaster.pid`` describes it."""

    pid: int
    socket_folder: Path
    port: int
    is_ready: bool


def find_postmaster(data_folder: Path) -> Postmaster | None:
    """Return the live server of ``data_folder``; a file left by a dead one, or a reused pid, is none."""
    try:
        lines = (data_folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 5 or not lines[0].strip().isdigit() or not lines[4].strip():
        return None
    pid = int(lines[0])
    if not _serves(pid, data_folder):
        return None
    return Postmaster(
        pid=pid,
        socket_folder=Path(lines[4].strip()),
        port=int(lines[3]),
        is_ready=len(lines) >= 8 and lines[7].strip() == "ready",
    )


def find_answering_postmaster(data_folder: Path) -> Postmaster | None:
    """Return the server of ``data_folder`` if it takes connections.

    One that is still starting, or about to end, is waited for.
    """
    deadline = time.monotonic() + START_SECONDS
    while (postmaster := find_postmaster(data_folder)) is not None and time.monotonic() < deadline:
        if postmaster.is_ready and answers(postmaster):
            return postmaster
        time.sleep(_POLL_SECONDS)
    return None


def answers(postmaster: Postmaster) -> bool:
    """Whether the server takes connections and answers: the kernel alone lets a client connect."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.settimeout(_ANSWER_SECONDS)
            client.connect(str(postmaster.socket_folder / f".s.PGSQL.{postmaster.port}"))
            client.sendall(_ENCRYPTION_REQUEST)
            return client.recv(1) in (b"N", b"S")
        except OSError:
            return False


def start_postmaster(
    data_folder: Path, *, socket_folder: Path, log_file: Path, user: ServerUser, options: Mapping[str, str]
) -> Postmaster:
    """Start the server and wait until it answers.

    Raises
    ------
    DatabaseUnavailableError
        With the server's own reason, if it ends or is not ready after `START_SECONDS`.
    """
    _clear_what_a_killed_server_left(data_folder, socket_folder)
    settings = {
        "unix_socket_directories": f'"{socket_folder}"',
        "unix_socket_permissions": "0700",
        "listen_addresses": "",
        **options,
    }
    arguments: list[str | Path] = [binaries.program("postgres"), "-D", data_folder]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    _rotate(log_file)
    with log_file.open("ab") as log:
        log_start = log.tell()
        pid = _spawn_detached(arguments, user, log.fileno())
    return _wait_until_ready(pid, data_folder, log_file, log_start)


def stop_postmaster(data_folder: Path) -> None:
    """Stop the server if it runs: clients are disconnected, nothing that committed is lost."""
    postmaster = find_postmaster(data_folder)
    if postmaster is None:
        return
    for how, patience_seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS)):
        try:
            os.kill(postmaster.pid, how)
        except ProcessLookupError:
            return
        if _wait_until_gone(postmaster.pid, data_folder, patience_seconds):
            return
    raise DatabaseUnavailableError(
        f"The database server (process {postmaster.pid}) does not stop.",
        hint=f"Look at the end of its log, then end it with: kill -9 {postmaster.pid}",
    )


def _serves(pid: int, data_folder: Path) -> bool:
    """Whether process ``pid`` is alive and a server of this folder: it works inside the folder."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        try:
            return bool(os.path.realpath(process.cwd()) == os.path.realpath(data_folder))
        except psutil.AccessDenied:  # root in a container may not look there
            is_postgres = process.name() == "postgres"
            return bool(is_postgres and process.uids().real == data_folder.stat().st_uid)
    except psutil.Error:
        return False


def _is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _clear_what_a_killed_server_left(data_folder: Path, socket_folder: Path) -> None:
    """Remove the lock files of a server that was killed, once none of its processes is left.

    PostgreSQL takes a zombie or a reused pid for a live server and would refuse to start.
    """
    pid_file = data_folder / "postmaster.pid"
    if not pid_file.exists():
        return
    deadline = time.monotonic() + _ORPHANS_SECONDS
    while orphans := _processes_in(data_folder):
        if time.monotonic() >= deadline:
            raise DatabaseUnavailableError(
                f"Processes of a killed database server still run: {', '.join(map(str, orphans))}.",
                hint="Try again in a moment, or end them with kill -9.",
            )
        time.sleep(_POLL_SECONDS)
    for leftover in [*socket_folder.glob(".s.PGSQL.*"), pid_file]:
        leftover.unlink(missing_ok=True)


def _processes_in(data_folder: Path) -> list[int]:
    """Return the server processes of this folder whose server is gone."""
    return [
        process.pid
        for process in psutil.process_iter(["name", "ppid"])
        if process.info["name"] == "postgres"
        and not _is_postgres(process.info["ppid"])
        and _serves(process.pid, data_folder)
    ]


def _is_postgres(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).name() == "postgres")
    except psutil.Error:
        return False


def _spawn_detached(arguments: list[str | Path], user: ServerUser, log: int) -> int:
    """Start the server as no one's child in a session of its own, and return its pid.

    A child would stay as a zombie when it dies, and Ctrl-C would reach it.
    """
    script = '"$@" >&3 2>&3 & echo $!'
    command = user.command(["sh", "-c", f"exec 3>&2; {script}", "sh", *arguments])
    started = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
        **user.process_options(),
    )  # fmt: skip
    return int(started.stdout)


def _wait_until_ready(pid: int, data_folder: Path, log_file: Path, log_start: int) -> Postmaster:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        postmaster = find_postmaster(data_folder)
        if postmaster is not None and postmaster.is_ready:
            return postmaster
        if not _is_alive(pid):
            raise _explain(log_file, log_start)
        time.sleep(_POLL_SECONDS)
    raise DatabaseUnavailableError(
        f"The database server was not ready after {START_SECONDS} seconds.",
        hint=f"Its log says why: {log_file}",
    )


def _wait_until_gone(pid: int, data_folder: Path, patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        if not _serves(pid, data_folder):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _explain(log_file: Path, log_start: int) -> DatabaseError:
    with log_file.open("rb") as log:
        log.seek(log_start)
        said = log.read().decode("utf-8", errors="replace")
    return explain_failure(said, folder=log_file.parent.parent, hint=f"Its log has more: {log_file}")


def explain_failure(said: str, *, folder: Path, hint: str) -> DatabaseError:
    """Turn what the server or initdb printed into one sentence."""
    # A full disk may leave no room for the complaint either.
    if any(sign in said for sign in _DISK_IS_FULL) or shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        return DiskFullError(
            f"No space is left on the disk of {folder}.",
            hint="Free some space there, or set STOCKWISE_HOME to a folder on another disk.",
        )
    reasons = [line for line in said.splitlines() if "FATAL:" in line or "error:" in line or "PANIC:" in line]
    if reasons and reasons[0].rstrip().endswith("contains errors"):  # what they are stands before
        reasons = [line for line in said.splitlines() if "LOG:" in line]
    last_line = (said.strip().splitlines() or ["it said nothing"])[-1]
    reason = (reasons[0] if reasons else last_line).strip()
    for mark in ("FATAL:", "PANIC:", "LOG:", "error:"):
        reason = reason.split(mark, 1)[-1].strip()
    if "incompatible with server" in reason:
        return WrongDatabaseVersionError(
            f"The database folder in {folder} does not fit this server: {reason}.", hint=hint
        )
    return DatabaseUnavailableError(f"The database server did not start: {reason}.", hint=hint)


def _rotate(log_file: Path) -> None:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    if log_file.exists() and log_file.stat().st_size > _LARGEST_LOG_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))
