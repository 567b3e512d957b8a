"""Coupons of orders that expired and were paid for after all: used once more, or the money goes back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from api.orders import service
from api.orders.expiry import release_expired_reservations
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.carts import Shopper, item
from tests.support.companies import Company
from tests.support.lifecycle import refunds
from tests.support.orders import place
from tests.support.payments import charges, intent, local_event, post, process, run_worker, send_local
from tests.support.shopping import add_campaign, add_coupon, add_shop, check_out, uses_of


async def buy(api: Api, company: Company, *codes: str, **changes: Any) -> dict[str, Any]:
    """Order two units with coupons, as the company's customer unless told."""
    order: dict[str, Any] = {"headers": api.token("customer", company), "quantity_units": 2} | changes
    answer = await place(api, company, coupon_codes=list(codes), **order)
    assert answer.status_code == 201, answer.text
    order = answer.json()
    return order


async def expire(database: Database) -> int:
    return await release_expired_reservations(database, utc_now() + timedelta(hours=1))


async def expired(api: Api, company: Company, database: Database, *codes: str, **changes: Any) -> UUID:
    order = await buy(api, company, *codes, **changes)
    assert await expire(database) == 1
    return UUID(order["id"])


async def live_again(database: Database, company: Company, order_id: UUID) -> bool:
    async with transaction(database, company_id=company.id) as connection:
        return await service.re_reserve(connection, company.id, order_id, now=utc_now())


async def test_a_use_given_back_by_expiry_is_taken_again_once_by_the_late_payment(
    api: Api, company: Company, database: Database
) -> None:
    coupon_id = add_coupon(api, company, "ONCE", total_limit=1)
    order = await buy(api, company, "ONCE")
    payment = await intent(api, company, order["id"])
    await process(api, company, payment["id"], "tok_3ds")
    assert uses_of(api, coupon_id) == (1, 1)
    for expected in (1, 0):
        assert await expire(database) == expected
        assert uses_of(api, coupon_id) == (0, 0)
    event = local_event("payment.captured", payment)
    for _ in range(2):
        await send_local(api, company, event)
        await run_worker(api)
    assert api.rows("select status, payment_status, total_amount, discount_amount from orders") == [
        ("confirmed", "paid", Decimal("18.00"), Decimal("2.00"))
    ]
    assert uses_of(api, coupon_id) == (1, 1)
    assert api.rows("select given_back_at from coupon_redemption_orders") == [(None,)]
    refused = await place(api, company, coupon_codes=["ONCE"])
    assert assert_problem(refused, 409, "coupon_refused")["coupons"][0]["reason"] == "coupon_used_up"
    assert refunds(api) == []


async def test_where_the_last_use_is_somebody_else_s_by_now_the_money_goes_back_once(
    api: Api, company: Company, database: Database
) -> None:
    coupon_id = add_coupon(api, company, "ONCE", total_limit=1)
    order = await buy(api, company, "ONCE")
    payment = await intent(api, company, order["id"])
    await process(api, company, payment["id"], "tok_3ds")
    assert await expire(database) == 1
    other = await buy(api, company, "ONCE", headers=api.token("company_admin", company))
    confirmed = await post(
        api, f"/{payment['id']}/confirm", {"challenge_result": "pass"}, api.token("customer", company)
    )
    assert confirmed.status_code == 200, confirmed.text
    for _ in range(3):
        await run_worker(api)
    assert dict(api.rows("select id::text, status from orders")) == {
        order["id"]: "cancelled",
        other["id"]: "pending",
    }
    assert refunds(api) == [("18.00", "paid after the order was cancelled")]
    assert (charges(api), charges(api, "refund")) == (1, 1)
    assert uses_of(api, coupon_id) == (1, 1)
    assert api.scalar("select reserved_units from stock_levels") == 2


