"""One small file for each rule of the import."""

from decimal import Decimal

import pytest

from pipelines.imports.import_report import ImportReport
from tests.pipelines.imports.retail_files import Shop, row


def kinds(report: ImportReport) -> dict[str, int]:
    return {total.kind: total.rows_count for total in report.totals if total.rows_count}


def test_an_invoice_becomes_an_order_with_its_original_time(shop: Shop) -> None:
    report = shop.load(shop.file(row("536365"), row("536365", "71053", 3, price="3.39")))
    assert kinds(report) == {"sale": 2}
    assert report.is_complete
    assert shop.rows(
        "select external_code, status, placed_by, placed_at at time zone 'UTC' = '2010-12-01 08:26',"
        " subtotal_amount, total_amount, order_number ~ '^ORD-20101201-[0-9A-Z]{5}$' from orders"
    ) == [("536365", "completed", "import", True, Decimal("25.47"), Decimal("25.47"), True)]
    assert shop.rows(
        "select line_number, sku, quantity_units, fulfilled_units, line_amount, tax_amount from order_lines"
        " order by 1"
    ) == [(1, "85123A", 6, 6, Decimal("15.30"), 0), (2, "71053", 3, 3, Decimal("10.17"), 0)]


def test_summer_time_is_one_hour_ahead_of_utc(shop: Shop) -> None:
    shop.load(shop.file(row("536365", at="2011-07-01 08:26:00")))
    assert shop.rows("select placed_at at time zone 'UTC' = '2011-07-01 07:26' from orders") == [(True,)]


@pytest.mark.parametrize(
    ("local", "utc"),
    [("2011-03-27 01:30:00", "2011-03-27 01:30"), ("2011-10-30 01:30:00", "2011-10-30 00:30")],
    ids=["skipped in spring", "twice in autumn"],
)
def test_hours_that_are_not_there_once_are_still_read(shop: Shop, local: str, utc: str) -> None:
    report = shop.load(shop.file(row("536365", at=local)))
    assert report.rows_rejected == 0
    assert shop.rows(f"select placed_at at time zone 'UTC' = '{utc}' from orders") == [(True,)]


def test_rows_in_both_files_are_taken_once_but_repeats_inside_a_file_stay(shop: Shop) -> None:
    twice = row("536365")
    first = shop.file(twice, twice, row("536366"))
    second = shop.file(twice, row("536367"))
    report = shop.load(first, second)
    assert (report.rows_read, report.rows_in_both_files) == (5, 1)
    assert kinds(report) == {"sale": 4}
    assert shop.rows("select count(*) from order_lines where sku = '85123A'") == [(4,)]


def test_codes_are_upper_case(shop: Shop) -> None:
    shop.load(shop.file(row("536365", "85123a"), row("536366", "85123A ")))
    assert shop.rows("select sku from variants") == [("85123A",)]


def test_lines_without_customer_are_guests(shop: Shop) -> None:
    shop.load(shop.file(row("536365", customer=""), row("536366", customer="17850.0")))
    assert shop.rows("select external_code, customer_id is null from orders order by 1") == [
        ("536365", True),
        ("536366", False),
    ]
    assert shop.rows("select external_code, country from customers") == [("17850", "United Kingdom")]


def test_a_return_goes_to_the_newest_earlier_open_line(shop: Shop) -> None:
    shop.load(
        shop.file(
            row("536365", units=6, at="2010-12-01 08:00:00"),
            row("536366", units=6, at="2010-12-02 08:00:00"),
            row("C536400", units=-4, at="2010-12-05 08:00:00"),
            row("536500", units=6, at="2010-12-06 08:00:00"),
        )
    )
    assert shop.rows(
        "select orders.external_code, line.returned_units, orders.payment_status, orders.status"
        " from order_lines as line join orders on orders.id = line.order_id order by 1"
    ) == [
        ("536365", 0, "paid", "completed"),
        ("536366", 4, "partly_refunded", "completed"),
        ("536500", 0, "paid", "completed"),
    ]
    assert shop.rows(
        "select back.external_code, orders.external_code, back.refund_amount, line.quantity_units,"
        " line.disposition from order_returns as back join orders on orders.id = back.order_id"
        " join order_return_lines as line on line.order_return_id = back.id"
    ) == [("C536400", "536366", Decimal("10.20"), 4, "restocked")]


