"""Variants: generated from options, unique in what they choose, archived and never deleted."""

from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import place

OPTIONS = [
    {"name": "size", "values": ["S", "L"], "price_modifiers": {"L": "2.00"}},
    {"name": "color", "values": ["red", "blue"], "price_modifiers": {"blue": "-0.50"}},
]


async def post(api: Api, company: Company, path: str, body: Any = None) -> httpx.Response:
    headers = {"Idempotency-Key": str(uuid4()), **api.token("company_admin", company)}
    return await api.client.post(path, json=body, headers=headers)


async def shirt(api: Api, company: Company) -> str:
    body = {"sku": "SHIRT", "name": "Shirt", "price_amount": "20", "status": "published", "options": OPTIONS}
    variant = {"sku": "SHIRT-1", "options": {"size": "S", "color": "red"}}
    answer = await post(api, company, "/api/v1/products", body | {"variants": [variant]})
    assert answer.status_code == 201, answer.text
    return f"/api/v1/products/{answer.json()['id']}"


async def test_missing_combinations_are_generated_with_their_modifiers(api: Api, company: Company) -> None:
    path = await shirt(api, company)
    product = (await post(api, company, f"{path}/variants/generate")).json()
    found = {one["sku"]: (one["options"], one["unit_price_amount"]) for one in product["variants"]}
    assert found == {
        "SHIRT-1": ({"size": "S", "color": "red"}, "20.000000"),
        "SHIRT-S-BLUE": ({"size": "S", "color": "blue"}, "19.500000"),
        "SHIRT-L-RED": ({"size": "L", "color": "red"}, "22.000000"),
        "SHIRT-L-BLUE": ({"size": "L", "color": "blue"}, "21.500000"),
    }
    again = (await post(api, company, f"{path}/variants/generate")).json()
    assert len(again["variants"]) == 4
    prices = "select count(*) from price_history join variants on variants.id = variant_id"
    assert api.scalar(f"{prices} where sku like 'SHIRT%'") == 4


@pytest.mark.parametrize(
    ("variant", "status", "code"),
    [
        ({"sku": "X", "options": {"size": "S", "color": "red"}}, 409, "already_exists"),
        ({"sku": "SHIRT-1", "options": {"size": "L", "color": "red"}}, 409, "already_exists"),
        ({"sku": "X", "options": {"size": "XXL", "color": "red"}}, 422, "invalid_content"),
        ({"sku": "X", "options": {"size": "L"}}, 422, "invalid_content"),
        (
            {"sku": "X", "options": {"size": "L", "color": "red"}, "price_modifier_amount": "-21"},
            422,
            "invalid_content",
        ),
        (
            {"sku": "X", "options": {"size": "L", "color": "red"}, "image_url": "ftp://x"},
            422,
            "invalid_content",
        ),
    ],
)
async def test_bad_variants_are_refused(
    api: Api, company: Company, variant: dict[str, Any], status: int, code: str
) -> None:
    path = await shirt(api, company)
    assert_problem(await post(api, company, f"{path}/variants", variant), status, code)
    assert api.scalar("select count(*) from variants where sku <> 'SKU-1'") == 1


async def test_a_twin_is_refused_by_its_options_where_it_is_added(api: Api, company: Company) -> None:
    path = await shirt(api, company)
    twin = {"sku": "X", "options": {"size": "S", "color": "red"}}
    added = assert_problem(await post(api, company, f"{path}/variants", twin), 409, "already_exists")
    assert added["errors"][0]["pointer"] == "/options"
    body = {"sku": "TWINS", "name": "Twins", "price_amount": "20", "options": OPTIONS}
    body["variants"] = [twin, twin | {"sku": "Y"}]
    made = assert_problem(await post(api, company, "/api/v1/products", body), 422, "invalid_content")
    assert made["errors"][0]["pointer"] == "/variants/1/options"
    assert api.scalar("select count(*) from variants where sku in ('X', 'Y')") == 0


async def test_the_database_itself_keeps_choices_apart(api: Api, company: Company) -> None:
    await shirt(api, company)
    twin = (
        "insert into variants (company_id, product_id, sku, options)"
        " select company_id, product_id, 'TWIN', options from variants where sku = 'SHIRT-1'"
    )
    with (
        api.database.connect("owner") as owner,
        pytest.raises(psycopg.Error, match="uq_variants_options"),
    ):
        owner.execute(twin)


async def test_a_variant_is_changed_by_version_and_archived(api: Api, company: Company) -> None:
    path = await shirt(api, company)
    await post(api, company, f"{path}/variants/generate")
    variant_id = api.scalar("select id from variants where sku = 'SHIRT-L-RED'")
    one = f"{path}/variants/{variant_id}"
    admin = api.token("company_admin", company)
    etag = (await api.client.get(one, headers=admin)).headers["ETag"]
    versioned = {"If-Match": etag, **admin}
    changed = await api.client.patch(one, json={"price_modifier_amount": "3"}, headers=versioned)
    assert changed.json()["unit_price_amount"] == "23.000000"
    stale = await api.client.patch(one, json={"price_modifier_amount": "4"}, headers=versioned)
    assert_problem(stale, 412, "stale_version")
    assert_problem(await api.client.delete(one, headers=admin), 428, "version_required")
    gone = await api.client.delete(one, headers={"If-Match": "*", **admin})
    assert gone.status_code == 204
    assert_problem(await api.client.get(one, headers=admin), 404, "not_found")
    assert api.scalar("select archived_at is not null from variants where sku = 'SHIRT-L-RED'") is True
    reborn = {"sku": "SHIRT-L-RED-2", "options": {"size": "L", "color": "red"}}
    assert (await post(api, company, f"{path}/variants", reborn)).status_code == 201
    last = f"/api/v1/products/{company.product_id}/variants/{company.variant_id}"
    kept = await api.client.delete(last, headers={"If-Match": "*", **admin})
    assert_problem(kept, 409, "last_variant")
    assert (await place(api, company)).status_code == 201
