"""Copies of the lake and of published builds under a URL, for machines without the feed.

A copy is made like the thing itself: files whose names never come again first, the one that names them last.
So whoever reads a copy sees one whole pull or build, and a copy that was cut short is finished by the next.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from core.errors import StockwiseError
from core.lake import (
    LakeError,
    Manifest,
    commit_manifest,
    manifest_file,
    newest_result,
    read_manifest,
    sync_folder,
    write_atomically,
)
from core.object_store import RemoteFolder, open_folder
from core.published import POINTER, build_folder, current_build
from core.results import RESULTS
from core.settings import Settings
from pipelines.publish import remove_old_builds

_LAKE, _PUBLISHED = "lake", "published"
_RESULTS = "results.txt"


class CopyError(StockwiseError):
    """There is nothing to copy, or the copy is not what it should be."""


@dataclass(frozen=True)
class CopyReport:
    """Files and bytes that were copied, files that were there already, and those removed as outdated."""

    what: str
    copied: int
    bytes: int
    kept: int
    removed: int


def push_lake(settings: Settings, url: str) -> CopyReport:
    """Bring the copy of the lake up to date: segments, newest model results, manifest.

    Raises
    ------
    CopyError
        If there is no lake.
    """
    manifest = read_manifest(settings)
    if manifest is None:
        raise CopyError("There is no lake to copy.", hint="Go one round first: stockwise run")
    folder = open_folder(_joined(url, _LAKE))
    before = _read_copied_manifest(folder)
    results = _newest_results(settings)
    copied, size, kept = _push_new(folder, settings.lake_folder, [*_segments(manifest), *results])
    folder.replace(_RESULTS, "\n".join(results).encode())
    folder.replace(manifest_file(settings).name, manifest_file(settings).read_bytes())
    wanted = {*_segments(manifest), *results, *(_segments(before) if before else ())}
    removed = _remove_unlisted(folder, wanted | {_RESULTS, manifest_file(settings).name})
    return CopyReport("lake", copied, size, kept, removed)


def fetch_lake(settings: Settings, url: str) -> CopyReport:
    """Make the lake here the copy's; only what is not here is read.

    Raises
    ------
    CopyError
        If there is no copy, it is broken, or this machine has a lake of its own that is newer.
    """
    folder = open_folder(_joined(url, _LAKE))
    manifest = _read_copied_manifest(folder)
    if manifest is None:
        raise CopyError(f"There is no lake under {url}.", hint="Make the copy with: stockwise warehouse push")
    own = read_manifest(settings)
    if own is not None and (own.generation != manifest.generation or own.pull_number > manifest.pull_number):
        raise CopyError(
            "The lake here is another one, or newer than the copy.",
            hint="Fetch into a home of its own: stockwise --home FOLDER warehouse fetch URL",
        )
    listed = (folder.read(_RESULTS) or b"").decode().split()
    report = _fetch_new(folder, settings.lake_folder, [*_segments(manifest), *listed], what="lake")
    commit_manifest(settings, manifest)
    return report


def push_published(settings: Settings, url: str) -> CopyReport:
    """Bring the copy of the published build up to date, then switch the copy's pointer.

    Raises
    ------
    CopyError
        If nothing is published.
    """
    build = current_build(settings)
    if build is None:
        raise CopyError("Nothing is published yet.", hint="Go one round first: stockwise run")
    folder = open_folder(_joined(url, _PUBLISHED))
    local = build_folder(settings, build.build_id)
    names = [f"{build.build_id}/{file.name}" for file in sorted(local.iterdir())]
    before = (folder.read(POINTER) or b"").decode()
    copied, size, kept = _push_new(folder, settings.published_folder, names)
    folder.replace(POINTER, build.build_id.encode())
    removed = _remove_unlisted(folder, {POINTER, *names}, kept_prefix=f"{before}/" if before else None)
    return CopyReport("published", copied, size, kept, removed)


def fetch_published(settings: Settings, url: str) -> CopyReport:
    """Publish here the build that the copy points to, whole or not at all.

    Raises
    ------
    CopyError
        If there is no copy, or a file of it is missing.
    """
    folder = open_folder(_joined(url, _PUBLISHED))
    build_id = (folder.read(POINTER) or b"").decode()
    if not build_id:
        raise CopyError(
            f"Nothing is published under {url}.", hint="Make the copy with: stockwise warehouse push"
        )
    names = [name for name in folder.sizes() if name.startswith(f"{build_id}/")]
    settings.published_folder.mkdir(parents=True, exist_ok=True)
    draft = settings.published_folder / f".fetch-{build_id}"
    target = build_folder(settings, build_id)
    try:
        report = _fetch_new(folder, draft, [] if target.exists() else names, what="published")
        if not target.exists():
            (draft / build_id).rename(target)
            sync_folder(settings.published_folder)
        with write_atomically(settings.published_folder / POINTER) as pointer:
            pointer.write_text(build_id, encoding="ascii")
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    remove_old_builds(settings)
    return report


def _joined(url: str, part: str) -> str:
    """The folder within the folder; what follows a ``?`` stays behind it."""
    base, mark, options = url.partition("?")
    return f"{base.rstrip('/')}/{part}{mark}{options}"


def _segments(manifest: Manifest) -> list[str]:
    return [f"raw/{segment.file}" for table in manifest.tables for segment in table.segments]


def _newest_results(settings: Settings) -> list[str]:
    newest = (newest_result(settings, result) for result in RESULTS)
    return [str(file.relative_to(settings.lake_folder)) for file in newest if file is not None]


def _read_copied_manifest(folder: RemoteFolder) -> Manifest | None:
    content = folder.read("manifest.json")
    if content is None:
        return None
    try:
        return Manifest.model_validate_json(content)
    except ValidationError:
        raise LakeError(
            "The copy's manifest is not one that this version can read.",
            hint="Make the copy anew with this version: stockwise warehouse push",
        ) from None


def _push_new(folder: RemoteFolder, local: Path, names: list[str]) -> tuple[int, int, int]:
    """Copy the files that are not there in their full size."""
    there = folder.sizes()
    sizes = {name: (local / name).stat().st_size for name in names}
    new = [name for name in names if there.get(name) != sizes[name]]
    for name in new:
        folder.put(name, local / name)
    return len(new), sum(sizes[name] for name in new), len(names) - len(new)


def _fetch_new(folder: RemoteFolder, local: Path, names: list[str], *, what: str) -> CopyReport:
    there = folder.sizes()
    missing = [name for name in names if name not in there]
    if missing:
        raise CopyError(f"The copy lacks {missing[0]}.", hint="Make it whole with: stockwise warehouse push")
    new = [name for name in names if _size(local / name) != there[name]]
    for name in new:
        with write_atomically(local / name) as draft:
            folder.get(name, draft)
    return CopyReport(what, len(new), sum(there[name] for name in new), len(names) - len(new), 0)


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.exists() else None


def _remove_unlisted(folder: RemoteFolder, wanted: set[str], *, kept_prefix: str | None = None) -> int:
    """Remove what neither this nor the copy before names: a reader may still be at that one."""
    outdated = [
        name
        for name in folder.sizes()
        if name not in wanted and not (kept_prefix and name.startswith(kept_prefix))
    ]
    for name in outdated:
        folder.remove(name)
    return len(outdated)
