"""What a cart shows: prices of now and what changed, problems per line, coupons, estimates, round trips."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.api_client import Api, assert_problem
from tests.support.carts import CART, add_shop, customer, item
from tests.support.companies import Company
from tests.support.orders import add_variant


def execute(api: Api, statement: str, parameters: Any = None) -> None:
    with api.database.connect("owner") as owner:
        owner.execute(statement, parameters)  # type: ignore[call-overload]


async def test_a_new_price_is_shown_and_reported_until_it_is_accepted(api: Api, company: Company) -> None:
    add_variant(api, company, "SKU-2")
    buyer = customer(api, company)
    await buyer.add(item(company, units=2), item(company, "SKU-2"))
    execute(api, "update products set price_amount = 12.50 where id = %s", [company.product_id])
    for _ in range(2):  # reading changes nothing
        cart = await buyer.cart()
        line = next(line for line in cart["lines"] if line["sku"] == company.sku)
        assert line["unit_price_amount"] == "12.500000"
        assert line["previous_unit_price_amount"] == "10.000000"
        assert line["added_unit_price_amount"] == "10.000000"
        assert line["problems"] == ["price_changed"]
        assert (cart["subtotal_amount"], cart["has_problems"]) == ("35.00", True)
    accepted = (await buyer.send("PUT", f"{CART}/prices")).json()
    assert [line["sku"] for line in accepted["lines"]] == [company.sku]
    cart = await buyer.cart()
    line = next(line for line in cart["lines"] if line["sku"] == company.sku)
    assert (line["problems"], line["previous_unit_price_amount"]) == ([], None)
    assert (line["added_unit_price_amount"], cart["has_problems"]) == ("10.000000", False)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update products set status = 'draft' where id = %(product_id)s", "not_sold"),
        ("update products set is_active = false where id = %(product_id)s", "not_sold"),
        ("update variants set is_active = false where id = %(variant_id)s", "not_sold"),
        ("update shops set is_active = false where id = %(shop_id)s", "not_sold"),
        (
            "update products set status = 'archived', archived_at = now() where id = %(product_id)s",
            "archived",
        ),
        ("update variants set archived_at = now() where id = %(variant_id)s", "archived"),
    ],
)
async def test_what_is_not_sold_any_more_stays_but_counts_nothing(
    api: Api, company: Company, statement: str, problem: str
) -> None:
    other_shop = add_shop(api, company)
    add_variant(api, company, "SKU-2")
    buyer = customer(api, company)
    await buyer.add(item(company, units=3), item(company, "SKU-2", shop_id=str(other_shop)))
    execute(api, statement, vars(company))
    cart = await buyer.cart()
    assert {line["sku"]: line["problems"] for line in cart["lines"]} == {company.sku: [problem], "SKU-2": []}
    assert (cart["subtotal_amount"], cart["line_count"]) == ("10.00", 2)
    assert_problem(await buyer.add(item(company)), 422, "not_sold_here")


async def test_too_little_stock_is_a_problem_of_the_line(api: Api, company: Company) -> None:
    buyer = customer(api, company)
    await buyer.add(item(company, units=100))
    execute(
        api,
        "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
        " values (%s, %s, %s, -1, 'adjustment')",
        [company.id, company.location_id, company.variant_id],
    )
    line = (await buyer.cart())["lines"][0]
    assert (line["problems"], line["available_units"]) == (["out_of_stock"], 99)
    execute(api, "update stock_levels set allow_backorder = true")
    assert (await buyer.cart())["lines"][0]["problems"] == []


async def test_tax_is_estimated_and_every_shop_has_its_part(api: Api, company: Company) -> None:
    execute(api, "update companies set tax_rate = 0.19")
    other_shop = add_shop(api, company)
    buyer = customer(api, company)
    await buyer.add(item(company, units=3), item(company, units=1, shop_id=str(other_shop)))
    cart = await buyer.cart()
    assert (cart["subtotal_amount"], cart["tax_amount"]) == ("40.00", "7.60")
    assert (cart["total_amount"], cart["shipping_amount"]) == ("47.60", "0.00")
    parts = {shop["shop_id"]: shop["total_amount"] for shop in cart["shops"]}
    assert parts == {str(company.shop_id): "35.70", str(other_shop): "11.90"}


async def test_a_yen_has_no_decimals(api: Api, company: Company) -> None:
    execute(api, "update companies set currency = 'JPY'")
    execute(api, "update products set price_amount = 99.5")
    buyer = customer(api, company)
    change = (await buyer.add(item(company, units=3))).json()
    assert Decimal(change["accepted_amount"]) == 299
    assert Decimal((await buyer.cart())["total_amount"]) == 299


def add_coupon(api: Api, company: Company, code: str, value: str, *, stackable: bool = False) -> None:
    execute(
        api,
        "insert into coupons (company_id, code, kind, value, is_stackable, minimum_purchase_amount)"
        " values (%s, %s, 'percentage', %s, %s, 5)",
        [company.id, code, value, stackable],
    )


async def test_coupons_are_applied_judged_anew_and_taken_off(api: Api, company: Company) -> None:
    add_coupon(api, company, "TEN", "10", stackable=True)
    add_coupon(api, company, "FIVE", "5", stackable=True)
    buyer = customer(api, company)
    coupons = f"{CART}/coupons"
    assert_problem(await buyer.send("POST", coupons, {"code": "TEN"}), 404, "not_found")
    await buyer.add(item(company, units=2))
    refused = await buyer.send("POST", coupons, {"code": "NOTHING"})
    problem = assert_problem(refused, 409, "coupon_not_accepted")
    assert problem["reason"]
    assert (await buyer.cart())["coupon_codes"] == []

    applied = await buyer.send("POST", coupons, {"code": "ten"})
    assert (applied.status_code, applied.json()["coupon_codes"]) == (201, ["TEN"])
    await buyer.send("POST", coupons, {"code": "Five"})
    cart = await buyer.cart()
    assert cart["coupon_codes"] == ["TEN", "FIVE"]
    assert sum(Decimal(coupon["discount_amount"]) for coupon in cart["coupons"]) == Decimal(
        cart["discount_amount"]
    )
    assert Decimal(cart["total_amount"]) < 20

    # A code that stops counting stays on the cart, and says why.
    execute(api, "update coupons set is_active = false where code = 'FIVE'")
    cart = await buyer.cart()
    assert [coupon["code"] for coupon in cart["coupons"]] == ["TEN"]
    assert [problem["code"] for problem in cart["coupon_problems"]] == ["FIVE"]
    assert (cart["discount_amount"], cart["total_amount"]) == ("2.00", "18.00")

    taken = await buyer.send("DELETE", f"{coupons}/five")
    assert taken.json()["coupon_codes"] == ["TEN"]
    assert_problem(await buyer.send("DELETE", f"{coupons}/five"), 404, "not_found")


class Statements:
    """Counts what the engine sends to the database."""

    def __init__(self, api: Api) -> None:
        self.count = 0
        self._engine = api.app.state.database.engine.sync_engine

    def _note(self, *_: Any) -> None:
        self.count += 1

    def __enter__(self) -> "Statements":
        sa.event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: Any) -> None:
        sa.event.remove(self._engine, "before_cursor_execute", self._note)


@pytest.mark.parametrize("minutes", [0, 10], ids=["nothing is held", "stock is held"])
async def test_round_trips_of_edits_and_reads_do_not_grow_with_the_lines(
    api: Api, company: Company, minutes: int
) -> None:
    execute(api, "update companies set cart_reservation_minutes = %s", [minutes])
    skus = [add_variant(api, company, f"V-{place}", on_hand_units=1000) for place in range(60)]
    counted: dict[int, list[int]] = {}
    for size in (2, 60):
        buyer = customer(api, company)
        await buyer.send("DELETE", f"{CART}/items")
        await buyer.add(*(item(company, sku, units=2) for sku in skus[:size]))
        lines = (await buyer.cart())["lines"]
        assert len(lines) == size
        many = {"items": [{"id": line["id"], "quantity_units": 3} for line in lines]}
        counted[size] = []
        for method, path, body in (
            ("PUT", f"{CART}/items/{lines[0]['id']}", {"quantity_units": 4}),
            ("POST", f"{CART}/items", {"items": [item(company, skus[0])]}),
            ("PUT", f"{CART}/items", many),
            ("GET", CART, None),
            ("PUT", f"{CART}/prices", None),
            ("POST", f"{CART}/items/{lines[1]['id']}/save-for-later", None),
        ):
            with Statements(api) as statements:
                answer = await buyer.send(method, path, body)
            assert answer.status_code in (200, 201), answer.text
            counted[size].append(statements.count)
    assert counted[2] == counted[60]
    assert max(counted[2]) <= (13 if minutes == 0 else 23)
