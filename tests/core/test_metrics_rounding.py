"""Money divided in SQL: exact, and half a cent goes away from zero."""

from decimal import Decimal

import duckdb
import pytest

from core.metrics.rounding import amount_per


@pytest.mark.parametrize(
    ("amount", "count", "digits", "expected"),
    [
        ("10.05", 2, 2, "5.03"),
        ("-10.05", 2, 2, "-5.03"),
        # Of a float, 4.674999… would be left.
        ("28.050000", 6, 6, "4.68"),
        ("28.049999", 6, 6, "4.67"),
        # Half a cent that only six digits tell from less.
        ("0.010000", 2, 6, "0.01"),
        ("0.009999", 2, 6, "0.00"),
        ("123456789012.010000", 2, 6, "61728394506.01"),
        ("1.00", 0, 2, None),
    ],
)
def test_an_amount_per_thing_is_rounded_half_away_from_zero(
    amount: str, count: int, digits: int, expected: str | None
) -> None:
    expression = amount_per("amount", "count", digits=digits)
    query = f"select {expression} from (select {amount}::decimal(38, {digits}) as amount, {count} as count)"
    (found,) = duckdb.sql(query).fetchall()[0]
    assert found == (None if expected is None else Decimal(expected))
