"""Saved for later: out of the cart and back, for customers and guests."""

from uuid import uuid4

from tests.support.api_client import Api, assert_problem
from tests.support.carts import CART, add_customer, customer, guest, item
from tests.support.companies import Company
from tests.support.orders import add_variant

SAVED = f"{CART}/saved-items"


async def test_a_line_is_saved_and_moved_back(api: Api, company: Company) -> None:
    for shopper in (customer(api, company), guest(api, company)):
        line = (await shopper.add(item(company, units=5))).json()["lines"][0]
        saved = await shopper.send("POST", f"{CART}/items/{line['id']}/save-for-later")
        assert (saved.status_code, saved.json()["removed_line_ids"]) == (201, [line["id"]])
        assert (await shopper.quantities(), await shopper.saved()) == ({}, {company.sku: 5})
        kept = (await shopper.send("GET", SAVED)).json()["items"][0]
        some = await shopper.send("POST", f"{SAVED}/{kept['id']}/move-to-cart", {"quantity_units": 2})
        assert some.status_code == 201, some.text
        assert (await shopper.quantities(), await shopper.saved()) == ({company.sku: 2}, {company.sku: 3})
        rest = await shopper.send("POST", f"{SAVED}/{kept['id']}/move-to-cart")
        assert rest.json()["lines"][0]["quantity_units"] == 5
        assert (await shopper.quantities(), await shopper.saved()) == ({company.sku: 5}, {})


async def test_units_saved_twice_add_up(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    for units in (2, 3):
        line = (await buyer.add(item(company, units=units))).json()["lines"][0]
        await buyer.send("POST", f"{CART}/items/{line['id']}/save-for-later")
    assert await buyer.saved() == {company.sku: 5}


async def test_a_saved_item_shows_the_price_of_now_and_its_problems(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    line = (await buyer.add(item(company))).json()["lines"][0]
    await buyer.send("POST", f"{CART}/items/{line['id']}/save-for-later")
    with api.database.connect("owner") as owner:
        owner.execute("update products set price_amount = 8")
    kept = (await buyer.send("GET", SAVED)).json()["items"][0]
    assert (kept["unit_price_amount"], kept["previous_unit_price_amount"]) == ("8.000000", "10.000000")
    assert kept["problems"] == ["price_changed"]
    with api.database.connect("owner") as owner:
        owner.execute("update products set status = 'draft'")
    kept = (await buyer.send("GET", SAVED)).json()["items"][0]
    assert kept["problems"] == ["not_sold"]
    move = await buyer.send("POST", f"{SAVED}/{kept['id']}/move-to-cart")
    assert_problem(move, 422, "not_sold_here")
    assert await buyer.saved() == {company.sku: 1}
    assert (await buyer.send("DELETE", f"{SAVED}/{kept['id']}")).status_code == 204
    assert await buyer.saved() == {}


async def test_refusals_change_nothing(api: Api, company: Company) -> None:
    add_variant(api, company, "SKU-2")
    buyer, other = customer(api, company), customer(api, company, add_customer(api, company))
    lines = (await buyer.add(item(company, units=3), item(company, "SKU-2"))).json()["lines"]
    address = f"{CART}/items/{lines[0]['id']}/save-for-later"
    assert_problem(await other.send("POST", address), 404, "not_found")
    await buyer.send("POST", address)
    kept = (await buyer.send("GET", SAVED)).json()["items"][0]["id"]
    assert_problem(await other.send("POST", f"{SAVED}/{kept}/move-to-cart"), 404, "not_found")
    assert_problem(await other.send("DELETE", f"{SAVED}/{kept}"), 404, "not_found")
    assert_problem(await buyer.send("DELETE", f"{SAVED}/{uuid4()}"), 404, "not_found")
    too_many = await buyer.send("POST", f"{SAVED}/{kept}/move-to-cart", {"quantity_units": 4})
    assert_problem(too_many, 409, "too_few_available")
    api.app.state.settings = api.app.state.settings.model_copy(update={"cart_saved_items": 1})
    full = await buyer.send("POST", f"{CART}/items/{lines[1]['id']}/save-for-later")
    assert_problem(full, 409, "cart_limit_exceeded")
    assert (await buyer.quantities(), await buyer.saved()) == ({"SKU-2": 1}, {company.sku: 3})


async def test_pages_of_saved_items_skip_and_repeat_nothing(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    skus = [add_variant(api, company, f"V-{place}") for place in range(5)]
    for line in (await buyer.add(*(item(company, sku) for sku in skus))).json()["lines"]:
        await buyer.send("POST", f"{CART}/items/{line['id']}/save-for-later")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await buyer.send("GET", f"{SAVED}?limit=2{cursor}")).json()
        seen += [kept["sku"] for kept in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted(skus)
    stranger = customer(api, company, add_customer(api, company))
    assert_problem(await stranger.send("GET", f"{SAVED}?limit=2{cursor}"), 422, "invalid_cursor")
