"""Publish a build: one immutable file per company, verified, then one pointer is switched.

Everything is written into a draft folder; its rename and the pointer's are the only moments that readers
can notice. A killed or failed build leaves a draft folder that the next one removes.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.lake import Manifest, sync_file, sync_folder, write_atomically
from core.progress import Progress, SilentProgress
from core.published import BUILD_FILE, PLATFORM, POINTER, BuildInfo, build_folder, current_build
from core.settings import Settings
from core.warehouse import ENGINE_VERSION, EngineError, Warehouse
from pipelines.published_contents import CompanyContent, WrittenBefore, read_contents
from pipelines.published_files import write_company_file, write_platform_file
from pipelines.published_tables import PublishError

_DRAFT = ".draft-"

Reached = Callable[[str], None]
"""Told the name of each point at which a build could be killed; tests kill there."""


@dataclass(frozen=True)
class PublishReport:
    """What was published: files written anew, files linked because nothing changed, rows of all."""

    build: BuildInfo
    written: int
    linked: int
    rows: int


def publish(
    warehouse: Warehouse,
    manifest: Manifest,
    *,
    build_id: str,
    built_at: datetime,
    progress: Progress | None = None,
    reached: Reached = lambda point: None,
) -> PublishReport:
    """Write, verify and switch to a new build of every company's numbers.

    A company whose tables are as in the current build gets a hard link to that file. ``build_info`` inside
    then names the build that wrote it; the build that was read from is `core.published.BuildInfo`.

    Raises
    ------
    PublishError
        If a check fails or the disk is full; the pointer has not moved.
    """
    settings = warehouse.settings
    build = BuildInfo(
        build_id=build_id, built_at=built_at, horizon_at=manifest.horizon_at, feed_pull_id=manifest.pull_id
    )
    with _draft_folder(settings, build_id) as draft:
        contents, linked = _write_files(
            warehouse, draft, build, progress=progress or SilentProgress(), reached=reached
        )
        _write_build_file(draft, build, contents)
        sync_folder(draft)
        reached("written")
        draft.rename(build_folder(settings, build_id))
        sync_folder(settings.published_folder)
    reached("before switch")
    with write_atomically(settings.published_folder / POINTER) as pointer:
        pointer.write_text(build_id, encoding="ascii")
    reached("switched")
    remove_old_builds(settings)
    return PublishReport(
        build=build,
        written=len(contents) - linked,
        linked=linked,
        rows=sum(sum(content.rows.values()) for content in contents.values()),
    )


def remove_old_builds(settings: Settings) -> None:
    """Keep the newest builds, for readers that are about to open them, and the one pointed to."""
    current = current_build(settings)
    builds = sorted((file.parent for file in settings.published_folder.glob(f"*/{BUILD_FILE}")), reverse=True)
    for folder in builds[settings.keep_builds :]:
        if current is None or folder.name != current.build_id:
            shutil.rmtree(folder)


@contextmanager
def _draft_folder(settings: Settings, build_id: str) -> Iterator[Path]:
    """A folder to build in; gone afterwards unless it was renamed."""
    settings.published_folder.mkdir(parents=True, exist_ok=True)
    for leftover in settings.published_folder.glob(f"{_DRAFT}*"):
        shutil.rmtree(leftover)
    draft = settings.published_folder / f"{_DRAFT}{build_id}"
    draft.mkdir()
    try:
        yield draft
    except (OSError, EngineError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise PublishError(
            f"The build could not be written: {reason}.",
            hint="If the disk is full, free some space and run again; readers still see the build before.",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_files(
    warehouse: Warehouse, draft: Path, build: BuildInfo, *, progress: Progress, reached: Reached
) -> tuple[dict[str, CompanyContent], int]:
    written_before = _read_written_before(warehouse.settings)
    linked = 0
    with warehouse.connect() as connection:
        contents = read_contents(connection, written_before)
        with progress.step("publish: write a file per company", total=len(contents) + 1) as step:
            for company_id, content in contents.items():
                file = draft / f"{company_id}.duckdb"
                before = written_before.get(company_id)
                if before and before.marks == content.marks:
                    os.link(before.file, file)
                    linked += 1
                else:
                    write_company_file(connection, file, company_id, content, build, before=before)
                reached("file")
                step.advance()
            write_platform_file(connection, draft / f"{PLATFORM}.duckdb", build)
            step.advance()
    return contents, linked


def _write_build_file(draft: Path, build: BuildInfo, contents: Mapping[str, CompanyContent]) -> None:
    file = draft / BUILD_FILE
    content = {
        **build.model_dump(mode="json"),
        "engine": ENGINE_VERSION,
        "marks": {company: content.marks for company, content in contents.items()},
        "rows": {company: content.rows for company, content in contents.items()},
    }
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    sync_file(file)


def _read_written_before(settings: Settings) -> dict[str, WrittenBefore]:
    """The files that readers see now, by company; without what an older release did not note of them."""
    build = current_build(settings)
    if build is None:
        return {}
    folder = build_folder(settings, build.build_id)
    content = json.loads((folder / BUILD_FILE).read_text(encoding="utf-8"))
    rows = content.get("rows", {})
    return {
        company: WrittenBefore(folder / f"{company}.duckdb", rows.get(company, {}), marks)
        for company, marks in content.get("marks", {}).items()
    }
