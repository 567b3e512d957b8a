"""Customers: who buys, who is new, who comes back, and what they are worth.

Buyers are counted, not summed: a customer of two days is one customer, whatever days are asked for.
"""

from __future__ import annotations

from core.metrics.metric import Format, GoodDirection, Metric, Source, Unit
from core.metrics.rounding import amount_per

_PLACED = "order_date: day the order was placed, company's time zone"
_FIRST = "first_order_date: day of the customer's first order, company's time zone"
_STATE = "none: as of the build's horizon, over all time"
_SOLD = "orders of which every unit was cancelled are left out"
_KNOWN = _SOLD + "; guests are left out, as nobody knows whether two guests are one"
_TIMES = {"orders": _PLACED, "first_orders": _FIRST, "customers": _STATE}
_GRAINS = {"orders": "company, order", "first_orders": "company, customer", "customers": "company, customer"}

SOURCES = (
    Source(
        "orders",
        "srv_orders",
        "order_date",
        {"shop": "shop_id", "customer_segment": "customer_segment"},
    ),
    Source("first_orders", "srv_customers", "first_order_date", {"customer_segment": "customer_segment"}),
    Source("customers", "srv_customers", None, {"customer_segment": "customer_segment"}),
)


def _metric(
    name: str,
    title: str,
    definition: str,
    *,
    formula: str,
    expression: str,
    source: str = "",
    needs: tuple[str, ...] = (),
    of: str = "",
    unit: Unit = "customers",
    shown_as: Format = "integer",
    good: GoodDirection = "up",
    filters: str = _KNOWN,
) -> Metric:
    """A figure of a source, or derived from others (``of`` then names the source of its days)."""
    return Metric(
        name=name,
        title=title,
        definition=definition,
        formula=formula,
        grain=_GRAINS[of or source],
        time_column=_TIMES[of or source],
        unit=unit,
        format=shown_as,
        good_direction=good,
        source=source,
        expression=expression,
        needs=needs,
        filters=filters,
    )


def _share(
    name: str, title: str, definition: str, part: str, whole: str, *, of: str, good: GoodDirection = "up"
) -> Metric:
    return _metric(
        name, title, definition, formula=f"{part} / {whole}", expression=f"{part} / nullif({whole}, 0)",
        needs=(part, whole), of=of, unit="ratio", shown_as="percent", good=good,
    )  # fmt: skip


def _each(name: str, title: str, definition: str, amount: str, count: str, *, of: str) -> Metric:
    """An amount per customer."""
    return _metric(
        name, title, definition, formula=f"{amount} / {count}", expression=amount_per(amount, count),
        needs=(amount, count), of=of, unit="money", shown_as="money",
    )  # fmt: skip


