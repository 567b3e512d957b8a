"""Ids: UUID version 7 of RFC 9562, which sort by the time they were made."""

import os
import secrets
import threading
import time
from collections.abc import Callable
from uuid import UUID

_COUNTER_BITS = 42
_TAIL_BITS = 32
_RAND_B_BITS = 62
_MILLISECONDS_MASK = (1 << 48) - 1


class IdSource:
    """Makes ids that only go up, also within a millisecond and when the clock steps back.

    Of the 74 random bits, 42 are a counter (RFC 9562, 6.2, method 1): seeded anew each millisecond with
    its top bit clear, and counted up inside it; the 32 below are random for each id.
    """

    def __init__(
        self,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._now_ms = now_ms
        self._random_bits = random_bits
        self.restart()

    def restart(self) -> None:
        """Forget the past: a forked child must not count on from where its parent stands."""
        self._lock = threading.Lock()
        self._last_ms = -1
        self._counter = 0

    def new_id(self) -> UUID:
        """Return an id greater than every one before it."""
        with self._lock:
            now = self._now_ms()
            if now > self._last_ms:
                self._last_ms = now
                self._counter = self._random_bits(_COUNTER_BITS - 1)
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    self._last_ms += 1
                    self._counter = self._random_bits(_COUNTER_BITS - 1)
            milliseconds, counter = self._last_ms, self._counter
        random = (counter << _TAIL_BITS) | self._random_bits(_TAIL_BITS)
        return _assemble(milliseconds, random)


def _assemble(milliseconds: int, random: int) -> UUID:
    """Lay out 48 bits of time, version 7, 12 random bits, variant 10, 62 random bits."""
    value = (milliseconds & _MILLISECONDS_MASK) << 80
    value |= 0x7 << 76
    value |= (random >> _RAND_B_BITS) << 64
    value |= 0b10 << 62
    value |= random & ((1 << _RAND_B_BITS) - 1)
    return UUID(int=value)


_source = IdSource()
os.register_at_fork(after_in_child=_source.restart)


def new_id() -> UUID:
    """Return a new UUIDv7, greater than any other of this process."""
    return _source.new_id()
