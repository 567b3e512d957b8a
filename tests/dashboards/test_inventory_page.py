"""The inventory page: its numbers are the API's, within its reader's reach, and it says what it means."""

from typing import Any
from uuid import uuid4

from tests.support.pages import Pages, figure, words
from tests.support.published import publish, small_plan, small_stock

ADMIN = "company_admin@acme.example"


def test_the_figures_are_the_apis_and_a_hand_calculations(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open("inventory")
    said = pages.report("inventory")
    # The ends of twenty days add up to 2,820 units of 28 days at 6.00; 210 went: 1,260 × 365 / 28 / 604.29.
    assert at.title[0].value == "Is the right stock there?"
    assert figure(at, "Stock value at cost") == "48.00"
    assert figure(at, "Average stock value") == "604.29"
    assert figure(at, "Inventory turnover") == "27.18"
    assert said["totals"]["stock_value_amount"] == "48.00"
    assert said["totals"]["average_stock_amount"] == "604.29"
    assert round(said["totals"]["inventory_turnover"], 2) == 27.18
    assert figure(at, "First in, first out") == figure(at, "Moving average") == "48.00"
    assert said["valuation"]["fifo_amount"] == "48.00"
    ages = next(table.value for table in at.dataframe if "age_days" in table.value)
    assert ages["stock_units"].tolist() == [row["stock_units"] for row in said["ageing"]]


def test_what_was_missing_is_shown_as_an_estimate_with_its_definition(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open("inventory")
    assert figure(at, "Lost sales (estimate)") == "5.00"
    assert "Weekdays, seasons, promotions" in words(at)
    outs = next(table.value for table in at.dataframe if {"sku", "lost_units"} <= set(table.value))
    assert outs.iloc[0][["product_name", "stock_out_hours", "lost_units"]].tolist() == ["Thing", 1.0, 0.5]
    helps = {metric.label: metric.help for metric in at.metric}
    assert "average stock value" in helps["Inventory turnover"]


def test_a_shop_manager_sees_the_locations_of_their_shops(pages: Pages) -> None:
    with pages.database.connect("owner") as owner:
        owner.execute(
            "update membership_shops set shop_id = %(other)s where membership_id in (select memberships.id"
            " from memberships inner join users on users.id = user_id"
            " where email = 'shop_manager@acme.example')",
            {"other": _another_shop(pages, owner)},
        )
    pages.log_in("shop_manager@acme.example")
    at = pages.open("inventory")
    assert "no sales of your shops" in words(at) or "No stock is known" in words(at)
    assert not at.exception


def test_a_location_that_is_not_served_is_not_taken_from_the_address(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open("inventory", inventory_location=str(uuid4()))
    assert not at.exception
    assert figure(at, "Units on hand") == "8"


def test_nothing_published_and_no_stock_say_what_to_do(unpublished: Pages) -> None:
    unpublished.log_in(ADMIN)
    assert "Run `stockwise run`" in words(unpublished.open("inventory"))
    without_stock = {
        name: rows
        for name, rows in small_plan(unpublished.acme).items()
        if name not in small_stock(unpublished.acme, None) or name == "srv_locations"
    }
    publish(unpublished.settings, {unpublished.acme: without_stock})
    assert "No stock is known for these days and places" in words(unpublished.open("inventory"))


def _another_shop(pages: Pages, owner: Any) -> Any:
    shop_id = uuid4()
    owner.execute(
        "insert into shops (company_id, id, name, slug) values (%s, %s, 'Other', 'other')",
        [pages.acme.id, shop_id],
    )
    return shop_id
