"""Money is written with the decimals of its currency: yen have none, wherever an amount is answered."""

import re
from typing import Any

import pytest
from pydantic import BaseModel

from api.schemas import OutputModel, PricedModel, _amount_fields
from tests.support.api_client import Api, assert_problem
from tests.support.carts import customer, item
from tests.support.companies import Company, add_company
from tests.support.lifecycle import ask_return, delivered, post, receive, step
from tests.support.orders import place
from tests.support.payments import intent, process, refund
from tests.support.shopping import check_out

# Prices of one unit are finer than money: they keep their six decimals.
OF_ONE_UNIT = re.compile(r"(unit|price|cost)_?\w*amount$")


@pytest.fixture
def yen(api: Api) -> Company:
    """A company that sells for yen, 8 % tax on top, a thing for 334."""
    with api.database.connect("owner") as owner:
        company = add_company(owner, "tokyo", currency="JPY", price_amount="334", cost_amount="200")
        owner.execute("update companies set tax_rate = 0.08")
    return company


def amounts(body: Any, path: str = "") -> dict[str, str]:
    """Every amount of money in a body, by its path."""
    if isinstance(body, dict):
        found: dict[str, str] = {}
        for name, value in body.items():
            is_money = name.endswith("amount") and not OF_ONE_UNIT.search(name)
            found |= (
                {f"{path}/{name}": value}
                if is_money and value is not None
                else amounts(value, f"{path}/{name}")
            )
        return found
    if isinstance(body, list):
        return {
            key: one
            for number, part in enumerate(body)
            for key, one in amounts(part, f"{path}/{number}").items()
        }
    return {}


def assert_whole(body: Any) -> None:
    found = amounts(body)
    assert found, body
    assert {path: value for path, value in found.items() if "." in value} == {}


async def test_yen_have_no_decimals_from_the_cart_to_the_refund(api: Api, yen: Company) -> None:
    buyer, admin = customer(api, yen), api.token("company_admin", yen)
    added = await buyer.add(item(yen, units=3))
    assert added.status_code == 201, added.text
    assert_whole(added.json())
    cart = await buyer.cart()
    assert_whole(cart)
    bought = await check_out(api.client, cart["id"], buyer.headers)
    assert bought.status_code == 201, bought.text
    assert_whole(bought.json())

    placed = await place(api, yen, headers=buyer.headers, quantity_units=3)
    assert placed.status_code == 201, placed.text
    order = placed.json()
    assert_whole(order)
    assert (order["subtotal_amount"], order["tax_amount"], order["total_amount"]) == ("1002", "80", "1082")
    read = await api.client.get(f"/api/v1/orders/{order['id']}", headers=buyer.headers)
    assert amounts(read.json()) == amounts(order)
    payment = await intent(api, yen, order["id"])
    assert payment["amount"] == "1082"
    paid = await process(api, yen, payment["id"], "tok_visa")
    assert_whole(paid.json())
    given = await refund(api, yen, payment["id"], {"amount": "82"})
    assert (given.status_code, given.json()["amount"]) == (201, "82"), given.text
    after = await api.client.get(f"/api/v1/payments/{payment['id']}", headers=admin)
    assert (after.json()["captured_amount"], after.json()["refunded_amount"]) == ("1082", "82")
    # What is kept is numeric with two decimals, as for every currency.
    assert api.scalar("select total_amount::text from orders where id = %s", [order["id"]]) == "1082.00"


async def test_a_return_and_a_coupon_are_told_in_whole_yen(
    api: Api, yen: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await delivered(api, yen, **{yen.sku: 3})
    asked = (await ask_return(api, yen, order["id"])).json()
    assert asked["currency"] == "JPY"
    assert_whole(asked)
    await step(api, yen, asked["id"], "approve")
    came = (await receive(api, yen, asked)).json()
    assert_whole(came)
    assert came["refund_amount"] == "1082"

    admin = api.token("company_admin", yen)
    wanted = {"code": "YEN", "kind": "fixed", "value": "100", "maximum_discount_amount": "80"}
    made = await post(api, "/api/v1/coupons", wanted, admin)
    assert made.status_code == 201, made.text
    assert_whole(made.json())
    assert (made.json()["value"], made.json()["currency"]) == ("100", "JPY")
    for field in ("value", "minimum_purchase_amount", "maximum_discount_amount"):
        refused = await post(api, "/api/v1/coupons", wanted | {"code": "SEN", field: "100.50"}, admin)
        problem = assert_problem(refused, 422, "invalid_content")
        assert problem["errors"][0]["pointer"] == f"/{field}"

    # A coupon that is there says its currency: the company is not asked again.
    monkeypatch.delattr("api.coupons.managing.currency_of")
    read = await api.client.get(f"/api/v1/coupons/{made.json()['id']}", headers=admin)
    for value, status in (("100.50", 422), ("90", 200)):
        changed = await api.client.patch(
            f"/api/v1/coupons/{made.json()['id']}",
            json={"value": value},
            headers=admin | {"If-Match": read.headers["etag"]},
        )
        assert (changed.status_code, changed.json().get("value", "90")) == (status, "90"), changed.text


async def test_a_changed_price_is_told_in_whole_yen(api: Api, yen: Company) -> None:
    refused = await place(api, yen, expected_total_amount="1")
    assert refused.status_code == 409, refused.text
    assert refused.json()["total_amount"] == "361"


async def test_euros_have_two(api: Api, company: Company) -> None:
    placed = await place(api, company, quantity_units=3)
    assert placed.json()["total_amount"] == "30.00"


def test_every_body_with_a_currency_and_amounts_writes_them_in_it() -> None:
    def below(model: type[BaseModel]) -> set[type[BaseModel]]:
        return {model}.union(*(below(child) for child in model.__subclasses__()))

    forgetful = {
        model.__name__
        for model in below(OutputModel)
        if "currency" in model.model_fields and _amount_fields(model) and not issubclass(model, PricedModel)
    }
    assert forgetful == set()
