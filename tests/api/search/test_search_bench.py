"""The benchmark of search runs the SQL that the API sends, and both sides find the same."""

import pytest

from bench.search import SEARCHES, file_of, run, written
from core.settings import load_settings


@pytest.mark.parametrize("name", SEARCHES)
def test_the_file_of_a_search_is_what_the_api_sends(name: str) -> None:
    assert file_of(name).read_text(encoding="utf-8") == written(name), "run: python -m bench.search"


@pytest.mark.slow
def test_a_short_run_finds_the_same_on_both_sides_and_reports_ratios() -> None:
    figures = run(load_settings(), products=400, rounds=2).figures
    assert set(figures) == {
        "products",
        *(f"{name}_found" for name in SEARCHES),
        *(f"http_to_sql_{name}" for name in SEARCHES),
    }
    assert all(figures[f"http_to_sql_{name}"].ratio for name in SEARCHES)
