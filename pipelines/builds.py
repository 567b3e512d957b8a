"""The published builds that are kept, and the way back to one of them.

A rollback switches the pointer, as a publication does: readers see one whole build or the other. Nothing is
deleted, and the next run publishes what is newest again.
"""

import getpass
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import StockwiseError
from core.lake import write_atomically
from core.published import BUILD_FILE, PLATFORM, POINTER, BuildInfo, build_folder, current_build
from core.settings import Settings
from core.warehouse import ENGINE_VERSION, EngineError, WarehouseConnection, hold_warehouse, open_scratch
from pipelines.published_files import read_marks

RECORD = "rollbacks.jsonl"


class RollbackError(StockwiseError):
    """Readers cannot be taken back to that build; they keep the one they have."""


@dataclass(frozen=True)
class KeptBuild:
    """One build that readers could be given; ``size_bytes`` counts files that it shares with others too."""

    build_id: str
    is_current: bool
    built_at: datetime
    horizon_at: datetime
    companies: int
    size_bytes: int


@dataclass(frozen=True)
class Rollback:
    """That readers were taken from one build to an older one: when, and by which user of the machine."""

    rolled_back_at: datetime
    from_build_id: str
    to_build_id: str
    horizon_at: datetime
    rolled_back_by: str


@dataclass(frozen=True)
class BuildsReport:
    """The builds that are kept, newest first, and the rollbacks there were."""

    builds: list[KeptBuild]
    rollbacks: list[Rollback]


def list_builds(settings: Settings) -> BuildsReport:
    """List what is kept; works without a database and while a run is at work."""
    current = current_build(settings)
    builds = [
        _describe(file.parent, is_current=current is not None and file.parent.name == current.build_id)
        for file in sorted(settings.published_folder.glob(f"*/{BUILD_FILE}"), reverse=True)
        if not file.parent.name.startswith(".")
    ]
    return BuildsReport(builds, _read_record(settings.published_folder / RECORD))


def rollback(settings: Settings, build_id: str | None, *, now: datetime) -> Rollback:
    """Give readers an older build that is kept, once its files prove to hold what was published.

    Parameters
    ----------
    build_id : str, optional
        The build; by default the one before the current.

    Raises
    ------
    RollbackError
        If there is no such build or it is damaged; the pointer has not moved.
    WarehouseBusyError
        If a run is at work, which may be publishing.
    """
    with hold_warehouse(settings):
        current = current_build(settings)
        if current is None:
            raise RollbackError("Nothing is published yet.", hint="Run: stockwise run")
        target = _choose(settings, current, build_id)
        _require_whole(settings, target.build_id)
        done = Rollback(now, current.build_id, target.build_id, target.horizon_at, getpass.getuser())
        _write_record(settings.published_folder / RECORD, done)
        with write_atomically(settings.published_folder / POINTER) as pointer:
            pointer.write_text(target.build_id, encoding="ascii")
    return done


def _choose(settings: Settings, current: BuildInfo, build_id: str | None) -> KeptBuild:
    builds = list_builds(settings).builds
    if build_id is None:
        older = [build for build in builds if build.build_id < current.build_id]
        if not older:
            raise RollbackError(f"No build before {current.build_id} is kept.")
        return older[0]
    if build_id == current.build_id:
        raise RollbackError(f"Readers see build {build_id} already.")
    found = [build for build in builds if build.build_id == build_id]
    if not found:
        names = ", ".join(build.build_id for build in builds)
        raise RollbackError(f"There is no build {build_id}.", hint=f"Kept are: {names}.")
    return found[0]


def _require_whole(settings: Settings, build_id: str) -> None:
    """Read every file of a build, and compare its content with the marks made when it was written."""
    folder = build_folder(settings, build_id)
    content = _read_build_file(folder)
    # Another engine marks the same rows otherwise: then it is enough that every row can be read.
    is_comparable = content.get("engine") == ENGINE_VERSION
    with open_scratch(settings) as connection:
        for company_id, marks in content.get("marks", {}).items():
            found = _read_file(connection, folder / f"{company_id}.duckdb")
            if is_comparable and any(found.get(table) != mark for table, mark in marks.items()):
                raise RollbackError(
                    f"Build {build_id} is damaged: the file of company {company_id} does not hold what was"
                    " published."
                )
        _read_file(connection, folder / f"{PLATFORM}.duckdb")


def _read_file(connection: WarehouseConnection, file: Path) -> dict[str, str]:
    if not file.exists():
        raise RollbackError(f"Build {file.parent.name} is damaged: {file.name} is missing.")
    try:
        return read_marks(connection, file)
    except EngineError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise RollbackError(
            f"Build {file.parent.name} is damaged: {file.name} cannot be read ({reason})."
        ) from None


def _describe(folder: Path, *, is_current: bool) -> KeptBuild:
    content = _read_build_file(folder)
    build = BuildInfo.model_validate(content)
    return KeptBuild(
        build_id=folder.name,
        is_current=is_current,
        built_at=build.built_at,
        horizon_at=build.horizon_at,
        companies=len(content.get("marks", {})),
        size_bytes=sum(file.stat().st_size for file in folder.iterdir()),
    )


def _read_build_file(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / BUILD_FILE).read_text(encoding="utf-8"))
    except ValueError:
        raise RollbackError(f"Build {folder.name} is damaged: {BUILD_FILE} cannot be read.") from None
    return content


def _read_record(file: Path) -> list[Rollback]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [
        Rollback(
            rolled_back_at=datetime.fromisoformat(line["rolled_back_at"]),
            from_build_id=line["from_build_id"],
            to_build_id=line["to_build_id"],
            horizon_at=datetime.fromisoformat(line["horizon_at"]),
            rolled_back_by=line["rolled_back_by"],
        )
        for line in map(json.loads, lines)
    ]


def _write_record(file: Path, done: Rollback) -> None:
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    with write_atomically(file) as draft:
        draft.write_text(
            before + json.dumps(asdict(done), default=datetime.isoformat) + "\n", encoding="utf-8"
        )
