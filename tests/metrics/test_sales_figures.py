"""Sales of the measured shop are those of SQL on PostgreSQL, and its calendar and price history are true."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.metrics.ask import Filters, ask
from core.metrics.period import Period
from core.metrics.product_reports import class_matrix, new_products, terms_at
from core.published import Snapshot
from tests.support.measured_shop import MeasuredShop

pytestmark = pytest.mark.slow

MEASURES = (
    "orders_count", "guest_orders_count", "units", "list_sales_amount", "discount_amount", "net_sales_amount",
    "tax_amount", "gross_sales_amount", "cost_amount", "margin_amount", "shipping_amount", "returned_units",
    "returns_amount", "returns_tax_amount",
)  # fmt: skip
# Written from the words of the registry: rounded half away from zero per line, as PostgreSQL's round() does.
SALES_BY_SHOP = """
with sold as (
    select orders.shop_id, orders.id as order_id, orders.customer_id, lines.unit_cost_amount,
        orders.prices_include_tax,
        (orders.placed_at at time zone %(zone)s)::date as day,
        case when orders.status = 'cancelled'
            then lines.quantity_units - lines.fulfilled_units else lines.cancelled_units end as gone,
        lines.quantity_units, lines.net_amount, lines.gross_amount, lines.line_amount, lines.discount_amount
    from order_lines as lines join orders on orders.id = lines.order_id
    where orders.company_id = %(company)s
),
amounts as (
    select *, quantity_units - gone as units,
        net_amount - round(net_amount * gone / quantity_units, 2) as net,
        gross_amount - round(gross_amount * gone / quantity_units, 2)
            - (net_amount - round(net_amount * gone / quantity_units, 2)) as tax,
        line_amount - round(line_amount * gone / quantity_units, 2) as list,
        discount_amount - round(line_amount * gone / quantity_units, 2)
            + round((line_amount - discount_amount) * gone / quantity_units, 2) as discount,
        round(unit_cost_amount * (quantity_units - gone), 2) as cost
    from sold where gone < quantity_units and day between %(first)s and %(last)s
),
goods as (
    select shop_id, count(distinct order_id) as orders_count,
        count(distinct order_id) filter (where customer_id is null) as guest_orders_count,
        sum(units) as units, sum(list) as list,
        sum(discount) as discount, sum(net) as net, sum(tax) as tax, sum(net + tax) as gross,
        sum(cost) as cost, sum(net - cost) as margin
    from amounts group by shop_id
),
shipping as (
    select shop_id, sum(shipping_amount) as amount from orders
    where company_id = %(company)s and status <> 'cancelled'
    and (placed_at at time zone %(zone)s)::date between %(first)s and %(last)s group by shop_id
),
back as (
    select returns.shop_id, lines.quantity_units, lines.refund_amount,
        case when lines.net_refund_amount is not null then lines.net_refund_amount when sold.gross_amount > 0
            then round(lines.refund_amount * sold.net_amount / sold.gross_amount, 2)
            else lines.refund_amount end as net
    from order_return_lines as lines
    join order_returns as returns on returns.id = lines.order_return_id
    left join order_lines as sold on sold.id = lines.order_line_id
    where lines.company_id = %(company)s and returns.status in ('received', 'refunded')
    and (returns.returned_at at time zone %(zone)s)::date between %(first)s and %(last)s
),
returned as (
    select shop_id, sum(quantity_units) as units, sum(net) as net, sum(refund_amount - net) as tax
    from back group by shop_id
)
select shops.id::text, coalesce(orders_count, 0), coalesce(guest_orders_count, 0), coalesce(goods.units, 0),
    coalesce(list, 0), coalesce(discount, 0), coalesce(goods.net, 0), coalesce(goods.tax, 0),
    coalesce(gross, 0), coalesce(cost, 0), coalesce(margin, 0), coalesce(shipping.amount, 0),
    coalesce(returned.units, 0), coalesce(returned.net, 0), coalesce(returned.tax, 0)
