"""A bounded number of placements at once; the others wait their turn, and not for ever."""

import asyncio
from uuid import uuid4

import pytest

from api.orders.admission import Admission, TooManyOrders
from tests.support.api_client import Api, assert_problem
from tests.support.carts import Shopper, item
from tests.support.companies import Company
from tests.support.orders import counts, place
from tests.support.shopping import check_out


async def test_no_more_than_the_limit_are_placed_at_once() -> None:
    admission = Admission(most_at_once=3, longest_wait_seconds=5)
    inside, most = 0, 0

    async def buy() -> None:
        nonlocal inside, most
        async with admission.admitted():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(buy() for _ in range(12)))
    assert most == 3


async def test_who_waits_too_long_for_a_turn_is_sent_away() -> None:
    admission = Admission(most_at_once=1, longest_wait_seconds=0.01)
    async with admission.admitted():
        with pytest.raises(TooManyOrders):
            async with asyncio.timeout(5), admission.admitted():
                pass
    async with admission.admitted():
        pass


async def test_a_full_house_is_said_with_a_time_to_come_again(api: Api, company: Company) -> None:
    api.app.state.admission = full = Admission(most_at_once=1, longest_wait_seconds=0.01)
    before = counts(api)
    async with full.admitted():
        answer = await place(api, company)
    assert_problem(answer, 503, "too_many_orders")
    assert answer.headers["Retry-After"] == "1"
    assert counts(api) == before
    assert (await place(api, company)).status_code == 201


async def test_who_buys_a_cart_waits_for_the_same_turn(api: Api, company: Company) -> None:
    shopper = Shopper(api.client, company, api.token("customer", company))
    assert (await shopper.add(item(company))).status_code == 201
    cart_id = (await shopper.cart())["id"]
    key = str(uuid4())
    usual, full = api.app.state.admission, Admission(most_at_once=1, longest_wait_seconds=0.01)
    api.app.state.admission = full
    async with full.admitted():
        refused = await check_out(api.client, cart_id, shopper.headers, key=key)
    assert_problem(refused, 503, "too_many_orders")
    assert api.scalar("select count(*) from checkouts") == 0
    api.app.state.admission = usual
    assert (await check_out(api.client, cart_id, shopper.headers, key=key)).status_code == 201
