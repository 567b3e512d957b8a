"""Publication: verified, whole, linked where nothing changed, and never half."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.published import current_build, open_snapshot
from core.settings import Settings
from core.warehouse import hold_warehouse
from pipelines import published_files
from pipelines.published_differences import replace_differing_rows
from pipelines.published_files import PublishError, WrittenBefore, read_contents, write_company_file
from tests.support.kill_points import run_until_killed
from tests.support.publishing import (
    ACME,
    BOLT,
    build_name,
    fill_serving,
    publish_number,
    published_bytes,
    publishing_settings,
)

_SUM = "select sum(net_sales_amount)::integer as total from srv_sales_daily"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return publishing_settings(tmp_path)


def total(settings: Settings, company: str) -> int:
    with open_snapshot(settings, company) as snapshot:
        return int(snapshot.rows(_SUM)[0]["total"])


def test_an_unchanged_company_is_linked_and_a_changed_one_written(settings: Settings) -> None:
    fill_serving(settings, {ACME: 10, BOLT: 20})
    first = publish_number(settings, 1)
    fill_serving(settings, {ACME: 11, BOLT: 20})
    second = publish_number(settings, 2)
    assert (first.written, first.linked) == (2, 0)
    assert (second.written, second.linked) == (1, 1)

    def inode(number: int, company: str) -> int:
        return (settings.published_folder / build_name(number) / f"{company}.duckdb").stat().st_ino

    assert inode(1, BOLT) == inode(2, BOLT)
    assert inode(1, ACME) != inode(2, ACME)
    assert (total(settings, ACME), total(settings, BOLT)) == (33, 60)
    build = current_build(settings)
    assert build is not None
    assert (build.build_id, build.feed_pull_id) == (build_name(2), "pull-2")


@pytest.mark.parametrize(
    ("change", "by_rows"),
    [
        ("update serving.srv_sales_daily set units = 9 where company_id = '{company}'", [False]),
        ("update serving.srv_sales_daily set units = 9 where sales_date = date '2026-01-03'", [True]),
        ("delete from serving.srv_sales_daily where sales_date = date '2026-01-03'", [True]),
        ("insert into serving.srv_sales_daily from serving.srv_sales_daily limit 1", [True]),
    ],
    ids=["all rows", "one row", "a row is gone", "a row twice"],
)
def test_a_file_that_keeps_unchanged_tables_and_rows_holds_what_a_new_one_holds(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, by_rows: list[bool]
) -> None:
    """Only what changed is written again, and the rest is as served."""
    fill_serving(settings, {ACME: 10}, rows=10)
    publish_number(settings, 1)
    old = settings.published_folder / build_name(1) / f"{ACME}.duckdb"
    outcomes: list[bool] = []

    def replace_and_note(*arguments: Any, **options: Any) -> bool:
        outcomes.append(replace_differing_rows(*arguments, **options))
        return outcomes[-1]

    monkeypatch.setattr(published_files, "replace_differing_rows", replace_and_note)
    with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
        before = WrittenBefore(old, read_contents(connection)[ACME].marks)
        connection.execute(change.format(company=ACME))
        content = read_contents(connection)[ACME]
        build = current_build(settings)
        assert build is not None
        whole, partial = tmp_path / "whole.duckdb", tmp_path / "partial.duckdb"
        assert len(write_company_file(connection, whole, ACME, content, build)) == len(content.rows)
        assert write_company_file(connection, partial, ACME, content, build, before=before) == [
            "srv_sales_daily"
        ]
        assert outcomes == by_rows
        connection.execute(f"attach '{whole}' as whole (read_only)")
        connection.execute(f"attach '{partial}' as partial (read_only)")
        for table in (*content.rows, "build_info"):
            assert (
                connection.execute(
                    f"(from whole.{table} except all from partial.{table})"
                    f" union all (from partial.{table} except all from whole.{table})"
                ).fetchall()
                == []
            )


def test_a_kept_table_that_is_not_what_is_served_publishes_nothing(settings: Settings) -> None:
    """As after a damaged build file: the marks say unchanged, the old file holds something else."""
    fill_serving(settings, {ACME: 10})
    publish_number(settings, 1)
    old = settings.published_folder / build_name(1) / f"{ACME}.duckdb"
    with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
        connection.execute(f"update serving.srv_sales_daily set units = 9 where company_id = '{ACME}'")
        content = read_contents(connection)[ACME]
        build = current_build(settings)
        assert build is not None
        with pytest.raises(PublishError, match="does not hold in srv_sales_daily what is served"):
            write_company_file(
                connection,
                settings.home / "wrong.duckdb",
                ACME,
                content,
                build,
                before=WrittenBefore(old, content.marks),
            )


def test_old_builds_are_kept_by_count(tmp_path: Path) -> None:
    settings = publishing_settings(tmp_path, keep_builds=2)
    for number in range(1, 5):
        fill_serving(settings, {ACME: number})
        publish_number(settings, number)
    folders = {entry.name for entry in settings.published_folder.iterdir() if entry.is_dir()}
    assert folders == {build_name(3), build_name(4)}
    assert total(settings, ACME) == 12


def test_rows_of_a_company_that_nobody_knows_publish_nothing(settings: Settings) -> None:
    fill_serving(settings, {ACME: 10})
    publish_number(settings, 1)
    before = published_bytes(settings)
    with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
        connection.execute(f"update serving.srv_sales_daily set company_id = '{BOLT}' where units = 2")
    with pytest.raises(PublishError, match="srv_company does not know"):
        publish_number(settings, 2)
    assert published_bytes(settings) == before


def test_without_serving_tables_nothing_is_published(settings: Settings) -> None:
    with pytest.raises(PublishError, match="nothing to publish"):
        publish_number(settings, 1)
    assert current_build(settings) is None


@pytest.mark.slow
@pytest.mark.parametrize("point", ["file", "written", "before switch", "switched"])
def test_a_killed_builder_leaves_the_published_build_and_the_next_needs_no_repair(
    settings: Settings, point: str
) -> None:
    fill_serving(settings, {ACME: 10, BOLT: 20})
    publish_number(settings, 1)
    before = published_bytes(settings)
    fill_serving(settings, {ACME: 11, BOLT: 20})

    run_until_killed("publish", point, str(settings.home), build_name(2))

    after = published_bytes(settings)
    if point == "switched":
        assert total(settings, ACME) == 33
    else:
        assert {name: after[name] for name in before} == before
        assert total(settings, ACME) == 30
    fill_serving(settings, {ACME: 12, BOLT: 20})
    publish_number(settings, 3)
    assert (total(settings, ACME), total(settings, BOLT)) == (36, 60)
    assert not list(settings.published_folder.glob(".*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB, which only root can mount."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this container may not mount file systems")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_in_one_sentence_and_leaves_the_published_build(
    tmp_path: Path, small_disk: Path
) -> None:
    settings = publishing_settings(tmp_path)
    settings.published_folder.symlink_to(small_disk, target_is_directory=True)
    fill_serving(settings, {ACME: 10})
    publish_number(settings, 1)
    before = published_bytes(settings)

    ballast = small_disk / "ballast"
    _fill_disk(ballast)
    fill_serving(settings, {ACME: 11}, rows=100_000)
    with pytest.raises(PublishError, match="could not be written"):
        publish_number(settings, 2)
    ballast.unlink()
    assert published_bytes(settings) == before

    fill_serving(settings, {ACME: 12})
    publish_number(settings, 3)
    assert total(settings, ACME) == 36


def _fill_disk(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"x" * 65536):
            pass
