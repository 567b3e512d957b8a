"""The custom report: any figures by any cuts, from the address, saved, opened again, and as a file."""

from typing import Any

from streamlit.testing.v1 import AppTest

from dashboards.data.reports import MadeReport, address_of, make_file
from tests.support.pages import Pages, words

ADMIN, MANAGER = "company_admin@acme.example", "shop_manager@acme.example"
DAYS = {"period": "Custom", "from": "2026-11-05", "to": "2026-11-10"}


def open_week(pages: Pages, **address: str | list[str]) -> AppTest:
    """Open the page by its address and choose the last week: 14 + … + 20 = 119 units."""
    at = pages.open("custom_report", **address)  # type: ignore[arg-type]
    at.selectbox(key="period").set_value("7 days").run()
    assert not at.exception, at.exception
    return at


def test_figures_and_cuts_come_from_the_address(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = open_week(pages, custom_measures="Units sold", custom_by="Shop")
    rows = at.dataframe[0].value
    assert rows[["shop_name", "units"]].values.tolist() == [["Main shop", 119]]
    assert "Units ordered and not cancelled." in words(at)


def test_what_is_not_known_so_is_named_and_not_guessed(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = open_week(pages, custom_measures=["Orders", "Units sold"], custom_by="Product")
    assert "Not known by Product: Orders." in words(at)
    assert at.dataframe[0].value["units"].tolist() == [119]
    nothing = open_week(pages, custom_measures="Orders", custom_by="Product")
    assert len(nothing.dataframe) == 0
    assert "Orders placed and not cancelled as a whole." in words(nothing)


def test_it_is_saved_opened_again_and_is_not_there_for_others(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = open_week(pages, custom_measures="Units sold", custom_by="Shop")
    at.text_input[0].input("By shop")
    at.button[-1].click().run()
    assert "Saved as “By shop”." in words(at)
    again = pages.open("custom_report")
    again.selectbox(key="custom_saved").select_index(0).run()
    again.button(key="custom_open").click().run()
    assert not again.exception, again.exception
    assert again.multiselect(key="custom_by").value == ["shop"]
    assert again.selectbox(key="period").value == "7 days"
    assert again.dataframe[0].value["units"].tolist() == [119]
    pages.log_in(MANAGER)
    assert not [one for one in pages.open("custom_report").selectbox if one.key == "custom_saved"]


def test_a_saved_report_of_fixed_days_opens_with_these_days_and_its_comparison(pages: Pages) -> None:
    pages.log_in(ADMIN)
    units = {"custom_measures": "Units sold", "custom_by": "Shop", "compare": "Nothing"}
    at = pages.open("custom_report", **units, **DAYS)
    at.text_input[0].input("Early November")
    at.button[-1].click().run()
    again = pages.open("custom_report")
    saved = again.selectbox(key="custom_saved")
    saved.select_index(saved.options.index("Early November")).run()
    again.button(key="custom_open").click().run()
    assert not again.exception, again.exception
    assert again.selectbox(key="compare").value == "none"
    assert again.dataframe[0].value["units"].tolist() == [45]


def test_a_file_is_made_by_the_api_with_the_same_numbers(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = open_week(pages, custom_measures="Units sold", custom_by="Shop")
    at.button(key="custom_make").click().run()
    assert not at.exception, at.exception
    assert [one.label for one in at.get("download_button")][-1] == (
        "Download custom-2026-11-14-to-2026-11-20.csv"
    )
    question: dict[str, Any] = {
        "measures": ["units"],
        "dimensions": ["shop"],
        "period": {"kind": "fixed", "first_date": "2026-11-05", "last_date": "2026-11-10"},
    }
    made = make_file(pages.client(), question, "csv")
    assert isinstance(made, MadeReport)
    assert made.content.decode().splitlines()[1].startswith("Main shop,45,")


def test_a_saved_question_has_an_address() -> None:
    question = {
        "measures": ["units"], "dimensions": ["month"], "filters": {}, "compare": "none",
        "period": {"kind": "fixed", "days": None, "first_date": "2026-11-05", "last_date": "2026-11-10"},
    }  # fmt: skip
    assert address_of(question) == {"custom_measures": ["units"], "custom_by": ["month"], **DAYS}