def test_a_return_skips_lines_with_too_few_open_units(shop: Shop) -> None:
    report = shop.load(
        shop.file(
            row("536365", units=6, at="2010-12-01 08:00:00"),
            row("536366", units=2, at="2010-12-02 08:00:00"),
            row("C536400", units=-4, at="2010-12-05 08:00:00"),
        )
    )
    assert (report.returns_matched, report.returns_unmatched) == (1, 0)
    assert shop.rows("select quantity_units, returned_units from order_lines order by 1") == [(2, 0), (6, 4)]


def test_a_large_return_is_split_newest_first_and_the_rest_is_unmatched(shop: Shop) -> None:
    report = shop.load(
        shop.file(
            row("536365", units=3, at="2010-12-01 08:00:00"),
            row("536366", units=2, at="2010-12-02 08:00:00"),
            row("C536400", units=-7, at="2010-12-05 08:00:00", price="0.33"),
        )
    )
    assert (report.returns_matched, report.returns_partly_matched, report.returns_unmatched) == (0, 1, 0)
    pieces = shop.rows(
        "select orders.external_code, line.quantity_units, line.refund_amount from order_return_lines as line"
        " left join order_lines as sold on sold.id = line.order_line_id"
        " left join orders on orders.id = sold.order_id"
        " order by orders.external_code desc nulls last"
    )
    assert [(code, units) for code, units, _ in pieces] == [("536366", 2), ("536365", 3), (None, 2)]
    assert sum(refund for _, _, refund in pieces) == Decimal("2.31")
    assert shop.rows("select refund_amount, order_id from order_returns") == [(Decimal("2.31"), None)]
    assert shop.rows("select distinct status, payment_status from orders") == [("returned", "refunded")]


@pytest.mark.parametrize(
    "returned",
    [
        row("C536400", units=-4, at="2010-12-05 08:00:00", customer="13047"),
        row("C536400", units=-4, at="2010-12-05 08:00:00", customer=""),
        row("C536400", "71053", units=-4, at="2010-12-05 08:00:00"),
        row("C536400", units=-4, at="2010-11-30 08:00:00"),
    ],
    ids=["another customer", "no customer", "another code", "before the sale"],
)
def test_a_return_of_nothing_that_was_sold_is_unmatched(shop: Shop, returned: tuple[object, ...]) -> None:
    report = shop.load(shop.file(row("536365"), returned))
    assert (report.returns_matched, report.returns_unmatched) == (0, 1)
    assert shop.rows("select order_line_id from order_return_lines") == [(None,)]
    assert shop.rows("select sum(returned_units) from order_lines") == [(0,)]


def test_what_comes_back_on_the_same_day_was_cancelled_and_never_left(shop: Shop) -> None:
    report = shop.load(
        shop.file(
            row("541431", units=74215, at="2011-01-18 10:01:00", price="1.04", customer="12346"),
            row("C541433", units=-74215, at="2011-01-18 10:17:00", price="1.04", customer="12346"),
        )
    )
    assert report.units_cancelled_same_day == 74215
    assert shop.rows("select status, payment_status from orders") == [("cancelled", "refunded")]
    assert shop.rows("select cancelled_units, fulfilled_units, returned_units from order_lines") == [
        (74215, 0, 0)
    ]
    assert shop.rows("select count(*) from order_returns") == [(0,)]
    assert shop.rows("select count(*) from stock_ledger where reason <> 'opening'") == [(0,)]
    assert shop.rows("select note from order_history where note like 'C%'") == [
        ("C541433: 74215 × 85123A cancelled on the same day",)
    ]


def test_postage_and_other_charges_are_kept_apart(shop: Shop) -> None:
    report = shop.load(
        shop.file(
            row("536365"),
            row("536365", "POST", 1, price="18"),
            row("536365", "M", 1, price="5"),
            row("536370", "gift_0001_20", 2, price="17.39"),
            row("C536400", "D", -1, at="2010-12-05 08:00:00", price="27.5"),
        )
    )
    assert kinds(report) == {"sale": 1, "charge": 4}
    assert shop.rows(
        """select charge.kind, charge.code, charge.quantity, charge.amount, orders.external_code,
            charge.external_code
        from order_charges as charge left join orders on orders.id = charge.order_id order by charge.kind"""
    ) == [
        ("discount", "D", -1, Decimal("-27.50"), None, "C536400"),
        ("gift_card", "GIFT_0001_20", 2, Decimal("34.78"), None, "536370"),
        ("other", "M", 1, Decimal("5.00"), "536365", "536365"),
        ("shipping", "POST", 1, Decimal("18.00"), "536365", "536365"),
    ]
    assert shop.rows("select external_code, subtotal_amount, shipping_amount, total_amount from orders") == [
        ("536365", Decimal("15.30"), Decimal("18.00"), Decimal("33.30"))
    ]
    assert shop.rows("select sku from variants") == [("85123A",)]


