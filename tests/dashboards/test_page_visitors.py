"""Who sees what: login, roles, companies, and an API that does not answer."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import context
from tests.support.pages import Pages, figure, words

ALL_PAGES = ("overview", "restock", "data_health")


def links(at: AppTest) -> str:
    return " ".join(element.proto.body for element in at.get("html"))


@pytest.mark.parametrize("cookie", [None, "swp_unknown", "x" * 300])
def test_strangers_see_a_link_to_the_login_and_no_number(pages: Pages, cookie: str | None) -> None:
    pages.cookie = cookie
    at = pages.open()
    assert at.title[0].value == "Stockwise"
    assert not at.metric
    assert not at.dataframe
    assert f'href="{pages.api.url}/login"' in links(at)


def test_logging_out_ends_what_the_pages_show(pages: Pages) -> None:
    pages.log_in("company_admin@acme.example")
    assert f'href="{pages.api.url}/logout"' in links(pages.open())
    answer = httpx.post(
        f"{pages.api.url}/logout", cookies={"stockwise_session": str(pages.cookie)}, trust_env=False
    )
    assert answer.status_code == 303
    at = pages.open()
    assert "Log in again" in words(at)
    assert not at.metric


@pytest.mark.parametrize(
    ("role", "first_title"),
    [
        ("company_admin", "How are sales going?"),
        ("shop_manager", "How are sales going?"),
        ("shop_staff", "How are sales going?"),
        ("buyer", "What should we order today?"),
    ],
)
def test_each_role_starts_where_its_work_is(pages: Pages, role: str, first_title: str) -> None:
    pages.log_in(f"{role}@acme.example")
    at = pages.open()
    assert at.title[0].value == first_title
    assert not at.error


def test_staff_of_a_shop_has_no_restock_page(pages: Pages) -> None:
    pages.log_in("shop_staff@acme.example")
    with pytest.raises(ValueError, match="restock"):
        pages.open("restock")


def test_managers_see_the_plan_but_do_not_approve(pages: Pages) -> None:
    pages.log_in("shop_manager@acme.example")
    at = pages.open("restock")
    assert at.button[0].disabled
    assert "Buyers and company admins can approve." in words(at)


def test_shoppers_see_no_numbers(pages: Pages) -> None:
    pages.log_in("shopper@acme.example")
    at = pages.open()
    assert "no company whose numbers it may see" in at.error[0].value
    assert not at.metric


def test_companies_never_see_each_other(pages: Pages, bolts_secret: str) -> None:
    """Two people in one process, in turns, so that a cache without a company in its key would show."""
    said: dict[str, str] = {}
    for _ in range(2):
        for email in ("company_admin@bolt.example", "company_admin@acme.example"):
            pages.log_in(email)
            said[email] = "\n".join(words(pages.open(page)) for page in ALL_PAGES)
    bolt, acme = said["company_admin@bolt.example"], said["company_admin@acme.example"]
    assert bolts_secret in bolt
    assert bolts_secret not in acme
    assert "Net sales 21,000" in bolt
    assert "Net sales 2,100" in acme
    assert "21,000" not in acme
    assert "Thing" in acme
    assert "Thing" not in bolt


def test_one_persons_two_companies_are_chosen_in_the_address(pages: Pages, bolts_secret: str) -> None:
    pages.log_in("admin@both.example")
    assert figure(pages.open(company="acme"), "Net sales") == "2,100"
    at = pages.open(company="bolt")
    assert figure(at, "Net sales") == "21,000"
    at.selectbox(key="company").set_value("acme").run()
    assert figure(at, "Net sales") == "2,100"
    assert bolts_secret not in words(at)
    assert at.query_params["company"] in ("acme", ["acme"])


def test_another_company_in_the_address_is_not_entered(pages: Pages, bolts_secret: str) -> None:
    pages.log_in("company_admin@acme.example")
    at = pages.open(company="bolt")
    assert figure(at, "Net sales") == "2,100"
    assert bolts_secret not in words(at)


def test_who_runs_the_platform_chooses_a_company(pages: Pages) -> None:
    pages.log_in("root@platform.example")
    for page in ALL_PAGES:
        assert not pages.open(page).error
    assert figure(pages.open(company="bolt"), "Net sales") == "21,000"
    at = pages.open("restock", company="bolt")
    assert at.button[0].disabled


def test_an_api_that_is_down_is_named(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    pages.log_in("company_admin@acme.example")
    at = pages.open("restock")
    down = pages.settings.model_copy(update={"api_url": "http://127.0.0.1:9"})
    monkeypatch.setattr(context, "settings", lambda: down)
    at.run()  # logged in already: the worklist fails
    assert "Start it with `stockwise serve`" in at.error[0].value
    assert "Start it with `stockwise serve`" in pages.open().error[0].value
