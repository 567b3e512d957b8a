"""What is left to sell: less all that others hold, in carts, in orders that wait and in orders that stand."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.carts import Shopper, add_customer, item
from tests.support.companies import Company
from tests.support.lifecycle import levels, ordered, send
from tests.support.orders import add_variant, counts, place
from tests.support.shopping import add_coupon, check_out


def shopper(api: Api, company: Company, customer_id: UUID | None = None) -> Shopper:
    headers = api.token("customer", company, customer_id=customer_id or company.customer_id)
    return Shopper(api.client, company, headers)


async def buy_directly(api: Api, company: Company, units: int) -> httpx.Response:
    return await place(api, company, quantity_units=units)


async def buy_with_coupon(api: Api, company: Company, units: int) -> httpx.Response:
    return await place(api, company, quantity_units=units, coupon_codes=["TEN"])


async def buy_cart(api: Api, company: Company, units: int) -> httpx.Response:
    """Check out a cart that held no stock of its own."""
    buyer = shopper(api, company)
    cart = await buyer.cart()
    if not cart["lines"]:
        assert (await buyer.add(item(company))).status_code == 201
        cart = await buyer.cart()
    with api.database.connect("owner") as owner:
        owner.execute("update cart_lines set quantity_units = %s where cart_id = %s", [units, cart["id"]])
    return await check_out(api.client, cart["id"], buyer.headers)


Buy = Callable[[Api, Company, int], Awaitable[httpx.Response]]


@pytest.mark.parametrize(
    ("buy", "pointer"),
    [
        (buy_directly, "/lines/0/quantity_units"),
        (buy_with_coupon, "/lines/0/quantity_units"),
        (buy_cart, "/cart/lines/0"),  # told before anything is placed
    ],
)
async def test_holds_of_others_and_allocations_of_open_orders_both_count(
    api: Api, company: Company, buy: Buy, pointer: str
) -> None:
    """100 units: 20 in another's cart, 30 wait for money, 40 are paid and 5 of them sent: 10 are left."""
    add_coupon(api, company, "TEN")
    with api.database.connect("owner") as owner:
        owner.execute("update companies set cart_reservation_minutes = 10")
    other = shopper(api, company, add_customer(api, company))
    assert (await other.add(item(company, units=20))).status_code == 201
    with api.database.connect("owner") as owner:
        owner.execute("update companies set cart_reservation_minutes = 0")
    await ordered(api, company, is_paid=False, **{company.sku: 30})
    paid = await ordered(api, company, **{company.sku: 40})
    assert (await send(api, company, paid["id"], {paid["lines"][0]["id"]: 5})).status_code == 201
    assert levels(api) == [(95, 85, 10)]
    refused = await buy(api, company, 11)
    assert refused.status_code == 409, refused.text
    assert [line["available_units"] for line in refused.json()["lines"]] == [10]
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]
    assert (levels(api), counts(api)["orders"]) == ([(95, 85, 10)], 2)
    taken = await buy(api, company, 10)
    assert taken.status_code == 201, taken.text
    assert levels(api) == [(95, 95, 0)]


@pytest.mark.parametrize("coupon_codes", [[], ["TEN"]])
async def test_the_same_variant_twice_is_refused_as_a_whole_when_there_are_too_few_of_both(
    api: Api, company: Company, coupon_codes: list[str]
) -> None:
    """Each line alone could be had, by whatever name it is asked for."""
    add_coupon(api, company, "TEN")
    other = add_variant(api, company, "OTHER")
    before = counts(api)

    def lines(units: int) -> list[dict[str, Any]]:
        return [
            {"sku": company.sku, "quantity_units": 60},
            {"sku": other, "quantity_units": 1},
            {"variant_id": str(company.variant_id), "quantity_units": units},
        ]

    refused = await place(api, company, lines=lines(41), coupon_codes=coupon_codes)
    problem = assert_problem(refused, 409, "out_of_stock")
    assert [(line["sku"], line["requested_units"], line["available_units"]) for line in problem["lines"]] == [
        (company.sku, 101, 100)
    ]
    assert counts(api) == before
    assert api.scalar("select sum(reserved_units) from stock_levels") == 0
    taken = await place(api, company, lines=lines(40), coupon_codes=coupon_codes)
    assert taken.status_code == 201, taken.text
    assert sorted(row[1] for row in levels(api)) == [1, 100]


async def test_the_same_variant_twice_is_priced_as_one_line_with_a_coupon_too(
    api: Api, company: Company
) -> None:
    """2 × 3.335 = 6.67; rounded one by one it would be 6.68."""
    add_coupon(api, company, "TEN")
    with api.database.connect("owner") as owner:
        owner.execute("update products set price_amount = 3.335")
    lines = [{"sku": company.sku, "quantity_units": 1}] * 2
    order = (await place(api, company, lines=lines, coupon_codes=["TEN"])).json()
    amounts = [order[f"{name}_amount"] for name in ("subtotal", "discount", "total")]
    assert amounts == ["6.67", "0.67", "6.00"]
    assert [line["quantity_units"] for line in order["lines"]] == [2]
