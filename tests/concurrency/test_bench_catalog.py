"""The benchmark of the catalogue runs, and every page and row of it is accounted for."""

import pytest

from bench.catalog import run
from core.settings import load_settings

pytestmark = pytest.mark.slow


def test_a_short_run_reports_pages_and_files_beside_their_baselines() -> None:
    figures = run(load_settings(), products=200, rows=300, seconds=0.5, rounds=1).figures
    assert set(figures) == {
        "product_page_to_constant",
        "import_new_per_minute",
        "import_again_per_minute",
        "import_changed_per_minute",
        "products",
    }
    for title, figure in figures.items():
        assert figure.value > 0, title
        assert title == "products" or figure.ratio is not None
