"""Figures of customers, money, carts and views against SQL on PostgreSQL, written from the definitions."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.metrics.ask import Filters, ask
from core.metrics.customers import (
    basket_pairs,
    clv,
    cohorts,
    retention,
    rfm_segments,
    top_customers,
    value_accuracy,
)
from core.metrics.period import Period
from core.published import Snapshot
from core.warehouse import hold_warehouse
from tests.support.measured_shop import MeasuredShop

pytestmark = pytest.mark.slow

# Orders of which something was not cancelled, on local days, numbered per customer.
_ORDERS = """
with lines as (
    select order_lines.order_id, sum(case when orders.status = 'cancelled' then fulfilled_units
        else quantity_units - cancelled_units end) as units
    from order_lines join orders on orders.id = order_lines.order_id
    where order_lines.company_id = %(company)s group by order_lines.order_id
),
sold as (
    select orders.id, orders.shop_id, orders.customer_id, orders.placed_at,
        (orders.placed_at at time zone %(zone)s)::date as day,
        row_number() over (partition by customer_id order by placed_at, orders.id) as place
    from orders join lines on lines.order_id = orders.id
    where orders.company_id = %(company)s and lines.units > 0
)
"""
_BUYERS = (
    _ORDERS
    + """
select
    count(distinct customer_id) as customers_count,
    count(*) filter (where customer_id is not null and place = 1) as new_customers_count,
    count(distinct customer_id) filter (where place > 1) as repeat_customers_count,
    count(customer_id) as customer_orders_count
from sold where day between %(first)s and %(last)s
and (%(shop)s::uuid is null or shop_id = %(shop)s)
"""
)
_MONEY = """
select
    (select coalesce(sum(allocations.captured_amount), 0) from payment_allocations as allocations
        join payments on payments.id = allocations.payment_id
        where allocations.company_id = %(company)s
        and (payments.paid_at at time zone %(zone)s)::date between %(first)s and %(last)s
        and (%(shop)s::uuid is null or allocations.shop_id = %(shop)s)) as captured_amount,
    (select coalesce(sum(refunds.amount), 0) from payment_refunds as refunds
        join orders on orders.id = refunds.order_id
        where refunds.company_id = %(company)s and refunds.status = 'succeeded'
        and (refunds.processed_at at time zone %(zone)s)::date between %(first)s and %(last)s
        and (%(shop)s::uuid is null or orders.shop_id = %(shop)s)) as refunded_amount
"""
_TRIES = """
select
    count(distinct payments.id) as payments_count,
    count(distinct payments.id) filter (where payments.status = 'failed') as failed_payments_count,
    sum(payments.attempts) as payment_attempts_count,
    sum((select count(*) from payment_history as history where history.payment_id = payments.id
        and history.to_status = 'failed' and history.refund_id is null)) as failed_payment_attempts_count
from payments join payment_allocations as allocations on allocations.payment_id = payments.id
where payments.company_id = %(company)s and payments.attempts > 0
and (payments.created_at at time zone %(zone)s)::date between %(first)s and %(last)s
and (%(shop)s::uuid is null or allocations.shop_id = %(shop)s)
"""
_VIEWS = """
select count(*) as product_views_count, sum(duration_seconds) as view_seconds from product_views
where company_id = %(company)s and (viewed_at at time zone %(zone)s)::date between %(first)s and %(last)s
and (%(shop)s::uuid is null or shop_id = %(shop)s)
"""
# Unbought carts live seven days in this shop: older days are not known.
_CARTS = """
select
    count(distinct carts.id) as carts_count,
    count(distinct carts.id) filter (where status = 'abandoned') as abandoned_carts_count,
    count(distinct carts.id) filter (where status = 'converted') as converted_carts_count,
    coalesce(sum(quantity_units * unit_price_amount) filter (where status = 'abandoned'), 0)
        as abandoned_carts_value_amount
