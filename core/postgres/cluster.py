"""The embedded server's data folder: made whole or not at all, and checked before it is used."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from core.postgres import binaries
from core.postgres.errors import DatabaseError, WrongDatabaseVersionError
from core.postgres.postmaster import explain_failure
from core.postgres.server_user import ServerUser

SUPERUSER = "postgres"
_INITDB_SECONDS = 300
_DRAFT_SUFFIX = ".new-"
# What postgresql.conf says from the start; whoever runs the server may edit it there.
_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "fsync": "on",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "jit": "off",
    "idle_in_transaction_session_timeout": "10min",  # the app's role has a shorter one
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_error_statement": "panic",  # statements hold customers' data
}


def ensure_cluster(data_folder: Path, *, user: ServerUser, password: str, password_folder: Path) -> None:
    """Make the data folder if there is none, and refuse one of another version.

    Raises
    ------
    WrongDatabaseVersionError
        If another major version of PostgreSQL made the folder.
    """
    _remove_drafts(data_folder)
    if not (data_folder / "PG_VERSION").exists():
        _make_cluster(data_folder, user=user, password=password, password_folder=password_folder)
    version = (data_folder / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != str(binaries.EMBEDDED_MAJOR_VERSION):
        raise WrongDatabaseVersionError(
            f"The database in {data_folder} was made by PostgreSQL {version}, but this Stockwise brings "
            f"PostgreSQL {binaries.EMBEDDED_MAJOR_VERSION}.",
            hint="Back it up with the version of Stockwise that made it and restore it here, or set "
            "STOCKWISE_HOME to a new folder; nothing was changed.",
        )


def _make_cluster(data_folder: Path, *, user: ServerUser, password: str, password_folder: Path) -> None:
    if data_folder.exists() and any(data_folder.iterdir()):
        raise DatabaseError(
            f"{data_folder} is not a PostgreSQL data folder, and it is not empty.",
            hint="Move it away, or set STOCKWISE_HOME to another folder.",
        )
    draft = Path(tempfile.mkdtemp(prefix=f"{data_folder.name}{_DRAFT_SUFFIX}", dir=data_folder.parent))
    try:
        user.take(draft)
        _run_initdb(draft, user=user, password=password, password_folder=password_folder)
        draft.rename(data_folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _remove_drafts(data_folder: Path) -> None:
    """Remove what a killed start left; what a dying initdb still writes goes at the next start."""
    for leftover in data_folder.parent.glob(f"{data_folder.name}{_DRAFT_SUFFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _run_initdb(folder: Path, *, user: ServerUser, password: str, password_folder: Path) -> None:
    arguments: list[str | Path] = [
        binaries.program("initdb"), "--pgdata", folder, "--username", SUPERUSER,
        "--auth-local", "scram-sha-256", "--auth-host", "scram-sha-256", "--encoding", "UTF8",
        "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions",
    ]  # fmt: skip
    for name, value in _SETTINGS.items():
        arguments += ["--set", f"{name}={value}"]
    password_file = password_folder / f"password-{os.getpid()}"
    try:
        _write_private(password_file, password, user)
        arguments += ["--pwfile", password_file]
        finished = subprocess.run(
            user.command(arguments), check=False, capture_output=True, text=True, timeout=_INITDB_SECONDS,
            **user.process_options(),
        )  # fmt: skip
    finally:
        password_file.unlink(missing_ok=True)
    if finished.returncode != 0:
        said = finished.stderr + finished.stdout
        raise explain_failure(said, folder=folder.parent, hint="Nothing was kept; try again.")


def _write_private(file: Path, text: str, user: ServerUser) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    user.take(file)
