"""The demo's rows without a database: the same seed and day make the same rows."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from pipelines.demo.catalogue import load_companies
from pipelines.demo.generate import build_tables, default_as_of

AS_OF = date(2026, 11, 21)

pytestmark = pytest.mark.slow


def test_same_seed_and_day_make_the_same_rows() -> None:
    plan = load_companies()[1]
    first, second = (build_tables(plan, seed=7, as_of=AS_OF) for _ in range(2))
    assert [table for table, _ in first] == [table for table, _ in second]
    for (table, one), (_, other) in zip(first, second, strict=True):
        assert one.equals(other), table


def test_another_seed_makes_other_sales() -> None:
    plan = load_companies()[1]
    first, second = (dict(build_tables(plan, seed=seed, as_of=AS_OF)) for seed in (7, 8))
    assert not first["order_lines"].equals(second["order_lines"])
    assert first["products"].equals(second["products"])


@pytest.mark.parametrize("as_of", [date(2026, 2, 28), date(2027, 7, 4), date(2028, 3, 1)])
def test_story_does_not_depend_on_the_day(as_of: date) -> None:
    plan = load_companies()[0]
    tables = dict(build_tables(plan, seed=7, as_of=as_of))
    orders = tables["orders"]
    placed = orders["placed_at"].dt.convert_time_zone(plan.timezone).dt.date()
    assert placed.max() == date.fromordinal(as_of.toordinal() - 1)
    open_restocks = tables["restock_orders"].filter(pl.col("status").is_in(["sent", "partly_received"]))
    assert open_restocks.filter(pl.col("expected_date") < as_of).height >= 1
    assert set(orders["status"]) >= {"pending", "confirmed", "shipped", "completed", "cancelled", "returned"}


def test_yen_have_no_decimals() -> None:
    tables = dict(build_tables(load_companies()[2], seed=7, as_of=AS_OF))
    lines = tables["order_lines"]
    for column in ("line_amount", "net_amount", "tax_amount", "gross_amount", "unit_price_amount"):
        assert (lines[column] == lines[column].round(0)).all(), column


@pytest.mark.parametrize(
    ("now", "newest_sales"),
    [
        (datetime(2026, 11, 21, 12, tzinfo=UTC), {"London": 20, "New_York": 20, "Tokyo": 20}),
        (datetime(2026, 11, 21, 20, tzinfo=UTC), {"London": 20, "New_York": 20, "Tokyo": 21}),
        (datetime(2026, 11, 21, 0, 30, tzinfo=UTC), {"London": 20, "New_York": 19, "Tokyo": 20}),
    ],
)
def test_history_ends_with_yesterday_where_the_company_lives(
    now: datetime, newest_sales: dict[str, int]
) -> None:
    """The last whole day of nobody is without sales, whenever the demo is made."""
    days = {plan.timezone.partition("/")[2]: default_as_of(plan, now) for plan in load_companies()}
    assert days == {zone: date(2026, 11, day + 1) for zone, day in newest_sales.items()}
