"""A cart becomes orders: all of them with what was promised, or nothing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.checkout import service as checkout_service
from tests.support.api_client import Api, assert_problem
from tests.support.carts import Shopper, item
from tests.support.companies import Company
from tests.support.orders import add_variant
from tests.support.payments import post as pay
from tests.support.payments import process
from tests.support.shopping import ADDRESS, CHECKOUTS, add_coupon, add_shop, check_out, uses_of

WRITTEN = ("checkouts", "orders", "order_lines", "reservations", "coupon_redemptions", "idempotency_keys")


@pytest.fixture
def customer(api: Api, company: Company) -> Shopper:
    return Shopper(api.client, company, api.token("customer", company))


@pytest.fixture
def guest(api: Api, company: Company) -> Shopper:
    return Shopper(api.client, company, api.storefront(company), is_guest=True)


async def filled(shopper: Shopper, *items: dict[str, Any]) -> str:
    """Put things into the cart and return its id."""
    answer = await shopper.add(*(items or (item(shopper.company),)))
    assert answer.status_code == 201, answer.text
    cart_id: str = (await shopper.cart())["id"]
    return cart_id


def rows_of(api: Api) -> dict[str, int]:
    return {table: api.scalar(f"select count(*) from {table}") for table in WRITTEN}


async def test_a_cart_of_two_shops_becomes_two_orders_under_one_checkout(
    api: Api, company: Company, customer: Shopper
) -> None:
    second = add_shop(api, company)
    coupon_id = add_coupon(api, company, "TEN")
    cart_id = await filled(customer, item(company, units=3), item(company, units=2, shop_id=str(second)))
    assert (await customer.send("POST", "/api/v1/cart/coupons", {"code": "ten"})).status_code == 201
    answer = await check_out(api.client, cart_id, customer.headers)
    assert answer.status_code == 201, answer.text
    checkout = answer.json()
    assert (checkout["status"], checkout["amount"], checkout["discount_amount"]) == ("open", "45.00", "5.00")
    assert {order["shop_id"]: order["total_amount"] for order in checkout["orders"]} == {
        str(company.shop_id): "27.00",
        str(second): "18.00",
    }
    assert sum(Decimal(order["total_amount"]) for order in checkout["orders"]) == Decimal("45.00")
    assert api.rows("select on_hand_units, reserved_units from stock_levels") == [(100, 5)]
    assert uses_of(api, coupon_id) == (1, 1)
    assert api.rows("select status from carts") == [("converted",)]
    assert api.rows("select distinct checkout_id::text, cart_id::text from orders") == [
        (checkout["id"], cart_id)
    ]
    read = await api.client.get(f"{CHECKOUTS}/{checkout['id']}", headers=customer.headers)
    assert read.json() == checkout


async def test_the_hold_lasts_as_long_as_the_company_says(
    api: Api, company: Company, customer: Shopper
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update companies set reservation_minutes = 7")
    await check_out(api.client, await filled(customer), customer.headers)
    minutes = api.rows(
        "select expires_at - created_at, (select max(expires_at) from reservations) = expires_at"
        " from checkouts"
    )
    assert minutes == [(timedelta(minutes=7), True)]


async def test_a_double_click_gives_one_checkout_and_the_same_answer(
    api: Api, company: Company, customer: Shopper
) -> None:
    cart_id = await filled(customer)
    key = str(uuid4())
    answers = [
        await check_out(api.client, cart_id, customer.headers, key=one) for one in (key, key, str(uuid4()))
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.content for answer in answers}) == 1
    assert api.scalar("select count(*) from orders") == 1


async def test_stock_that_fell_meanwhile_refuses_the_whole_cart_by_line(
    api: Api, company: Company, customer: Shopper
) -> None:
    other = add_variant(api, company, "OTHER", on_hand_units=5)
    cart_id = await filled(customer, item(company), item(company, other, units=5))
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " select company_id, %s, id, -3, 'adjustment' from variants where sku = 'OTHER'",
            [company.location_id],
        )
    before = rows_of(api)
    problem = assert_problem(await check_out(api.client, cart_id, customer.headers), 409, "cart_has_problems")
    assert [
        (line["code"], line["requested_units"], line["available_units"]) for line in problem["lines"]
    ] == [("out_of_stock", 5, 2)]
    assert rows_of(api) == before
    assert api.rows("select status from carts") == [("active",)]


async def test_two_shops_lines_that_together_exceed_stock_are_refused_as_a_whole(
    api: Api, company: Company, customer: Shopper
) -> None:
    second = add_shop(api, company)
    cart_id = await filled(customer, item(company, units=60), item(company, units=60, shop_id=str(second)))
    before = rows_of(api)
    assert_problem(await check_out(api.client, cart_id, customer.headers), 409, "cart_has_problems")
    assert rows_of(api) == before
    assert api.scalar("select reserved_units from stock_levels") == 0


async def test_a_price_that_changed_since_the_cart_is_refused_not_charged(
    api: Api, company: Company, customer: Shopper
) -> None:
    cart_id = await filled(customer)
    with api.database.connect("owner") as owner:
        owner.execute("update products set price_amount = 11")
    problem = assert_problem(await check_out(api.client, cart_id, customer.headers), 409, "cart_has_problems")
    assert [line["code"] for line in problem["lines"]] == ["price_changed"]


async def test_a_tax_that_changed_since_it_was_shown_is_refused_not_charged(
    api: Api, company: Company, customer: Shopper
) -> None:
    cart_id = await filled(customer)
    shown = (await customer.cart())["total_amount"]
    with api.database.connect("owner") as owner:
        owner.execute("update companies set tax_rate = 0.19")
    refused = await check_out(api.client, cart_id, customer.headers, expected_total_amount=shown)
    assert assert_problem(refused, 409, "price_changed")["total_amount"] == "11.90"
    agreed = await check_out(api.client, cart_id, customer.headers, expected_total_amount="11.90")
    assert agreed.json()["amount"] == "11.90"


async def test_what_was_checked_out_stays_as_it_was_promised(
    api: Api, company: Company, customer: Shopper
) -> None:
    checkout = (await check_out(api.client, await filled(customer), customer.headers)).json()
    with api.database.connect("owner") as owner:
        owner.execute("update products set price_amount = 99")
        owner.execute("update companies set tax_rate = 0.19")
    read = await api.client.get(f"{CHECKOUTS}/{checkout['id']}", headers=customer.headers)
    assert read.json() == checkout


async def test_a_price_that_changes_between_quote_and_lock_is_refused_not_charged(
    api: Api, company: Company, customer: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart_id = await filled(customer)
    lock = checkout_service.lock_basket

    async def and_the_price_rises(*arguments: Any) -> None:
        await lock(*arguments)
        with api.database.connect("owner") as owner:
            owner.execute("update products set price_amount = 11")

    monkeypatch.setattr(checkout_service, "lock_basket", and_the_price_rises)
    before = rows_of(api)
    problem = assert_problem(await check_out(api.client, cart_id, customer.headers), 409, "price_changed")
    assert [(line["expected_unit_price_amount"], line["unit_price_amount"]) for line in problem["lines"]] == [
        ("10.000000", "11.000000")
    ]
    assert rows_of(api) == before
    assert api.rows("select status from carts") == [("active",)]


async def test_what_was_promised_is_charged_though_prices_and_taxes_change_while_the_customer_pays(
    api: Api, company: Company, customer: Shopper
) -> None:
    checkout = (await check_out(api.client, await filled(customer), customer.headers)).json()
    body = {"checkout_id": checkout["id"], "method": "credit_card"}
    change_terms(api, price_amount=99, tax_rate="0.19")
    payment = (await pay(api, "/intent", body, customer.headers)).json()
    assert payment["amount"] == checkout["amount"] == "10.00"
    asked = (await process(api, company, payment["id"], "tok_3ds")).json()
    assert asked["status"] == "processing"
    change_terms(api, price_amount=1, tax_rate="0.07")
    challenge = {"challenge_result": "pass"}
    paid = (await pay(api, f"/{payment['id']}/confirm", challenge, customer.headers)).json()
    assert (paid["payment_status"], paid["captured_amount"]) == ("paid", "10.00")
    stored = "select status, payment_status, total_amount, tax_amount from orders"
    assert api.rows(stored) == [("confirmed", "paid", Decimal("10.00"), Decimal("0.00"))]


def change_terms(api: Api, *, price_amount: int, tax_rate: str) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update products set price_amount = %s", [price_amount])
        owner.execute("update companies set tax_rate = %s", [tax_rate])


async def test_a_coupon_that_counts_no_more_refuses_the_checkout(
    api: Api, company: Company, customer: Shopper
) -> None:
    coupon_id = add_coupon(api, company, "ONCE", total_limit=1)
    cart_id = await filled(customer)
    assert (await customer.send("POST", "/api/v1/cart/coupons", {"code": "ONCE"})).status_code == 201
    with api.database.connect("owner") as owner:
        owner.execute("update coupons set used_count = 1 where id = %s", [coupon_id])
    problem = assert_problem(await check_out(api.client, cart_id, customer.headers), 409, "coupon_refused")
    assert [(one["code"], one["reason"]) for one in problem["coupons"]] == [("ONCE", "coupon_used_up")]
    assert api.scalar("select count(*) from orders") == 0


async def test_units_that_the_cart_holds_itself_are_available_to_it(
    api: Api, company: Company, customer: Shopper
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update companies set cart_reservation_minutes = 10")
    cart_id = await filled(customer, item(company, units=100))
    assert api.scalar("select reserved_units from stock_levels") == 100
    answer = await check_out(api.client, cart_id, customer.headers)
    assert answer.status_code == 201, answer.text
    assert api.rows(
        "select owner_type, status, sum(reserved_units)::int from reservations group by 1, 2 order by 1"
    ) == [
        ("cart", "released", 100),
        ("order", "live", 100),
    ]
    assert api.scalar("select reserved_units from stock_levels") == 100


async def test_a_guest_gives_an_address_and_reads_the_checkout_by_the_cart_s_token(
    api: Api, company: Company, guest: Shopper
) -> None:
    cart_id = await filled(guest)
    headers = guest.headers | {"X-Cart-Token": guest.token or ""}
    assert_problem(await check_out(api.client, cart_id, headers), 422, "email_required")
    made = await check_out(api.client, cart_id, headers, email="guest@example.com")
    assert made.status_code == 201, made.text
    address = f"{CHECKOUTS}/{made.json()['id']}"
    assert (await api.client.get(address, headers=headers)).json() == made.json()
    assert_problem(await api.client.get(address, headers=guest.headers), 404, "not_found")
    strangers = api.token("customer", company, user_id=uuid4(), customer_id=uuid4())
    assert_problem(await api.client.get(address, headers=strangers), 404, "not_found")
    assert (await api.client.get(address, headers=api.token("shop_staff", company))).status_code == 200
    elsewhere = api.token("shop_staff", company, shop_ids=[uuid4()])
    assert_problem(await api.client.get(address, headers=elsewhere), 404, "not_found")


async def test_nobody_buys_another_s_cart_an_empty_one_or_without_a_key(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    company, other = two_companies
    shopper = Shopper(api.client, company, api.token("customer", company))
    cart_id = await filled(shopper)
    foreign = api.token("customer", other)
    assert_problem(await check_out(api.client, cart_id, foreign), 404, "not_found")
    assert (await api.client.post(CHECKOUTS, json={})).status_code == 401
    body = {"cart_id": cart_id, "shipping_address": ADDRESS}
    keyless = await api.client.post(CHECKOUTS, json=body, headers=shopper.headers)
    assert_problem(keyless, 400, "idempotency_key_required")
    assert (await shopper.send("DELETE", "/api/v1/cart/items")).status_code == 200
    assert_problem(await check_out(api.client, cart_id, shopper.headers), 422, "cart_empty")
    assert api.scalar("select count(*) from orders") == 0


async def test_shipping_is_charged_by_shop_and_a_coupon_can_make_it_free(
    api: Api, company: Company, customer: Shopper
) -> None:
    add_shipping(api, company, "4.90")
    first = await check_out(api.client, await filled(customer), customer.headers)
    assert (first.json()["shipping_amount"], first.json()["amount"]) == ("4.90", "14.90")
    add_coupon(api, company, "FREE", kind="free_shipping", value=0)
    cart_id = await filled(customer)
    await customer.send("POST", "/api/v1/cart/coupons", {"code": "FREE"})
    checkout = (await check_out(api.client, cart_id, customer.headers)).json()
    assert (checkout["shipping_amount"], checkout["amount"]) == ("0.00", "10.00")
    assert [coupon["shipping_discount_amount"] for coupon in checkout["coupons"]] == ["4.90"]


async def test_the_number_of_round_trips_does_not_grow_with_the_lines(
    api: Api, company: Company, customer: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    skus = [add_variant(api, company, f"L-{place}") for place in range(20)]
    counted = []
    for wanted in (skus[:2], skus):
        cart_id = await filled(customer, *(item(company, sku) for sku in wanted))
        with api.database.connect("owner") as owner:
            before = owner.execute("select count(*) from orders").fetchone()
        trips = count_round_trips(monkeypatch)
        answer = await check_out(api.client, cart_id, customer.headers)
        assert answer.status_code == 201, answer.text
        monkeypatch.undo()
        counted.append(len(trips))
        assert before is not None
    assert counted[0] == counted[1]
    assert counted[0] <= 30


def count_round_trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each statement that is sent and waited for, and each pipeline."""
    import psycopg

    trips: list[str] = []
    execute, pipeline = psycopg.AsyncCursor.execute, psycopg.AsyncConnection.pipeline

    async def noted_execute(self: Any, query: Any, *options: Any, **named: Any) -> Any:
        if self.connection.pgconn.pipeline_status == psycopg.pq.PipelineStatus.OFF:
            trips.append(str(query))
        return await execute(self, query, *options, **named)

    def noted_pipeline(self: Any) -> Any:
        trips.append("pipeline")
        return pipeline(self)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", noted_execute)
    monkeypatch.setattr(psycopg.AsyncConnection, "pipeline", noted_pipeline)
    return trips


def add_shipping(api: Api, company: Company, amount: str) -> UUID:
    method_id, zone_id = uuid4(), uuid4()
    values = {"company": company.id, "method": method_id, "zone": zone_id, "amount": amount}
    with api.database.connect("owner") as owner:
        for statement in (
            "insert into shipping_methods (company_id, id, code, name, estimated_days_min,"
            " estimated_days_max) values (%(company)s, %(method)s, 'standard', 'Standard', 1, 3)",
            "insert into shipping_zones (company_id, id, name) values (%(company)s, %(zone)s, 'World')",
            "insert into shipping_zone_areas (company_id, zone_id, position)"
            " values (%(company)s, %(zone)s, 0)",
            "insert into shipping_tariffs (company_id, method_id, zone_id)"
            " values (%(company)s, %(method)s, %(zone)s)",
            "insert into shipping_bands (company_id, method_id, zone_id, from_bound, amount)"
            " values (%(company)s, %(method)s, %(zone)s, 0, %(amount)s)",
        ):
            owner.execute(statement, values)
    return method_id
