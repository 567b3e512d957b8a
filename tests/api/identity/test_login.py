"""Logging in, staying logged in, logging out."""

from typing import Any

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

PASSWORD = "correct horse battery"


async def register(api: Api, company: Company, email: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    body = {"email": email, "password": PASSWORD, "company": company.slug, **more}
    response = await api.client.post("/api/v1/auth/register", json=body)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def bearer(answer: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer['access_token']}"}


async def test_a_customer_registers_logs_in_and_reads_the_profile(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    company, _ = two_companies
    registered = await register(api, company, email="Ada@Example.COM", first_name="Ada")
    assert registered["roles"] == ["customer"]
    assert registered["company"]["slug"] == company.slug

    body = {"email": "ADA@example.com", "password": PASSWORD}
    login = await api.client.post("/api/v1/auth/login", json=body)
    assert login.status_code == 200
    assert login.json()["expires_in"] == 15 * 60

    profile = await api.client.get("/api/v1/auth/profile", headers=bearer(login.json()))
    assert profile.status_code == 200
    assert profile.json()["email"] == "ada@example.com"
    assert profile.json()["first_name"] == "Ada"

    verified = await api.client.get("/api/v1/auth/verify", headers=bearer(login.json()))
    assert verified.json()["company_id"] == str(company.id)
    customer_id = api.scalar("select id from customers where user_id is not null")
    assert verified.json()["customer_id"] == str(customer_id)
    assert [row[0] for row in api.rows("select type from events order by sequence")] == [
        "user.registered",
        "user.logged_in",
    ]


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.com", "wrong password"), ("nobody@example.com", PASSWORD)]
)
async def test_a_wrong_login_tells_nothing(
    api: Api, two_companies: tuple[Company, Company], email: str, password: str
) -> None:
    await register(api, two_companies[0])
    sessions = api.scalar("select count(*) from sessions")
    response = await api.client.post("/api/v1/auth/login", json={"email": email, "password": password})
    problem = assert_problem(response, 401, "wrong_login")
    assert problem["detail"] == "E-mail or password is wrong."
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert api.scalar("select count(*) from sessions") == sessions
