"""Tags, size charts, banners, images and related products."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

IMAGE = "https://example.com/a.jpg"


async def post(
    api: Api, company: Company, path: str, body: Any, role: str = "company_admin"
) -> httpx.Response:
    headers = {"Idempotency-Key": str(uuid4()), **api.token(role, company)}
    return await api.client.post(f"/api/v1/{path}", json=body, headers=headers)


async def patch(api: Api, company: Company, path: str, body: Any) -> httpx.Response:
    headers = {"If-Match": "*", **api.token("company_admin", company)}
    return await api.client.patch(f"/api/v1/{path}", json=body, headers=headers)


async def test_a_tag_is_renamed_on_all_its_products_and_taken_off(api: Api, company: Company) -> None:
    product = f"products/{company.product_id}"
    assert (await patch(api, company, product, {"tags": ["Sale", "sale", "C++"]})).json()["tags"] == [
        "Sale",
        "C++",
    ]
    admin = {"If-Match": "*", **api.token("company_admin", company)}
    listed = (await api.client.get("/api/v1/tags", headers=admin)).json()["items"]
    assert [(one["name"], one["product_count"]) for one in listed] == [("C++", 1), ("Sale", 1)]
    sale = listed[1]
    assert (await patch(api, company, f"tags/{sale['id']}", {"name": "Bargain"})).status_code == 200
    assert api.scalar("select tags from products") == ["Bargain", "C++"]
    assert_problem(await patch(api, company, f"tags/{sale['id']}", {"name": "c++"}), 409, "already_exists")
    attached = f"/api/v1/tags/{sale['id']}/products/{company.product_id}"
    assert (await api.client.delete(attached, headers=admin)).status_code == 204
    assert api.scalar("select tags from products") == ["C++"]
    for _ in range(2):
        assert (await api.client.put(attached, headers=admin)).status_code == 204
    assert api.scalar("select tags from products") == ["C++", "Bargain"]
    assert (await api.client.delete(f"/api/v1/tags/{sale['id']}", headers=admin)).status_code == 204
    assert api.scalar("select tags from products") == ["C++"]
    assert (await post(api, company, "tags", {"name": "Bargain"})).status_code == 201


async def test_the_size_chart_of_the_nearest_category_and_gender_fits(api: Api, company: Company) -> None:
    inside = (
        await post(api, company, "categories", {"name": "Inside", "parent_id": str(company.category_id)})
    ).json()
    body = {"category_id": inside["id"], "gender": "female"}
    await patch(api, company, f"products/{company.product_id}", body)
    path = f"/api/v1/products/{company.product_id}/size-chart"
    headers = api.storefront(company)
    assert_problem(await api.client.get(path, headers=headers), 404, "not_found")
    measures = {"M": {"chest_cm": "96-101", "chest_inch": "38-40"}}
    for name, chart in (
        ("all", {}),
        ("above", {"category_id": str(company.category_id), "gender": "female"}),
        ("here", {"category_id": inside["id"]}),
        ("men", {"category_id": inside["id"], "gender": "male"}),
        ("women", {"category_id": inside["id"], "gender": "female"}),
    ):
        made = await post(api, company, "size-charts", {"name": name, "measurements": measures} | chart)
        assert made.status_code == 201, made.text
        found = (await api.client.get(path, headers=headers)).json()
        assert found["name"] == ("here" if name == "men" else name)
    assert found["measurements"] == measures
    twin = await post(
        api, company, "size-charts", {"name": "x", "category_id": inside["id"], "gender": "female"}
    )
    assert_problem(twin, 409, "already_exists")


async def test_shoppers_see_banners_within_their_time_and_managers_keep_their_shops(
    api: Api, company: Company
) -> None:
    now = datetime.now(UTC)
    day = timedelta(days=1)
    for title, window in (
        ("now", {"valid_from": (now - day).isoformat(), "valid_until": (now + day).isoformat()}),
        ("over", {"valid_until": (now - day).isoformat()}),
        ("later", {"valid_from": (now + day).isoformat()}),
        ("off", {"is_active": False}),
    ):
        body = {"title": title, "image_url": IMAGE, "link_url": "https://example.com/sale"} | window
        assert (await post(api, company, "banners", body)).status_code == 201
    shown = (await api.client.get("/api/v1/banners", headers=api.storefront(company))).json()["items"]
    assert [one["title"] for one in shown] == ["now"]
    staff = (await api.client.get("/api/v1/banners", headers=api.token("buyer", company))).json()["items"]
    assert len(staff) == 4
    ours = {"title": "ours", "image_url": IMAGE, "shop_id": str(company.shop_id), "position": "collection"}
    assert (await post(api, company, "banners", ours, "shop_manager")).status_code == 201
    all_shops = {"title": "all", "image_url": IMAGE}
    assert_problem(await post(api, company, "banners", all_shops, "shop_manager"), 403, "forbidden")
    for bad in (
        {"image_url": "data:image/png;base64,xx"},
        {"position": "nowhere"},
        {"valid_from": now.isoformat(), "valid_until": now.isoformat()},
        {"valid_from": "2026-01-01"},
        {"product_ids": [str(uuid4())]},
    ):
        answer = await post(api, company, "banners", all_shops | bad)
        assert answer.status_code == 422, answer.text


async def test_of_several_images_exactly_one_is_the_primary(api: Api, company: Company) -> None:
    product = f"products/{company.product_id}"
    images: list[dict[str, Any]] = [{"url": f"https://example.com/{place}.jpg"} for place in range(3)]
    stored = (await patch(api, company, product, {"images": images})).json()["images"]
    assert [one["is_primary"] for one in stored] == [True, False, False]
    images[2]["is_primary"] = True
    stored = (await patch(api, company, product, {"images": images})).json()["images"]
    assert [one["is_primary"] for one in stored] == [False, False, True]
    assert api.scalar("select image_url from variant_terms") == "https://example.com/2.jpg"
    images[0]["is_primary"] = True
    refused = assert_problem(await patch(api, company, product, {"images": images}), 422, "invalid_content")
    assert "one image is the primary one" in refused["errors"][0]["detail"]
    missing = {"url": f"/api/v1/media/{uuid4()}/{'0' * 64}.png"}
    assert_problem(await patch(api, company, product, {"images": [missing]}), 422, "unknown_reference")
    with api.database.connect("owner") as owner, pytest.raises(psycopg.Error, match="one_primary_image"):
        owner.execute("update products set images = images || images")


async def test_related_products_are_known_and_drafts_stay_hidden(api: Api, company: Company) -> None:
    draft = await post(api, company, "products", {"sku": "D", "name": "Draft", "price_amount": "1"})
    product = f"products/{company.product_id}"
    related = {"related_product_ids": [draft.json()["id"]]}
    assert (await patch(api, company, product, related)).status_code == 200
    path = f"/api/v1/{product}/related"
    staff = (await api.client.get(path, headers=api.token("buyer", company))).json()["items"]
    assert [one["sku"] for one in staff] == ["D"]
    assert (await api.client.get(path, headers=api.storefront(company))).json()["items"] == []
    by_slug = "/api/v1/products/by-slug/"
    assert (await api.client.get(f"{by_slug}thing", headers=api.storefront(company))).status_code == 200
    assert_problem(
        await api.client.get(f"{by_slug}draft-d", headers=api.storefront(company)), 404, "not_found"
    )
    for bad in ([str(uuid4())], [str(company.product_id)]):
        assert (await patch(api, company, product, {"related_product_ids": bad})).status_code == 422
    stranger = await patch(api, company, product, {"seller_user_id": str(uuid4())})
    assert_problem(stranger, 422, "unknown_reference")
    seller = await patch(api, company, product, {"seller_user_id": str(company.admin_user_id)})
    assert seller.json()["seller_user_id"] == str(company.admin_user_id)
