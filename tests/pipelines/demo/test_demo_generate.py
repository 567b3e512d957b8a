"""The demo in a real database: consistent, refused in production, and made once."""

from uuid import UUID

import pytest

from core.postgres.connect import tenant_transaction
from core.settings import load_settings
from pipelines.demo.catalogue import load_companies
from pipelines.demo.generate import DemoRefusedError, demo_company_id, generate, has_demo, read_report
from tests.support.databases import FreshDatabase

pytestmark = pytest.mark.slow


def all_rows(database: FreshDatabase, query: str) -> list[tuple[object, ...]]:
    with database.connect("owner") as owner:
        return owner.execute(query).fetchall()  # type: ignore[arg-type]


def test_stock_is_the_sum_of_the_ledger_and_was_never_negative(demo_database: FreshDatabase) -> None:
    differing = all_rows(
        demo_database,
        """select level.company_id from stock_levels as level
        where on_hand_units <> (
            select coalesce(sum(delta_units), 0) from stock_ledger as ledger
            where ledger.company_id = level.company_id and ledger.location_id = level.location_id
            and ledger.variant_id = level.variant_id
        )""",
    )
    assert differing == []
    lowest = all_rows(
        demo_database,
        """select min(balance) from (
            select sum(delta_units) over (
                partition by company_id, location_id, variant_id order by occurred_at, delta_units
            ) as balance from stock_ledger
        ) as balances""",
    )
    assert lowest == [(0,)]


def test_what_is_reserved_is_what_open_orders_hold(demo_database: FreshDatabase) -> None:
    reserved, live, open_units = all_rows(
        demo_database,
        """select
            (select sum(reserved_units) from stock_levels),
            (select sum(reserved_units) from reservations where status = 'live'),
            (
                select sum(quantity_units) from order_lines as line
                join orders on orders.company_id = line.company_id and orders.id = line.order_id
                where orders.status in ('pending', 'confirmed', 'processing')
            )""",
    )[0]
    assert reserved == live == open_units
    assert int(str(reserved)) > 0


def test_sales_in_the_ledger_are_the_units_that_left(demo_database: FreshDatabase) -> None:
    sold, fulfilled, returned, restocked = all_rows(
        demo_database,
        "select (select -sum(delta_units) from stock_ledger where reason = 'sale'),"
        " (select sum(fulfilled_units) from order_lines),"
        " (select sum(delta_units) from stock_ledger where reason = 'return'),"
        " (select sum(quantity_units) from order_return_lines where disposition = 'restocked')",
    )[0]
    assert sold == fulfilled
    assert returned == restocked


def test_order_totals_are_the_sums_of_their_lines(demo_database: FreshDatabase) -> None:
    differing = all_rows(
        demo_database,
        "select orders.id from orders join (select company_id, order_id, sum(line_amount) as lines,"
        " sum(discount_amount) as discounts, sum(tax_amount) as taxes from order_lines group by 1, 2) as sums"
        " on sums.company_id = orders.company_id and sums.order_id = orders.id where subtotal_amount <> lines"
        " or discount_amount <> discounts or tax_amount <> taxes",
    )
    assert differing == []


def test_prices_on_order_lines_are_those_of_the_history(demo_database: FreshDatabase) -> None:
    differing = all_rows(
        demo_database,
        "select count(*) from (select * from order_lines order by id limit 2000) as line"
        " join orders on orders.company_id = line.company_id and orders.id = line.order_id"
        " cross join lateral (select unit_price_amount from price_history as history"
        " where history.company_id = line.company_id and history.variant_id = line.variant_id"
        " and history.valid_from <= orders.placed_at order by valid_from desc limit 1) as price"
        " where price.unit_price_amount <> line.unit_price_amount",
    )
    assert differing == [(0,)]


def test_each_company_has_two_years_two_shops_and_its_own_currency(demo_database: FreshDatabase) -> None:
    with demo_database.connect("app") as connection:
        report = read_report(connection, was_there=True)
    assert [(company.currency, company.timezone) for company in report.companies] == [
        ("GBP", "Europe/London"),
        ("USD", "America/New_York"),
        ("JPY", "Asia/Tokyo"),
    ]
    assert {len(company.shops) for company in report.companies} == {2}
    assert {str(company.first_date) for company in report.companies} == {"2024-11-21"}
    assert {str(company.last_date) for company in report.companies} == {"2026-11-20"}
    assert 60_000 <= sum(company.order_lines_count for company in report.companies) <= 120_000
    roles = [login.role for login in report.logins]
    assert roles == ["company_admin", "shop_manager", "buyer"] * 3 + ["super_admin"]


def test_every_company_tells_the_whole_story(demo_database: FreshDatabase) -> None:
    with demo_database.connect("app") as connection:
        report = read_report(connection, was_there=True)
    told = {(fact.company_slug, fact.kind) for fact in report.story}
    kinds = ("season", "promotion", "stock_out", "late_supplier", "dead_item", "new_item", "returned_order")
    assert told == {(plan.slug, kind) for plan in load_companies() for kind in kinds}
    assert len(report.things_to_try) == 3


def test_story_of_the_first_company_is_what_its_plan_says(demo_database: FreshDatabase) -> None:
    with demo_database.connect("app") as connection:
        report = read_report(connection, was_there=True)
    assert report.fact("season").figures["month"] in ("November", "December")
    promotion = report.fact("promotion").figures
    assert promotion["percent"] == "25"
    assert int(promotion["units_during"]) > 1.5 * int(promotion["units_before"])
    assert "Storm lantern" in report.fact("stock_out").name
    assert report.fact("late_supplier").name == "Adria Glass"
    assert int(report.fact("late_supplier").figures["days"]) >= 10
    assert report.fact("dead_item").name == "Barometer clock"
    assert report.fact("dead_item").figures["last_date"] < "2026-05-01"
    assert report.fact("new_item").name == "Pour-over coffee set"


def test_suppliers_deliver_now_early_and_now_late(demo_database: FreshDatabase) -> None:
    rows = all_rows(
        demo_database,
        "select supplier.code, count(distinct receipt.received_at::date - restock.sent_at::date)"
        " from receipts as receipt join restock_orders as restock on restock.company_id = receipt.company_id"
        " and restock.id = receipt.restock_order_id join suppliers as supplier"
        " on supplier.company_id = restock.company_id and supplier.id = restock.supplier_id group by 1",
    )
    assert len(rows) == 10
    assert all(int(str(different)) >= 3 for _, different in rows)


def test_other_companies_stay_out_of_sight(demo_database: FreshDatabase) -> None:
    first = UUID(demo_company_id(load_companies()[0]))
    with demo_database.connect("app") as connection:
        with tenant_transaction(connection, first):
            seen = connection.execute("select distinct company_id from order_lines").fetchall()
        assert seen == [(first,)]
        assert connection.execute("select count(*) from orders").fetchone() == (0,)


def test_a_demo_that_is_there_is_recognised(
    demo_database: FreshDatabase, fresh_database: FreshDatabase
) -> None:
    with demo_database.connect("app") as connection:
        assert has_demo(connection)
    with fresh_database.connect("app") as connection:
        assert not has_demo(connection)


def test_production_refuses_the_demo() -> None:
    with pytest.raises(DemoRefusedError, match="production"):
        generate(load_settings({"environment": "production"}))
