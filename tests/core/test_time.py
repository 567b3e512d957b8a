"""A company's day: as long as its clocks make it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.time import UnknownTimeZoneError, day_bounds, local_date, time_zone, utc_now

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Beirut",
]


def hours_of(day: date, zone: str) -> float:
    bounds = day_bounds(day, ZoneInfo(zone))
    return (bounds.end - bounds.start) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 1, 15), "Europe/Berlin", 24),
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 10, 4), "Australia/Lord_Howe", 23.5),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),  # midnight was skipped
        (date(2018, 2, 17), "America/Sao_Paulo", 25),  # at midnight it was 23:00 again
        (date(2026, 11, 1), "America/Havana", 25),  # midnight came twice
        (date(2011, 12, 30), "Pacific/Apia", 0),  # a day that was left out
        (date(2024, 2, 29), "Asia/Kathmandu", 24),
    ],
)
def test_days_are_as_long_as_clocks_make_them(day: date, zone: str, hours: float) -> None:
    assert hours_of(day, zone) == hours


def test_a_skipped_midnight_starts_the_day_at_its_first_instant() -> None:
    start = day_bounds(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")).start
    assert start == datetime(2018, 11, 4, 3, 0, tzinfo=UTC)
    assert start.astimezone(ZoneInfo("America/Sao_Paulo")).hour == 1


def test_a_gap_that_begins_before_midnight_starts_the_day_at_its_end() -> None:
    # Toronto put its clocks from 23:30 on 30 March 1919 to 00:30 on the 31st.
    zone = ZoneInfo("America/Toronto")
    start = day_bounds(date(1919, 3, 31), zone).start
    assert start.astimezone(zone).replace(tzinfo=None) == datetime(1919, 3, 31, 0, 30)  # noqa: DTZ001
    assert local_date(start - timedelta(seconds=1), zone) == date(1919, 3, 30)


@given(day=st.dates(date(1980, 1, 1), date(2037, 12, 31)), zone=st.sampled_from(ZONES))
def test_days_touch_and_hold_their_own_instants(day: date, zone: str) -> None:
    zone_info = ZoneInfo(zone)
    bounds = day_bounds(day, zone_info)
    assert bounds.end == day_bounds(day + timedelta(days=1), zone_info).start
    assert bounds.start.tzinfo is UTC
    if bounds.start < bounds.end:
        last = bounds.end - timedelta(microseconds=1)
        assert local_date(bounds.start, zone_info) == local_date(last, zone_info) == day
        assert local_date(bounds.start - timedelta(microseconds=1), zone_info) < day


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        local_date(datetime(2026, 1, 1), ZoneInfo("UTC"))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe", "/etc/localtime", "a\0b"])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(UnknownTimeZoneError, match="is not a time zone"):
        time_zone(name)


def test_now_is_in_utc() -> None:
    assert utc_now().tzinfo is UTC
    assert time_zone("Europe/Berlin").key == "Europe/Berlin"
