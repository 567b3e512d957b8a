"""Where the embedded server's Unix socket lies: in a folder for the server's user alone, on a short path."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.postgres.errors import DatabaseUnavailableError
from core.postgres.server_user import ServerUser

PORT = 5432  # part of the socket's name; no network port is opened
# sun_path holds 108 bytes with its closing zero; the folder keeps what "/.s.PGSQL.5432" leaves.
LONGEST_FOLDER_BYTES = 107 - len(f"/.s.PGSQL.{PORT}")
_UNSUITABLE_CHARACTERS = ",\"'\\\n"  # libpq and the server read lists of folders here


def make_socket_folder(home: Path, user: ServerUser) -> Path:
    """Return a private folder for the socket: in ``home``, or in a temporary folder if home is deep.

    Raises
    ------
    DatabaseUnavailableError
        If every path is too long, or someone else holds the temporary one.
    """
    for folder in _candidates(home):
        if is_suitable(folder):
            _make_private(folder, user)
            return folder
    raise DatabaseUnavailableError(
        f"The path {home} is too long for PostgreSQL's socket ({LONGEST_FOLDER_BYTES} bytes), and so is "
        "every temporary folder.",
        hint="Set STOCKWISE_HOME to a shorter path, or TMPDIR to a short one.",
    )


def is_suitable(folder: Path) -> bool:
    """Whether server and clients can name a socket in ``folder``."""
    path = str(folder)
    return len(os.fsencode(path)) <= LONGEST_FOLDER_BYTES and not any(
        mark in path for mark in _UNSUITABLE_CHARACTERS
    )


def _candidates(home: Path) -> Iterator[Path]:
    yield home / "socket"
    found = home.stat()
    identity = f"{home}:{found.st_dev}:{found.st_ino}".encode()
    name = f"stockwise-{hashlib.sha256(identity).hexdigest()[:16]}"
    for base in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        if os.path.isdir(base):
            yield Path(base).resolve() / name


def _make_private(folder: Path, user: ServerUser) -> None:
    """Make ``folder`` for ``user`` alone; never follow a link or trust a folder of someone else's."""
    try:
        folder.mkdir(mode=0o700)
        user.take(folder)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (user.uid, os.geteuid()):
        raise DatabaseUnavailableError(
            f"{folder} belongs to someone else and cannot hold the database's socket.",
            hint="Remove it, or set TMPDIR to a folder of your own.",
        )
    user.take(folder)
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
