"""Locations, the shops that draw on them, and the policies of levels, through the API."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import add_variant, counts, place

PATH = "/api/v1/locations"


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def create(api: Api, company: Company, code: str = "NORTH", **fields: Any) -> httpx.Response:
    return await api.client.post(
        PATH,
        json={"code": code, "name": f"Store {code}"} | fields,
        headers=api.token("company_admin", company) | key(),
    )


async def test_a_location_is_made_read_changed_and_drawn_on(api: Api, company: Company) -> None:
    address = {"city": "Kiel", "postal_code": "24103", "country": "DE"}
    made = await create(api, company, kind="shop", address=address, latitude=54.3, longitude=10.1)
    assert made.status_code == 201, made.text
    location = made.json()
    assert (location["kind"], location["address"]["city"], location["shops"]) == ("shop", "Kiel", [])
    admin, path = api.token("company_admin", company), f"{PATH}/{location['id']}"
    read = await api.client.get(path, headers=admin)
    etag = {"If-Match": read.headers["ETag"]}
    changed = await api.client.patch(path, json={"name": "Harbour"}, headers=admin | etag)
    assert (changed.json()["name"], changed.json()["latitude"]) == ("Harbour", 54.3)
    stale = await api.client.patch(path, json={"name": "Other"}, headers=admin | etag)
    assert_problem(stale, 412, "stale_version")
    assert_problem(
        await api.client.patch(path, json={"name": "Other"}, headers=admin), 428, "version_required"
    )
    drawn = await api.client.put(
        f"{path}/shops/{company.shop_id}",
        json={"priority": 3},
        headers=admin | {"If-Match": changed.headers["ETag"]},
    )
    assert drawn.json()["shops"] == [{"shop_id": str(company.shop_id), "priority": 3}]
    listed = (await api.client.get(f"{PATH}?shop_id={company.shop_id}", headers=admin)).json()["items"]
    assert [row["code"] for row in listed] == ["MAIN", "NORTH"]
    gone = await api.client.delete(
        f"{path}/shops/{company.shop_id}", headers=admin | {"If-Match": drawn.headers["ETag"]}
    )
    assert gone.json()["shops"] == []
    assert api.rows("select type from events order by sequence") == [
        ("location.created",), ("location.updated",), ("location.updated",), ("location.updated",)
    ]  # fmt: skip
    known = await api.client.get(path, headers=admin | {"If-None-Match": gone.headers["ETag"]})
    assert known.status_code == 304


async def test_only_an_empty_location_is_archived(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company) | {"If-Match": "*"}
    path = f"{PATH}/{company.location_id}"
    order = {
        "supplier_id": str(company.supplier_id),
        "location_id": str(company.location_id),
        "lines": [{"variant_id": str(company.variant_id), "ordered_units": 5}],
    }
    made = await api.client.post("/api/v1/restock-orders", json=order, headers=admin | key())
    count = await api.client.post(
        "/api/v1/inventory/counts", json={"location_id": str(company.location_id)}, headers=admin | key()
    )
    before = counts(api)
    problem = assert_problem(await api.client.delete(path, headers=admin), 409, "location_not_empty")
    assert problem["because"] == ["stock", "counts", "restock_orders"]
    assert counts(api) == before
    empty = (await create(api, company)).json()
    archived = await api.client.delete(f"{PATH}/{empty['id']}", headers=admin)
    assert archived.json()["archived_at"] is not None
    assert (await api.client.get(f"{PATH}?kind=warehouse", headers=admin)).json()["items"][0][
        "code"
    ] == "MAIN"
    everything = (await api.client.get(f"{PATH}?include_archived=true", headers=admin)).json()["items"]
    assert [row["code"] for row in everything] == ["MAIN", "NORTH"]
    assert made.status_code == count.status_code == 201


@pytest.mark.parametrize(
    "change",
    [{"code": ""}, {"kind": "in_transit"}, {"latitude": 91}, {"company_id": str(uuid4())}, {"name": None}],
)
async def test_bad_locations_are_refused(api: Api, company: Company, change: dict[str, Any]) -> None:
    assert_problem(await create(api, company, **change), 422, "invalid_content")
    assert api.scalar("select count(*) from locations") == 1


async def test_a_code_is_unique_and_others_may_not_write(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    assert (await create(api, acme)).status_code == 201
    assert (await create(api, bolt)).status_code == 201
    assert_problem(await create(api, acme), 409, "already_exists")
    body = {"code": "X", "name": "X"}
    assert_problem(await api.client.post(PATH, json=body, headers=key()), 401, "unauthenticated")
    for role in ("shop_manager", "buyer", "customer"):
        answer = await api.client.post(PATH, json=body, headers=api.token(role, acme) | key())
        assert_problem(answer, 403, "forbidden")
    foreign = await api.client.get(f"{PATH}/{bolt.location_id}", headers=api.token("buyer", acme))
    assert_problem(foreign, 404, "not_found")


async def test_a_policy_is_changed_by_version(api: Api, company: Company) -> None:
    manager = api.token("shop_manager", company)
    path = f"/api/v1/inventory/levels/{company.location_id}/{company.variant_id}/policy"
    read = await api.client.get(path, headers=manager)
    assert (read.json()["low_stock_threshold_units"], read.json()["allow_backorder"]) == (10, False)
    etag = {"If-Match": read.headers["ETag"]}
    wanted = {"low_stock_threshold_units": 25, "allow_backorder": True}
    # A sale meanwhile does not make the policy another one.
    await place(api, company, quantity_units=1)
    changed = await api.client.patch(path, json=wanted, headers=manager | etag)
    assert changed.json()["low_stock_threshold_units"] == 25, changed.text
    assert_problem(await api.client.patch(path, json=wanted, headers=manager | etag), 412, "stale_version")
    assert_problem(await api.client.patch(path, json=wanted, headers=manager), 428, "version_required")
    assert api.rows("select low_stock_threshold_units, allow_backorder from stock_levels") == [(25, True)]
    await place(api, company, quantity_units=120)
    etag = {"If-Match": changed.headers["ETag"]}
    refused = await api.client.patch(path, json={"allow_backorder": False}, headers=manager | etag)
    assert_problem(refused, 409, "insufficient_stock")
    assert api.scalar("select count(*) from events where type = 'inventory.policy_changed'") == 1


async def test_reservations_are_listed(api: Api, company: Company) -> None:
    add_variant(api, company, "EXTRA")
    first = (await place(api, company, quantity_units=2)).json()
    await place(api, company, quantity_units=3)
    staff = api.token("shop_staff", company)
    path = "/api/v1/inventory/reservations"
    page = (await api.client.get(f"{path}?limit=1", headers=staff)).json()
    rest = (await api.client.get(f"{path}?limit=1&cursor={page['next_cursor']}", headers=staff)).json()
    assert [row["reserved_units"] for row in page["items"] + rest["items"]] == [3, 2]
    of_order = (await api.client.get(f"{path}?owner_id={first['id']}&status=live", headers=staff)).json()
    assert [(row["sku"], row["reserved_units"], row["owner_type"]) for row in of_order["items"]] == [
        (company.sku, 2, "order")
    ]
    elsewhere = api.token("shop_staff", company, shop_ids=[uuid4()])
    assert (await api.client.get(path, headers=elsewhere)).json()["items"] == []


async def test_stock_is_set_to_what_is_there_if_it_is_what_was_expected(api: Api, company: Company) -> None:
    path, manager = "/api/v1/inventory/adjustments", api.token("shop_manager", company)
    body = {
        "location_id": str(company.location_id),
        "variant_id": str(company.variant_id),
        "on_hand_units": 90,
        "reason": "adjustment",
    }
    for wrong in ({}, {"expected_on_hand_units": 100, "delta_units": 1}, {"expected_on_hand_units": 90}):
        answer = await api.client.post(path, json=body | wrong, headers=manager | key())
        assert_problem(answer, 422, "invalid_content")
    stale = body | {"expected_on_hand_units": 99}
    assert_problem(await api.client.post(path, json=stale, headers=manager | key()), 409, "on_hand_changed")
    right = body | {"expected_on_hand_units": 100}
    assert (await api.client.post(path, json=right, headers=manager | key())).json()["on_hand_units"] == 90
    assert api.rows("select delta_units from stock_ledger order by id") == [(100,), (-10,)]


async def test_back_in_stock_is_told_once_a_crossing(api: Api, company: Company) -> None:
    order = (await place(api, company, quantity_units=100)).json()
    admin = api.token("company_admin", company)
    told = "select count(*) from events where type = 'inventory.back_in_stock'"
    for _ in range(2):
        await api.client.post(f"/api/v1/orders/{order['id']}/cancel", json={}, headers=admin | key())
    assert api.scalar(told) == 1
    for delta in (-100, 5, 5):
        body = {
            "location_id": str(company.location_id),
            "variant_id": str(company.variant_id),
            "delta_units": delta,
            "reason": "adjustment",
        }
        await api.client.post("/api/v1/inventory/adjustments", json=body, headers=admin | key())
    assert api.scalar(told) == 2
    assert api.scalar("select count(*) from events where type = 'inventory.out_of_stock'") == 2