@pytest.mark.parametrize("is_same_limit", [True, False])
async def test_two_orders_that_lost_the_same_use_do_not_both_get_it_back(
    api: Api, company: Company, database: Database, is_same_limit: bool
) -> None:
    """The limit is the coupon's, or its campaign's over two codes."""
    campaign_id = None if is_same_limit else add_campaign(api, company, total_limit=1)
    first = add_coupon(api, company, "ONE", total_limit=1 if is_same_limit else None, campaign_id=campaign_id)
    second = first if is_same_limit else add_coupon(api, company, "TWO", campaign_id=campaign_id)
    orders = [
        await expired(api, company, database, code) for code in ("ONE", "ONE" if is_same_limit else "TWO")
    ]
    assert [await live_again(database, company, order_id) for order_id in orders] == [True, False]
    assert {uses_of(api, coupon_id) for coupon_id in (first, second)} <= {(1, 1), (0, 0)}
    assert api.scalar("select count(*) from coupon_redemptions where given_back_at is null") == 1
    if campaign_id is not None:
        assert api.scalar("select used_count from coupon_campaigns") == 1


@pytest.mark.parametrize("is_campaign", [False, True])
@pytest.mark.parametrize("is_customer_first", [True, False])
async def test_the_limit_per_buyer_holds_by_customer_and_mailbox_when_a_use_is_taken_again(
    api: Api, company: Company, database: Database, is_campaign: bool, is_customer_first: bool
) -> None:
    """The account's own address counts as the account's customer, though that order had another address."""
    if is_campaign:
        add_coupon(api, company, "ONCE", campaign_id=add_campaign(api, company, per_user_limit=1))
    else:
        add_coupon(api, company, "ONCE", per_user_limit=1)
    customer = {"headers": api.token("customer", company), "email": "x@example.com"}
    guest = {"headers": api.storefront(company), "email": "Buyer@example.com"}
    first, then = (customer, guest) if is_customer_first else (guest, customer)
    order_id = await expired(api, company, database, "ONCE", **first)
    await buy(api, company, "ONCE", **then)
    assert await live_again(database, company, order_id) is False
    assert api.scalar("select used_count from coupons") == 1
    assert api.scalar("select count(*) from coupon_redemptions where given_back_at is null") == 1


async def test_a_use_by_two_orders_is_given_back_with_the_last_of_them(
    api: Api, company: Company, database: Database
) -> None:
    coupon_id, orders = await bought_in_two_shops(api, company)
    for order_id, uses in zip(orders, [(1, 1), (0, 0)], strict=True):
        async with transaction(database, company_id=company.id) as connection:
            await service.cancel_unpaid(connection, company.id, [order_id], now=utc_now())
        assert uses_of(api, coupon_id) == uses


async def test_a_use_by_two_orders_is_taken_again_with_the_first_of_them(
    api: Api, company: Company, database: Database
) -> None:
    coupon_id, orders = await bought_in_two_shops(api, company)
    assert await expire(database) == 2
    assert uses_of(api, coupon_id) == (0, 0)
    for order_id in orders:
        assert await live_again(database, company, order_id) is True
        assert uses_of(api, coupon_id) == (1, 1)
    assert api.scalar("select count(*) from coupon_redemption_orders where given_back_at is null") == 2


async def bought_in_two_shops(api: Api, company: Company) -> tuple[UUID, list[UUID]]:
    """Check out a cart with a coupon of one use; return the coupon and the orders."""
    coupon_id = add_coupon(api, company, "ONCE", total_limit=1)
    second = add_shop(api, company)
    shopper = Shopper(api.client, company, api.token("customer", company))
    assert (await shopper.add(item(company), item(company, shop_id=str(second)))).status_code == 201
    assert (await shopper.send("POST", "/api/v1/cart/coupons", {"code": "ONCE"})).status_code == 201
    made = await check_out(api.client, (await shopper.cart())["id"], shopper.headers)
    assert uses_of(api, coupon_id) == (1, 1)
    return coupon_id, [UUID(order["id"]) for order in made.json()["orders"]]
