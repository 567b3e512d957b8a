"""Making an account at a company."""

from typing import Any

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

PASSWORD = "correct horse battery"


def body(**changed: Any) -> dict[str, Any]:
    return {"email": "ada@example.com", "password": PASSWORD, "company": "acme"} | changed


async def test_a_storefront_registers_customers_of_its_own_company(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    bolt = two_companies[1]
    wanted = {"email": "ada@example.com", "password": PASSWORD}
    response = await api.client.post("/api/v1/auth/register", json=wanted, headers=api.storefront(bolt))
    assert response.status_code == 201
    assert response.json()["company"]["id"] == str(bolt.id)


async def test_an_unconfirmed_address_takes_over_no_customer(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    """The company knows buyer@example.com as a guest with a history; registering proves nothing."""
    acme = two_companies[0]
    response = await api.client.post("/api/v1/auth/register", json=body(email="buyer@example.com"))
    assert response.status_code == 201
    rows = api.rows(
        "select id, user_id is null, email from customers where company_id = %s order by created_at, id",
        [acme.id],
    )
    assert rows[0] == (acme.customer_id, True, "buyer@example.com")
    assert rows[1][1:] == (False, None)


@pytest.mark.parametrize(
    ("changed", "code", "pointer"),
    [
        ({"password": "short"}, "weak_password", "/password"),
        ({"password": "password123"}, "weak_password", "/password"),
        ({"password": "aaaaaaaaaaaa"}, "weak_password", "/password"),
        ({"password": "ada@example.com"}, "weak_password", "/password"),
        ({"company": "nowhere"}, "unknown_company", "/company"),
        ({"company": None}, "invalid_content", "/company"),
        ({"email": "not an address"}, "invalid_content", "/email"),
        ({"phone": "030 123"}, "invalid_content", "/phone"),
        ({"role": "super_admin"}, "invalid_content", "/role"),
        ({"email": "a\x00b@example.com"}, "unstorable_text", "/email"),
    ],
)
async def test_bad_input_makes_no_account(
    api: Api, two_companies: tuple[Company, Company], changed: dict[str, Any], code: str, pointer: str
) -> None:
    users = api.scalar("select count(*) from users")
    response = await api.client.post("/api/v1/auth/register", json=body(**changed))
    problem = assert_problem(response, 422, code)
    assert problem["errors"][0]["pointer"] == pointer
    assert PASSWORD not in response.text
    assert api.scalar("select count(*) from users") == users


async def test_an_account_is_made_once(api: Api, two_companies: tuple[Company, Company]) -> None:
    assert (await api.client.post("/api/v1/auth/register", json=body())).status_code == 201
    again = await api.client.post("/api/v1/auth/register", json=body())
    assert_problem(again, 409, "account_exists")
    other_password = await api.client.post(
        "/api/v1/auth/register", json=body(company="bolt", password="another password")
    )
    assert_problem(other_password, 409, "account_exists")
    assert api.scalar("select count(*) from customers where user_id is not null") == 1


async def test_the_database_holds_hashes_alone(api: Api, two_companies: tuple[Company, Company]) -> None:
    answer = (await api.client.post("/api/v1/auth/register", json=body())).json()
    kept = api.scalar("select password_hash from users where email = 'ada@example.com'")
    assert kept.startswith("$argon2id$")
    dump = str(api.rows("select * from users")) + str(api.rows("select * from sessions"))
    dump += str(api.rows("select * from events"))
    assert PASSWORD not in dump
    assert answer["refresh_token"] not in dump
    assert answer["access_token"] not in dump
