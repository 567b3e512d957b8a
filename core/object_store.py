"""Folders by URL: a path, ``s3://bucket/folder`` or what else fsspec knows, behind one interface.

S3 goes through Arrow's own client, which is there already; its options stand in the URL
(``s3://bucket/folder?region=eu-west-1&endpoint_override=host:9000&scheme=http``), its credentials where AWS's
own tools look for them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.fs
from fsspec.core import url_to_fs
from fsspec.implementations.arrow import ArrowFSWrapper
from fsspec.implementations.local import LocalFileSystem


@dataclass(frozen=True)
class RemoteFolder:
    """A folder of immutable files, and a few small ones that are replaced whole."""

    files: Any
    root: str

    def sizes(self) -> dict[str, int]:
        """Size of every file below the folder, by its name within it."""
        found = self.files.find(self.root, detail=True) if self.files.exists(self.root) else {}
        start = len(self.files._strip_protocol(self.root).rstrip("/")) + 1
        return {self.files._strip_protocol(path)[start:]: int(info["size"]) for path, info in found.items()}

    def put(self, name: str, source: Path) -> None:
        """Copy a file there; it appears whole or not at all."""
        self._write(name, lambda path: self.files.put_file(str(source), path))

    def get(self, name: str, target: Path) -> None:
        """Copy a file from there."""
        self.files.get_file(self._path(name), str(target))

    def read(self, name: str) -> bytes | None:
        """A small file's bytes, or nothing if it is not there."""
        try:
            return bytes(self.files.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def replace(self, name: str, content: bytes) -> None:
        """Write a small file; readers see the old one or the new one."""
        self._write(name, lambda path: self.files.pipe_file(path, content))

    def remove(self, name: str) -> None:
        """Delete a file."""
        self.files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}"

    def _write(self, name: str, write: Any) -> None:
        path = self._path(name)
        if not isinstance(self.files, LocalFileSystem):
            write(path)  # an object appears when it is whole
            return
        folder, _, last = path.rpartition("/")
        self.files.makedirs(folder, exist_ok=True)
        draft = f"{folder}/.{last}.draft"
        write(draft)
        Path(draft).replace(path)


def open_folder(url: str) -> RemoteFolder:
    """Open a folder by URL; nothing is asked of it yet."""
    if url.startswith("s3://"):
        files, root = pyarrow.fs.FileSystem.from_uri(url)
        return RemoteFolder(ArrowFSWrapper(files), root)
    files, root = url_to_fs(url)
    return RemoteFolder(files, root)
