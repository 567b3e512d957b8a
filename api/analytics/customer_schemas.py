"""What the customers' report gives. Money is in the company's currency, which the answer names."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from api.analytics.schemas import PeriodRead, Report
from api.schemas import Amount, OutputModel

Segment = Literal[
    "champions", "loyal", "promising", "new", "needs_attention", "cannot_lose", "at_risk", "hibernating"
]


class BuyersRead(OutputModel):
    """Figures of the metric registry, each customer counted once."""

    customers_count: int
    new_customers_count: int
    returning_customers_count: int
    new_customers_ratio: float | None
    repeat_rate_ratio: float | None
    customer_orders_count: int
    orders_per_customer: float | None
    customer_net_sales_amount: Amount
    net_sales_per_customer_amount: Amount | None


class BuyersBucketRead(OutputModel):
    """One day, week or month; ``is_incomplete`` if it is not over or reaches beyond the period."""

    first_date: date
    customers_count: int
    new_customers_count: int
    returning_customers_count: int
    new_customer_net_sales_amount: Amount
    returning_customer_net_sales_amount: Amount
    is_incomplete: bool


class RetentionRead(OutputModel):
    """Of the customers of as many days before, those who ordered again in the period."""

    previous_customers_count: int
    retained_customers_count: int
    retention_ratio: float | None


class CohortCellRead(OutputModel):
    """Customers by the month of their first order who ordered so many months later."""

    cohort_month: date
    month_number: int
    cohort_customers_count: int
    customers_count: int
    orders_count: int
    net_sales_amount: Amount
    retention_ratio: float
    is_incomplete: bool


class SegmentRead(OutputModel):
    """A segment by recency, frequency and money; orders and net sales are those of the shops asked for."""

    customer_segment: str
    customers_count: int
    customers_ratio: float | None
    orders_count: int
    net_sales_amount: Amount
    net_sales_ratio: float | None
    last_order_date: date | None


class ValueGroupRead(OutputModel):
    """A tenth of the customers by lifetime value, the best first."""

    decile: int
    customers_count: int
    lowest_amount: Amount
    highest_amount: Amount
    lifetime_value_amount: Amount
    kept_margin_amount: Amount
    expected_value_amount: Amount
    baseline_value_amount: Amount
    expected_orders: float


class ValueAccuracyRead(OutputModel):
    """How far a method was on days held back; the baseline stands beside what is served."""

    model_name: str
    is_baseline: bool
    is_chosen: bool
    mean_absolute_error_amount: Amount
    root_mean_square_error_amount: Amount
    bias_ratio: float | None
    order_days_error_ratio: float | None
    customers_count: int
    test_days: int
    split_date: date


class LifetimeValueRead(OutputModel):
    """Margin kept to date plus the margin expected in the next 365 days, of the whole company."""

    valued_customers_count: int
    lifetime_value_amount: Amount
    expected_value_amount: Amount
    average_lifetime_value_amount: Amount | None
    model_name: str | None
    training_end_date: date | None
    groups: list[ValueGroupRead]
    accuracy: list[ValueAccuracyRead]


class BestCustomerRead(OutputModel):
    """A customer by lifetime value; the name is the system of record's, null if there is none."""

    customer_id: UUID
    name: str | None
    customer_segment: str
    recency_score: int
    frequency_score: int
    monetary_score: int
    first_order_date: date
    last_order_date: date
    orders_count: int
    net_sales_amount: Amount
    kept_margin_amount: Amount
    expected_value_amount: Amount | None
    lifetime_value_amount: Amount | None
    alive_probability_ratio: float | None


class BasketPairRead(OutputModel):
    """Two products of the same orders, guests' too; confidence is by the orders of the first."""

    product_id: UUID
    product_name: str
    other_product_id: UUID
    other_product_name: str
    orders_count: int
    product_orders_count: int
    other_orders_count: int
    baskets_count: int
    support_ratio: float
    confidence_ratio: float
    lift: float


class CustomersRead(Report):
    """The last three parts are about the whole company: null for who reaches single shops or asks for one."""

    period: PeriodRead
    totals: BuyersRead
    previous_period: PeriodRead | None
    previous_totals: BuyersRead | None
    buckets: list[BuyersBucketRead]
    retention: RetentionRead
    cohorts: list[CohortCellRead]
    segments: list[SegmentRead]
    lifetime_value: LifetimeValueRead | None
    best_customers: list[BestCustomerRead] | None
    basket_pairs: list[BasketPairRead] | None
