"""What was written for a reader once, kept under a stamp, and never shown under another.

A stamp names the state of the rows that a body was made of (`api.catalog.page_stamps`): whoever asks reads
the stamp that holds now, so what is kept is as fresh as what is read. Bodies lie in this process, or,
with ``CACHE_URL``, in a Redis that all processes share. A Redis that does not answer costs time once, not
answers: bodies are made anew and it is left alone for some seconds.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from cashews import Cache
from cashews.exceptions import CacheBackendInteractionError
from cashews.picklers import PicklerType
from pydantic import SecretStr

from api.conditional import Representation
from core.version import VERSION

LONGEST_WAIT_SECONDS = 0.25
PAUSE_SECONDS = 5.0
_CONNECTIONS = 32
_log = structlog.get_logger(__name__)


class KeptBodies:
    """Bodies by name, each with its stamp and its ETag."""

    def __init__(self, cache: Cache, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._clock = clock
        self._silent_until = 0.0

    async def get(self, name: str, *, stamp: str) -> Representation | None:
        """Return what is kept under the name, if it was made under this very stamp."""
        if not self.is_answering:
            return None
        try:
            kept = await self._cache.get(_key(name))
        except (CacheBackendInteractionError, OSError, TimeoutError) as error:
            self._leave_alone(error)
            return None
        match kept.split(b"\n", 2) if isinstance(kept, bytes) else None:
            case [made_under, etag, body] if made_under == stamp.encode():
                return Representation(body, etag.decode())
            case _:
                return None

    async def keep(self, name: str, body: Representation, *, stamp: str, seconds: int) -> None:
        """Keep a body that was made when the stamp held, or something newer."""
        if not self.is_answering:
            return
        try:
            written = b"\n".join((stamp.encode(), body.etag.encode(), body.body))
            await self._cache.set(_key(name), written, expire=seconds)
        except (CacheBackendInteractionError, OSError, TimeoutError) as error:
            self._leave_alone(error)

    async def check(self) -> bool:
        """Ask the store whether it answers."""
        try:
            await self._cache.ping()
        except (CacheBackendInteractionError, OSError, TimeoutError):
            return False
        return True

    @property
    def is_answering(self) -> bool:
        """Whether the store answered when it was asked last, or has had time to come back."""
        return self._clock() >= self._silent_until

    def _leave_alone(self, error: Exception) -> None:
        self._silent_until = self._clock() + PAUSE_SECONDS
        reason = error.__cause__ or error
        _log.warning("the cache does not answer; bodies are made anew", reason=type(reason).__name__)


@asynccontextmanager
async def open_kept_bodies(url: SecretStr | None, *, most_bodies: int) -> AsyncIterator[KeptBodies]:
    """Keep bodies until the end: in memory, or in the Redis at ``url``."""
    cache = Cache()
    # Bytes only, never pickled: who can write into the Redis must not be able to run code here.
    if url is None:
        cache.setup(f"mem://?size={most_bodies}&check_interval=60", pickle_type=PicklerType.NULL)
    else:
        cache.setup(
            url.get_secret_value(),
            pickle_type=PicklerType.NULL,
            check_repr=False,
            suppress=False,
            client_name="stockwise",
            max_connections=_CONNECTIONS,
            socket_timeout=LONGEST_WAIT_SECONDS,
            socket_connect_timeout=LONGEST_WAIT_SECONDS,
            wait_for_connection_timeout=LONGEST_WAIT_SECONDS,
        )
    try:
        yield KeptBodies(cache)
    finally:
        with warnings.catch_warnings():
            # cashews 7.6 ends redis-py's client under its old name.
            warnings.filterwarnings("ignore", "Call to deprecated close", DeprecationWarning)
            await cache.close()


def _key(name: str) -> str:
    # Another release may write bodies otherwise.
    return f"stockwise:{VERSION}:{name}"
