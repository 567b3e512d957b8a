"""The lake: Parquet segments, the manifest that says which of them count, and model results.

Pure file logic. A file that the manifest does not list does not exist: a writer makes segments durable
first and names them last, so a killed writer leaves nothing but files to clean away.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import StockwiseError
from core.settings import Settings

MANIFEST_FORMAT = 1
PULL_NUMBER = "pull_number"


class LakeError(StockwiseError):
    """The lake's folder holds something that this version cannot use."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Segment(_Frozen):
    """One Parquet file; ``file`` is relative to the lake's ``raw`` folder."""

    file: str
    rows: int


class LakeColumn(_Frozen):
    """A column as PostgreSQL declares it.

    Rows of pulls before ``since_pull`` came before the column: their files lack it, and their value is
    ``missing_value``, as PostgreSQL fills the rows that ``add column … default`` finds (a text; ``None``
    is null). ``number`` tells a column from one of the same name that was dropped; 0 is not known.
    """

    name: str
    postgres_type: str
    number: int = 0
    is_computed: bool = False
    since_pull: int = 0
    missing_value: str | None = None


class LakeTable(_Frozen):
    """A fed table: what identifies a row, and the segments that hold its versions, oldest first.

    A ``is_whole`` table is replaced by every pull: its one segment is the table. ``storage`` is the number
    of its file in PostgreSQL, which changes when it is truncated, restored or rewritten. ``read_whole_at``
    is the pull that last read rows anew which it had before: what was built from them can't be continued.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[LakeColumn, ...]
    is_whole: bool
    storage: int
    read_whole_at: int = 0
    segments: tuple[Segment, ...]


class ControlTotal(_Frozen):
    """What one table held of one company in the pull's own snapshot."""

    company_id: str
    table: str
    rows: int
    units: int
    cents: int


class Source(_Frozen):
    """Which database the bound belongs to; after a restore it is another one."""

    system_identifier: str
    timeline: str
    database_oid: int


class OpenTransaction(_Frozen):
    """The oldest transaction that was still open when the snapshot was taken."""

    xid: int
    open_since: datetime


class Manifest(_Frozen):
    """The committed state of the lake.

    ``snapshot`` is the bound of the next pull; every order committed before ``horizon_at`` is in.
    ``generation`` changes when everything was read anew, so that nothing derived is carried over.
    ``forgetting`` names the companies of which older versions still have to leave the files: a person was
    erased there.
    """

    format: int = MANIFEST_FORMAT
    generation: str
    pull_number: int
    pull_id: str
    snapshot: str
    source: Source
    horizon_at: datetime
    oldest_open: OpenTransaction | None
    forgetting: tuple[str, ...] = ()
    tables: tuple[LakeTable, ...]
    totals: tuple[ControlTotal, ...]

    def table(self, name: str) -> LakeTable | None:
        """Find a table by name."""
        return next((table for table in self.tables if table.name == name), None)


def raw_folder(settings: Settings) -> Path:
    """Folder of the fed segments."""
    return settings.lake_folder / "raw"


def manifest_file(settings: Settings) -> Path:
    """The file whose rename commits a pull."""
    return settings.lake_folder / "manifest.json"


def results_folder(settings: Settings, result: str) -> Path:
    """Folder of one model result, a file per run."""
    return settings.lake_folder / "models" / result


def newest_result(settings: Settings, result: str) -> Path | None:
    """The newest run's file of a model result; run ids sort by time."""
    return max(results_folder(settings, result).glob("*.parquet"), default=None)


def read_manifest(settings: Settings) -> Manifest | None:
    """Read what the last committed pull left, or ``None`` before the first one.

    Raises
    ------
    LakeError
        If the file is not a manifest of this version.
    """
    file = manifest_file(settings)
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        raise LakeError(
            f"{file} is not a manifest that this version can read.",
            hint="Move the lake folder away and run 'stockwise run --full' to read everything again.",
        ) from None


def commit_manifest(settings: Settings, manifest: Manifest) -> None:
    """Make the segments that ``manifest`` lists the lake; they must be durable already."""
    with write_atomically(manifest_file(settings)) as draft:
        draft.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")


def remove_unlisted_segments(settings: Settings, manifest: Manifest | None) -> int:
    """Delete what killed pulls and compactions left; return how many files that were."""
    listed = {segment.file for table in manifest.tables for segment in table.segments} if manifest else set()
    folder = raw_folder(settings)
    leftovers = [
        file for file in folder.glob("*/*") if file.is_file() and str(file.relative_to(folder)) not in listed
    ]
    for file in leftovers:
        file.unlink()
    return len(leftovers)


@contextmanager
def write_atomically(file: Path) -> Iterator[Path]:
    """Give a draft to write; after the block it is ``file``, whole and durable, or nothing changed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    try:
        yield draft
        sync_file(draft)
        draft.replace(file)
        sync_folder(file.parent)
    finally:
        draft.unlink(missing_ok=True)


def sync_file(file: Path) -> None:
    """Force a file's content to disk."""
    _sync(file, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Force a folder's names to disk."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
