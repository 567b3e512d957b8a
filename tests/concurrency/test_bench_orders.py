"""The benchmark of orders runs, counts every order, and reports what issue and docs promise."""

import json
from dataclasses import asdict

import pytest

from bench.orders import run
from bench.report import BenchResult
from core.settings import load_settings

pytestmark = pytest.mark.slow


def test_a_short_run_reports_rates_latencies_and_a_closed_account() -> None:
    result = run(load_settings(), seconds=1, rounds=2, clients=(2,))
    written = json.loads(json.dumps(asdict(result)))
    assert set(written) == {"name", "figures"}
    assert set(written["figures"]) == {
        "http_to_pgbench_c2",
        "http_p50_c2",
        "http_p99_c2",
        "http_p99_to_p50_c2",
        "hot_to_pgbench_c2",
        "hot_http_p50_c2",
        "hot_http_p99_c2",
        "placements_at_once",
        "orders_stored_to_acknowledged",
    }
    for figure in written["figures"].values():
        assert set(figure) == {"value", "unit", "baseline", "ratio"}
        assert figure["ratio"] is None or figure["ratio"] > 0
    assert written["figures"]["orders_stored_to_acknowledged"]["ratio"] == 1


def test_a_ratio_is_value_over_baseline() -> None:
    result = BenchResult("example")
    result.add("rate", 3.0, "orders/s", baseline=4.0)
    result.add("seconds", 2.0, "s")
    assert (result.figures["rate"].ratio, result.figures["seconds"].ratio) == (0.75, None)