from carts join cart_lines on cart_lines.cart_id = carts.id
where carts.company_id = %(company)s
and (carts.created_at at time zone %(zone)s)::date > %(horizon)s::date - 7
and (carts.created_at at time zone %(zone)s)::date between %(first)s and %(last)s
and (%(shop)s::uuid is null or cart_lines.shop_id = %(shop)s)
"""


@pytest.fixture
def horizon(snapshot: Snapshot) -> date:
    (row,) = snapshot.rows("select horizon_date from srv_company")
    found: date = row["horizon_date"]
    return found


@pytest.fixture
def shop_id(snapshot: Snapshot) -> str:
    return str(snapshot.rows("select min(shop_id) as shop_id from srv_orders")[0]["shop_id"])


def oracle(measured: MeasuredShop, sql: str, /, **values: Any) -> list[dict[str, Any]]:
    """Ask PostgreSQL."""
    with measured.database.connect("owner") as owner:
        cursor = owner.execute(sql, {"company": measured.company_id, "zone": measured.timezone, **values})  # type: ignore[arg-type]
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]


@pytest.mark.parametrize("sql", [_BUYERS, _MONEY, _TRIES, _VIEWS, _CARTS])
@pytest.mark.parametrize("days", [(0, 1), (3, 17), (0, 60), (31, 400), (0, 800)])
@pytest.mark.parametrize("is_one_shop", [False, True])
def test_figures_of_any_days_equal_postgresql(
    measured_shop: MeasuredShop,
    snapshot: Snapshot,
    horizon: date,
    shop_id: str,
    sql: str,
    days: tuple[int, int],
    is_one_shop: bool,
) -> None:
    period = Period(horizon - timedelta(days=days[1]), horizon - timedelta(days=days[0]))
    (expected,) = oracle(
        measured_shop, sql, first=period.first_date, last=period.last_date, horizon=horizon,
        shop=shop_id if is_one_shop else None,
    )  # fmt: skip
    answer = ask(
        snapshot,
        measures=tuple(expected),
        period=period,
        filters=Filters(shop_ids=(shop_id,) if is_one_shop else None),
    )
    assert {name: Decimal(str(value)) for name, value in answer.totals.items()} == {
        name: Decimal(str(value or 0)) for name, value in expected.items()
    }


def test_a_customer_of_many_days_is_counted_once(snapshot: Snapshot, horizon: date) -> None:
    """Days, months and the whole are each counted by themselves: none is the sum of the smaller ones."""
    period = Period(horizon - timedelta(days=363), horizon)
    by_day, by_month = (
        ask(
            snapshot, measures=("customers_count", "new_customers_count"), dimensions=(bucket,), period=period
        )
        for bucket in ("day", "month")
    )
    summed = {
        bucket: sum(row["customers_count"] for row in answer.rows)
        for bucket, answer in (("day", by_day), ("month", by_month))
    }
    assert summed["day"] > summed["month"] > by_day.totals["customers_count"] > 0
    assert sum(row["new_customers_count"] for row in by_day.rows) == by_day.totals["new_customers_count"]


def test_cohorts_equal_postgresql(measured_shop: MeasuredShop, snapshot: Snapshot, horizon: date) -> None:
    expected = oracle(
        measured_shop,
        _ORDERS
        + """,
        known as (select *, date_trunc('month', day)::date as month from sold where customer_id is not null)
        select first.month as cohort_month, later.month as month,
            count(distinct later.customer_id) as customers, count(*) as orders
        from known as first join known as later using (customer_id)
        where first.place = 1 and first.month > date_trunc('month', %(horizon)s::date) - interval '6 months'
        group by 1, 2
        """,
        horizon=horizon,
    )
    found = cohorts(snapshot, months=6)
    counted = {
        (row["cohort_month"], row["month_number"]): (row["customers_count"], row["orders_count"])
        for row in found
        if row["customers_count"]
    }
    assert counted == {
        (row["cohort_month"], _months(row["cohort_month"], row["month"])): (row["customers"], row["orders"])
        for row in expected
    }
    firsts = [row for row in found if row["month_number"] == 0]
    assert all(row["customers_count"] == row["cohort_customers_count"] for row in firsts)
    assert [row["cohort_month"] for row in found if row["is_incomplete"]] == [
        row["cohort_month"] for row in firsts
    ]


def _months(first: date, later: date) -> int:
    return (later.year - first.year) * 12 + later.month - first.month


def test_segments_are_counted_as_the_rule_says(measured_shop: MeasuredShop, snapshot: Snapshot) -> None:
    """Fifths reckoned again in Python, by counting for each customer those who are strictly worse."""
    rows = oracle(
        measured_shop,
        _ORDERS
        + """,
        kept as (
            select order_id, sum(net_amount - round(net_amount * (case
                when orders.status = 'cancelled' then quantity_units - fulfilled_units
                else cancelled_units end + returned_units) / quantity_units, 2)) as net
            from order_lines join orders on orders.id = order_lines.order_id
            where order_lines.company_id = %(company)s group by order_id
        )
        select customer_id, max(day) as last, count(*) as orders, sum(net) as net
        from sold join kept on kept.order_id = sold.id where customer_id is not null group by customer_id
        """,
    )
    scores = {
        row["customer_id"]: [
            1 + 5 * sum(other[name] < row[name] for other in rows) // len(rows)
            for name in ("last", "orders", "net")
        ]
        for row in rows
    }
    served = {
        row["customer_id"]: [row["recency_score"], row["frequency_score"], row["monetary_score"]]
        for row in snapshot.rows("select * from srv_customers where orders_count > 0")
    }
    assert served == {str(customer): score for customer, score in scores.items()}
    expected = Counter(_segment(*scores[row["customer_id"]], orders=row["orders"]) for row in rows)
    found = {row["customer_segment"]: row["customers_count"] for row in rfm_segments(snapshot)}
    assert found == dict(expected)


def _segment(recency: int, frequency: int, money: int, *, orders: int) -> str:
    if recency >= 4 and orders == 1:
        return "new"
    if recency >= 4 and frequency >= 4 and money >= 4:
        return "champions"
    if recency >= 3 and frequency >= 4:
        return "loyal"
    if recency >= 4:
        return "promising"
    if recency == 3:
        return "needs_attention"
    if frequency >= 4 and money >= 4:
        return "cannot_lose"
    return "at_risk" if frequency >= 3 or money >= 4 else "hibernating"


def test_retention_counts_those_who_came_again(
    measured_shop: MeasuredShop, snapshot: Snapshot, horizon: date
) -> None:
    period = Period(horizon - timedelta(days=90), horizon)
    before = period.before()
    (expected,) = oracle(
        measured_shop,
        _ORDERS
        + """
        select count(distinct earlier.customer_id) as before, count(distinct later.customer_id) as again
        from sold as earlier left join sold as later on later.customer_id = earlier.customer_id
        and later.day between %(first)s and %(last)s
        where earlier.customer_id is not null and earlier.day between %(before_first)s and %(before_last)s
        """,
        first=period.first_date, last=period.last_date,
        before_first=before.first_date, before_last=before.last_date,
    )  # fmt: skip
    found = retention(snapshot, period)
    assert found.previous_customers_count == expected["before"] > 0
    assert found.retained_customers_count == expected["again"]


def test_receipts_of_all_time_are_those_of_the_payments(
    measured_shop: MeasuredShop, snapshot: Snapshot, horizon: date
) -> None:
    (expected,) = oracle(
        measured_shop,
        "select sum(captured_amount - refunded_amount) as net from payments where company_id = %(company)s",
    )
    ever = Period(horizon - timedelta(days=1500), horizon)
    assert ask(snapshot, measures=("net_receipts_amount",), period=ever).totals == {
        "net_receipts_amount": expected["net"]
    }


def test_values_of_customers_add_up_and_stand_beside_the_baseline(snapshot: Snapshot) -> None:
    totals = ask(snapshot, measures=("lifetime_value_amount", "valued_customers_count"), period=None).totals
    groups = clv(snapshot)
    assert len(groups) == 10
    assert sum(row["lifetime_value_amount"] for row in groups) == totals["lifetime_value_amount"]
    assert sum(row["customers_count"] for row in groups) == totals["valued_customers_count"] > 0
    assert [row["lowest_amount"] for row in groups] == sorted(
        (row["lowest_amount"] for row in groups), reverse=True
    )
    accuracy = value_accuracy(snapshot)
    assert sum(row["is_chosen"] for row in accuracy) == 1
    assert [row["model_name"] for row in accuracy if row["is_baseline"]] == ["last_year_again"]
    best = top_customers(snapshot, limit=3)
    assert best[0]["lifetime_value_amount"] == groups[0]["highest_amount"]


def test_pairs_equal_baskets_counted_in_postgresql(
    measured_shop: MeasuredShop, snapshot: Snapshot, horizon: date
) -> None:
    expected = oracle(
        measured_shop,
        """
        with kept as (
            select distinct orders.id, variants.product_id from order_lines
            join orders on orders.id = order_lines.order_id join variants on variants.id = variant_id
            where order_lines.company_id = %(company)s and (case when orders.status = 'cancelled'
                then fulfilled_units else quantity_units - cancelled_units end) > returned_units
            and (orders.placed_at at time zone %(zone)s)::date < %(horizon)s
        )
        select a.product_id, b.product_id as other_id, count(*) as orders,
            (select count(distinct id) from kept) as baskets
        from kept as a join kept as b on a.id = b.id and a.product_id < b.product_id
        group by 1, 2 having count(*) >= 3
        """,
        horizon=horizon,
    )
    found = basket_pairs(snapshot, limit=1000)
    assert len(found) > 5
    assert {
        (row["product_id"], row["other_product_id"]): (row["orders_count"], row["baskets_count"])
        for row in found
    } == {(str(row["product_id"]), str(row["other_id"])): (row["orders"], row["baskets"]) for row in expected}
    first = found[0]
    assert first["lift"] == pytest.approx(
        first["support_ratio"]
        / (first["product_orders_count"] / first["baskets_count"])
        / (first["other_orders_count"] / first["baskets_count"])
    )
    turned = basket_pairs(snapshot, product_id=first["other_product_id"], limit=50)
    assert {row["product_id"] for row in turned} == {first["other_product_id"]}
    assert any(row["other_product_id"] == first["product_id"] for row in turned)


def test_no_mart_names_a_person(measured_shop: MeasuredShop) -> None:
    """No text of any mart or serving table is a person's name, address or words, or holds an e-mail's @."""
    people = oracle(
        measured_shop,
        """
        select email as text from customers where company_id = %(company)s union
        select first_name from customers where company_id = %(company)s union
        select last_name from customers where company_id = %(company)s union
        select phone from customers where company_id = %(company)s union
        select email from orders where company_id = %(company)s union
        select shipping_address ->> 'line1' from orders where company_id = %(company)s union
        select reason from order_returns where company_id = %(company)s union
        select reason from payment_refunds where company_id = %(company)s union
        select session_key from product_views where company_id = %(company)s
        """,
    )
    words = sorted({row["text"] for row in people if row["text"]})
    assert len(words) > 50
    assert _columns_with(measured_shop, words) == []


def _columns_with(shop: MeasuredShop, words: list[str]) -> list[str]:
    """Return the columns that hold one of the words or an @; each table is read once."""
    with hold_warehouse(shop.settings) as warehouse:
        columns = warehouse.rows(
            "select table_schema || '.' || table_name as relation, column_name"
            " from information_schema.columns"
            " where table_schema in ('marts', 'serving') and data_type = 'VARCHAR'"
        )
        assert len(columns) > 100
        texts: dict[str, list[str]] = {}
        for column in columns:
            texts.setdefault(column["relation"], []).append(column["column_name"])
        found = []
        for relation, names in texts.items():
            asked = ", ".join(
                f"bool_or(list_contains($words, {name}) or {name} like '%@%') as {name}" for name in names
            )
            (row,) = warehouse.rows(f"select {asked} from {relation}", {"words": words})
            found += [f"{relation}.{name}" for name, is_there in row.items() if is_there]
        return found