METRICS = (
    _metric(
        "customers_count",
        "Customers",
        "Different customers with an order in the period that was not cancelled as a whole; each is counted"
        " once, and guests are left out.",
        formula="different customer_number",
        expression="count(distinct customer_number)",
        source="orders",
    ),
    _metric(
        "new_customers_count",
        "New customers",
        "Customers whose first order ever with the company was placed in the period, in the shops asked for.",
        formula="orders with is_first_order",
        expression="count(*) filter (where is_first_order)",
        source="orders",
    ),
    _metric(
        "returning_customers_count",
        "Returning customers",
        "Customers with an order in the period whose first order was not: it was placed before, or in a shop"
        " that is not asked for.",
        formula="customers_count - new_customers_count",
        expression="customers_count - new_customers_count",
        needs=("customers_count", "new_customers_count"),
        of="orders",
    ),
    _metric(
        "repeat_customers_count",
        "Customers with a repeat order",
        "Customers who placed their second or a later order in the period.",
        formula="different customer_number of orders without is_first_order",
        expression="count(distinct customer_number) filter (where not is_first_order)",
        source="orders",
    ),
    _share(
        "repeat_rate_ratio",
        "Repeat rate",
        "Customers who placed their second or a later order in the period, as a share of all who ordered in"
        " it.",
        "repeat_customers_count",
        "customers_count",
        of="orders",
    ),
    _share(
        "new_customers_ratio",
        "New customers (share)",
        "Customers whose first order was placed in the period, as a share of all who ordered in it.",
        "new_customers_count",
        "customers_count",
        of="orders",
        good="none",
    ),
    _metric(
        "customer_orders_count",
        "Orders of customers",
        "Orders of customers with an account or record, placed in the period and not cancelled as a whole.",
        formula="orders with a customer_number",
        expression="count(customer_number)",
        source="orders",
        unit="orders",
    ),
    _metric(
        "customer_net_sales_amount",
        "Net sales to customers",
        "Net sales of orders that are not guests': without tax and shipping, after discounts and cancelled"
        " units, before returns.",
        formula="sum of net_sales_amount of orders with a customer_number",
        expression="sum(net_sales_amount) filter (where customer_number is not null)",
        source="orders",
        unit="money",
        shown_as="money",
    ),
    _metric(
        "new_customer_net_sales_amount",
        "Net sales of first orders",
        "Net sales of customers' first orders: without tax and shipping, after discounts and cancelled units,"
        " before returns.",
        formula="sum of net_sales_amount of orders with is_first_order",
        expression="sum(net_sales_amount) filter (where is_first_order)",
        source="orders",
        unit="money",
        shown_as="money",
    ),
    _metric(
        "returning_customer_net_sales_amount",
        "Net sales of repeat orders",
        "Net sales of customers' second and later orders: without tax and shipping, before returns.",
        formula="customer_net_sales_amount - new_customer_net_sales_amount",
        expression="customer_net_sales_amount - new_customer_net_sales_amount",
        needs=("customer_net_sales_amount", "new_customer_net_sales_amount"),
        of="orders",
        unit="money",
        shown_as="money",
    ),
    _metric(
        "orders_per_customer",
        "Orders per customer",
        "Orders of customers in the period by the different customers who placed them; guests are left out.",
        formula="customer_orders_count / customers_count",
        expression="customer_orders_count / nullif(customers_count, 0)",
        needs=("customer_orders_count", "customers_count"),
        of="orders",
        unit="orders",
        shown_as="decimal",
    ),
    _each(
        "net_sales_per_customer_amount",
        "Net sales per customer",
        "Net sales to customers in the period by the different customers who bought; before returns, without"
        " guests.",
        "customer_net_sales_amount",
        "customers_count",
        of="orders",
    ),
    _metric(
        "first_buyers_count",
        "First buyers known for 90 days",
        "Customers whose first order was placed in the period, 90 days or more before the build's horizon.",
        formula="customers with is_known_for_90_days",
        expression="count(*) filter (where is_known_for_90_days)",
        source="first_orders",
        good="none",
    ),
    _metric(
        "retained_buyers_count",
        "First buyers back within 90 days",
        "Of the first buyers known for 90 days, those whose second order came within 90 days of the first.",
        formula="customers with is_known_for_90_days and is_back_within_90_days",
        expression="count(*) filter (where is_known_for_90_days and is_back_within_90_days)",
        source="first_orders",
    ),
    _share(
        "retention_90_days_ratio",
        "Retention (90 days)",
        "Of the customers whose first order was placed in the period, the share who ordered again within 90"
        " days; those whose 90 days are not over are left out.",
        "retained_buyers_count",
        "first_buyers_count",
        of="first_orders",
    ),
    _metric(
        "buyers_to_date_count",
        "Customers to date",
        "Customers who ever ordered something that was not cancelled.",
        formula="customers with orders_count > 0",
        expression="count(*) filter (where orders_count > 0)",
        source="customers",
    ),
    _metric(
        "valued_customers_count",
        "Customers with a lifetime value",
        "Customers whose value to come was computed: those with an order before the day of the build.",
        formula="customers with a lifetime_value_amount",
        expression="count(lifetime_value_amount)",
        source="customers",
        good="none",
    ),
    _metric(
        "lifetime_value_amount",
        "Lifetime value (all customers)",
        "Margin of what customers kept to date (without tax, shipping, cancelled and returned units) plus the"
        " margin expected of the next 365 days.",
        formula="sum of kept_margin_amount + expected_value_amount",
        expression="sum(lifetime_value_amount)",
        source="customers",
        unit="money",
        shown_as="money",
    ),
    _metric(
        "expected_value_amount",
        "Margin expected in 365 days",
        "Margin expected of known customers in the 365 days after the last whole day; the model that was"
        " nearer on days held back.",
        formula="sum of expected_value_amount",
        expression="sum(expected_value_amount)",
        source="customers",
        unit="money",
        shown_as="money",
    ),
    _each(
        "average_lifetime_value_amount",
        "Lifetime value (CLV)",
        "Margin kept to date plus the margin expected in the next 365 days, per customer: without tax,"
        " shipping, cancelled and returned units.",
        "lifetime_value_amount",
        "valued_customers_count",
        of="customers",
    ),
)  # fmt: skip