def test_a_invoices_are_bad_debt_of_no_order(shop: Shop) -> None:
    report = shop.load(
        shop.file(
            row("536365"),
            row("A563186", "B", 1, price="-11062.06", customer="", description="Adjust bad debt"),
        )
    )
    assert kinds(report) == {"sale": 1, "bad_debt": 1}
    assert shop.rows("select kind, order_id, amount, external_code from order_charges") == [
        ("bad_debt", None, Decimal("-11062.06"), "A563186")
    ]


def test_free_units_off_c_invoices_adjust_stock(shop: Shop) -> None:
    report = shop.load(
        shop.file(
            row("536365", units=6, at="2010-12-03 08:00:00"),
            row("536400", units=-5, price="0", customer="", description="damaged", at="2010-12-04 08:00:00"),
            row("536401", units=20, price="0", customer="", description="found", at="2010-12-05 08:00:00"),
        )
    )
    assert kinds(report) == {"sale": 1, "stock_adjustment": 2}
    assert shop.rows(
        "select delta_units, note, is_assumed from stock_ledger where reason = 'adjustment'"
        " order by occurred_at"
    ) == [(-5, "536400: damaged", False), (20, "536401: found", False)]


def test_a_free_item_beside_paid_ones_or_for_a_customer_is_a_sale(shop: Shop) -> None:
    report = shop.load(
        shop.file(
            row("536365", customer=""),
            row("536365", "71053", 1, price="0", customer=""),
            row("536366", "71053", 1, price="0"),
        )
    )
    assert kinds(report) == {"sale": 3}


def test_stock_never_falls_below_zero_and_openings_are_assumed(shop: Shop) -> None:
    shop.load(
        shop.file(
            row("536365", units=6, at="2010-12-01 08:00:00"),
            row("536366", units=4, at="2010-12-02 08:00:00"),
            row("C536400", units=-4, at="2010-12-05 08:00:00"),
            row("536500", units=5, at="2010-12-05 08:00:00"),
        )
    )
    assert shop.rows(
        "select delta_units, is_assumed, occurred_at at time zone 'UTC' = '2010-12-01' from stock_ledger"
        " where reason = 'opening'"
    ) == [(15 + 5, True, True)]
    assert shop.rows(
        "select min(balance), max(on_hand_units) from stock_levels cross join (select sum(delta_units)"
        " over (order by occurred_at, delta_units) as balance from stock_ledger) as balances"
    ) == [(5, 9)]


def test_suppliers_costs_and_stock_are_marked_as_assumed(shop: Shop) -> None:
    shop.load(shop.file(row("536365"), row("536365", "71053")))
    assert shop.rows("select distinct is_assumed from suppliers") == [(True,)]
    assert shop.rows("select distinct is_assumed from product_suppliers") == [(True,)]
    assert shop.rows("select distinct is_assumed from products") == [(True,)]
    assert shop.rows("select distinct is_assumed from cost_history") == [(True,)]
    assert shop.rows("select data_origin from companies") == [("import",)]
    assert shop.rows("select count(*) from restock_orders") == [(0,)]


def test_prices_are_those_charged_most_often_in_the_last_year(shop: Shop) -> None:
    shop.load(
        shop.file(
            *(row(f"5363{n}", price="2.10", at="2009-12-01 08:00:00") for n in range(10, 15)),
            *(row(f"5463{n}", price="2.95", at="2011-12-01 08:00:00") for n in range(10, 13)),
            row("546399", price="5.91", at="2011-12-02 08:00:00"),
        )
    )
    assert shop.rows("select price_amount, name from products") == [(Decimal("2.95"), "WHITE HANGING HEART")]


def test_no_event_is_sent_for_what_is_long_over(shop: Shop) -> None:
    shop.load(shop.file(*(row(f"5363{n}") for n in range(10, 30))))
    assert shop.rows("select type, aggregate_type from events") == [("import.completed", "company")]


def test_an_owner_may_look_at_the_company(shop: Shop) -> None:
    with shop.database.connect("app") as connection:
        connection.execute(
            "select auth_create_user(uuidv7(), 'ann@shop.example', '-', 'Ann', 'Lee', null, null)"
        )
    shop.load(shop.file(row("536365")), owner_email="ann@shop.example")
    assert shop.rows("select role from memberships order by 1") == [("buyer",), ("company_admin",)]
