"""Publication: verified, whole, linked where nothing changed, and never half."""

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.published import current_build, open_snapshot
from core.settings import Settings
from core.warehouse import WarehouseConnection, hold_warehouse
from pipelines import published_contents, published_files
from pipelines.builds import rollback
from pipelines.publish import publish
from pipelines.published_contents import CompanyContent, WrittenBefore, read_contents
from pipelines.published_differences import replace_differing_rows
from pipelines.published_files import write_company_file
from pipelines.published_tables import PublishError
from tests.support.kill_points import run_until_killed
from tests.support.publishing import (
    ACME,
    BOLT,
    FIRST_BUILD_AT,
    build_name,
    fill_serving,
    make_manifest,
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


@pytest.fixture
def large_tables(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have any table counted as large; the list names those brought up to date by rows."""
    replaced: list[str] = []

    def replace_and_note(connection: WarehouseConnection, table: str, company_id: str) -> None:
        replaced.append(table)
        replace_differing_rows(connection, table, company_id)

    monkeypatch.setattr(published_files, "replace_differing_rows", replace_and_note)
    monkeypatch.setattr(published_contents, "LARGE_TABLE_ROWS", 1)
    return replaced


def written_as(file: Path, content: CompanyContent) -> WrittenBefore:
    return WrittenBefore(file, content.rows, content.marks)


@pytest.mark.parametrize(
    ("change", "is_by_rows"),
    [
        ("update serving.srv_sales_daily set units = 9 where company_id = '{company}'", False),
        ("update serving.srv_sales_daily set units = 9 where sales_date = date '2026-01-03'", True),
        ("delete from serving.srv_sales_daily where sales_date = date '2026-01-03'", True),
        ("insert into serving.srv_sales_daily from serving.srv_sales_daily limit 1", False),
        ("delete from serving.srv_sales_daily", False),
    ],
    ids=["all rows", "one row", "a row is gone", "a row twice", "no row is left"],
)
def test_a_file_that_keeps_unchanged_tables_and_rows_holds_what_a_new_one_holds(
    settings: Settings, tmp_path: Path, large_tables: list[str], change: str, is_by_rows: bool
) -> None:
    """Only what changed is written again, and the rest is as served."""
    fill_serving(settings, {ACME: 10}, rows=10)
    publish_number(settings, 1)
    old = settings.published_folder / build_name(1) / f"{ACME}.duckdb"
    with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
        before = written_as(old, read_contents(connection)[ACME])
        connection.execute(change.format(company=ACME))
        content = read_contents(connection, {ACME: before})[ACME]
        build = current_build(settings)
        assert build is not None
        whole, partial = tmp_path / "whole.duckdb", tmp_path / "partial.duckdb"
        assert len(write_company_file(connection, whole, ACME, content, build)) == len(content.rows)
        assert write_company_file(connection, partial, ACME, content, build, before=before) == [
            "srv_sales_daily"
        ]
        assert large_tables == (["srv_sales_daily"] if is_by_rows else [])
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
                before=written_as(old, content),
            )


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_after_random_changes_failures_and_rollbacks_files_hold_what_is_served(
    tmp_path: Path, large_tables: list[str], seed: int
) -> None:
    """Rows come, go, double and lose values, columns and a table come: a file holds what a new one would."""
    chance = random.Random(seed)
    settings = publishing_settings(tmp_path, keep_builds=3)
    fill_serving(settings, {ACME: 10, BOLT: 20}, rows=40)
    publish_number(settings, 1)
    for number in range(2, 26):
        change_at_random(settings, chance, number)
        if number % 5 == 0:
            with pytest.raises(KeyboardInterrupt):
                publish_until(settings, number, chance.choice(["file", "written", "before switch"]))
            change_at_random(settings, chance, number)
        if number % 7 == 0:
            rollback(settings, None, now=FIRST_BUILD_AT)
        publish_number(settings, 100 + number)
        require_files_as_served(settings, 100 + number)
    assert len(large_tables) > 10


def test_a_column_that_is_called_otherwise_is_published_by_its_new_name(
    tmp_path: Path, large_tables: list[str]
) -> None:
    """Rows have no names, so of all but one the hashes are as before."""
    settings = publishing_settings(tmp_path, keep_builds=3)
    fill_serving(settings, {ACME: 10}, rows=40)
    steps = [
        ["alter table serving.srv_sales_daily add column note integer default 1"],
        [
            "alter table serving.srv_sales_daily rename column note to remark",
            "update serving.srv_sales_daily set remark = 2 where sales_date = date '2026-01-01'",
        ],
    ]
    for number, changes in enumerate(steps, 1):
        with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
            for change in changes:
                connection.execute(change)
        publish_number(settings, number)
    with open_snapshot(settings, ACME) as snapshot:
        assert snapshot.rows("select sum(remark)::int as remarks from srv_sales_daily") == [{"remarks": 41}]


def change_at_random(settings: Settings, chance: random.Random, number: int) -> None:
    """One to three changes of what is served."""
    table, day = "serving.srv_sales_daily", f"date '2026-01-{chance.randint(1, 28):02d}'"
    company = chance.choice([ACME, BOLT])
    rows = f"where sales_date = {day}"
    changes = [
        f"update {table} set units = {number} {rows}",
        f"update {table} set margin_amount = null {rows} and company_id = '{company}'",
        f"delete from {table} {rows} and company_id = '{company}'",
        f"insert into {table} by name select * exclude (company_id), '{company}' as company_id"
        f" from {table} {rows}",
        f"insert into {table} by name select * replace (sales_date + {number} * 31 as sales_date)"
        f" from {table} {rows}",
        f"delete from {table} where company_id = '{company}' and hash(sales_date) % 2 = 0",
        f"alter table {table} add column if not exists column_{number} integer default {number}",
        f"create or replace table serving.srv_extra as select * from {table} where units <> {number}",
        f"insert into {table} by name select company_id, {day} + day::integer as sales_date,"
        f" {number} as units from serving.srv_company, range(30) as days (day)",
    ]
    weights = [8, 6, 6, 3, 6, 1, 1, 1, 2]
    with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
        for change in chance.choices(changes, weights, k=chance.randint(1, 3)):
            connection.execute(change)


def publish_until(settings: Settings, number: int, point: str) -> None:
    def reached(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    with hold_warehouse(settings) as warehouse:
        publish(
            warehouse,
            make_manifest(number),
            build_id=build_name(number),
            built_at=FIRST_BUILD_AT + timedelta(minutes=number),
            reached=reached,
        )


def require_files_as_served(settings: Settings, number: int) -> None:
    with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'serving'")
        names = [name for (name,) in tables.fetchall()]
        for company in (ACME, BOLT):
            file = settings.published_folder / build_name(number) / f"{company}.duckdb"
            connection.execute(f"attach '{file}' as published (read_only)")
            for name in names:
                served = f"from serving.{name} where company_id = '{company}'"
                found = f"from published.{name}"
                differing = f"({served} except all {found}) union all ({found} except all {served})"
                assert connection.execute(differing).fetchall() == [], (number, name)
            connection.execute("detach published")


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
