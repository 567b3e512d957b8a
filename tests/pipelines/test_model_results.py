"""Model results in the lake: a company that did not change keeps its rows, and rows and hashes agree."""

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from core.lake import newest_result, results_folder
from core.progress import SilentProgress
from core.results import RESULTS
from core.settings import Settings, load_settings
from models.replenishment import PlanSettings, ReplenishmentInputError
from pipelines.companies import ModelledCompany, parse_plan_settings
from pipelines.model_results import (
    CompanyResults,
    CompanyWork,
    Frames,
    ModelRun,
    WrittenResults,
    known_inputs,
    write_results,
)

GROUP = ("recommendations_popular", "recommendations_together")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path, "keep_builds": 2})


def results(item: str, input_hash: str) -> CompanyResults:
    popular = pl.DataFrame({"item_id": [item], "rank": [1], "score": [0.5], "buyers": [3]})
    together = pl.DataFrame({"item_id": [item], "other_item_id": ["x"], "rank": [1], "score": [0.5]})
    return CompanyResults(
        input_hash,
        {
            "recommendations_popular": popular,
            "recommendations_together": together.with_columns(common_baskets=2),
        },
    )


def write(settings: Settings, run_id: str, computed: dict[str, CompanyResults], kept: list[str]) -> None:
    write_results(settings, GROUP, run_id=run_id, computed_at=NOON, computed=computed, kept=kept)


def read(settings: Settings, name: str) -> list[tuple[object, ...]]:
    file = newest_result(settings, name)
    assert file is not None
    return pl.read_parquet(file).select("company_id", "run_id", "item_id").sort("company_id").rows()


def test_an_unchanged_company_keeps_its_rows_and_the_run_that_made_them(settings: Settings) -> None:
    write(settings, "1", {"a": results("one", "hash a"), "b": results("two", "hash b")}, [])
    write(settings, "2", {"a": results("three", "hash a2")}, ["b"])
    expected = [("a", "2", "three"), ("b", "1", "two")]
    assert [read(settings, name) for name in GROUP] == [expected, expected]
    assert known_inputs(settings, GROUP) == {"a": "hash a2", "b": "hash b"}


def test_a_company_that_is_gone_leaves_the_results(settings: Settings) -> None:
    write(settings, "1", {"a": results("one", "hash a"), "b": results("two", "hash b")}, [])
    write(settings, "2", {}, ["b"])
    assert read(settings, "recommendations_popular") == [("b", "1", "two")]
    assert known_inputs(settings, GROUP) == {"b": "hash b"}


def test_every_result_has_the_registered_columns_even_without_companies(settings: Settings) -> None:
    write(settings, "1", {}, [])
    for name in GROUP:
        file = newest_result(settings, name)
        assert file is not None
        assert pl.read_parquet(file).columns == list(RESULTS[name])


def test_files_of_old_runs_are_removed(settings: Settings) -> None:
    for run_id in ("1", "2", "3"):
        write(settings, run_id, {"a": results("one", "h")}, [])
    files = {file.name for file in results_folder(settings, GROUP[0]).iterdir()}
    assert files == {"2.parquet", "3.parquet"}


def run_model(
    settings: Settings,
    run_id: str,
    hashes: dict[str, str],
    *,
    spent: Collection[str] = (),
    **run: Any,
) -> WrittenResults:
    """Run a model that names the run in its rows; ``spent`` are companies whose rows serve no longer."""
    dated = {"name": "A", "slug": "a", "horizon_date": date(2026, 11, 21), "planning_settings": None}
    warehouse: Any = SimpleNamespace(
        settings=settings, rows=lambda sql: [dated | {"company_id": company} for company in hashes]
    )

    def work_of(company: ModelledCompany) -> CompanyWork:
        def compute(note: Callable[[str], None]) -> Frames:
            return results(f"made by {run_id}", "").frames

        return CompanyWork(hashes[company.id], compute, can_keep=company.id not in spent)

    asked = ModelRun(run_id, NOON, **{"is_full": False, "anew": (), "progress": SilentProgress()} | run)
    return asked.write(warehouse, GROUP, title="recommend", work_of=work_of)


@pytest.mark.parametrize(
    ("asked", "computed"),
    [
        ({}, {"b"}),
        ({"anew": ["a"]}, {"a", "b"}),
        ({"spent": ["c"]}, {"b", "c"}),
        ({"is_full": True}, {"a", "b", "c"}),
    ],
    ids=["changed", "anew", "spent", "full"],
)
def test_a_model_computes_what_changed_and_what_it_is_told_to(
    settings: Settings, asked: dict[str, Any], computed: set[str]
) -> None:
    run_model(settings, "1", {"a": "1", "b": "1", "c": "1"})
    written = run_model(settings, "2", {"a": "1", "b": "2", "c": "1"}, **asked)
    assert (written.computed, written.kept) == (len(computed), 3 - len(computed))
    assert {company for company, run, _ in read(settings, GROUP[0]) if run == "2"} == computed
    assert known_inputs(settings, GROUP) == {"a": "1", "b": "2", "c": "1"}


def test_a_companys_own_planning_settings_are_read_and_the_rest_stays() -> None:
    own = parse_plan_settings(
        {"review_days": 14, "working_weekdays": "123456", "holidays": ["2026-12-25"], "theme": "dark"}
    )
    assert own.review_days == 14
    assert own.carrying_rate_ratio == PlanSettings().carrying_rate_ratio
    assert own.calendar.days_per_week == 6
    assert own.calendar.holidays == (date(2026, 12, 25),)


@pytest.mark.parametrize(
    "given",
    [
        {"review_days": 0},
        {"review_days": 7.5},
        {"review_days": "weekly"},
        {"review_days": True},
        {"holidays": ["Christmas"]},
    ],
)
def test_planning_settings_that_make_no_sense_are_refused(given: dict[str, object]) -> None:
    with pytest.raises((ReplenishmentInputError, TypeError, ValueError)):
        parse_plan_settings(given)
