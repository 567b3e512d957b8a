"""Customers: who buys, who is new, who comes back, and what they are worth.

Buyers are counted, not summed: a customer of two days is one customer, whatever days are asked for.
"""

from __future__ import annotations

from core.metrics.metric import Source
from core.metrics.subject import Subject

_KNOWN = (
    "orders of which every unit was cancelled are left out; guests are left out, as nobody knows whether two"
    " guests are one"
)

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

_ORDERS = Subject(
    "orders",
    grain="company, order",
    time="order_date: day the order was placed, company's time zone",
    unit="customers",
    good="up",
    filters=_KNOWN,
)
_FIRST_ORDERS = Subject(
    "first_orders",
    grain="company, customer",
    time="first_order_date: day of the customer's first order, company's time zone",
    unit="customers",
    good="up",
    filters=_KNOWN,
)
_CUSTOMERS = Subject(
    "customers",
    grain="company, customer",
    time="none: as of the build's horizon, over all time",
    unit="customers",
    good="up",
    filters=_KNOWN,
)

METRICS = (
    _ORDERS.measure(
        "customers_count", "Customers",
        "Different customers with an order in the period that was not cancelled as a whole; each is counted"
        " once, and guests are left out.",
        "count(distinct customer_number)", formula="different customer_number",
    ),
    _ORDERS.measure(
        "new_customers_count", "New customers",
        "Customers whose first order ever with the company was placed in the period, in the shops asked for.",
        "count(*) filter (where is_first_order)", formula="orders with is_first_order",
    ),
    _ORDERS.measure(
        "returning_customers_count", "Returning customers",
        "Customers with an order in the period whose first order was not: it was placed before, or in a shop"
        " that is not asked for.",
        "customers_count - new_customers_count", needs=("customers_count", "new_customers_count"),
    ),
    _ORDERS.measure(
        "repeat_customers_count", "Customers with a repeat order",
        "Customers who placed their second or a later order in the period.",
        "count(distinct customer_number) filter (where not is_first_order)",
        formula="different customer_number of orders without is_first_order",
    ),
    _ORDERS.share(
        "repeat_rate_ratio", "Repeat rate",
        "Customers who placed their second or a later order in the period, as a share of all who ordered in"
        " it.",
        "repeat_customers_count", "customers_count",
    ),
    _ORDERS.share(
        "new_customers_ratio", "New customers (share)",
        "Customers whose first order was placed in the period, as a share of all who ordered in it.",
        "new_customers_count", "customers_count", good="none",
    ),
    _ORDERS.measure(
        "customer_orders_count", "Orders of customers",
        "Orders of customers with an account or record, placed in the period and not cancelled as a whole.",
        "count(customer_number)", formula="orders with a customer_number", unit="orders",
    ),
    _ORDERS.measure(
        "customer_net_sales_amount", "Net sales to customers",
        "Net sales of orders that are not guests': without tax and shipping, after discounts and cancelled"
        " units, before returns.",
        "sum(net_sales_amount) filter (where customer_number is not null)",
        formula="sum of net_sales_amount of orders with a customer_number", unit="money",
    ),
    _ORDERS.measure(
        "new_customer_net_sales_amount", "Net sales of first orders",
        "Net sales of customers' first orders: without tax and shipping, after discounts and cancelled"
        " units, before returns.",
        "sum(net_sales_amount) filter (where is_first_order)",
        formula="sum of net_sales_amount of orders with is_first_order", unit="money",
    ),
    _ORDERS.measure(
        "returning_customer_net_sales_amount", "Net sales of repeat orders",
        "Net sales of customers' second and later orders: without tax and shipping, before returns.",
        "customer_net_sales_amount - new_customer_net_sales_amount",
        needs=("customer_net_sales_amount", "new_customer_net_sales_amount"), unit="money",
    ),
    _ORDERS.per(
        "orders_per_customer", "Orders per customer",
        "Orders of customers in the period by the different customers who placed them; guests are left out.",
        "customer_orders_count", "customers_count", unit="orders",
    ),
    _ORDERS.per(
        "net_sales_per_customer_amount", "Net sales per customer",
        "Net sales to customers in the period by the different customers who bought; before returns, without"
        " guests.",
        "customer_net_sales_amount", "customers_count",
    ),
    _FIRST_ORDERS.measure(
        "first_buyers_count", "First buyers known for 90 days",
        "Customers whose first order was placed in the period, 90 days or more before the build's horizon.",
        "count(*) filter (where is_known_for_90_days)", formula="customers with is_known_for_90_days",
        good="none",
    ),
    _FIRST_ORDERS.measure(
        "retained_buyers_count", "First buyers back within 90 days",
        "Of the first buyers known for 90 days, those whose second order came within 90 days of the first.",
        "count(*) filter (where is_known_for_90_days and is_back_within_90_days)",
        formula="customers with is_known_for_90_days and is_back_within_90_days",
    ),
    _FIRST_ORDERS.share(
        "retention_90_days_ratio", "Retention (90 days)",
        "Of the customers whose first order was placed in the period, the share who ordered again within 90"
        " days; those whose 90 days are not over are left out.",
        "retained_buyers_count", "first_buyers_count",
    ),
    _CUSTOMERS.measure(
        "buyers_to_date_count", "Customers to date",
        "Customers who ever ordered something that was not cancelled.",
        "count(*) filter (where orders_count > 0)", formula="customers with orders_count > 0",
    ),
    _CUSTOMERS.measure(
        "valued_customers_count", "Customers with a lifetime value",
        "Customers whose value to come was computed: those with an order before the day of the build.",
        "count(lifetime_value_amount)", formula="customers with a lifetime_value_amount", good="none",
    ),
    _CUSTOMERS.measure(
        "lifetime_value_amount", "Lifetime value, total",
        "Margin of what customers kept to date (without tax, shipping, cancelled and returned units) plus"
        " the margin expected of the next 365 days.",
        "sum(lifetime_value_amount)", formula="sum of kept_margin_amount + expected_value_amount",
        unit="money",
    ),
    _CUSTOMERS.sum(
        "expected_value_amount", "Margin expected in 365 days",
        "Margin expected of known customers in the 365 days after the last whole day; the model that was"
        " nearer on days held back.",
        unit="money",
    ),
    _CUSTOMERS.per(
        "average_lifetime_value_amount", "Lifetime value (CLV)",
        "Margin kept to date plus the margin expected in the next 365 days, per customer: without tax,"
        " shipping, cancelled and returned units.",
        "lifetime_value_amount", "valued_customers_count",
    ),
)  # fmt: skip
