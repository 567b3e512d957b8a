"""Wishlists: several named ones, one default, public by token, into the cart."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.carts import Shopper, add_customer, customer, guest
from tests.support.companies import Company
from tests.support.orders import add_variant

LISTS = "/api/v1/wishlists"
DEFAULT = "/api/v1/wishlist"
COUNTS = "select (select count(*) from wishlists), (select count(*) from wishlist_items)"


async def made(shopper: Shopper, name: str, **more: Any) -> str:
    answer = await shopper.send("POST", LISTS, {"name": name, **more})
    assert answer.status_code == 201, answer.text
    wishlist_id: str = answer.json()["id"]
    return wishlist_id


async def names(shopper: Shopper) -> dict[str, bool]:
    """Names of the lists, and which is the default."""
    page = (await shopper.send("GET", LISTS)).json()
    return {wishlist["name"]: wishlist["is_default"] for wishlist in page["items"]}


async def test_the_documents_one_wishlist_is_the_default_one(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    empty = (await buyer.send("GET", DEFAULT)).json()
    assert (empty["id"], empty["items"], empty["is_default"]) == (None, [], True)
    assert api.rows(COUNTS) == [(0, 0)]
    wanted = {"product_id": str(company.product_id), "priority": 5, "notes": "in blue"}
    added = await buyer.send("POST", f"{DEFAULT}/items", wanted)
    assert added.status_code == 201, added.text
    item = added.json()["items"][0]
    assert (item["sku"], item["unit_price_amount"], item["priority"], item["notes"]) == (
        company.sku,
        "10.000000",
        5,
        "in blue",
    )
    assert (item["is_sold"], item["is_available"]) == (True, True)
    again = (await buyer.send("POST", f"{DEFAULT}/items", {"product_id": str(company.product_id)})).json()
    assert [(one["id"], one["priority"]) for one in again["items"]] == [(item["id"], 5)]
    removed = await buyer.send("DELETE", f"{DEFAULT}/items/{item['id']}")
    assert removed.json()["items"] == []
    assert_problem(await buyer.send("DELETE", f"{DEFAULT}/items/{item['id']}"), 404, "not_found")
    assert [row[0] for row in api.rows("select type from events order by sequence")] == [
        "wishlist.item_added",
        "wishlist.updated",
    ]


async def test_lists_are_named_and_one_is_the_default(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    first = await made(buyer, "Birthday")
    second = await made(buyer, "Christmas")
    assert await names(buyer) == {"Birthday": True, "Christmas": False}
    assert_problem(await buyer.send("POST", LISTS, {"name": "Birthday"}), 409, "wishlist_exists")
    assert_problem(await buyer.send("DELETE", f"{LISTS}/{first}"), 409, "default_wishlist")
    renamed = await buyer.send("PATCH", f"{LISTS}/{second}", {"is_default": True, "name": "Winter"})
    assert renamed.json()["name"] == "Winter"
    assert await names(buyer) == {"Birthday": False, "Winter": True}
    assert_problem(await buyer.send("PATCH", f"{LISTS}/{first}", {"name": "Winter"}), 409, "wishlist_exists")
    assert_problem(
        await buyer.send("PATCH", f"{LISTS}/{first}", {"is_default": False}), 422, "invalid_content"
    )
    assert (await buyer.send("DELETE", f"{LISTS}/{first}")).status_code == 204
    assert await names(buyer) == {"Winter": True}
    assert await made(customer(api, company, add_customer(api, company)), "Winter")


async def test_lists_made_at_once_have_one_default(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    await asyncio.gather(
        *(buyer.send("POST", LISTS, {"name": f"List {place}", "is_default": True}) for place in range(6)),
        *(buyer.send("POST", f"{DEFAULT}/items", {"product_id": str(company.product_id)}) for _ in range(3)),
    )
    assert api.scalar("select count(*) from wishlists where is_default") == 1
    assert sum((await names(buyer)).values()) == 1


async def test_a_list_is_public_by_its_token_until_it_is_revoked(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    buyer = customer(api, acme)
    wishlist_id = await made(buyer, "Birthday")
    wanted = {"variant_id": str(acme.variant_id), "notes": "secret"}
    await buyer.send("POST", f"{LISTS}/{wishlist_id}/items", wanted)
    token = (await buyer.send("PUT", f"{LISTS}/{wishlist_id}/share")).json()["share_token"]
    assert len(token) == 43
    assert (await buyer.send("PUT", f"{LISTS}/{wishlist_id}/share")).json()["share_token"] == token
    shared = f"{LISTS}/shared/{token}"
    for reader in (guest(api, acme), customer(api, acme, add_customer(api, acme))):
        answer = await reader.send("GET", shared)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["name"], answer.json()["items"][0]["sku"]) == ("Birthday", acme.sku)
        assert "secret" not in answer.text
        assert str(acme.customer_id) not in answer.text
        assert_problem(await reader.send("GET", f"{LISTS}/shared/{'x' * 43}"), 404, "not_found")
    assert_problem(await guest(api, bolt).send("GET", shared), 404, "not_found")
    assert_problem(await api.client.get(shared), 401, "unauthenticated")
    revoked = (await buyer.send("DELETE", f"{LISTS}/{wishlist_id}/share")).json()
    assert (revoked["is_public"], revoked["share_token"]) == (False, None)
    assert_problem(await guest(api, acme).send("GET", shared), 404, "not_found")
    assert (await buyer.send("PUT", f"{LISTS}/{wishlist_id}/share")).json()["share_token"] != token


async def test_the_most_wanted_comes_first(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    wishlist_id = await made(buyer, "Birthday")
    add_variant(api, company, "SKU-2")
    second = api.scalar("select id from variants where sku = 'SKU-2'")
    items = f"{LISTS}/{wishlist_id}/items"
    await buyer.send("POST", items, {"variant_id": str(company.variant_id), "priority": 2})
    listed = (await buyer.send("POST", items, {"variant_id": str(second), "priority": 4})).json()["items"]
    assert [item["sku"] for item in listed] == ["SKU-2", company.sku]
    changed = await buyer.send("PATCH", f"{items}/{listed[1]['id']}", {"priority": 5, "notes": "now"})
    assert [(item["sku"], item["notes"]) for item in changed.json()["items"]] == [
        (company.sku, "now"),
        ("SKU-2", None),
    ]
    with api.database.connect("owner") as owner:
        owner.execute("update products set status = 'draft' where sku = 'SKU-2'")
    listed = (await buyer.send("GET", f"{LISTS}/{wishlist_id}")).json()["items"]
    assert [(item["is_sold"], item["is_available"]) for item in listed] == [(True, True), (False, False)]


async def test_an_item_moves_into_the_cart(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    wishlist_id = await made(buyer, "Birthday")
    items = f"{LISTS}/{wishlist_id}/items"
    wanted = {"product_id": str(company.product_id)}
    item_id = (await buyer.send("POST", items, wanted)).json()["items"][0]["id"]
    move = f"{items}/{item_id}/move-to-cart"
    shop = {"shop_id": str(company.shop_id)}
    assert_problem(await buyer.send("POST", move, {}), 422, "unknown_cart_shop")
    assert_problem(await buyer.send("POST", move, shop | {"quantity_units": 101}), 409, "too_few_available")
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into variants (company_id, product_id, sku) values (%s, %s, 'OTHER')",
            [company.id, company.product_id],
        )
    assert_problem(await buyer.send("POST", move, shop), 422, "variant_required")
    assert len((await buyer.send("GET", f"{LISTS}/{wishlist_id}")).json()["items"]) == 1
    named = shop | {"variant_id": str(company.variant_id), "quantity_units": 2}
    moved = await buyer.send("POST", move, named)
    assert moved.status_code == 201, moved.text
    assert await buyer.quantities() == {company.sku: 2}
    assert (await buyer.send("GET", f"{LISTS}/{wishlist_id}")).json()["items"] == []
    assert_problem(await buyer.send("POST", move, named), 404, "not_found")
    assert await buyer.quantities() == {company.sku: 2}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_content"),
        ({"product_id": "x"}, "invalid_content"),
        ({"product_id": str(uuid4())}, "unknown_reference"),
        ({"variant_id": str(uuid4())}, "unknown_reference"),
        ({"priority": 0}, "invalid_content"),
        ({"priority": 6}, "invalid_content"),
        ({"priority": "5"}, "invalid_content"),
        ({"notes": "x" * 1001}, "invalid_content"),
        ({"customer_id": str(uuid4())}, "invalid_content"),
    ],
)
async def test_bad_items_change_nothing(api: Api, company: Company, body: dict[str, Any], code: str) -> None:
    buyer = customer(api, company)
    known = (
        {"product_id": str(company.product_id)} if {"priority", "notes", "customer_id"} & set(body) else {}
    )
    await made(buyer, "Birthday")
    before = api.rows(COUNTS)
    assert_problem(await buyer.send("POST", f"{DEFAULT}/items", known | body), 422, code)
    assert api.rows(COUNTS) == before


async def test_nobody_sees_or_changes_another_s_lists(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    buyer = customer(api, acme)
    wishlist_id = await made(buyer, "Birthday")
    added = await buyer.send("POST", f"{LISTS}/{wishlist_id}/items", {"product_id": str(acme.product_id)})
    item = f"{LISTS}/{wishlist_id}/items/{added.json()['items'][0]['id']}"
    before = api.rows("select sum(hashtextextended(w::text, 0)) from wishlists w")
    for stranger in (customer(api, acme, add_customer(api, acme)), customer(api, bolt)):
        assert await names(stranger) == {}
        for method, path, body in (
            ("GET", f"{LISTS}/{wishlist_id}", None),
            ("PATCH", f"{LISTS}/{wishlist_id}", {"name": "Mine"}),
            ("DELETE", f"{LISTS}/{wishlist_id}", None),
            ("PUT", f"{LISTS}/{wishlist_id}/share", None),
            ("DELETE", f"{LISTS}/{wishlist_id}/share", None),
            ("PATCH", item, {"priority": 1}),
            ("DELETE", item, None),
            ("POST", f"{item}/move-to-cart", {"shop_id": str(stranger.company.shop_id)}),
            ("POST", f"{LISTS}/{wishlist_id}/items", {"product_id": str(stranger.company.product_id)}),
        ):
            assert_problem(await stranger.send(method, path, body), 404, "not_found")
    assert api.rows("select sum(hashtextextended(w::text, 0)) from wishlists w") == before
    assert_problem(await guest(api, acme).send("GET", LISTS), 403, "forbidden")
    assert_problem(await api.client.get(LISTS), 401, "unauthenticated")


async def test_a_repeated_request_makes_one_list(api: Api, company: Company) -> None:
    buyer, key = customer(api, company), str(uuid4())
    first = await buyer.send("POST", LISTS, {"name": "Once"}, **{"Idempotency-Key": key})
    again = await buyer.send("POST", LISTS, {"name": "Once"}, **{"Idempotency-Key": key})
    assert (again.status_code, again.content) == (201, first.content)
    other = await buyer.send("POST", LISTS, {"name": "Twice"}, **{"Idempotency-Key": key})
    assert_problem(other, 422, "idempotency_key_reused")
    assert api.scalar("select count(*) from wishlists") == 1
