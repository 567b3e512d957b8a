"""Companies and their settings."""

from typing import Any

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company


async def test_staff_see_the_company_of_their_token(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, bolt = two_companies
    headers = api.token("company_admin", acme)
    listed = await api.client.get("/api/v1/companies", headers=headers)
    assert [(item["slug"], item["roles"]) for item in listed.json()["items"]] == [("acme", ["company_admin"])]
    assert listed.json()["next_cursor"] is None
    own = await api.client.get(f"/api/v1/companies/{acme.id}", headers=headers)
    assert own.json()["currency"] == "EUR"
    assert own.json()["tax_rate"] == "0.000000"
    other = await api.client.get(f"/api/v1/companies/{bolt.id}", headers=headers)
    assert_problem(other, 404, "not_found")
    assert_problem(await api.client.get(f"/api/v1/companies/{acme.id}"), 401, "unauthenticated")


async def test_super_admins_page_through_all_companies(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into platform_roles (user_id, role) values (%s, 'super_admin')",
            [two_companies[0].admin_user_id],
        )
    headers = api.token("super_admin", None, user_id=two_companies[0].admin_user_id)
    first = (await api.client.get("/api/v1/companies?limit=1", headers=headers)).json()
    assert [item["slug"] for item in first["items"]] == ["acme"]
    query = {"limit": 1, "cursor": first["next_cursor"]}
    second = (await api.client.get("/api/v1/companies", params=query, headers=headers)).json()
    assert [item["slug"] for item in second["items"]] == ["bolt"]
    assert second["next_cursor"] is None
    read = await api.client.get(f"/api/v1/companies/{two_companies[1].id}", headers=headers)
    assert read.json()["slug"] == "bolt"
    # The role in the token is not enough for the list: the database looks for itself.
    stranger = api.token("super_admin", None)
    assert (await api.client.get("/api/v1/companies", headers=stranger)).json()["items"] == []


async def test_an_admin_changes_settings_and_it_is_told(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    wanted = {"timezone": "Europe/Berlin", "tax_rate": "0.19", "prices_include_tax": True}
    path = f"/api/v1/companies/{acme.id}/settings"
    changed = await api.client.patch(path, json=wanted, headers=api.token("company_admin", acme))
    assert changed.status_code == 200
    assert changed.json()["tax_rate"] == "0.190000"
    assert changed.json()["timezone"] == "Europe/Berlin"
    assert changed.json()["reservation_minutes"] == 15
    told = api.rows("select company_id, payload from events where type = 'company.updated'")
    assert told == [(acme.id, {"fields": ["prices_include_tax", "tax_rate", "timezone"]})]
    assert api.scalar("select timezone from companies where slug = 'bolt'") == "UTC"
    for role in ("shop_manager", "shop_staff", "buyer", "customer"):
        refused = await api.client.patch(path, json=wanted, headers=api.token(role, acme))
        assert_problem(refused, 403, "forbidden")
    foreign = await api.client.patch(path, json=wanted, headers=api.token("company_admin", bolt))
    assert_problem(foreign, 404, "not_found")


@pytest.mark.parametrize(
    ("wanted", "pointer", "code"),
    [
        ({"timezone": "Mars/Olympus"}, "/timezone", "unknown_time_zone"),
        ({"tax_rate": "1"}, "/tax_rate", "invalid_content"),
        ({"tax_rate": 0.19}, "/tax_rate", "invalid_content"),
        ({"tax_rate": "NaN"}, "/tax_rate", "invalid_content"),
        ({"reservation_minutes": "15"}, "/reservation_minutes", "invalid_content"),
        ({"reservation_minutes": 0}, "/reservation_minutes", "invalid_content"),
        ({"return_window_days": 10**30}, "/return_window_days", "invalid_content"),
        ({"currency": "USD"}, "/currency", "invalid_content"),
        ({"slug": "other"}, "/slug", "invalid_content"),
    ],
)
async def test_bad_settings_change_nothing(
    api: Api, two_companies: tuple[Company, Company], wanted: dict[str, Any], pointer: str, code: str
) -> None:
    acme = two_companies[0]
    before = api.rows("select * from companies order by slug")
    response = await api.client.patch(
        f"/api/v1/companies/{acme.id}/settings", json=wanted, headers=api.token("company_admin", acme)
    )
    problem = assert_problem(response, 422, code)
    assert problem["errors"][0]["pointer"] == pointer
    assert api.rows("select * from companies order by slug") == before
