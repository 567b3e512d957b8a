"""Dead stock and purchases of a published shop equal what SQL on PostgreSQL gives."""

from datetime import timedelta

import pytest

from core.metrics.ask import ask
from core.metrics.inventory import dead_stock
from core.metrics.period import Period
from core.published import Snapshot
from tests.support.measured_shop import MeasuredShop, query


def test_dead_stock_is_old_and_was_not_asked_for(snapshot: Snapshot, year: Period) -> None:
    day = year.last_date
    assert "Sundial" in {row["product_name"] for row in dead_stock(snapshot, day=day)}
    for quiet_days in (90, 7):
        rows = dead_stock(snapshot, day=day, quiet_days=quiet_days)
        assert rows
        asked = snapshot.rows(
            "select distinct location_id, variant_id from srv_stock_spans"
            " where demand_units > 0 and span_date > ?",
            [day - timedelta(days=quiet_days)],
        )
        for row in rows:
            assert row["oldest_age_days"] >= quiet_days
            assert {"location_id": row["location_id"], "variant_id": row["variant_id"]} not in asked


def test_purchases_are_the_receipts_of_the_suppliers(
    measured_shop: MeasuredShop, snapshot: Snapshot, year: Period
) -> None:
    found = ask(
        snapshot,
        measures=("purchased_units", "purchased_amount", "receipts_count", "lead_time_days", "on_time_ratio"),
        dimensions=("supplier",),
        period=year,
    ).rows
    expected = query(
        measured_shop,
        """
        with received as (
            select restock_orders.supplier_id, receipt_lines.received_units,
                receipt_lines.received_units * receipt_lines.unit_cost_amount * exchange_rate as amount,
                (receipts.received_at at time zone %(zone)s)::date as day,
                (restock_orders.sent_at at time zone %(zone)s)::date as sent_day, expected_date
            from receipt_lines inner join receipts on receipts.id = receipt_id
            inner join restock_orders on restock_orders.id = receipts.restock_order_id
            where receipt_lines.company_id = %(company)s
        )
        select supplier_id::text, sum(received_units), round(sum(amount), 2), count(*),
            avg(day - sent_day)::float8,
            avg((day <= expected_date)::int) filter (where expected_date is not null)::float8
        from received where day between %(first)s and %(last)s group by 1
        """,
        first=year.first_date,
        last=year.last_date,
    )

    assert len(expected) == 2
    assert {row["supplier_id"]: tuple(row.values())[1:6] for row in found} == {
        row[0]: pytest.approx(row[1:]) for row in expected
    }
