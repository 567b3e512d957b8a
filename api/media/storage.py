"""Where the bytes of files lie: under a folder, or in an object store by its URL (``s3://bucket/folder``)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import anyio
from anyio.to_thread import run_sync
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from api.errors import NotFound
from api.media.errors import MediaStoreUnavailable
from core.settings import Settings

Result = TypeVar("Result")
# Slow stores must not use up the threads of everyone else.
_LIMITER = anyio.CapacityLimiter(8)


@dataclass(frozen=True)
class MediaStore:
    """Files by name. A name holds the hash of its bytes, so that writing it again changes nothing."""

    files: Any
    root: str

    async def save(self, key: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        await self._run(lambda: self._save(key, content))

    async def load(self, key: str) -> bytes:
        """Return a file's bytes.

        Raises
        ------
        NotFound
            If it is not there.
        """
        return bytes(await self._run(lambda: self.files.cat_file(self._path(key))))

    async def remove(self, key: str) -> None:
        """Delete a file, if it is there."""
        with contextlib.suppress(NotFound):
            await self._run(lambda: self.files.rm_file(self._path(key)))

    def _path(self, key: str) -> str:
        return f"{self.root.rstrip('/')}/{key}"

    def _save(self, key: str, content: bytes) -> None:
        path = self._path(key)
        if self.files.exists(path):
            return
        if not isinstance(self.files, LocalFileSystem):
            self.files.pipe_file(path, content)  # an object appears when it is whole
            return
        temporary = f"{path}.{uuid4().hex}"
        self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
        self.files.pipe_file(temporary, content)
        self.files.mv(temporary, path)

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await run_sync(work, limiter=_LIMITER)
        except FileNotFoundError:
            raise NotFound from None
        except OSError as error:
            raise MediaStoreUnavailable from error


def open_store(settings: Settings) -> MediaStore:
    """Return the store that the settings name; file systems are shared by their library."""
    files, root = url_to_fs(settings.media_url or str(settings.home / "media"))
    return MediaStore(files, root)
