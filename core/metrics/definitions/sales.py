"""Sales: what was ordered, what it brought, what came back."""

from __future__ import annotations

from core.metrics.metric import Format, GoodDirection, Metric, Rollup, Source, Unit
from core.metrics.rounding import amount_per

_PLACED = "sales_date: day the order was placed, company's time zone"
_BY_SHOP = {"shop": "shop_id"}

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


def _summed(
    name: str,
    title: str,
    definition: str,
    *,
    unit: Unit = "money",
    good: GoodDirection = "up",
    column: str = "",
    time_column: str = _PLACED,
    source: str = "product_sales",
    filters: str = "",
) -> Metric:
    """A sum over days; money unless said otherwise."""
    column = column or name
    return Metric(
        name=name,
        title=title,
        definition=definition,
        formula=f"sum of {column}",
        grain="company, shop, variant, day" if source == "product_sales" else "company, shop, day",
        time_column=time_column,
        unit=unit,
        format="money" if unit == "money" else "integer",
        good_direction=good,
        source=source,
        expression=f"sum({column})",
        filters=filters,
    )


def _derived(
    name: str,
    title: str,
    definition: str,
    *,
    formula: str,
    expression: str,
    needs: tuple[str, ...],
    unit: Unit = "ratio",
    shown_as: Format = "percent",
    good: GoodDirection = "up",
    grain: str = "company, shop, variant, day",
    time_column: str = _PLACED,
) -> Metric:
    return Metric(
        name=name,
        title=title,
        definition=definition,
        formula=formula,
        grain=grain,
        time_column=time_column,
        unit=unit,
        format=shown_as,
        good_direction=good,
        source="",
        expression=expression,
        needs=needs,
    )


def _ratio(name: str, title: str, definition: str, part: str, whole: str, good: GoodDirection) -> Metric:
    """A share of ``part`` in ``whole``; unknown where the whole is zero."""
    return _derived(
        name,
        title,
        definition,
        formula=f"{part} / {whole}",
        expression=f"{part} / nullif({whole}, 0)",
        needs=(part, whole),
        good=good,
    )


_NOT_CANCELLED = "cancelled units and orders are left out"
_RETURNED = "sales_date: day the goods came back, company's time zone"

