"""A guest's cart becomes the customer's at login: nothing is lost, doubled or above what is there."""

import asyncio
from typing import Any

from tests.support.api_client import Api, assert_problem
from tests.support.carts import CART, Shopper, customer, guest, item
from tests.support.companies import Company
from tests.support.orders import add_variant

PASSWORD = "correct horse battery"
MERGE = f"{CART}/merge"


async def register(api: Api, company: Company, token: str | None = None) -> tuple[Shopper, dict[str, Any]]:
    """Register; return the new customer and what the answer says of the cart."""
    body = {"email": "ada@example.com", "password": PASSWORD, "company": company.slug}
    headers = {} if token is None else {"X-Cart-Token": token}
    answer = await api.client.post("/api/v1/auth/register", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return Shopper(api.client, company, bearer), answer.json()["merged_cart"]


async def log_in(api: Api, token: str | None) -> dict[str, Any]:
    body = {"email": "ada@example.com", "password": PASSWORD}
    headers = {} if token is None else {"X-Cart-Token": token}
    answer = await api.client.post("/api/v1/auth/login", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    merged: dict[str, Any] = answer.json()["merged_cart"]
    return merged


async def test_who_registers_keeps_the_cart(api: Api, company: Company) -> None:
    visitor = guest(api, company)
    await visitor.add(item(company, units=2))
    await visitor.send("PATCH", CART, {"email": "guest@example.com"})
    buyer, merged = await register(api, company, visitor.token)
    assert merged["lines"] == [
        {
            "variant_id": str(company.variant_id),
            "shop_id": str(company.shop_id),
            "guest_units": 2,
            "quantity_units": 2,
            "saved_units": 0,
            "reason": None,
        }
    ]
    assert await buyer.quantities() == {company.sku: 2}
    assert (await buyer.cart())["email"] == "guest@example.com"
    assert (await visitor.cart())["id"] is None
    assert api.rows("select status, count(*) from carts group by status order by 1") == [
        ("active", 1),
        ("merged", 1),
    ]


async def test_quantities_add_up_and_what_does_not_fit_is_saved_for_later(api: Api, company: Company) -> None:
    add_variant(api, company, "SKU-2", on_hand_units=10)
    add_variant(api, company, "SKU-3", on_hand_units=10)
    add_variant(api, company, "GONE", on_hand_units=10)
    buyer, nothing = await register(api, company)
    assert nothing is None
    await buyer.add(item(company, units=3), item(company, "SKU-2", units=7))
    visitor = guest(api, company)
    await visitor.add(
        item(company, units=4), item(company, "SKU-2", units=6), item(company, "SKU-3", units=1),
        item(company, "GONE", units=5),
    )  # fmt: skip
    with api.database.connect("owner") as owner:
        owner.execute("update products set status = 'draft' where sku = 'GONE'")
    merged = await log_in(api, visitor.token)
    told = {(line["guest_units"], line["quantity_units"], line["saved_units"], line["reason"])
            for line in merged["lines"]}  # fmt: skip
    assert told == {(4, 7, 0, None), (6, 10, 3, "out_of_stock"), (1, 1, 0, None), (5, 0, 5, "not_sold")}
    assert await buyer.quantities() == {company.sku: 7, "SKU-2": 10, "SKU-3": 1}
    assert await buyer.saved() == {"SKU-2": 3, "GONE": 5}
    assert await log_in(api, visitor.token) is None
    assert await buyer.quantities() == {company.sku: 7, "SKU-2": 10, "SKU-3": 1}


async def test_logins_at_once_merge_once(api: Api, company: Company) -> None:
    for units in (2, 3):
        visitor = guest(api, company)
        await visitor.add(item(company, units=units))
        if units == 2:
            buyer, _ = await register(api, company)
        merged = await asyncio.gather(*(log_in(api, visitor.token) for _ in range(6)))
        assert sum(answer is not None for answer in merged) == 1
    assert await buyer.quantities() == {company.sku: 5}
    assert api.rows("select count(*), sum(quantity_units) from cart_lines") == [(1, 5)]


async def test_two_guests_carts_at_once_both_count(api: Api, company: Company) -> None:
    add_variant(api, company, "SKU-2")
    buyer, _ = await register(api, company)
    visitors = [guest(api, company) for _ in range(5)]
    for place, visitor in enumerate(visitors):
        ordered = [item(company, units=1), item(company, "SKU-2", units=2)]
        await visitor.add(*(ordered if place % 2 else ordered[::-1]))
    merged = await asyncio.gather(*(log_in(api, visitor.token) for visitor in visitors))
    assert None not in merged
    assert await buyer.quantities() == {company.sku: 5, "SKU-2": 10}
    assert api.scalar("select count(*) from carts where status = 'active'") == 1


async def test_a_cart_is_merged_by_hand_once(api: Api, company: Company) -> None:
    buyer, visitor = customer(api, company), guest(api, company)
    await visitor.add(item(company, units=2))
    other = guest(api, company)
    await other.add(item(company))
    line = (await other.cart())["lines"][0]
    await other.send("POST", f"{CART}/items/{line['id']}/save-for-later")
    first = await buyer.send("POST", MERGE, {"cart_token": visitor.token})
    assert first.status_code == 201, first.text
    assert_problem(await buyer.send("POST", MERGE, {"cart_token": visitor.token}), 404, "not_found")
    assert_problem(await buyer.send("POST", MERGE, {"cart_token": "swc_x"}), 422, "invalid_content")
    saved = (await buyer.send("POST", MERGE, {"cart_token": other.token})).json()
    assert (saved["saved_item_count"], await buyer.saved()) == (1, {company.sku: 1})
    assert await buyer.quantities() == {company.sku: 2}


async def test_a_merge_that_fails_leaves_the_login_and_both_carts(api: Api, company: Company) -> None:
    visitor = guest(api, company)
    await visitor.add(item(company, units=2))
    buyer, _ = await register(api, company)
    with api.database.connect("owner") as holder, holder.transaction():
        holder.execute("select id from carts where session_sha256 is not null for update")
        assert await log_in(api, visitor.token) is None
    assert (await visitor.quantities(), await buyer.quantities()) == ({company.sku: 2}, {})
    assert (await log_in(api, visitor.token))["lines"][0]["quantity_units"] == 2
