"""Decisions on carts, whatever the numbers."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from api.carts.rules import CartPolicy, Line, LineKey, Terms, merge_lines, problems_of
from api.inventory.cart_holds import FreeLevel, WantedHold, share_out

KEYS = [(UUID(int=place), UUID(int=99)) for place in range(5)]
PRICE = Decimal(1)
UNITS = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 30), max_size=5)
STOCK = st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.booleans()), min_size=5, max_size=5)


@settings(max_examples=300, deadline=None)
@given(UNITS, UNITS, STOCK, st.integers(1, 6), st.integers(1, 40))
def test_a_merge_loses_no_unit_and_adds_none_that_does_not_fit(
    own: dict[LineKey, int],
    others: dict[LineKey, int],
    stock: list[tuple[bool, int, bool]],
    most_lines: int,
    most_units: int,
) -> None:
    terms = {
        key: Terms(is_sold, False, PRICE, available, backorder)
        for key, (is_sold, available, backorder) in zip(KEYS, stock, strict=True)
    }
    merge = merge_lines(
        [Line(key, count, PRICE) for key, count in own.items()],
        [Line(key, count, PRICE) for key, count in others.items()],
        terms,
        CartPolicy(most_lines, most_units, 5, 200, timedelta(days=1)),
    )
    after = own | {line.key: line.quantity_units for line in merge.lines}
    saved = {one.line.key: one.line.quantity_units for one in merge.saved}
    assert len(merge.lines) == len({line.key for line in merge.lines})
    assert len(after) <= max(most_lines, len(own))
    for key in KEYS:
        assert own.get(key, 0) + others.get(key, 0) == after.get(key, 0) + saved.get(key, 0)
        assert after.get(key, 0) >= own.get(key, 0)
        if after.get(key, 0) > own.get(key, 0):
            assert after[key] <= most_units
            assert terms[key].can_give(after[key])
            assert terms[key].is_sold


def test_goods_on_backorder_are_never_too_few() -> None:
    terms = Terms(True, False, PRICE, available_units=0, allow_backorder=True)
    assert problems_of(terms, quantity_units=5, accepted_unit_price_amount=PRICE) == ()


def test_two_lines_never_hold_the_same_unit() -> None:
    """Two shops that draw on one location share what is there."""
    variant, location, other = UUID(int=1), UUID(int=2), UUID(int=3)
    first, second = UUID(int=11), UUID(int=12)
    wanted = [WantedHold(UUID(int=21), variant, first, 4), WantedHold(UUID(int=22), variant, second, 4)]
    free = [
        FreeLevel(location, variant, first, 5, 0),
        FreeLevel(location, variant, second, 5, 0),
        FreeLevel(other, variant, second, 1, 0),
    ]
    held = [(hold.line_id.int, hold.location_id, hold.units) for hold in share_out(wanted, free)]
    assert held == [(21, location, 4), (22, location, 1), (22, other, 1)]
