"""Putting things into a cart, changing them, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.carts import CART, add_customer, add_shop, customer, guest, item
from tests.support.companies import Company
from tests.support.orders import add_variant

COUNTS = (
    "select (select count(*) from carts), (select count(*) from cart_lines), (select count(*) from events)"
)


async def test_a_customer_adds_changes_and_takes_out(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    empty = await buyer.cart()
    assert (empty["id"], empty["lines"], empty["total_amount"]) == (None, [], "0.00")

    added = (await buyer.add(item(company, units=2))).json()
    assert (added["line_count"], added["quantity_units"], added["accepted_amount"]) == (1, 2, "20.00")
    line = added["lines"][0]
    assert line["sku"] == company.sku
    assert (line["unit_price_amount"], line["line_amount"], line["problems"]) == ("10.000000", "20.00", [])

    changed = await buyer.send("PUT", f"{CART}/items/{line['id']}", {"quantity_units": 5})
    assert changed.status_code == 200, changed.text
    assert changed.json()["lines"][0]["quantity_units"] == 5
    cart = await buyer.cart()
    assert (cart["subtotal_amount"], cart["total_amount"], cart["has_problems"]) == ("50.00", "50.00", False)
    assert cart["shops"][0]["shop_id"] == str(company.shop_id)

    removed = await buyer.send("DELETE", f"{CART}/items/{line['id']}")
    assert removed.json()["removed_line_ids"] == [line["id"]]
    assert (await buyer.cart())["lines"] == []
    assert [row[0] for row in api.rows("select type from events order by sequence")] == [
        "cart.item_added",
        "cart.updated",
        "cart.updated",
    ]


async def test_one_line_per_variant_and_shop_however_often_it_is_added(api: Api, company: Company) -> None:
    second_shop = add_shop(api, company)
    buyer = customer(api, company)
    await buyer.add(item(company, units=1), item(company, units=2))
    by_id = {"variant_id": str(company.variant_id), "shop_id": str(company.shop_id), "quantity_units": 3}
    await buyer.add(by_id)
    await buyer.add(item(company, units=4, shop_id=str(second_shop)))
    lines = (await buyer.cart())["lines"]
    assert {(line["shop_id"], line["quantity_units"]) for line in lines} == {
        (str(company.shop_id), 6),
        (str(second_shop), 4),
    }
    assert api.scalar("select count(*) from carts") == 1


async def test_several_lines_change_in_one_call_or_none_does(api: Api, company: Company) -> None:
    add_variant(api, company, "SKU-2")
    buyer = customer(api, company)
    lines = (await buyer.add(item(company, units=2), item(company, "SKU-2", units=2))).json()["lines"]
    ids = {line["sku"]: line["id"] for line in lines}
    unknown = {
        "items": [{"id": ids["SKU-2"], "quantity_units": 9}, {"id": str(uuid4()), "quantity_units": 1}]
    }
    problem = assert_problem(await buyer.send("PUT", f"{CART}/items", unknown), 422, "unknown_reference")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/items/1/id"]
    assert await buyer.quantities() == {company.sku: 2, "SKU-2": 2}
    both = {
        "items": [{"id": ids[company.sku], "quantity_units": 0}, {"id": ids["SKU-2"], "quantity_units": 9}]
    }
    answer = (await buyer.send("PUT", f"{CART}/items", both)).json()
    assert answer["removed_line_ids"] == [ids[company.sku]]
    assert await buyer.quantities() == {"SKU-2": 9}
    twice = {"items": [{"id": ids["SKU-2"], "quantity_units": 1}] * 2}
    assert_problem(await buyer.send("PUT", f"{CART}/items", twice), 422, "invalid_content")


async def test_a_cart_is_emptied(api: Api, company: Company) -> None:
    add_variant(api, company, "SKU-2")
    buyer = customer(api, company)
    await buyer.add(item(company), item(company, "SKU-2"))
    cleared = (await buyer.send("DELETE", f"{CART}/items")).json()
    assert (cleared["line_count"], len(cleared["removed_line_ids"])) == (0, 2)
    assert await buyer.quantities() == {}


async def test_more_than_there_is_is_refused_as_a_whole(api: Api, company: Company) -> None:
    add_variant(api, company, "SKU-2")
    buyer = customer(api, company)
    await buyer.add(item(company, units=60))
    before = api.rows(COUNTS)
    answer = await buyer.add(item(company, "SKU-2"), item(company, units=30), item(company, units=11))
    problem = assert_problem(answer, 409, "too_few_available")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/items/1/quantity_units"]
    assert problem["lines"] == [
        {
            "variant_id": str(company.variant_id),
            "shop_id": str(company.shop_id),
            "quantity_units": 101,
            "available_units": 100,
        }
    ]
    assert api.rows(COUNTS) == before


async def test_less_is_taken_even_where_too_little_is_left(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    line = (await buyer.add(item(company, units=90))).json()["lines"][0]
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " values (%s, %s, %s, -50, 'adjustment')",
            [company.id, company.location_id, company.variant_id],
        )
    lowered = await buyer.send("PUT", f"{CART}/items/{line['id']}", {"quantity_units": 80})
    assert lowered.json()["lines"][0]["problems"] == ["out_of_stock"]
    raised = await buyer.send("PUT", f"{CART}/items/{line['id']}", {"quantity_units": 81})
    assert_problem(raised, 409, "too_few_available")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"sku": "NOTHING"}, 422, "not_sold_here"),
        ({"sku": None, "variant_id": str(uuid4())}, 422, "not_sold_here"),
        ({"sku": "DRAFT"}, 422, "not_sold_here"),
        ({"shop_id": str(uuid4())}, 422, "not_sold_here"),
        ({"shop_id": None}, 422, "unknown_cart_shop"),
        ({"quantity_units": 0}, 422, "invalid_content"),
        ({"quantity_units": -1}, 422, "invalid_content"),
        ({"quantity_units": 1.5}, 422, "invalid_content"),
        ({"quantity_units": "1"}, 422, "invalid_content"),
        ({"quantity_units": 1001}, 409, "cart_limit_exceeded"),
        ({"sku": None}, 422, "invalid_content"),
        ({"price_amount": "1.00"}, 422, "invalid_content"),
        ({"shop_id": "x"}, 422, "invalid_content"),
        ({"sku": "x" * 201}, 422, "invalid_content"),
    ],
)
async def test_bad_additions_change_nothing(
    api: Api, company: Company, changes: dict[str, Any], status: int, code: str
) -> None:
    add_variant(api, company, "DRAFT", status="draft")
    buyer = customer(api, company)
    before = api.rows(COUNTS)
    assert_problem(await buyer.add(item(company) | changes), status, code)
    assert api.rows(COUNTS) == before


async def test_no_more_lines_than_a_cart_holds(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    skus = [add_variant(api, company, f"V-{place}") for place in range(4)]
    api.app.state.settings = api.app.state.settings.model_copy(update={"cart_lines": 3})
    assert (await buyer.add(*(item(company, sku) for sku in skus[:3]))).status_code == 201
    assert_problem(await buyer.add(item(company, skus[3])), 409, "cart_limit_exceeded")
    assert (await buyer.add(item(company, skus[0]))).status_code == 201
    assert len(await buyer.quantities()) == 3


async def test_a_guest_gets_a_token_and_only_its_hash_is_kept(api: Api, company: Company) -> None:
    visitor = guest(api, company)
    assert (await visitor.cart())["id"] is None
    key = str(uuid4())
    headers = visitor.headers | {"Idempotency-Key": key}
    body = {"items": [item(company, units=2)]}
    first = await api.client.post(f"{CART}/items", json=body, headers=headers)
    again = await api.client.post(f"{CART}/items", json=body, headers=headers)
    token = first.headers["X-Cart-Token"]
    assert (again.content, again.headers["X-Cart-Token"]) == (first.content, token)
    assert token not in first.text
    assert api.scalar("select count(*) from carts where session_sha256 = sha256(%s::bytea)", [token]) == 1
    assert (
        api.scalar("select count(*) from idempotency_keys where response_body like %s", [f"%{token}%"]) == 0
    )
    visitor.token = token
    assert await visitor.quantities() == {company.sku: 2}
    stranger = guest(api, company)
    await stranger.add(item(company))
    assert stranger.token != token
    assert await stranger.quantities() == {company.sku: 1}


async def test_nobody_reaches_into_another_s_cart(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, bolt = two_companies
    visitor = guest(api, acme)
    line = (await visitor.add(item(acme))).json()["lines"][0]
    address = f"{CART}/items/{line['id']}"
    strangers = [
        customer(api, acme, add_customer(api, acme)),
        customer(api, bolt),
        guest(api, acme),
        guest(api, bolt),
    ]
    for stranger in strangers:
        await stranger.add(item(stranger.company))
        assert_problem(await stranger.send("PUT", address, {"quantity_units": 9}), 404, "not_found")
        assert_problem(await stranger.send("DELETE", address), 404, "not_found")
    # A token is worth nothing at another company's storefront.
    strangers[3].token = visitor.token
    assert (await strangers[3].cart())["id"] is None
    assert await visitor.quantities() == {acme.sku: 1}
    assert_problem(await api.client.get(CART), 401, "unauthenticated")
    staff = api.token("company_admin", acme)
    assert_problem(await api.client.get(CART, headers=staff), 403, "forbidden")
    assert_problem(await visitor.send("GET", CART, **{"X-Cart-Token": "mine"}), 422, "invalid_content")


async def test_a_storefront_sells_its_own_shop_s_goods(api: Api, company: Company) -> None:
    other_shop = add_shop(api, company)
    visitor = guest(api, company)
    assert (await visitor.add({"sku": company.sku})).json()["lines"][0]["shop_id"] == str(company.shop_id)
    assert_problem(await visitor.add(item(company, shop_id=str(other_shop))), 422, "unknown_cart_shop")


async def test_an_email_destination_and_methods_are_kept(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    assert_problem(await buyer.send("PATCH", CART, {"email": "a@example.com"}), 404, "not_found")
    started = await buyer.send("POST", CART)
    assert (started.status_code, started.json()["lines"]) == (201, [])
    shop = str(company.shop_id)
    told = {
        "email": "Ada@Example.com",
        "destination": {"country": "DE", "postal_code": "10115"},
        "shipping_methods": [{"shop_id": shop, "method": "standard"}],
    }
    changed = (await buyer.send("PATCH", CART, told)).json()
    assert changed["email"] == "ada@example.com"
    assert changed["destination"] == {"country": "DE", "state": None, "city": None, "postal_code": "10115"}
    assert changed["shipping_methods"] == [{"shop_id": shop, "method": "standard"}]
    forgotten = (await buyer.send("PATCH", CART, {"destination": None})).json()
    assert (forgotten["destination"], forgotten["email"]) == (None, "ada@example.com")
