"""Copies under a URL: whole or as before, only what is new travels, and nothing newer is overwritten.

On a path and in fsspec's memory; ``make test-spark`` runs the same against an S3-compatible server.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.lake import (
    LakeTable,
    Manifest,
    Segment,
    Source,
    commit_manifest,
    raw_folder,
    read_manifest,
    results_folder,
)
from core.object_store import RemoteFolder, open_folder
from core.published import POINTER, BuildInfo, build_folder, current_build
from core.settings import Settings, load_settings
from pipelines.copies import CopyError, fetch_lake, fetch_published, push_lake, push_published


@pytest.fixture(params=["path", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "path":
        yield str(tmp_path / "bucket")
        return
    yield "memory://bucket"
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path / "here"})


@pytest.fixture
def there(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path / "there"})


def pull(settings: Settings, number: int, *pulls: int, generation: str = "g") -> Manifest:
    """Commit a lake of one table whose segments come from these pulls."""
    segments = []
    for one in pulls:
        file = raw_folder(settings) / "orders" / f"pull-{one}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": [f"o{one}", "o0"], "pull_number": [one, one]}), file)
        segments.append(Segment(file=f"orders/{file.name}", rows=2))
    table = LakeTable(
        name="orders", key=("id",), columns=(), is_whole=False, storage=1, segments=tuple(segments)
    )
    manifest = Manifest(
        generation=generation, pull_number=number, pull_id=f"pull-{number}", snapshot="1:1:",
        source=Source(system_identifier="1", timeline="1", database_oid=1),
        horizon_at=datetime(2026, 11, 21, tzinfo=UTC), oldest_open=None, tables=(table,), totals=(),
    )  # fmt: skip
    commit_manifest(settings, manifest)
    return manifest


def compute(settings: Settings, run_id: str) -> None:
    """Leave a result of a model."""
    folder = results_folder(settings, "forecast_summary")
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"company_id": ["c"], "run_id": [run_id]}), folder / f"{run_id}.parquet")


def publish_files(settings: Settings, build_id: str) -> None:
    """Publish a build of one file."""
    folder = build_folder(settings, build_id)
    folder.mkdir(parents=True)
    (folder / "c.duckdb").write_bytes(build_id.encode() * 1000)
    at = datetime(2026, 11, 21, tzinfo=UTC)
    build = BuildInfo(build_id=build_id, built_at=at, horizon_at=at, feed_pull_id="p")
    (folder / "build.json").write_text(build.model_dump_json())
    (settings.published_folder / POINTER).write_text(build_id)


def ids(settings: Settings) -> list[str]:
    """What the fetched lake holds, read by the files that its manifest lists."""
    manifest = read_manifest(settings)
    assert manifest is not None
    files = [raw_folder(settings) / segment.file for segment in manifest.tables[0].segments]
    return sorted(identity for file in files for identity in pq.read_table(file)["id"].to_pylist())


def test_a_fetched_lake_is_the_lake_with_its_newest_results(
    url: str, here: Settings, there: Settings
) -> None:
    manifest = pull(here, 2, 1, 2)
    compute(here, "run-1")
    compute(here, "run-2")

    pushed = push_lake(here, url)
    fetched = fetch_lake(there, url)

    assert (pushed.copied, pushed.kept, pushed.removed) == (3, 0, 0)
    assert (fetched.copied, fetched.bytes) == (pushed.copied, pushed.bytes)
    assert read_manifest(there) == manifest
    assert ids(there) == ["o0", "o0", "o1", "o2"]
    assert [file.name for file in results_folder(there, "forecast_summary").iterdir()] == ["run-2.parquet"]


def test_only_new_files_travel_and_outdated_ones_go_one_copy_later(
    url: str, here: Settings, there: Settings
) -> None:
    """A reader that has just read the manifest before still finds the files that it names."""
    pull(here, 2, 1, 2)
    push_lake(here, url)
    fetch_lake(there, url)
    pull(here, 3, 1, 3)  # as after a compaction: the second segment is merged into the third

    second = push_lake(here, url)
    third = push_lake(here, url)

    assert (second.copied, second.kept, second.removed) == (1, 1, 0)
    assert (third.copied, third.kept, third.removed) == (0, 2, 1)
    assert fetch_lake(there, url).copied == 1
    assert ids(there) == ["o0", "o0", "o1", "o3"]


def test_a_copy_that_was_cut_short_leaves_the_one_before_and_is_finished_by_the_next(
    url: str, here: Settings, there: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(here, 1, 1)
    push_lake(here, url)
    pull(here, 3, 1, 2, 3)
    put = RemoteFolder.put

    def fail_at_the_second(folder: RemoteFolder, name: str, source: Path) -> None:
        if name.endswith("pull-3.parquet"):
            raise ConnectionError("the bucket is gone")
        put(folder, name, source)

    with monkeypatch.context() as patch:
        patch.setattr(RemoteFolder, "put", fail_at_the_second)
        with pytest.raises(ConnectionError):
            push_lake(here, url)
    fetch_lake(there, url)
    assert ids(there) == ["o0", "o1"]

    assert push_lake(here, url).copied == 1
    fetch_lake(there, url)
    assert ids(there) == ["o0", "o0", "o0", "o1", "o2", "o3"]


def test_a_lake_that_is_newer_or_another_one_is_not_overwritten(
    url: str, here: Settings, there: Settings
) -> None:
    pull(here, 1, 1)
    push_lake(here, url)

    for number, generation in ((2, "g"), (1, "other")):
        kept = pull(there, number, 7, generation=generation)
        with pytest.raises(CopyError, match="another one, or newer"):
            fetch_lake(there, url)
        assert read_manifest(there) == kept


def test_a_copy_with_a_missing_file_is_refused_by_name_and_changes_nothing(
    url: str, here: Settings, there: Settings
) -> None:
    pull(here, 2, 1, 2)
    push_lake(here, url)
    separator = "" if url.endswith("/") else "/"
    base, mark, options = url.partition("?")
    open_folder(f"{base}{separator}lake{mark}{options}").remove("raw/orders/pull-1.parquet")

    with pytest.raises(CopyError, match=r"lacks raw/orders/pull-1\.parquet"):
        fetch_lake(there, url)

    assert read_manifest(there) is None


def test_nothing_to_copy_is_said_in_a_sentence(url: str, here: Settings, there: Settings) -> None:
    for refused, sentence in (
        (push_lake, "no lake to copy"),
        (push_published, "Nothing is published yet"),
        (fetch_lake, "no lake under"),
        (fetch_published, "Nothing is published under"),
    ):
        with pytest.raises(CopyError, match=sentence):
            refused(there if refused in (fetch_lake, fetch_published) else here, url)
    open_folder(url).replace("mark", b"")  # so that there is something to clean up


def test_a_published_build_arrives_whole_and_readers_here_see_it(
    url: str, here: Settings, there: Settings
) -> None:
    for build_id in ("build-1", "build-2"):
        publish_files(here, build_id)
        push_published(here, url)
        report = fetch_published(there, url)

        build = current_build(there)
        assert build is not None
        assert build.build_id == build_id
        assert report.copied == 2
        fetched = build_folder(there, build_id) / "c.duckdb"
        assert fetched.read_bytes() == (build_folder(here, build_id) / "c.duckdb").read_bytes()
    assert fetch_published(there, url).copied == 0
    assert list(there.published_folder.glob(".fetch-*")) == []
