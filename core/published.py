"""What readers get: one immutable DuckDB file per company and build, and a pointer to the current build.

A reader resolves the pointer for each question and opens the versioned path, because DuckDB returns the
old content when a path that is open in the process was replaced. The pointer is switched by rename, so a
reader sees one whole build or the one before. Only the bound company's file is opened, without access to
any other file, so that no forgotten filter can show another company's row.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from core.errors import StockwiseError
from core.settings import Settings

POINTER = "current"
BUILD_FILE = "build.json"
PLATFORM = "platform"
_OPEN_FILES = 64
_THREADS_PER_FILE = 2
_ATTEMPTS = 3


class NothingPublished(StockwiseError):
    """There are no numbers to read yet."""


class OutdatedBuild(NothingPublished):
    """The build lacks a table or a column that is asked for: another version made it."""


class BuildInfo(BaseModel):
    """A published build: every order committed before ``horizon_at`` is in its numbers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    build_id: str
    built_at: datetime
    horizon_at: datetime
    feed_pull_id: str


class Snapshot:
    """One company's numbers as of one build; made by `open_snapshot`."""

    def __init__(self, build: BuildInfo, connection: duckdb.DuckDBPyConnection) -> None:
        self.build = build
        self._connection = connection

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Answer a question with a table.

        Raises
        ------
        OutdatedBuild
            If the build lacks what is asked for.
        """
        with self._connection.cursor() as cursor:
            try:
                return cursor.execute(sql, list(parameters)).to_arrow_table()
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                raise OutdatedBuild(
                    "The published numbers lack what is asked for: another version made them.",
                    hint="Run 'stockwise run' to build them anew.",
                ) from error

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Answer a question that has few rows."""
        rows: list[dict[str, Any]] = self.query(sql, parameters).to_pylist()
        return rows


def current_build(settings: Settings) -> BuildInfo | None:
    """Resolve the pointer; ``None`` before the first publication."""
    for _ in range(_ATTEMPTS):
        try:
            build_id = (settings.published_folder / POINTER).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        try:
            return BuildInfo.model_validate_json((build_folder(settings, build_id) / BUILD_FILE).read_bytes())
        except FileNotFoundError:
            continue  # switched and tidied away between the two reads
    return None


def build_folder(settings: Settings, build_id: str) -> Path:
    """Folder of one build's files."""
    return settings.published_folder / build_id


@contextmanager
def open_snapshot(settings: Settings, company_id: UUID | str) -> Iterator[Snapshot]:
    """Open one company's current numbers, read only.

    Raises
    ------
    NothingPublished
        If no build holds the company yet, with the next step.
    """
    with _open(settings, str(UUID(str(company_id)))) as snapshot:
        yield snapshot


@contextmanager
def open_platform_snapshot(settings: Settings) -> Iterator[Snapshot]:
    """Open the totals of all companies: for people who run the platform, and nobody else."""
    with _open(settings, PLATFORM) as snapshot:
        yield snapshot


def close_snapshots() -> None:
    """Close the files that no one is reading, at the end of a program or test."""
    _files.close_idle()


@dataclass
class _OpenFile:
    connection: duckdb.DuckDBPyConnection
    readers: int = 0


class _OpenFiles:
    """Connections by versioned path: opening costs some milliseconds, a cursor on an open one none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, _OpenFile] = OrderedDict()

    @contextmanager
    def lend(self, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            opened = self._open.get(file) or _OpenFile(_connect(file))
            opened.readers += 1
            self._open[file] = opened
            self._open.move_to_end(file)
            self._close_unneeded(current=file)
        try:
            yield opened.connection
        finally:
            with self._lock:
                opened.readers -= 1

    def close_idle(self) -> None:
        with self._lock:
            self._close({file for file, opened in self._open.items() if opened.readers == 0})

    def _close_unneeded(self, *, current: Path) -> None:
        """Close files of other builds, and the longest unused beyond the limit, unless someone reads them."""
        idle = [file for file, opened in self._open.items() if opened.readers == 0]
        old = {file for file in idle if file.parent != current.parent}
        beyond = max(len(self._open) - len(old) - _OPEN_FILES, 0)
        self._close(old | set([file for file in idle if file not in old][:beyond]))

    def _close(self, files: set[Path]) -> None:
        for file in files:
            self._open.pop(file).connection.close()


_files = _OpenFiles()


@contextmanager
def _open(settings: Settings, name: str) -> Iterator[Snapshot]:
    with ExitStack() as borrowed:
        yield _borrow(settings, name, borrowed)


def _borrow(settings: Settings, name: str, borrowed: ExitStack) -> Snapshot:
    """Open the current build's file; a build may be tidied away after its pointer was read, so try again."""
    for _ in range(_ATTEMPTS):
        build = current_build(settings)
        if build is None:
            raise NothingPublished(
                "Nothing is published yet.", hint="Run 'stockwise run' to build the numbers."
            )
        try:
            file = build_folder(settings, build.build_id) / f"{name}.duckdb"
            return Snapshot(build, borrowed.enter_context(_files.lend(file)))
        except FileNotFoundError:
            continue
    raise NothingPublished(
        "This company is not in the published numbers yet.",
        hint="Run 'stockwise run': the next build includes it.",
    )


def _connect(file: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(
            str(file), read_only=True, config={"threads": _THREADS_PER_FILE, "enable_external_access": False}
        )
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute("set lock_configuration = true")
        return connection
    except duckdb.IOException:
        if not file.exists():
            raise FileNotFoundError(file) from None
        raise
