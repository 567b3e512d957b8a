"""The shop that the other tests of this folder measure holds all that they need."""

import pytest

from tests.support.measured_shop import MeasuredShop


@pytest.mark.parametrize(
    "rows",
    [
        "orders where customer_id is null",
        "orders where status = 'cancelled'",
        "orders where discount_amount > 0 and coupon_code is not null",
        "order_lines where cancelled_units between 1 and quantity_units - 1",
        # Half of what they cost without tax lies between two cents.
        "order_lines where cancelled_units * 2 = quantity_units and net_amount * 100 % 2 = 1",
        "order_lines where unit_cost_amount is null",
        "order_returns where status = 'refunded'",
        "payment_refunds where status = 'succeeded'",
        "payments where status = 'failed'",
        "receipt_lines where received_units > 0",
        "stock_transfers where status = 'sent'",
        "stock_levels where on_hand_units = 0",
        "product_views where customer_id is null",
        "carts where status = 'abandoned'",
        "coupon_redemption_orders where discount_amount > 0",
        "categories where level = 1",
        "price_history where reason = 'Promotion'",
    ],
)
def test_the_shop_has_rows_of_each_kind(measured_shop: MeasuredShop, rows: str) -> None:
    with measured_shop.database.connect("owner") as owner:
        assert owner.execute(f"select count(*) from {rows}").fetchone() != (0,)