from shops left join goods on goods.shop_id = shops.id left join shipping on shipping.shop_id = shops.id
left join returned on returned.shop_id = shops.id
where shops.company_id = %(company)s order by 1
"""


def oracle(shop: MeasuredShop, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with shop.database.connect("owner") as owner:
        return owner.execute(sql, {"company": shop.company_id, "zone": shop.timezone, **values}).fetchall()


@pytest.mark.parametrize(
    ("days_ago", "days"), [(0, 1), (2, 7), (40, 30), (0, 3650), (365, 365)], ids=lambda number: str(number)
)
def test_sales_of_any_days_are_those_of_sql_on_postgresql(
    measured_shop: MeasuredShop, snapshot: Snapshot, days_ago: int, days: int
) -> None:
    last = snapshot.rows("select max(sales_date) as day from srv_sales_daily")[0]["day"]
    last -= timedelta(days=days_ago)
    period = Period(last - timedelta(days=days - 1), last)
    expected = oracle(measured_shop, SALES_BY_SHOP, first=period.first_date, last=period.last_date)
    answer = ask(snapshot, measures=MEASURES, dimensions=["shop"], period=period)
    found = {row["shop_id"]: tuple(row[name] for name in MEASURES) for row in answer.rows}
    assert [(shop, found.get(shop, (0,) * len(MEASURES))) for shop, *_ in expected] == [
        (shop, tuple(values)) for shop, *values in expected
    ]
    sums = [sum(column) for column in zip(*(values for _, *values in expected), strict=True)]
    assert [answer.totals[name] for name in MEASURES] == sums


def test_days_where_clocks_change_are_the_companys_own(
    measured_shop: MeasuredShop, snapshot: Snapshot
) -> None:
    """Each local day of a year, so both days of 23 and 25 hours are among them."""
    last = snapshot.rows("select max(sales_date) as day from srv_sales_daily")[0]["day"]
    answer = ask(
        snapshot,
        measures=["orders_count"],
        dimensions=["day"],
        period=Period(last - timedelta(days=370), last),
    )
    by_day = dict(
        oracle(
            measured_shop,
            "select (placed_at at time zone %(zone)s)::date, count(*) from orders"
            " where company_id = %(company)s and exists (select from order_lines as lines"
            " where lines.order_id = orders.id and case when orders.status = 'cancelled'"
            " then lines.fulfilled_units else lines.quantity_units - lines.cancelled_units end > 0)"
            " group by 1",
        )
    )
    assert {row["day"]: row["orders_count"] for row in answer.rows if row["orders_count"]} == {
        day: count for day, count in by_day.items() if day > last - timedelta(days=371)
    }


def test_parts_add_up_to_the_whole(snapshot: Snapshot) -> None:
    """Of the year up to the horizon: the days of the classes."""
    last = snapshot.rows("select horizon_date from srv_company")[0]["horizon_date"]
    period = Period(last - timedelta(days=364), last)
    whole = ask(snapshot, measures=["net_sales_amount", "units"], period=period).totals
    for name in ("shop", "product", "variant", "category", "top_category", "brand", "abc_class", "month"):
        parts = ask(snapshot, measures=["net_sales_amount", "units"], dimensions=[name], period=period)
        assert sum(row["net_sales_amount"] for row in parts.rows) == whole["net_sales_amount"], name
        assert sum(row["units"] for row in parts.rows) == whole["units"], name
    tree = {
        row["category_name"]: row["category_id"]
        for row in snapshot.rows("select category_id, category_name from srv_categories")
    }
    of = {
        name: ask(
            snapshot, measures=["units"], period=period, filters=Filters(category_ids=(tree[name],))
        ).totals["units"]
        for name in ("Kitchen", "Mugs", "Knives", "Garden")
    }
    assert of["Kitchen"] == of["Mugs"] + of["Knives"]
    assert of["Kitchen"] + of["Garden"] == whole["units"]
    classes = class_matrix(snapshot)
    assert sum(row["units"] for row in classes) == whole["units"]
    assert {row["abc_class"] for row in classes} == {"A", "B", "C"}


def test_the_calendar_has_iso_weeks_and_the_countrys_holidays(snapshot: Snapshot) -> None:
    days = snapshot.rows("select * from srv_calendar order by local_date")
    assert [row["local_date"] for row in days] == [
        days[0]["local_date"] + timedelta(days=number) for number in range(len(days))
    ]
    assert all(
        (row["iso_year"], row["iso_week"], row["weekday_number"]) == tuple(row["local_date"].isocalendar())
        for row in days
    )
    assert {row["week_start_date"].weekday() for row in days} == {0}
    holidays = {
        (row["local_date"].month, row["local_date"].day): row["holiday_name"]
        for row in days
        if row["is_holiday"]
    }
    assert holidays[(10, 3)] == "German Unity Day"
    assert holidays[(12, 25)] == "Christmas Day"
    assert (12, 24) not in holidays


def test_prices_and_costs_are_those_of_the_instant(measured_shop: MeasuredShop, snapshot: Snapshot) -> None:
    """At, just before and a second after each change, and today."""
    changes = oracle(
        measured_shop,
        "select variant_id::text, moment.at::text from price_history cross join lateral ("
        " values (valid_from), (valid_from - interval '1 microsecond'), (valid_from + interval '1 second'),"
        " (now())) as moment (at) where company_id = %(company)s order by 1, 2 limit 120",
    )
    sql = """
        select
            (select unit_price_amount from price_history where variant_id = %(variant)s
                and valid_from <= %(at)s::timestamptz
                order by valid_from desc, created_at desc, id desc limit 1),
            (select unit_cost_amount from cost_history where variant_id = %(variant)s
                and valid_from <= %(at)s::timestamptz
                order by valid_from desc, created_at desc, id desc limit 1)
    """
    assert len({variant for variant, _ in changes}) > 1
    for variant, at in changes:
        (expected,) = oracle(measured_shop, sql, variant=variant, at=at)
        terms = terms_at(snapshot, variant, at)
        assert terms is not None
        assert (terms["unit_price_amount"], terms["unit_cost_amount"]) == expected, (variant, at)


def test_a_product_is_new_in_the_days_of_its_introduction(snapshot: Snapshot) -> None:
    (last,) = snapshot.rows("select max(sales_date) as day from srv_sales_daily")
    period = Period(last["day"] - timedelta(days=89), last["day"])
    assert [row["product_name"] for row in new_products(snapshot, period)] == ["Lantern"]
    assert new_products(snapshot, Period(date(2000, 1, 1), date(2000, 1, 2))) == []
    (lantern,) = new_products(snapshot, period)
    assert lantern["net_sales_amount"] > Decimal(0)
