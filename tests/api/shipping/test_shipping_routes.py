"""Carriers, methods, tariffs, zones and quotes through the API."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.ids import new_id
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

V1 = "/api/v1"
METHOD: dict[str, Any] = {
    "code": "standard", "name": "Standard", "estimated_days_min": 2, "estimated_days_max": 4,
    "base_amount": "1.00",
}  # fmt: skip
ZONE: dict[str, Any] = {"name": "Germany", "areas": [{"country": "de"}]}
TARIFF: dict[str, Any] = {
    "bands": [{"from_bound": "5", "amount": "8.90"}, {"from_bound": "0", "amount": "3.90"}]
}


class Desk:
    """Sends requests as one person."""

    def __init__(self, api: Api, headers: dict[str, str]) -> None:
        self.api, self.headers = api, headers

    async def post(self, path: str, body: dict[str, Any], **more: str) -> httpx.Response:
        headers = self.headers | {"Idempotency-Key": str(uuid4())} | more
        return await self.api.client.post(f"{V1}{path}", json=body, headers=headers)

    async def make(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self.post(path, body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.api.client.get(f"{V1}{path}", headers=self.headers | headers)

    async def send(
        self, method: str, path: str, body: Any = None, *, version: str | None = None
    ) -> httpx.Response:
        """Send a change of the version that is there now, or of the one given."""
        etag = version or (await self.get(path.partition("/tariffs")[0])).headers.get("etag", "*")
        headers = self.headers | {"If-Match": etag}
        return await self.api.client.request(method, f"{V1}{path}", json=body, headers=headers)


@pytest.fixture
def admin(api: Api, two_companies: tuple[Company, Company]) -> Desk:
    return Desk(api, api.token("company_admin", two_companies[0]))


async def set_up(admin: Desk) -> tuple[str, str]:
    method = await admin.make("/shipping-methods", METHOD)
    zone = await admin.make("/shipping-zones", ZONE)
    put = await admin.send("PUT", f"/shipping-methods/{method['id']}/tariffs/{zone['id']}", TARIFF)
    assert put.status_code == 200, put.text
    return method["id"], zone["id"]


async def test_a_method_with_its_tariff_is_kept_read_and_quoted(
    api: Api, admin: Desk, two_companies: tuple[Company, Company]
) -> None:
    acme = two_companies[0]
    carrier = await admin.make(
        "/carriers",
        {"code": "dhl", "name": "DHL", "tracking_url_template": "https://dhl.test/{tracking_number}"},
    )
    method_id, zone_id = await set_up(admin)
    changed = await admin.send("PATCH", f"/shipping-methods/{method_id}", {"carrier_id": carrier["id"]})
    assert changed.status_code == 200, changed.text

    method = (await admin.get(f"/shipping-methods/{method_id}")).json()
    assert (method["carrier"], method["currency"], method["base_amount"]) == ("DHL", "EUR", "1.00")
    assert method["tariffs"] == [
        {
            "zone_id": zone_id, "zone_name": "Germany", "free_from_amount": None,
            "estimated_days_min": None, "estimated_days_max": None,
            "bands": [{"from_bound": "0.000", "amount": "3.90"}, {"from_bound": "5.000", "amount": "8.90"}],
        }
    ]  # fmt: skip
    shopper = Desk(api, api.storefront(acme))
    wanted = {
        "lines": [{"variant_id": str(acme.variant_id), "quantity_units": 2}],
        "destination": {"country": "DE", "postal_code": "10115"},
    }
    answer = (await shopper.post("/shipping-methods/quotes", wanted)).json()
    assert (answer["goods_amount"], answer["currency"]) == ("20.00", "EUR")
    (offer,) = answer["items"]
    assert (offer["method_code"], offer["amount"], offer["carrier"]) == ("standard", "4.90", "DHL")
    assert (offer["estimated_days_min"], offer["estimated_days_max"]) == (2, 4)
    events = api.rows("select type from events where company_id = %s order by sequence", [acme.id])
    assert [kind for (kind,) in events] == [
        "carrier.created", "shipping_method.created", "shipping_zone.created",
        "shipping_method.updated", "shipping_method.updated",
    ]  # fmt: skip


async def test_a_quote_weighs_and_prices_the_goods_itself(
    api: Api, admin: Desk, two_companies: tuple[Company, Company]
) -> None:
    acme = two_companies[0]
    await set_up(admin)
    with api.database.connect("owner") as owner:
        owner.execute("update products set weight_kg = 2.5 where company_id = %s", [acme.id])
    lines = [{"variant_id": str(acme.variant_id), "quantity_units": 1}]
    wanted = {"lines": lines * 2, "shop_id": str(acme.shop_id), "destination": {"country": "DE"}}
    answer = (await admin.post("/shipping-methods/quotes", wanted)).json()
    assert (answer["weight_kg"], answer["items"][0]["amount"]) == ("5.000", "9.90")

    with api.database.connect("owner") as owner:
        owner.execute("update products set has_free_shipping = true where company_id = %s", [acme.id])
    (offer,) = (await admin.post("/shipping-methods/quotes", wanted)).json()["items"]
    assert (offer["amount"], offer["regular_amount"], offer["free_because"]) == ("0.00", "4.90", "goods")

    elsewhere = wanted | {"destination": {"country": "FR"}}
    assert (await admin.post("/shipping-methods/quotes", elsewhere)).json()["items"] == []
    for change, code, pointer in (
        ({"lines": [{"variant_id": str(two_companies[1].variant_id), "quantity_units": 1}]}, "unknown_sku",
         "/lines/0/variant_id"),
        ({"shop_id": str(two_companies[1].shop_id)}, "unknown_shop", "/shop_id"),
        ({"shop_id": None}, "unknown_shop", "/shop_id"),
        ({"lines": []}, "invalid_content", "/lines"),
        ({"destination": {"country": " "}}, "invalid_content", "/destination/country"),
    ):  # fmt: skip
        problem = assert_problem(await admin.post("/shipping-methods/quotes", wanted | change), 422, code)
        assert problem["errors"][0]["pointer"] == pointer


async def test_changes_name_the_version_that_was_read(admin: Desk) -> None:
    method_id, zone_id = await set_up(admin)
    carrier_id = (await admin.make("/carriers", {"code": "ups", "name": "UPS"}))["id"]
    for path, change in (
        (f"/shipping-methods/{method_id}", {"name": "New"}),
        (f"/shipping-zones/{zone_id}", {"areas": [{"country": "AT"}]}),
        (f"/carriers/{carrier_id}", {"name": "New"}),
    ):
        read = await admin.get(path)
        old = read.headers["etag"]
        assert (await admin.get(path, **{"If-None-Match": old})).status_code == 304
        missing = await admin.api.client.patch(f"{V1}{path}", json=change, headers=admin.headers)
        assert_problem(missing, 428, "version_required")
        changed = await admin.send("PATCH", path, change, version=old)
        assert changed.status_code == 200, changed.text
        assert changed.headers["etag"] == (await admin.get(path)).headers["etag"] != old
        assert_problem(await admin.send("PATCH", path, change, version=old), 412, "stale_version")
        assert_problem(await admin.send("DELETE", path, version=old), 412, "stale_version")
    tariff = f"/shipping-methods/{method_id}/tariffs/{zone_id}"
    old = (await admin.get(f"/shipping-methods/{method_id}")).headers["etag"]
    assert (await admin.send("PUT", tariff, TARIFF, version=old)).status_code == 200
    assert_problem(await admin.send("PUT", tariff, TARIFF, version=old), 412, "stale_version")
    assert (await admin.send("DELETE", tariff)).status_code == 204
    assert_problem(await admin.send("DELETE", tariff), 404, "not_found")
    for path in (f"/shipping-methods/{method_id}", f"/shipping-zones/{zone_id}", f"/carriers/{carrier_id}"):
        assert (await admin.send("DELETE", path)).status_code == 204
        assert_problem(await admin.get(path), 404, "not_found")
    assert (await admin.make("/shipping-methods", METHOD))["id"] != method_id


BAD_TARIFFS = [
    ([{"from_bound": "1", "amount": "1.00"}], "/bands"),
    ([{"from_bound": "0", "amount": "1.00"}, {"from_bound": "0.000", "amount": "2.00"}], "/bands"),
    ([{"from_bound": "0", "amount": None}], "/bands"),
    ([{"from_bound": "-1", "amount": "1.00"}], "/bands/0/from_bound"),
    ([{"from_bound": "0", "amount": "-1"}], "/bands/0/amount"),
    ([], "/bands"),
]
BAD_AREAS = [
    ({"region": "Bayern"}, "/areas/0/country"),
    ({"country": "DE", "postal_from": "10115"}, "/areas/0/postal_to"),
    ({"country": "DE", "postal_from": "10200", "postal_to": "10100"}, "/areas/0/postal_to"),
    ({"country": "DE", "postal_from": "1", "postal_to": "99999"}, "/areas/0/postal_to"),
    ({"country": "DE", "postal_from": "100", "postal_to": "1AA"}, "/areas/0/postal_to"),
    ({"country": "DE", "postal_prefix": "--"}, "/areas/0/postal_prefix"),
    ({"country": "DE", "postal_prefix": "1", "postal_from": "1", "postal_to": "2"}, "/areas/0/postal_prefix"),
]
BAD_METHODS = [
    ({"estimated_days_min": 9}, ""),
    ({"base_amount": 1.5}, "/base_amount"),
    ({"shipping_classes": []}, "/shipping_classes"),
    ({"code": "a b"}, "/code"),
    ({"carrier_id": str(new_id())}, "/carrier_id"),
    ({"shop_id": str(new_id())}, "/shop_id"),
    ({"company_id": str(new_id())}, "/company_id"),
]


async def test_what_contradicts_itself_is_refused_by_its_field(api: Api, admin: Desk) -> None:
    method_id, zone_id = await set_up(admin)
    tariff = f"/shipping-methods/{method_id}/tariffs/{zone_id}"
    before = api.rows("select * from shipping_bands order by from_bound")
    for bands, pointer in BAD_TARIFFS:
        problem = assert_problem(await admin.send("PUT", tariff, {"bands": bands}), 422, "invalid_content")
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    for area, pointer in BAD_AREAS:
        body = {"name": "Other", "areas": [area]}
        problem = assert_problem(await admin.post("/shipping-zones", body), 422, "invalid_content")
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    for change, pointer in BAD_METHODS:
        answer = await admin.post("/shipping-methods", METHOD | {"code": "other"} | change)
        assert answer.status_code == 422, answer.text
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    template = {"code": "x", "name": "X", "tracking_url_template": "https://x.test/"}
    assert_problem(await admin.post("/carriers", template), 422, "invalid_content")
    assert api.rows("select * from shipping_bands order by from_bound") == before
    assert api.scalar("select count(*) from shipping_methods") == 1
    assert api.scalar("select count(*) from shipping_zones") == 1


async def test_codes_and_names_are_unique_in_a_company(
    api: Api, admin: Desk, two_companies: tuple[Company, Company]
) -> None:
    await set_up(admin)
    assert_problem(await admin.post("/shipping-methods", METHOD), 409, "already_exists")
    assert_problem(await admin.post("/shipping-zones", ZONE), 409, "already_exists")
    other = Desk(api, api.token("company_admin", two_companies[1]))
    await set_up(other)
    assert api.scalar("select count(*) from shipping_methods") == 2


async def test_managers_keep_their_shops_methods_and_see_the_company_s(
    api: Api, admin: Desk, two_companies: tuple[Company, Company]
) -> None:
    acme = two_companies[0]
    method_id, zone_id = await set_up(admin)
    other_shop = new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into shops (company_id, id, name, slug) values (%s, %s, 'Other', 'other')",
            [acme.id, other_shop],
        )
    manager = Desk(api, api.token("shop_manager", acme))
    own = await manager.make("/shipping-methods", METHOD | {"code": "bike", "shop_id": str(acme.shop_id)})
    assert (
        await manager.send("PUT", f"/shipping-methods/{own['id']}/tariffs/{zone_id}", TARIFF)
    ).status_code == 200
    elsewhere = await admin.make("/shipping-methods", METHOD | {"shop_id": str(other_shop)})
    for refused in (
        await manager.post("/shipping-methods", METHOD | {"code": "x"}),
        await manager.post("/shipping-methods", METHOD | {"code": "x", "shop_id": str(other_shop)}),
        await manager.post("/shipping-zones", ZONE | {"name": "x"}),
        await manager.send("PATCH", f"/shipping-methods/{method_id}", {"name": "Mine"}),
        await manager.send("PATCH", f"/shipping-zones/{zone_id}", {"name": "Mine"}),
    ):
        assert_problem(refused, 403, "forbidden")
    assert_problem(await manager.get(f"/shipping-methods/{elsewhere['id']}"), 404, "not_found")
    listed = (await manager.get("/shipping-methods")).json()["items"]
    assert [method["code"] for method in listed] == ["bike", "standard"]
    await admin.send("PATCH", f"/shipping-methods/{method_id}", {"is_active": False})
    shopper = Desk(api, api.storefront(acme))
    assert [method["code"] for method in (await shopper.get("/shipping-methods")).json()["items"]] == ["bike"]
    assert_problem(await shopper.get(f"/shipping-methods/{method_id}"), 404, "not_found")


async def test_pages_follow_one_another(api: Api, admin: Desk) -> None:
    for code in ("c", "a", "b"):
        await admin.make("/shipping-methods", METHOD | {"code": code})
        await admin.make("/shipping-zones", ZONE | {"name": code})
        await admin.make("/carriers", {"code": code, "name": code})
    for path, name in (("/shipping-methods", "code"), ("/shipping-zones", "name"), ("/carriers", "code")):
        first = (await admin.get(f"{path}?limit=2")).json()
        rest = (await admin.get(f"{path}?limit=2&cursor={first['next_cursor']}")).json()
        assert [item[name] for item in first["items"] + rest["items"]] == ["a", "b", "c"]
        assert rest["next_cursor"] is None
        other = await admin.get(f"{path}?limit=2&is_active=true&cursor={first['next_cursor']}")
        assert_problem(other, 422, "invalid_cursor")
