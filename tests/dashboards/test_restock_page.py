"""The restock page: the worklist, why a quantity, and what becomes of an approval."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.data import restock
from tests.support.pages import Pages, figure, words

BUYER = "buyer@acme.example"


def orders_of(pages: Pages) -> list[tuple[Any, ...]]:
    with pages.database.connect("owner") as owner:
        return owner.execute(
            "select restock_orders.restock_number, restock_orders.status, lines.ordered_units"
            " from restock_orders inner join restock_order_lines as lines"
            " on restock_orders.id = lines.restock_order_id order by restock_number"
        ).fetchall()


def approve_button(at: AppTest) -> Any:
    (button,) = (button for button in at.button if button.label == "Approve")
    return button


def test_a_line_shows_what_to_order_and_why(pages: Pages) -> None:
    pages.log_in(BUYER)
    at = pages.open("restock")
    (row,) = at.dataframe[0].value.to_dict("records")
    assert list(row)[:4] == ["product", "units", "supplier", "order_by"]
    assert (row["product"], row["state"], row["units"], row["cost"]) == ("Thing", "○ open", 24, 144.0)
    assert figure(at, "Lines to decide on") == "1"
    assert figure(at, "Cost if all are ordered") == "144.00 EUR"
    said = words(at)
    assert "Why 24 units?" in said
    assert "Forecast: Sells now and then (TSB), version 1, learnt from days up to 2026-11-20." in said
    assert "chance to run out before the next order could arrive: 70%" in said


def test_the_parts_add_up_to_the_suggestion(pages: Pages) -> None:
    pages.log_in(BUYER)
    rows = pages.open("restock").table[0].value.to_dict("records")
    units = [int(row["Units"].replace("*", "").replace(",", "")) for row in rows]
    assert sum(units[:-1]) == units[-1] == 24
    assert rows[-1]["Part"] == "**= Suggested order**"


def test_both_figures_say_what_their_bands_and_marks_mean(pages: Pages) -> None:
    pages.log_in(BUYER)
    demand, stock = (chart.proto.spec for chart in pages.open("restock").get("vega_lite_chart"))
    for meaning in ("8 of 10 outcomes fall here", "Out of stock: demand unknown", "Units per day"):
        assert meaning in demand
    assert "Units on hand" in stock


def test_approving_orders_and_the_line_shows_the_order(pages: Pages) -> None:
    pages.log_in(BUYER)
    at = pages.open("restock")
    at.number_input[0].set_value(30)
    approve_button(at).click().run()
    ((number, status, units),) = orders_of(pages)
    assert (status, units) == ("approved", 30)
    assert at.dataframe[0].value["state"].tolist() == [f"✓ {number}"]
    assert f"Restock order {number} is approved." in at.success[0].value
    assert "Approved: 30 units" in at.success[1].value
    assert not [button for button in at.button if button.label == "Approve"]
    assert figure(at, "Lines to decide on") == "0"
    again = pages.open("restock")  # a refresh: all that is known comes from the API
    assert again.dataframe[0].value["state"].tolist() == [f"✓ {number}"]


def test_a_second_tab_sees_the_decision_instead_of_ordering_again(pages: Pages) -> None:
    pages.log_in(BUYER)
    first, second = pages.open("restock"), pages.open("restock")
    approve_button(first).click().run()
    approve_button(second).click().run()
    assert len(orders_of(pages)) == 1
    assert "Approved: 24 units" in second.success[0].value


def test_two_buyers_who_see_the_same_old_list_order_once(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lists were read before either decided: then only the API can tell."""
    pages.log_in(BUYER)
    old = restock.load_worklist(pages.client())
    monkeypatch.setattr(restock, "load_worklist", lambda api: old)
    first, second = pages.open("restock"), pages.open("restock")
    approve_button(first).click().run()
    approve_button(second).click().run()
    ((number, _, _),) = orders_of(pages)
    assert f"Already approved on {number}." in second.error[0].value


def test_a_retry_after_a_lost_answer_orders_once(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    pages.log_in(BUYER)
    at = pages.open("restock")
    send = restock.Api.post

    def lose_answer(*given: Any, **named: Any) -> dict[str, Any]:
        send(*given, **named)
        raise restock.ApiUnreachable("the answer is lost")

    monkeypatch.setattr(restock.Api, "post", lose_answer)
    approve_button(at).click().run()
    assert "The API does not answer" in words(at)
    assert "may have been approved" in words(at)
    monkeypatch.undo()
    assert len(orders_of(pages)) == 1


def test_above_the_buyers_limit_the_order_waits(pages: Pages) -> None:
    with pages.database.connect("owner") as owner:
        owner.execute("update memberships set approval_limit_amount = 100 where role = 'buyer'")
    pages.log_in(BUYER)
    at = pages.open("restock")
    approve_button(at).click().run()
    assert [status for _, status, _ in orders_of(pages)] == ["draft"]
    assert "waits for approval" in at.success[0].value


def test_filters_live_in_the_address(pages: Pages) -> None:
    pages.log_in(BUYER)
    at = pages.open("restock", restock_locations="Main store")
    assert at.multiselect(key="restock_locations").value == ["Main store"]
    assert len(at.dataframe[0].value) == 1
