"""Suppliers and their terms, through the API."""

from uuid import uuid4

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

SUPPLIER = {"code": "NORTH", "name": "North Mill", "currency": "EUR", "quoted_lead_time_days": 9}


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def test_a_buyer_adds_reads_and_changes_a_supplier(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    buyer = api.token("buyer", acme)
    created = await api.client.post("/api/v1/suppliers", json=SUPPLIER, headers=buyer | key())
    assert created.status_code == 201, created.text
    supplier_id = created.json()["id"]
    assert created.json()["minimum_order_amount"] == "0.00"

    changed = await api.client.patch(
        f"/api/v1/suppliers/{supplier_id}",
        json={"quoted_lead_time_days": 12},
        headers=buyer | {"If-Match": "*"},
    )
    assert changed.json()["quoted_lead_time_days"] == 12
    listed = (await api.client.get("/api/v1/suppliers", headers=buyer)).json()
    assert [row["code"] for row in listed["items"]] == ["NORTH", "SUP-1"]


async def test_pages_of_suppliers_follow_each_other(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    buyer = api.token("buyer", acme)
    await api.client.post("/api/v1/suppliers", json=SUPPLIER, headers=buyer | key())
    first = (await api.client.get("/api/v1/suppliers?limit=1", headers=buyer)).json()
    second = (
        await api.client.get(f"/api/v1/suppliers?limit=1&cursor={first['next_cursor']}", headers=buyer)
    ).json()
    assert [first["items"][0]["code"], second["items"][0]["code"]] == ["NORTH", "SUP-1"]
    assert second["next_cursor"] is None
    other_filter = await api.client.get(
        f"/api/v1/suppliers?limit=1&is_active=true&cursor={first['next_cursor']}", headers=buyer
    )
    assert_problem(other_filter, 422, "invalid_cursor")


async def test_a_code_is_unique_in_a_company_and_free_in_another(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    for company, status in ((acme, 201), (bolt, 201), (acme, 409)):
        answer = await api.client.post(
            "/api/v1/suppliers", json=SUPPLIER, headers=api.token("buyer", company) | key()
        )
        assert answer.status_code == status
    assert api.scalar("select count(*) from suppliers where code = 'NORTH'") == 2


async def test_another_companys_supplier_is_not_there(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    path = f"/api/v1/suppliers/{bolt.supplier_id}"
    buyer = api.token("buyer", acme)
    assert_problem(await api.client.get(path, headers=buyer), 404, "not_found")
    assert_problem(await api.client.patch(path, json={"name": "Mine"}, headers=buyer), 404, "not_found")
    terms = {"unit_cost_amount": "1.00"}
    refused = await api.client.put(
        f"{path}/products/{acme.variant_id}", json=terms, headers=buyer | {"If-Match": "*"}
    )
    assert_problem(refused, 404, "not_found")
    assert api.scalar("select name from suppliers where id = %s", [bolt.supplier_id]) == "Supplier"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"currency": "BHD"}, "/currency"),
        ({"currency": "euro"}, "/currency"),
        ({"is_assumed": True}, "/is_assumed"),
        ({"company_id": str(uuid4())}, "/company_id"),
        ({"quoted_lead_time_days": -1}, "/quoted_lead_time_days"),
        ({"code": ""}, "/code"),
    ],
)
async def test_bad_suppliers_are_refused_and_nothing_is_written(
    api: Api, two_companies: tuple[Company, Company], change: dict[str, object], pointer: str
) -> None:
    acme, _ = two_companies
    answer = await api.client.post(
        "/api/v1/suppliers", json=SUPPLIER | change, headers=api.token("buyer", acme) | key()
    )
    problem = assert_problem(answer, 422, "invalid_content")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert api.scalar("select count(*) from suppliers") == 2


async def test_roles_without_the_right_are_refused(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    assert_problem(
        await api.client.post("/api/v1/suppliers", json=SUPPLIER, headers=key()), 401, "unauthenticated"
    )
    for role in ("shop_staff", "customer", "shop_manager"):
        answer = await api.client.post(
            "/api/v1/suppliers", json=SUPPLIER, headers=api.token(role, acme) | key()
        )
        assert_problem(answer, 403, "forbidden")


async def test_terms_are_put_and_their_history_is_kept(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    buyer = api.token("buyer", acme)
    path = f"/api/v1/suppliers/{acme.supplier_id}/products/{acme.variant_id}"
    terms = {
        "unit_cost_amount": "5.50",
        "moq_units": 10,
        "pack_units": 5,
        "price_breaks": [{"min_units": 100, "unit_cost_amount": "5.00"}],
    }
    put = await api.client.put(path, json=terms, headers=buyer | {"If-Match": "*"})
    assert put.status_code == 200, put.text
    assert put.json()["unit_cost_amount"] == "5.500000"
    listed = (await api.client.get(f"/api/v1/suppliers/{acme.supplier_id}/products", headers=buyer)).json()
    assert [row["moq_units"] for row in listed["items"]] == [10]
    costs = api.rows(
        "select unit_cost_amount::text from product_supplier_history"
        " where company_id = %s order by valid_from",
        [acme.id],
    )
    assert costs == [("6.000000",), ("5.500000",)]
