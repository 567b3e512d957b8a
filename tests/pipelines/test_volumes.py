"""A day's rows beside the same weekdays before, by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lake import ControlTotal
from core.runs import ReconciliationRecord, VolumeRecord
from pipelines.quality.daily import describe_volumes, shrunk_tables
from pipelines.quality.volumes import LEAST_WEEKS, judge_day

# Median 100, absolute deviations 10, 10, 0, 20, 0, 5, 5, 0: their median is 5, and 5 × 1.4826 = 7.4 is less
# than the noise of counting, the square root of 100.
WEEKS = [90, 110, 100, 120, 100, 95, 105, 100]


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        (60, "usual"),
        (140, "usual"),
        (59, "unusual"),
        (141, "unusual"),
        (50, "unusual"),
        (49, "sudden"),
        (0, "sudden"),
        (1000, "unusual"),
        (1001, "sudden"),
    ],
)
def test_four_spreads_from_the_median_are_unusual_and_half_or_ten_times_it_sudden(
    rows: int, status: str
) -> None:
    verdict = judge_day(rows, WEEKS, limit=4.0)
    assert verdict is not None
    assert (verdict.usual_rows, verdict.least_rows, verdict.most_rows) == (100, 60, 140)
    assert (verdict.status, verdict.weeks) == (status, 8)


def test_weeks_that_differ_much_widen_the_band() -> None:
    # Median 100, deviations 60, 40, 0, 40, 60: their median 40 × 1.4826 = 59.304.
    verdict = judge_day(200, [40, 60, 100, 140, 160], limit=4.0)
    assert verdict is not None
    assert (verdict.least_rows, verdict.status) == (0, "usual")
    assert verdict.most_rows == pytest.approx(100 + 4 * 59.304)


def test_one_wild_week_moves_nothing() -> None:
    calm, wild = judge_day(40, WEEKS, limit=4.0), judge_day(40, [*WEEKS[:-1], 1_000_000], limit=4.0)
    assert calm is not None
    assert wild is not None
    assert wild.status == calm.status == "sudden"


def test_a_small_shop_raises_no_alarm_by_selling_nothing() -> None:
    for usual, status in ((3, "usual"), (19, "unusual"), (20, "sudden")):
        verdict = judge_day(0, [usual] * LEAST_WEEKS, limit=4.0)
        assert verdict is not None
        assert verdict.status == status


def test_too_few_weeks_are_no_history() -> None:
    assert judge_day(0, WEEKS[: LEAST_WEEKS - 1], limit=4.0) is None


@given(
    history=st.lists(st.integers(0, 10_000), min_size=LEAST_WEEKS, max_size=12),
    rows=st.integers(0, 100_000),
    seed=st.randoms(),
)
def test_the_usual_day_is_usual_and_the_order_of_weeks_is_irrelevant(
    history: list[int], rows: int, seed: object
) -> None:
    shuffled = sorted(history)
    verdict = judge_day(rows, history, limit=4.0)
    assert verdict == judge_day(rows, shuffled, limit=4.0)
    usual = judge_day(shuffled[len(shuffled) // 2], history, limit=4.0)
    assert verdict is not None
    assert usual is not None
    assert verdict.least_rows <= verdict.usual_rows <= verdict.most_rows
    if len(history) % 2:
        assert usual.status == "usual"


def test_a_table_that_lost_half_of_its_rows_is_named_and_one_that_is_swept_is_not() -> None:
    def before(table: str, rows: int) -> ReconciliationRecord:
        return ReconciliationRecord(
            company_id="a", table=table, rows_source=rows, rows_lake=rows, units_source=0,
            units_warehouse=0, cents_source=0, cents_warehouse=0, is_equal=True,
        )  # fmt: skip

    def now(table: str, rows: int) -> ControlTotal:
        return ControlTotal(company_id="a", table=table, rows=rows, units=0, cents=0)

    lines = [before(name, 200) for name in ("orders", "payments", "carts", "reviews")] + [before("tags", 99)]
    totals = [now("orders", 99), now("payments", 100), now("carts", 0), now("tags", 0)]
    assert [line.table for line in shrunk_tables(lines, totals)] == ["orders", "reviews"]


def test_an_alarm_names_the_day_and_the_first_three_tables() -> None:
    records = [
        VolumeRecord(
            company_id="a", table=table, day=date(2026, 11, 20), rows=12, usual_rows=1048, least_rows=900.4,
            most_rows=1200, weeks=8, status="sudden",
        )
        for table in ("orders", "payments", "carts", "product_views")
    ]  # fmt: skip
    assert describe_volumes(records) == (
        "Unusual on Friday 2026-11-20: orders 12 rows, usually 1,048 (900 to 1,200); payments 12 rows,"
        " usually 1,048 (900 to 1,200); carts 12 rows, usually 1,048 (900 to 1,200) and 1 more tables."
        " Is that what happened in the shop?"
    )
