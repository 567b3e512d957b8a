"""Lead times in working days, from receipts and from what is still missing."""

from datetime import date, timedelta

import numpy as np
import pytest

from models.replenishment.arrivals import ArrivalDraws
from models.replenishment.calendars import WorkingCalendar
from models.replenishment.lead_times import LeadTime, draw_lead_times, kaplan_meier, learn_lead_times
from models.replenishment.settings import PlanSettings
from tests.models.model_inputs import AS_OF, make_receipts

MONDAY = date(2026, 3, 2)


def moved(start: date, working_days: int, calendar: WorkingCalendar) -> date:
    day = calendar.add(np.array([start], dtype="datetime64[D]"), np.array([working_days]))[0]
    return date.fromisoformat(str(day))


def test_five_working_days_from_friday_skip_the_weekend() -> None:
    assert moved(date(2026, 7, 3), 5, WorkingCalendar()) == date(2026, 7, 10)


def test_holidays_are_not_working_days() -> None:
    calendar = WorkingCalendar(holidays=(date(2026, 12, 25), date(2027, 1, 1)))
    assert moved(date(2026, 12, 24), 1, calendar) == date(2026, 12, 28)
    assert moved(date(2026, 12, 24), 6, calendar) == date(2027, 1, 5)


def test_a_week_of_six_working_days() -> None:
    calendar = WorkingCalendar(weekdays=(True, True, True, True, True, True, False))
    assert moved(date(2026, 7, 3), 5, calendar) == date(2026, 7, 9)
    assert calendar.from_calendar_days(7) == 6


def test_a_lead_time_is_counted_in_working_days() -> None:
    # Friday to the next Friday: five working days, though seven days passed.
    history = make_receipts([("s1", "v1", date(2026, 3, 6), date(2026, 3, 13), 10)])
    book = learn_lead_times(history, as_of=AS_OF, calendar=WorkingCalendar())
    assert book.by_supplier["s1"][0].days.tolist() == [5]


def test_partial_receipts_weigh_by_units_and_count_as_one_order() -> None:
    history = make_receipts(
        [
            ("s1", "v1", MONDAY, MONDAY + timedelta(days=2), 30),
            ("s1", "v1", MONDAY, MONDAY + timedelta(days=9), 10),
        ]
    )
    lead_time, n_orders = learn_lead_times(history, as_of=AS_OF, calendar=WorkingCalendar()).by_variant[
        ("s1", "v1")
    ]
    assert lead_time.days.tolist() == [2, 7]
    assert lead_time.chances.tolist() == [0.75, 0.25]
    assert n_orders == 1


def test_open_orders_make_a_late_supplier_look_late() -> None:
    received = [("s1", "v1", MONDAY, MONDAY + timedelta(days=4), 10) for _ in range(1)]
    waiting = [("s1", "v2", MONDAY, None, 10)]
    without = learn_lead_times(make_receipts(received), as_of=AS_OF, calendar=WorkingCalendar())
    with_open = learn_lead_times(make_receipts(received + waiting), as_of=AS_OF, calendar=WorkingCalendar())
    assert without.by_supplier["s1"][0].days.tolist() == [4]
    assert with_open.by_supplier["s1"][0].chances.tolist() == [0.5, 0.5]
    age = int(np.busday_count(MONDAY, AS_OF))
    assert with_open.by_supplier["s1"][0].days.tolist() == [4, age + 1]


def test_receipts_after_the_day_of_the_plan_are_not_known() -> None:
    history = make_receipts([("s1", "v1", AS_OF - timedelta(days=3), AS_OF + timedelta(days=1), 5)])
    assert not learn_lead_times(history, as_of=AS_OF, calendar=WorkingCalendar()).by_supplier


def test_kaplan_meier_without_open_orders_is_the_plain_distribution() -> None:
    fit = kaplan_meier(np.array([3, 5, 5, 9]), np.ones(4), np.zeros(4, dtype=bool))
    assert fit.days.tolist() == [3, 5, 9]
    assert fit.chances.tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_few_orders_are_shrunk_to_the_supplier_and_to_the_quote() -> None:
    history = make_receipts([("s1", "v1", MONDAY, MONDAY + timedelta(days=1), 10)])
    book = learn_lead_times(history, as_of=AS_OF, calendar=WorkingCalendar())
    # One order weighs 1/6; quoted 14 calendar days are 10 working days.
    other = book.lead_time("s1", "v2", 14)
    assert other.days.tolist() == [1, 10]
    assert other.chances.tolist() == pytest.approx([1 / 6, 5 / 6])
    same = book.lead_time("s1", "v1", 14)
    assert same.chances.tolist() == pytest.approx([1 / 6 + 5 / 6 / 6, 25 / 36])
    unknown = book.lead_time("s9", "v1", 14)
    assert unknown.days.tolist() == [10]


def test_draws_follow_the_distribution_and_the_seed() -> None:
    lead_time = LeadTime(np.array([2, 6]), np.array([0.7, 0.3]))
    drawn = draw_lead_times(lead_time, n_draws=20_000, seed=4)
    assert (drawn == 6).mean() == pytest.approx(0.3, abs=0.01)
    np.testing.assert_array_equal(drawn, draw_lead_times(lead_time, n_draws=20_000, seed=4))


def arrival_of(sent: date, expected: date | None) -> np.ndarray:
    book = learn_lead_times(make_receipts(), as_of=AS_OF, calendar=WorkingCalendar())
    draws = ArrivalDraws(book, PlanSettings(), AS_OF, 500, seed=1)
    lead_time = LeadTime(np.array([3, 10]), np.array([0.5, 0.5]))
    return draws.of_open_order("s1", lead_time, sent_date=sent, expected_date=expected)


def test_an_overdue_order_is_redrawn_from_what_is_still_possible() -> None:
    # Sent seven working days ago: three are impossible, ten are left, three of them ahead.
    days = arrival_of(AS_OF - timedelta(days=9), AS_OF - timedelta(days=4))
    assert np.unique(days).tolist() == [5]


def test_an_order_older_than_any_seen_comes_like_a_new_one() -> None:
    days = arrival_of(AS_OF - timedelta(days=90), None)
    assert np.unique(days).tolist() == [5, 14]


def test_a_promise_far_beyond_the_usual_is_believed() -> None:
    days = arrival_of(AS_OF, AS_OF + timedelta(days=60))
    assert np.unique(days).tolist() == [60]