METRICS = (
    _summed(
        "net_sales_amount",
        "Net sales",
        "Goods sold on the day the order was placed: without tax and shipping, after discounts and cancelled"
        " units, before returns.",
        filters=_NOT_CANCELLED,
    ),
    _summed(
        "gross_sales_amount",
        "Gross sales",
        "Net sales plus their tax: what customers were charged for the goods, without shipping, after"
        " discounts and cancelled units, before returns; of a line cancelled in part its share, to the cent.",
        column="net_sales_amount + tax_amount",
        filters=_NOT_CANCELLED,
    ),
    _summed(
        "list_sales_amount",
        "Sales at list price",
        "Goods that were not cancelled at their price before discount; with tax if prices have it in them.",
        filters=_NOT_CANCELLED,
    ),
    _summed(
        "discount_amount",
        "Discounts",
        "What discounts took off the goods' price: what is between it and the price after discount, line by"
        " line; cancelled units are left out.",
        good="down",
        filters=_NOT_CANCELLED,
    ),
    _summed(
        "tax_amount",
        "Tax",
        "Tax on goods that were not cancelled, on the day the order was placed: what is between gross and net"
        " sales, line by line.",
        good="none",
        filters=_NOT_CANCELLED,
    ),
    _summed(
        "shipping_amount",
        "Shipping",
        "What customers were charged for shipping on orders that were not cancelled, on the day the order was"
        " placed.",
        good="none",
        source="sales",
        filters="cancelled orders are left out",
    ),
    _summed(
        "orders_count",
        "Orders",
        "Orders placed and not cancelled as a whole.",
        unit="orders",
        source="sales",
        filters="orders of which every unit was cancelled are left out",
    ),
    _summed(
        "guest_orders_count",
        "Guest orders",
        "Orders without a customer, of people who have neither account nor record; not cancelled as a whole.",
        unit="orders",
        good="none",
        source="sales",
        filters="orders of which every unit was cancelled are left out",
    ),
    _summed("units", "Units sold", "Units ordered and not cancelled.", unit="units", filters=_NOT_CANCELLED),
    _summed(
        "returned_units",
        "Units returned",
        "Units that came back, on the day they came back, whenever they were sold.",
        unit="units",
        good="down",
        time_column=_RETURNED,
        filters="returns that were received or refunded",
    ),
    _summed(
        "returns_amount",
        "Returns",
        "Refunds for goods, without tax where the sale is known, on the day they came back, whenever sold.",
        good="down",
        time_column=_RETURNED,
        filters="returns that were received or refunded",
    ),
    _summed(
        "returns_tax_amount",
        "Tax refunded",
        "Tax in the refunds for goods, on the day they came back.",
        good="none",
        time_column=_RETURNED,
        filters="returns that were received or refunded",
    ),
    _summed(
        "cost_amount",
        "Cost of goods",
        "Cost of the units sold, as it was when they were ordered; goods without a known cost count nothing.",
        good="none",
        filters=_NOT_CANCELLED + "; lines without a known cost are left out",
    ),
    _summed(
        "costed_net_sales_amount",
        "Net sales with known cost",
        "Net sales of the lines whose cost is known: what the margin is measured on.",
        good="none",
        filters=_NOT_CANCELLED + "; lines without a known cost are left out",
    ),
    _summed(
        "margin_amount",
        "Gross margin",
        "Net sales less the goods' cost as it was when they were ordered, before returns; goods without a"
        " known cost are left out.",
        filters=_NOT_CANCELLED + "; lines without a known cost are left out",
    ),
    _ratio(
        "discount_ratio",
        "Discount rate",
        "Discounts as a share of the goods' price before discount.",
        "discount_amount",
        "list_sales_amount",
        "down",
    ),
    _ratio(
        "margin_ratio",
        "Margin rate",
        "Gross margin as a share of the net sales whose cost is known.",
        "margin_amount",
        "costed_net_sales_amount",
        "up",
    ),
    _derived(
        "net_sales_after_returns_amount",
        "Net sales after returns",
        "Net sales of the days less the refunds of the same days, both without tax.",
        formula="net_sales_amount - returns_amount",
        expression="net_sales_amount - returns_amount",
        needs=("net_sales_amount", "returns_amount"),
        unit="money",
        shown_as="money",
        time_column=f"{_PLACED}; returns on the day they came back",
    ),
    _ratio(
        "returns_units_ratio",
        "Returns rate (units)",
        "Units that came back in these days, as a share of the units sold in these days.",
        "returned_units",
        "units",
        "down",
    ),
    _ratio(
        "returns_amount_ratio",
        "Returns rate (money)",
        "Refunds of these days as a share of the net sales of these days, both without tax.",
        "returns_amount",
        "net_sales_amount",
        "down",
    ),
    _derived(
        "average_order_value_amount",
        "Average order value",
        "Net sales per order that was not cancelled as a whole: without tax and shipping, before returns.",
        formula="net_sales_amount / orders_count",
        expression=amount_per("net_sales_amount", "orders_count"),
        needs=("net_sales_amount", "orders_count"),
        unit="money",
        shown_as="money",
        grain="company, shop, day",
    ),
    _derived(
        "units_per_order",
        "Units per order",
        "Units sold per order that was not cancelled as a whole.",
        formula="units / orders_count",
        expression="units / nullif(orders_count, 0)",
        needs=("units", "orders_count"),
        unit="units",
        shown_as="decimal",
        grain="company, shop, day",
    ),
    _derived(
        "average_unit_price_amount",
        "Average price",
        "Net sales per unit sold: without tax, after discounts.",
        formula="net_sales_amount / units",
        expression=amount_per("net_sales_amount", "units"),
        needs=("net_sales_amount", "units"),
        unit="money",
        shown_as="money",
    ),
    _ratio(
        "guest_orders_ratio",
        "Guest orders (share)",
        "Orders without a customer, of people who have neither account nor record, as a share of all orders.",
        "guest_orders_count",
        "orders_count",
        "none",
    ),
)
