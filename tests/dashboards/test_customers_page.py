"""The customers' page: its numbers are the API's, names come only to who may read them."""

from collections.abc import Callable

from tests.support.pages import Pages, figure, words

ADMIN = "company_admin@acme.example"
WEEK = {"from": "2026-11-14", "to": "2026-11-20"}


def test_the_figures_are_the_apis_and_a_hand_calculations(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open("customers", period="Custom", **WEEK)
    said = pages.report("customers", **WEEK)["totals"]
    # Of the orders 14 to 20 two are guests'; three customers placed the others, all had ordered before.
    assert at.title[0].value == "Who buys, and who comes back?"
    assert figure(at, "Customers") == str(said["customers_count"]) == "3"
    assert figure(at, "New customers") == str(said["new_customers_count"]) == "0"
    assert figure(at, "Returning customers") == str(said["returning_customers_count"]) == "3"
    assert figure(at, "Repeat rate") == "100.0%"
    assert said["repeat_rate_ratio"] == 1.0
    assert figure(at, "Orders per customer") == "1.67"
    # 14 + 15 + 17 + 18 + 19 = 83 units for 10.00 to three customers.
    assert figure(at, "Net sales per customer") == said["net_sales_per_customer_amount"] == "276.67"
    assert figure(at, "Lifetime value (CLV)") == "300.00"
    segments = next(table.value for table in at.dataframe if "rule" in table.value)
    told = pages.report("customers")["segments"]
    assert segments["customers_count"].tolist() == [row["customers_count"] for row in told]
    assert segments["segment"].tolist()[0] == "Champions"


def test_all_that_is_shown_says_what_it_means(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open("customers")
    helps = {metric.label: metric.help for metric in at.metric}
    assert "counted once, and guests are left out" in helps["Customers"]
    assert "margin expected in the next 365 days" in helps["Lifetime value (CLV)"]
    said = words(at)
    assert "The last 365 days again (baseline)" in said
    assert "Fifths of the company's customers" in said
    assert "Nobody's first order is more than a month old yet" in said
    assert "Cover" in said


def test_names_come_from_the_system_of_record_to_who_may_read_them(pages: Pages) -> None:
    with pages.database.connect("owner") as owner:
        owner.execute(
            "update customers set first_name = 'Mary', last_name = 'Somerville' where id = %s",
            [pages.acme.customer_id],
        )
    pages.log_in(ADMIN)
    at = pages.open("customers")
    best = next(table.value for table in at.dataframe if "name" in table.value)
    assert best["name"].tolist()[-1] == "Mary Somerville"
    assert best["name"].tolist()[0].startswith("Customer …")
    assert [float(value) for value in best["lifetime_value_amount"]] == [320.0, 300.0, 280.0]
    pages.log_in("shop_manager@acme.example")
    assert "Somerville" not in words(pages.open("customers"))


def test_a_shop_manager_sees_their_orders_and_no_value_of_the_company(pages: Pages) -> None:
    pages.log_in("shop_manager@acme.example")
    at = pages.open("customers")
    assert figure(at, "Customers") == "3"
    assert "Lifetime values are of the whole company" in words(at)
    assert not [metric for metric in at.metric if "CLV" in metric.label]


def test_nothing_published_and_no_customers_say_what_to_do(
    unpublished: Pages, publish_again: Callable[..., None]
) -> None:
    unpublished.log_in(ADMIN)
    assert "Run `stockwise run`" in words(unpublished.open("customers"))
    publish_again(unpublished)
    at = unpublished.open("customers", period="Custom", **{"from": "2025-01-01", "to": "2025-01-31"})
    assert not at.exception
    assert "2026-11-01" in words(at)
