"""The dashboards' login page and the session behind its cookie."""

from typing import Any

import httpx
import pytest

from tests.support.api_client import ADDRESS, Api, assert_problem
from tests.support.companies import Company

PASSWORD = "correct horse battery"
FORM = {"email": "ada@example.com", "password": PASSWORD}


@pytest.fixture
async def visitor(api: Api, two_companies: tuple[Company, Company]) -> Api:
    for company in two_companies:
        body = {**FORM, "company": company.slug}
        assert (await api.client.post("/api/v1/auth/register", json=body)).status_code == 201
    return api


async def log_in(api: Api, **headers: str) -> httpx.Response:
    return await api.client.post("/login", data=FORM, headers=headers)


def cookie_of(response: httpx.Response) -> str:
    return response.cookies["stockwise_session"]


async def test_the_page_shows_a_form_and_allows_nothing_else(api: Api) -> None:
    page = await api.client.get("/login")
    assert page.status_code == 200
    assert '<form method="post" action="/login">' in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8501" in policy
    assert page.headers["x-frame-options"] == "DENY"


async def test_logging_in_sets_a_cookie_and_goes_to_the_dashboards_alone(visitor: Api) -> None:
    response = await log_in(visitor)
    assert response.status_code == 303
    assert response.headers["location"] == "http://127.0.0.1:8501"
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    wished = await visitor.client.post("/login?next=https://evil.example", data=FORM)
    assert wished.headers["location"] == "http://127.0.0.1:8501"


async def test_one_s_own_machine_keeps_the_name_it_was_called_by(visitor: Api) -> None:
    """Cookies of localhost are not sent to 127.0.0.1; another name is never copied from the request."""
    local = await log_in(visitor, Host="localhost:8000")
    assert local.headers["location"] == "http://localhost:8501"
    evil = await log_in(visitor, Host="evil.example")
    assert evil.headers["location"] == "http://127.0.0.1:8501"


async def test_a_wrong_password_is_said_on_the_page(visitor: Api) -> None:
    page = await visitor.client.post("/login", data={"email": '"><script>', "password": "wrong"})
    assert page.status_code == 401
    assert "E-mail or password is wrong." in page.text
    assert "<script>" not in page.text
    assert "set-cookie" not in page.headers
    assert "wrong" not in page.text.replace("is wrong.", "")


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_another_site_can_submit_neither_form(visitor: Api, headers: dict[str, str]) -> None:
    assert_problem(await log_in(visitor, **headers), 403, "foreign_origin")
    assert_problem(await visitor.client.post("/logout", headers=headers), 403, "foreign_origin")
    same = await log_in(visitor, Origin=ADDRESS, **{"Sec-Fetch-Site": "same-origin"})
    assert same.status_code == 303


async def session(api: Api, cookie: str, **query: str) -> httpx.Response:
    headers = {"X-Stockwise-Session": cookie}
    return await api.client.get("/api/v1/auth/session", params=query, headers=headers)


async def test_the_session_is_exchanged_for_an_access_token(
    visitor: Api, two_companies: tuple[Company, Company]
) -> None:
    cookie = cookie_of(await log_in(visitor))
    visitor.client.cookies.clear()
    answer = await session(visitor, cookie)
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    assert content["profile"]["email"] == "ada@example.com"
    assert [company["slug"] for company in content["companies"]] == ["acme", "bolt"]
    assert content["company"]["slug"] == "acme"
    bearer = {"Authorization": f"Bearer {content['access_token']}"}
    verified = await visitor.client.get("/api/v1/auth/verify", headers=bearer)
    assert verified.json()["company_id"] == str(two_companies[0].id)

    other = await session(visitor, cookie, company="bolt")
    assert other.json()["company"]["slug"] == "bolt"
    assert_problem(await session(visitor, cookie, company="nowhere"), 403, "not_a_member")
    # It is not used up, and the cookie itself works as well as the header.
    visitor.client.cookies.set("stockwise_session", cookie)
    assert (await visitor.client.get("/api/v1/auth/session")).status_code == 200


async def test_the_session_is_for_servers_not_for_pages(visitor: Api) -> None:
    cookie = cookie_of(await log_in(visitor))
    for headers in ({"Origin": "http://127.0.0.1:8501"}, {"Sec-Fetch-Site": "same-site"}):
        response = await visitor.client.get(
            "/api/v1/auth/session", headers=headers | {"X-Stockwise-Session": cookie}
        )
        assert_problem(response, 403, "foreign_origin")


async def test_a_page_session_is_no_refresh_token_nor_the_other_way_round(visitor: Api) -> None:
    cookie = cookie_of(await log_in(visitor))
    refused = await visitor.client.post("/api/v1/auth/refresh-token", json={"refresh_token": cookie})
    assert_problem(refused, 401, "invalid_refresh_token")
    login = await visitor.client.post("/api/v1/auth/login", json={**FORM, "company": "acme"})
    visitor.client.cookies.clear()
    assert_problem(await session(visitor, login.json()["refresh_token"]), 401, "no_page_session")
    assert (await session(visitor, cookie)).status_code == 200


async def test_logging_out_ends_the_session(visitor: Api) -> None:
    cookie = cookie_of(await log_in(visitor))
    out = await visitor.client.post("/logout")
    assert out.status_code == 303
    assert out.headers["location"] == "/login"
    assert 'stockwise_session=""' in out.headers["set-cookie"]
    assert_problem(await session(visitor, cookie), 401, "no_page_session")
    visitor.client.cookies.clear()
    assert_problem(await visitor.client.get("/api/v1/auth/session"), 401, "no_page_session")


async def test_following_a_link_ends_no_session(visitor: Api) -> None:
    cookie = cookie_of(await log_in(visitor))
    page = await visitor.client.get("/logout")
    assert page.status_code == 200
    assert '<form method="post" action="/logout">' in page.text
    assert (await session(visitor, cookie)).status_code == 200


async def test_the_cookie_is_secure_in_production(visitor: Api) -> None:
    visitor.app.state.settings = visitor.app.state.settings.model_copy(update={"environment": "production"})
    assert "Secure" in (await log_in(visitor)).headers["set-cookie"]
