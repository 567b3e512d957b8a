"""Coupons and campaigns as those who keep them see them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import place
from tests.support.shopping import add_coupon

COUPONS = "/api/v1/coupons"
CAMPAIGNS = "/api/v1/coupons/campaigns"


async def post(api: Api, path: str, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    return await api.client.post(path, json=body, headers={"Idempotency-Key": str(uuid4()), **headers})


def coupon(**changes: Any) -> dict[str, Any]:
    return {"code": "spring-26", "kind": "percentage", "value": "10.00"} | changes


async def test_a_coupon_is_made_read_changed_and_archived(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    made = await post(api, COUPONS, coupon(product_ids=[str(company.product_id)], total_limit=5), admin)
    assert made.status_code == 201, made.text
    assert (made.json()["code"], made.json()["used_count"]) == ("SPRING-26", 0)
    address = f"{COUPONS}/{made.json()['id']}"
    read = await api.client.get(address, headers=admin)
    assert read.json() == made.json()
    known = {"If-None-Match": read.headers["ETag"], **admin}
    assert (await api.client.get(address, headers=known)).status_code == 304
    change = {"value": "20.00", "product_ids": [], "total_limit": None}
    assert_problem(await api.client.patch(address, json=change, headers=admin), 428, "version_required")
    version = {"If-Match": read.headers["ETag"], **admin}
    changed = await api.client.patch(address, json=change, headers=version)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["value"], changed.json()["product_ids"]) == ("20.00", [])
    assert_problem(await api.client.patch(address, json=change, headers=version), 412, "stale_version")
    current = {"If-Match": changed.headers["ETag"], **admin}
    assert (await api.client.delete(address, headers=current)).status_code == 204
    assert (await api.client.get(COUPONS, headers=admin)).json()["items"] == []
    assert_problem(await post(api, COUPONS, coupon(), admin), 409, "coupon_code_taken")
    types = api.rows("select type from events where aggregate_type = 'coupon' order by sequence")
    assert [row[0] for row in types] == ["coupon.created", "coupon.updated", "coupon.archived"]


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"value": "0.00"}, "coupon_terms_invalid", "/value"),
        ({"value": "100.01"}, "coupon_terms_invalid", "/value"),
        ({"kind": "fixed", "value": "0.00"}, "coupon_terms_invalid", "/value"),
        ({"kind": "free_shipping"}, "coupon_terms_invalid", "/value"),
        (
            {"valid_from_date": "2026-12-02", "valid_until_date": "2026-12-01"},
            "coupon_terms_invalid",
            "/valid_until_date",
        ),
        ({"value": 10.5}, "invalid_content", "/value"),
        ({"code": "a b"}, "invalid_content", "/code"),
        ({"total_limit": 0}, "invalid_content", "/total_limit"),
        ({"kind": "gift"}, "invalid_content", "/kind"),
        ({"used_count": 1}, "invalid_content", "/used_count"),
        ({"product_ids": [str(uuid4())]}, "unknown_reference", "/product_ids"),
        ({"category_ids": [str(uuid4())]}, "unknown_reference", "/category_ids"),
        ({"customer_ids": [str(uuid4())]}, "unknown_reference", "/customer_ids"),
        ({"campaign_id": str(uuid4())}, "unknown_reference", "/campaign_id"),
    ],
)
async def test_terms_that_do_not_fit_are_refused(
    api: Api, company: Company, changes: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await post(api, COUPONS, coupon(**changes), api.token("company_admin", company))
    problem = assert_problem(answer, 422, code)
    assert pointer in [fault["pointer"] for fault in problem["errors"]]
    assert api.scalar("select count(*) from coupons") == 0


async def test_managers_keep_the_coupons_of_their_shops(api: Api, company: Company) -> None:
    manager = api.token("shop_manager", company)
    assert_problem(await post(api, COUPONS, coupon(), manager), 403, "forbidden")
    assert_problem(await post(api, COUPONS, coupon(shop_id=str(uuid4())), manager), 403, "forbidden")
    own = await post(api, COUPONS, coupon(shop_id=str(company.shop_id)), manager)
    assert own.status_code == 201, own.text
    elsewhere = api.token("shop_manager", company, shop_ids=[uuid4()])
    assert_problem(await api.client.get(f"{COUPONS}/{own.json()['id']}", headers=elsewhere), 404, "not_found")
    company_wide = add_coupon(api, company, "ALL")
    address = f"{COUPONS}/{company_wide}"
    seen = await api.client.get(address, headers=manager)
    assert seen.status_code == 200
    change = {"If-Match": seen.headers["ETag"], **manager}
    assert_problem(
        await api.client.patch(address, json={"is_active": False}, headers=change), 403, "forbidden"
    )
    listed = await api.client.get(COUPONS, headers=elsewhere)
    assert [one["code"] for one in listed.json()["items"]] == ["ALL"]


async def test_a_limit_can_not_be_below_the_uses_that_there_are(api: Api, company: Company) -> None:
    coupon_id = add_coupon(api, company, "TEN")
    for _ in range(2):
        assert (await place(api, company, coupon_codes=["TEN"])).status_code == 201
    admin = api.token("company_admin", company) | {"If-Match": "*"}
    answer = await api.client.patch(f"{COUPONS}/{coupon_id}", json={"total_limit": 1}, headers=admin)
    assert_problem(answer, 409, "limit_below_use")
    uses = await api.client.get(f"{COUPONS}/{coupon_id}/redemptions", headers=admin)
    assert [one["discount_amount"] for one in uses.json()["items"]] == ["1.00", "1.00"]
    assert all(len(one["order_ids"]) == 1 for one in uses.json()["items"])


async def test_a_campaign_is_made_read_and_changed(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    made = await post(api, CAMPAIGNS, {"name": "Spring", "total_limit": 3}, admin)
    assert made.status_code == 201, made.text
    assert_problem(await post(api, CAMPAIGNS, {"name": "Spring"}, admin), 409, "campaign_name_taken")
    address = f"{CAMPAIGNS}/{made.json()['id']}"
    read = await api.client.get(address, headers=admin)
    changed = await api.client.patch(
        address, json={"per_user_limit": 1}, headers={"If-Match": read.headers["ETag"], **admin}
    )
    assert (changed.json()["total_limit"], changed.json()["per_user_limit"]) == (3, 1)
    assert [one["name"] for one in (await api.client.get(CAMPAIGNS, headers=admin)).json()["items"]] == [
        "Spring"
    ]


async def test_coupons_are_the_company_s_alone(api: Api, two_companies: tuple[Company, Company]) -> None:
    company, other = two_companies
    coupon_id = add_coupon(api, company, "TEN")
    foreign = api.token("company_admin", other)
    assert_problem(await api.client.get(f"{COUPONS}/{coupon_id}", headers=foreign), 404, "not_found")
    refused = await place(api, other, coupon_codes=["TEN"])
    assert assert_problem(refused, 409, "coupon_refused")["coupons"][0]["reason"] == "unknown_coupon"
    assert (await post(api, COUPONS, coupon(code="TEN"), foreign)).status_code == 201
    assert (await api.client.get(COUPONS)).status_code == 401
