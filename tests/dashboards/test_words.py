"""How numbers and times are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dashboards.ui.words import age, change, headline, item_name, known, local, money, percent

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (Decimal("27095.43"), "GBP", "27,095.43 GBP"),
        ("1200.00", "JPY", "1,200 JPY"),
        (Decimal("-0.5"), "EUR", "-0.50 EUR"),
        (0, "EUR", "0.00 EUR"),
        (None, "EUR", "–"),
    ],
)
def test_money_has_the_currencys_decimals_and_code(amount: object, currency: str, written: str) -> None:
    assert money(amount, currency) == written  # type: ignore[arg-type]


def test_headlines_drop_cents_from_a_thousand_on() -> None:
    assert headline(Decimal("999.99"), "EUR") == "999.99"
    assert headline(Decimal("1000.49"), "EUR") == "1,000"
    assert headline(Decimal("38"), "JPY") == "38"
    assert headline(None, "EUR") == "–"


def test_change_is_relative_to_the_size_of_what_was() -> None:
    assert change(Decimal(1190), Decimal(700)) == "+70.0%"
    assert change(-50, -100) == "+50.0%"
    assert change(5, 0) is None
    assert change(None, 5) is None


@pytest.mark.parametrize(
    ("passed", "written"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=119), "just now"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_age_is_in_the_largest_unit_that_matters(passed: timedelta, written: str) -> None:
    assert age(NOW - passed, NOW) == written


def test_instants_are_written_in_the_companys_zone() -> None:
    assert local(NOW, "Asia/Tokyo") == "2026-11-21 21:00"


def test_nothing_is_a_dash_and_zero_is_zero() -> None:
    assert (known(None), known(0), percent(None), percent(0.0)) == ("–", "0", "–", "0%")


def test_a_variant_is_named_with_its_product() -> None:
    assert item_name({"product_name": "Lamp", "variant_name": "Black"}) == "Lamp, Black"
    assert item_name({"product_name": "Lamp", "variant_name": None}) == "Lamp"
