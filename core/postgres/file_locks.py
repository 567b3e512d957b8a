"""Advisory locks on files. The kernel frees them when their process ends, however it ends."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.postgres.errors import DatabaseBusyError, DatabaseError

_POLL_SECONDS = 0.02


@contextmanager
def exclusive_lock(file: Path, *, timeout_seconds: float) -> Iterator[None]:
    """Hold ``file`` alone, or say after ``timeout_seconds`` that someone else does not let go."""
    descriptor = open_lock_file(file)
    try:
        deadline = time.monotonic() + timeout_seconds
        while not try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise DatabaseBusyError(
                    f"Another command has held the database for {timeout_seconds:.0f} seconds.",
                    hint=f"Look for a stopped or suspended stockwise process; it holds {file}.",
                )
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def open_lock_file(file: Path) -> int:
    """Open ``file`` for locking; it belongs to whom its folder belongs to, also when root makes it."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:
            owner = file.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except PermissionError:
        raise DatabaseError(
            f"{file.parent} belongs to another user.",
            hint="Run the command as that user, or set STOCKWISE_HOME to a folder of your own.",
        ) from None
    return descriptor


def try_lock(descriptor: int, kind: int) -> bool:
    """Take the lock now, or return False."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
