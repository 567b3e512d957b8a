"""What is known of customers beyond single figures: cohorts, segments, values, pairs of products.

Customers are ids and numbers here: their names are not in the warehouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.metrics.period import Period
from core.metrics.queryable import Queryable

COHORT_MONTHS = 12
SEGMENTS = (
    "champions", "loyal", "promising", "new", "needs_attention", "cannot_lose", "at_risk", "hibernating",
)  # fmt: skip


@dataclass(frozen=True)
class Retention:
    """How many customers of as many days before ordered again in the period."""

    previous_customers_count: int
    retained_customers_count: int

    @property
    def retention_ratio(self) -> float | None:
        """Share of the earlier customers who came again; unknown if there were none."""
        if self.previous_customers_count == 0:
            return None
        return self.retained_customers_count / self.previous_customers_count


def cohorts(
    snapshot: Queryable, *, shop_ids: Sequence[str] | None = None, months: int = COHORT_MONTHS
) -> list[dict[str, Any]]:
    """Return one row per month of first orders and month since, up to the horizon's.

    A cohort is the customers whose first order ever was placed in the month, in the shops asked for; each
    counts in a later month if they ordered in it, in these shops. Month 0 is the month itself, and the
    horizon's month is not over (``is_incomplete``). Months without orders are rows of zeroes.
    """
    where, parameters = _of_shops(shop_ids)
    return snapshot.rows(
        f"""
        with kept as (
            select customer_number, cast(date_trunc('month', order_date) as date) as order_month,
                is_first_order, net_sales_amount
            from srv_orders where customer_number is not null and {where}
        ),
        last_month as (
            select cast(date_trunc('month', horizon_date) as date) as month from srv_company
        ),
        acquired as (
            select kept.customer_number, kept.order_month as cohort_month
            from kept cross join last_month
            where is_first_order
            and date_diff('month', kept.order_month, last_month.month) between 0 and ? - 1
        ),
        sizes as (
            select cohort_month, count(*) as cohort_customers_count from acquired group by cohort_month
        ),
        active as (
            select cohort_month, order_month, count(distinct kept.customer_number) as customers_count,
                count(*) as orders_count, sum(net_sales_amount) as net_sales_amount
            from acquired join kept on acquired.customer_number = kept.customer_number
            group by cohort_month, order_month
        ),
        grid as (
            select cohort_month, cohort_customers_count,
                unnest(range(date_diff('month', cohort_month, last_month.month) + 1)) as month_number
            from sizes cross join last_month
        )
        select
            grid.cohort_month,
            cast(grid.month_number as integer) as month_number,
            grid.cohort_customers_count,
            coalesce(active.customers_count, 0) as customers_count,
            coalesce(active.orders_count, 0) as orders_count,
            cast(coalesce(active.net_sales_amount, 0) as decimal(18, 2)) as net_sales_amount,
            coalesce(active.customers_count, 0) / grid.cohort_customers_count as retention_ratio,
            grid.cohort_month + to_months(cast(grid.month_number as integer)) = last_month.month
                as is_incomplete
        from grid cross join last_month
        left join active
            on grid.cohort_month = active.cohort_month
            and active.order_month = grid.cohort_month + to_months(cast(grid.month_number as integer))
        order by grid.cohort_month, grid.month_number
        """,
        [*parameters, months],
    )


def retention(snapshot: Queryable, period: Period, *, shop_ids: Sequence[str] | None = None) -> Retention:
    """Return how many customers of the period before (as long, on the same weekdays) ordered again."""
    before = period.before()
    where, parameters = _of_shops(shop_ids)
    (row,) = snapshot.rows(
        f"""
        with earlier as (
            select distinct customer_number from srv_orders
            where customer_number is not null and order_date between ? and ? and {where}
        ),
        now as (
            select distinct customer_number from srv_orders
            where customer_number is not null and order_date between ? and ? and {where}
        )
        select count(*) as previous_customers_count, count(now.customer_number) as retained_customers_count
        from earlier left join now on earlier.customer_number = now.customer_number
        """,
        [
            before.first_date, before.last_date, *parameters,
            period.first_date, period.last_date, *parameters,
        ],
    )  # fmt: skip
    return Retention(**row)


def rfm_segments(snapshot: Queryable, *, shop_ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return one row per segment with customers, their orders and net sales to date, in these shops.

    The rule is in `dim_customer`: fifths by last order, orders and net sales kept, in the whole company.
    """
    where, parameters = _of_shops(shop_ids)
    return snapshot.rows(
        f"""
        with segments as (
            select unnest(?::varchar[]) as customer_segment, unnest(range(len(?::varchar[]))) as place
        ),
        found as (
            select customer_segment, count(distinct customer_number) as customers_count,
                count(*) as orders_count, sum(net_sales_amount) as net_sales_amount,
                max(order_date) as last_order_date
            from srv_orders where customer_number is not null and {where} group by customer_segment
        )
        select
            segments.customer_segment,
            coalesce(customers_count, 0) as customers_count,
            coalesce(orders_count, 0) as orders_count,
            cast(coalesce(net_sales_amount, 0) as decimal(18, 2)) as net_sales_amount,
            customers_count / sum(customers_count) over () as customers_ratio,
            cast(net_sales_amount as double) / nullif(cast(sum(net_sales_amount) over () as double), 0)
                as net_sales_ratio,
            last_order_date
        from segments left join found on segments.customer_segment = found.customer_segment
        order by segments.place
        """,
        [list(SEGMENTS), list(SEGMENTS), *parameters],
    )


