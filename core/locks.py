"""One at a time: advisory locks on files, freed by the kernel when their process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockHeldError(Exception):
    """Someone else holds the lock; ``holder`` is the process id they left, if any."""

    def __init__(self, file: Path, holder: int | None) -> None:
        super().__init__(f"{file} is locked")
        self.holder = holder


@contextmanager
def hold_lock(file: Path) -> Iterator[None]:
    """Hold ``file`` alone while the block runs.

    Raises
    ------
    LockHeldError
        At once, if another process or another part of this one holds it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeldError(file, _read_holder(descriptor)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(file: Path) -> bool:
    """Whether someone holds the lock now."""
    try:
        with hold_lock(file):
            return False
    except LockHeldError:
        return True


def _read_holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None
