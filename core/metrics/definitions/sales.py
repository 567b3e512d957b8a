"""Sales: what was ordered, what it brought, what came back."""

from __future__ import annotations

from core.metrics.metric import Rollup, Source
from core.metrics.subject import Subject

_BY_SHOP = {"shop": "shop_id"}
_PLACED = "sales_date: day the order was placed, company's time zone"
_RETURNED = "sales_date: day the goods came back, company's time zone"
_GRAIN = "company, shop, variant, day"
_NOT_CANCELLED = "cancelled units and orders are left out"
_WHOLE = "orders of which every unit was cancelled are left out"
_COSTED = f"{_NOT_CANCELLED}; lines without a known cost are left out"

SOURCES = (
    Source("sales", "srv_sales_daily", "sales_date", _BY_SHOP),
    Source(
        "product_sales",
        "srv_product_sales_daily",
        "sales_date",
        {**_BY_SHOP, "product": "product_id", "variant": "variant_id"},
        rollups=(Rollup("srv_sales_daily", _BY_SHOP),),
    ),
)

_GOODS = Subject("product_sales", grain=_GRAIN, time=_PLACED, unit="money", good="up")
_RETURNS = Subject(
    "product_sales",
    grain=_GRAIN,
    time=_RETURNED,
    unit="money",
    good="down",
    filters="returns that were received or refunded",
)
_ORDERS = Subject("sales", grain="company, shop, day", time=_PLACED, unit="orders", good="up")

METRICS = (
    _GOODS.sum(
        "net_sales_amount", "Net sales",
        "Goods sold on the day the order was placed: without tax and shipping, after discounts and cancelled"
        " units, before returns; of a line cancelled in part, what the cancelled units' share, rounded to"
        " the cent, leaves.",
        filters=_NOT_CANCELLED,
    ),
    _GOODS.sum(
        "gross_sales_amount", "Gross sales",
        "Net sales plus their tax: what customers were charged for the goods, without shipping, after"
        " discounts and cancelled units, before returns; of a line cancelled in part, what the cancelled"
        " units' share, rounded to the cent as it was given back, leaves.",
        "net_sales_amount + tax_amount", filters=_NOT_CANCELLED,
    ),
    _GOODS.sum(
        "list_sales_amount", "Sales at list price",
        "Goods that were not cancelled at their price before discount; with tax if prices have it in them."
        " Of a line cancelled in part, what the cancelled units' share, rounded to the cent, leaves.",
        filters=_NOT_CANCELLED,
    ),
    _GOODS.sum(
        "discount_amount", "Discounts",
        "What discounts took off the goods' price: what is between it and the price after discount, line by"
        " line; cancelled units are left out.",
        good="down", filters=_NOT_CANCELLED,
    ),
    _GOODS.sum(
        "tax_amount", "Tax",
        "Tax on goods that were not cancelled, on the day the order was placed: what is between gross and"
        " net sales, line by line.",
        good="none", filters=_NOT_CANCELLED,
    ),
    _ORDERS.sum(
        "shipping_amount", "Shipping",
        "What customers were charged for shipping on orders that were not cancelled, on the day the order"
        " was placed.",
        unit="money", good="none", filters="cancelled orders are left out",
    ),
    _ORDERS.sum(
        "orders_count", "Orders",
        "Orders placed and not cancelled as a whole.",
        filters=_WHOLE,
    ),
    _ORDERS.sum(
        "guest_orders_count", "Guest orders",
        "Orders without a customer, of people who have neither account nor record; not cancelled as a whole.",
        good="none", filters=_WHOLE,
    ),
    _GOODS.sum(
        "units", "Units sold",
        "Units ordered and not cancelled.",
        unit="units", filters=_NOT_CANCELLED,
    ),
    _RETURNS.sum(
        "returned_units", "Units returned",
        "Units that came back, on the day they came back, whenever they were sold.",
        unit="units",
    ),
    _RETURNS.sum(
        "returns_amount", "Returns",
        "Refunds for goods, without tax where the sale is known, on the day they came back, whenever sold.",
    ),
    _RETURNS.sum(
        "returns_tax_amount", "Tax refunded",
        "Tax in the refunds for goods, on the day they came back.",
        good="none",
    ),
    _GOODS.sum(
        "cost_amount", "Cost of goods",
        "Cost of the units sold, as it was when they were ordered; goods without a known cost count nothing.",
        good="none", filters=_COSTED,
    ),
    _GOODS.sum(
        "costed_net_sales_amount", "Net sales with known cost",
        "Net sales of the lines whose cost is known: what the margin is measured on.",
        good="none", filters=_COSTED,
    ),
    _GOODS.sum(
        "margin_amount", "Gross margin",
        "Net sales less the goods' cost as it was when they were ordered, before returns; goods without a"
        " known cost are left out.",
        filters=_COSTED,
    ),
    _GOODS.share(
        "discount_ratio", "Discount rate",
        "Discounts as a share of the goods' price before discount.",
        "discount_amount", "list_sales_amount", good="down",
    ),
    _GOODS.share(
        "margin_ratio", "Margin rate",
        "Gross margin as a share of the net sales whose cost is known.",
        "margin_amount", "costed_net_sales_amount",
    ),
    _GOODS.measure(
        "net_sales_after_returns_amount", "Net sales after returns",
        "Net sales of the days less the refunds of the same days, both without tax.",
        "net_sales_amount - returns_amount", needs=("net_sales_amount", "returns_amount"),
        time=f"{_PLACED}; returns on the day they came back",
    ),
    _GOODS.share(
        "returns_units_ratio", "Returns rate (units)",
        "Units that came back in these days, as a share of the units sold in these days.",
        "returned_units", "units", good="down",
    ),
    _GOODS.share(
        "returns_amount_ratio", "Returns rate (money)",
        "Refunds of these days as a share of the net sales of these days, both without tax.",
        "returns_amount", "net_sales_amount", good="down",
    ),
    _ORDERS.per(
        "average_order_value_amount", "Average order value",
        "Net sales per order that was not cancelled as a whole: without tax and shipping, before returns.",
        "net_sales_amount", "orders_count",
    ),
    _ORDERS.per(
        "units_per_order", "Units per order",
        "Units sold per order that was not cancelled as a whole.",
        "units", "orders_count", unit="units",
    ),
    _GOODS.per(
        "average_unit_price_amount", "Average price",
        "Net sales per unit sold: without tax, after discounts.",
        "net_sales_amount", "units",
    ),
    _ORDERS.share(
        "guest_orders_ratio", "Guest orders (share)",
        "Orders without a customer, of people who have neither account nor record, as a share of all orders.",
        "guest_orders_count", "orders_count", good="none",
    ),
)  # fmt: skip