def clv(snapshot: Queryable, *, segment: str | None = None) -> list[dict[str, Any]]:
    """Return customers, or those of one segment, in ten equal groups by lifetime value, the best first.

    Each with margin kept to date and expected in the next 365 days, beside what the simple baseline expects.
    """
    where, parameters = _of_segment(segment)
    return snapshot.rows(
        f"""
        with placed as (
            select *, ntile(10) over (order by lifetime_value_amount desc, customer_number) as decile
            from srv_customers where lifetime_value_amount is not null and {where}
        )
        select
            cast(decile as integer) as decile,
            count(*) as customers_count,
            min(lifetime_value_amount) as lowest_amount,
            max(lifetime_value_amount) as highest_amount,
            cast(sum(lifetime_value_amount) as decimal(18, 2)) as lifetime_value_amount,
            cast(sum(kept_margin_amount) as decimal(18, 2)) as kept_margin_amount,
            cast(sum(expected_value_amount) as decimal(18, 2)) as expected_value_amount,
            cast(sum(baseline_value_amount) as decimal(18, 2)) as baseline_value_amount,
            sum(expected_orders) as expected_orders
        from placed group by decile order by decile
        """,
        parameters,
    )


def value_accuracy(snapshot: Queryable) -> list[dict[str, Any]]:
    """Return how far each method was on days held back, the one that is served first."""
    return snapshot.rows(
        """
        select model_name, is_baseline, is_chosen, mean_absolute_error_amount, root_mean_square_error_amount,
            bias_ratio, order_days_error_ratio, customers_count, test_days, split_date
        from srv_customer_value_accuracy order by is_chosen desc, model_name
        """
    )


def top_customers(
    snapshot: Queryable, *, segment: str | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """Return the customers of the whole company, or of one segment, with most lifetime value."""
    where, parameters = _of_segment(segment)
    return snapshot.rows(
        f"""
        select customer_id, customer_segment, recency_score, frequency_score, monetary_score,
            first_order_date, last_order_date, orders_count, net_sales_amount, kept_margin_amount,
            expected_value_amount, lifetime_value_amount, alive_probability_ratio
        from srv_customers where orders_count > 0 and {where}
        order by lifetime_value_amount desc nulls last, kept_net_sales_amount desc, customer_number limit ?
        """,
        [*parameters, limit],
    )


def basket_pairs(
    snapshot: Queryable, *, product_id: str | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """Return products bought in the same orders, most common first; the one asked for stands first.

    Support is orders with both by all orders, confidence by orders with the first product, lift by those
    expected if the two were bought independently. Guests' orders count.
    """
    if product_id is None:
        return snapshot.rows(f"select {_PAIR} from srv_basket_pairs order by rank limit ?", [limit])
    return snapshot.rows(
        f"""
        select * from (
            select {_PAIR} from srv_basket_pairs where product_id = ?
            union all
            select
                other_product_id, other_product_name, product_id, product_name, orders_count,
                other_orders_count, product_orders_count, baskets_count, support_ratio,
                other_confidence_ratio, lift, rank
            from srv_basket_pairs where other_product_id = ?
        ) as pairs order by rank limit ?
        """,
        [product_id, product_id, limit],
    )


def value_model(snapshot: Queryable) -> tuple[str, date] | None:
    """Return the method that expects the value to come, and the last day it learnt from."""
    rows = snapshot.rows(
        "select model_name, training_end_date from srv_customers where model_name is not null limit 1"
    )
    return (rows[0]["model_name"], rows[0]["training_end_date"]) if rows else None


_PAIR = (
    "product_id, product_name, other_product_id, other_product_name, orders_count, product_orders_count,"
    " other_orders_count, baskets_count, support_ratio, confidence_ratio, lift, rank"
)


def _of_segment(segment: str | None) -> tuple[str, list[Any]]:
    return ("true", []) if segment is None else ("customer_segment = ?", [segment])


def _of_shops(shop_ids: Sequence[str] | None) -> tuple[str, list[Any]]:
    """Return the condition that keeps some shops' orders; None keeps all."""
    return ("true", []) if shop_ids is None else ("list_contains(?::varchar[], shop_id)", [list(shop_ids)])
