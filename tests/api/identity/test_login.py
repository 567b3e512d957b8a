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


async def test_who_belongs_to_several_companies_names_one(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    await register(api, acme)
    await register(api, bolt)  # the same account, proven by its password, becomes a customer here too
    assert api.scalar("select count(*) from users where email = 'ada@example.com'") == 1

    body = {"email": "ada@example.com", "password": PASSWORD}
    problem = assert_problem(
        await api.client.post("/api/v1/auth/login", json=body), 409, "company_choice_required"
    )
    assert [company["slug"] for company in problem["companies"]] == ["acme", "bolt"]
    login = await api.client.post("/api/v1/auth/login", json={**body, "company": "bolt"})
    assert login.json()["company"]["id"] == str(bolt.id)
    assert_problem(
        await api.client.post("/api/v1/auth/login", json={**body, "company": "nowhere"}), 403, "not_a_member"
    )


async def test_switching_is_for_members_and_is_recorded(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    await register(api, bolt)
    login = await register(api, acme)
    switched = await api.client.post(
        "/api/v1/auth/switch-company", json={"company": "bolt"}, headers=bearer(login)
    )
    assert switched.status_code == 200
    assert switched.json()["company"]["slug"] == "bolt"
    recorded = api.rows("select company_id from events where type = 'user.switched_company'")
    assert recorded == [(bolt.id,)]

    other = await register(api, acme, email="eve@example.com")
    refused = await api.client.post(
        "/api/v1/auth/switch-company", json={"company": "bolt"}, headers=bearer(other)
    )
    assert_problem(refused, 403, "not_a_member")


async def test_a_super_admin_enters_one_company_at_a_time(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    await register(api, acme, email="root@example.com")
    with api.database.connect("owner") as owner:
        owner.execute("delete from customers where user_id is not null")
        owner.execute(
            "insert into platform_roles (user_id, role)"
            " select id, 'super_admin' from users where email = 'root@example.com'"
        )
    body = {"email": "root@example.com", "password": PASSWORD}
    login = (await api.client.post("/api/v1/auth/login", json=body)).json()
    assert login["company"] is None
    assert_problem(await api.client.get("/api/v1/shops", headers=bearer(login)), 403, "company_required")
    listed = await api.client.get("/api/v1/companies", headers=bearer(login))
    assert [company["slug"] for company in listed.json()["items"]] == ["acme", "bolt"]

    entered = await api.client.post(
        "/api/v1/auth/switch-company", json={"company": "bolt"}, headers=bearer(login)
    )
    shops = await api.client.get("/api/v1/shops", headers=bearer(entered.json()))
    assert [shop["id"] for shop in shops.json()["items"]] == [str(bolt.shop_id)]
    refreshed = await api.client.post(
        "/api/v1/auth/refresh-token", json={"refresh_token": entered.json()["refresh_token"]}
    )
    assert refreshed.json()["company"]["slug"] == "bolt"


async def test_logging_out_ends_the_refresh_tokens(api: Api, two_companies: tuple[Company, Company]) -> None:
    login = await register(api, two_companies[0])
    out = await api.client.post("/api/v1/auth/logout", headers=bearer(login))
    assert out.status_code == 204
    refused = await api.client.post(
        "/api/v1/auth/refresh-token", json={"refresh_token": login["refresh_token"]}
    )
    assert_problem(refused, 401, "invalid_refresh_token")
    assert_problem(await api.client.post("/api/v1/auth/logout"), 401, "unauthenticated")


async def test_a_profile_is_replaced_and_names_are_unique(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    ada = await register(api, two_companies[0], username="ada")
    eve = await register(api, two_companies[0], email="eve@example.com", username="eve")
    wanted = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "username": "lovelace",
        "phone": "+4930123456",
        "avatar_url": None,
        "preferences": {"theme": "dark"},
    }
    changed = await api.client.put("/api/v1/auth/profile", json=wanted, headers=bearer(ada))
    assert changed.status_code == 200
    assert {name: changed.json()[name] for name in wanted} == wanted
    taken = await api.client.put("/api/v1/auth/profile", json=wanted, headers=bearer(eve))
    problem = assert_problem(taken, 409, "name_taken")
    assert problem["errors"][0]["pointer"] in ("/username", "/phone")
    assert api.scalar("select username from users where email = 'eve@example.com'") == "eve"
    missing = await api.client.put("/api/v1/auth/profile", json={"first_name": "Ada"}, headers=bearer(ada))
    assert_problem(missing, 422, "invalid_content")
    assert_problem(await api.client.get("/api/v1/auth/profile"), 401, "unauthenticated")
