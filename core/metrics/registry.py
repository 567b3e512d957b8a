"""What each business figure means: one definition, shown wherever the figure is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """A business figure in words a manager reads.

    ``formula`` names columns of the serving tables; ``good_direction`` says which way is better.
    """

    name: str
    title: str
    definition: str
    formula: str
    unit: Literal["money", "orders", "units", "ratio"]
    good_direction: Literal["up", "down", "none"]


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "net_sales_amount",
            "Net sales",
            "Goods sold on the day the order was placed: without tax and shipping, after discounts and"
            " cancelled units, before returns.",
            "sum(net_sales_amount)",
            "money",
            "up",
        ),
        Metric(
            "orders_count",
            "Orders",
            "Orders placed and not cancelled as a whole.",
            "sum(orders_count)",
            "orders",
            "up",
        ),
        Metric(
            "average_order_value_amount",
            "Average order value",
            "Net sales per order.",
            "sum(net_sales_amount) / sum(orders_count)",
            "money",
            "up",
        ),
        Metric("units", "Units sold", "Units ordered and not cancelled.", "sum(units)", "units", "up"),
        Metric(
            "discount_amount",
            "Discounts",
            "What discounts took off the goods' price.",
            "sum(discount_amount)",
            "money",
            "down",
        ),
        Metric(
            "returns_amount",
            "Returns",
            "Refunds for goods, on the day they came back, whenever they were sold.",
            "sum(returns_amount)",
            "money",
            "down",
        ),
        Metric(
            "margin_amount",
            "Gross margin",
            "Net sales less the goods' cost as it was when they were ordered.",
            "sum(margin_amount)",
            "money",
            "up",
        ),
        Metric(
            "shipping_amount",
            "Shipping",
            "What customers were charged for shipping.",
            "sum(shipping_amount)",
            "money",
            "none",
        ),
        Metric(
            "tax_amount", "Tax", "Tax on goods that were not cancelled.", "sum(tax_amount)", "money", "none"
        ),
    )
}
