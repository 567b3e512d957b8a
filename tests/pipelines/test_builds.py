"""The way back to an older build: checked first, at once, on record, and over with the next publication."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from core.published import BUILD_FILE, PLATFORM, current_build, open_snapshot
from core.settings import Settings
from core.warehouse import WarehouseBusyError, hold_warehouse
from pipelines.builds import RollbackError, list_builds, rollback
from tests.support.publishing import (
    ACME,
    BOLT,
    build_name,
    fill_serving,
    publish_number,
    published_bytes,
    publishing_settings,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
_MOST = "select max(net_sales_amount)::integer as most from srv_sales_daily"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three builds, in which ACME sold 1, 2 and 3 a day; BOLT always the same."""
    settings = publishing_settings(tmp_path)
    for number in (1, 2, 3):
        fill_serving(settings, {ACME: number, BOLT: 7})
        publish_number(settings, number)
    return settings


def most(settings: Settings) -> int:
    with open_snapshot(settings, ACME) as snapshot:
        return int(snapshot.rows(_MOST)[0]["most"])


def test_readers_go_back_to_the_build_before_and_the_next_publication_is_newest_again(
    settings: Settings,
) -> None:
    done = rollback(settings, None, now=NOW)

    assert (done.from_build_id, done.to_build_id) == (build_name(3), build_name(2))
    assert most(settings) == 2
    report = list_builds(settings)
    assert [(build.build_id, build.is_current, build.companies) for build in report.builds] == [
        (build_name(3), False, 2),
        (build_name(2), True, 2),
        (build_name(1), False, 2),
    ]
    assert report.rollbacks == [done]

    fill_serving(settings, {ACME: 4, BOLT: 7})
    published = publish_number(settings, 4)
    assert (most(settings), published.written, published.linked) == (4, 1, 1)
    assert [build.build_id for build in list_builds(settings).builds] == [
        build_name(4),
        build_name(3),
        build_name(2),
    ]


def test_a_named_build_is_taken_and_the_one_that_readers_have_is_kept_when_others_go(
    settings: Settings,
) -> None:
    assert rollback(settings, build_name(1), now=NOW).to_build_id == build_name(1)
    assert most(settings) == 1
    with pytest.raises(RollbackError, match="No build before build-00001 is kept"):
        rollback(settings, None, now=NOW)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:8192])


def _change(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("update srv_sales_daily set units = 9")


def _garble(file: Path) -> None:
    file.write_text("{", encoding="utf-8")


def _remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("damage", "name", "sentence"),
    [
        (_cut, f"{ACME}.duckdb", "is damaged: .* cannot be read"),
        (_change, f"{ACME}.duckdb", f"the file of company {ACME} does not hold what was published"),
        (_remove, f"{BOLT}.duckdb", f"is damaged: {BOLT}.duckdb is missing"),
        (_remove, f"{PLATFORM}.duckdb", "is damaged: platform.duckdb is missing"),
        (_garble, BUILD_FILE, "is damaged: build.json cannot be read"),
    ],
)
def test_a_damaged_build_is_refused_and_readers_keep_theirs(
    settings: Settings, damage: Callable[[Path], None], name: str, sentence: str
) -> None:
    file = settings.published_folder / build_name(1) / name
    file.chmod(0o644)
    damage(file)
    before = published_bytes(settings)

    with pytest.raises(RollbackError, match=sentence):
        rollback(settings, build_name(1), now=NOW)

    assert published_bytes(settings) == before
    build = current_build(settings)
    assert build is not None
    assert build.build_id == build_name(3)


def test_what_is_no_older_build_is_refused_with_the_builds_that_are_kept(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(RollbackError, match=r"There is no build \.\./lake") as refusal:
        rollback(settings, "../lake", now=NOW)
    assert build_name(1) in (refusal.value.hint or "")
    with pytest.raises(RollbackError, match="Readers see build build-00003 already"):
        rollback(settings, build_name(3), now=NOW)
    with hold_warehouse(settings), pytest.raises(WarehouseBusyError):
        rollback(settings, None, now=NOW)
    with pytest.raises(RollbackError, match="Nothing is published yet"):
        rollback(publishing_settings(tmp_path / "empty"), None, now=NOW)
    assert list_builds(settings).rollbacks == []


def test_a_build_that_another_engine_marked_can_be_taken(settings: Settings) -> None:
    """Its marks say nothing here; that all its rows can be read does."""
    file = settings.published_folder / build_name(2) / BUILD_FILE
    content = json.loads(file.read_text(encoding="utf-8"))
    marks = {company: dict.fromkeys(tables, "other") for company, tables in content["marks"].items()}
    file.write_text(json.dumps({**content, "engine": "duckdb 0.1", "marks": marks}), encoding="utf-8")

    assert rollback(settings, None, now=NOW).to_build_id == build_name(2)
