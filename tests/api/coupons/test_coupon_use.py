"""Coupons in orders: limits, days, who used them, and uses given back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.coupons import service
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.api_client import Api, TestClock, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.orders import add_variant, place
from tests.support.shopping import add_campaign, add_coupon, uses_of


async def buy(api: Api, company: Company, *codes: str, **changes: Any) -> httpx.Response:
    """Order one unit as the company's admin, for nobody in particular unless told."""
    return await place(api, company, coupon_codes=list(codes), **changes)


def reason_of(answer: httpx.Response) -> str:
    problem = assert_problem(answer, 409, "coupon_refused")
    reason: str = problem["coupons"][0]["reason"]
    return reason


async def test_a_coupon_lowers_the_order_and_its_use_is_a_row(api: Api, company: Company) -> None:
    coupon_id = add_coupon(api, company, "TEN", value=10)
    order = (await buy(api, company, " ten", quantity_units=3, email="ada@example.com")).json()
    assert (order["subtotal_amount"], order["discount_amount"], order["total_amount"]) == (
        "30.00",
        "3.00",
        "27.00",
    )
    assert (order["coupon_code"], order["lines"][0]["discount_amount"]) == ("TEN", "3.00")
    assert uses_of(api, coupon_id) == (1, 1)
    assert api.rows(
        "select code, discount_amount, buyer_mailbox, (select order_id::text from coupon_redemption_orders)"
        " from coupon_redemptions"
    ) == [("TEN", Decimal("3.00"), "ada@example.com", order["id"])]


async def test_a_cap_of_a_hundred_lets_two_buyers_in(api: Api, company: Company) -> None:
    coupon_id = add_coupon(api, company, "CAP", total_limit=100)
    answers = [await buy(api, company, "CAP") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert uses_of(api, coupon_id) == (2, 2)


async def test_a_refused_order_uses_nothing(api: Api, company: Company) -> None:
    coupon_id = add_coupon(api, company, "TEN")
    assert_problem(await buy(api, company, "TEN", quantity_units=101), 409, "out_of_stock")
    assert uses_of(api, coupon_id) == (0, 0)
    assert api.scalar("select count(*) from orders") == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ada@example.com", "ADA@Example.com"),
        ("ada@example.com", "ada+again@example.com"),
        ("a.da@gmail.com", "ada@googlemail.com"),
    ],
)
async def test_one_mailbox_is_one_buyer(api: Api, company: Company, first: str, second: str) -> None:
    add_coupon(api, company, "ONCE", per_user_limit=1)
    assert (await buy(api, company, "ONCE", email=first)).status_code == 201
    assert reason_of(await buy(api, company, "ONCE", email=second)) == "coupon_used_by_buyer"


async def test_a_customer_who_comes_back_as_a_guest_is_known(api: Api, company: Company) -> None:
    add_coupon(api, company, "ONCE", per_user_limit=1)
    customer, storefront = api.token("customer", company), api.storefront(company)
    assert (await buy(api, company, "ONCE", headers=customer, email="x@example.com")).status_code == 201
    # The account's own address, though the order had another one.
    again = await buy(api, company, "ONCE", headers=storefront, email="buyer@example.com")
    assert reason_of(again) == "coupon_used_by_buyer"
    nobody = await buy(api, company, "ONCE", headers=storefront)
    assert reason_of(nobody) == "coupon_needs_buyer"


async def test_two_codes_of_one_campaign_count_together(api: Api, company: Company) -> None:
    campaign_id = add_campaign(api, company, per_user_limit=1)
    for code in ("RED", "BLUE"):
        add_coupon(api, company, code, campaign_id=campaign_id)
    assert (await buy(api, company, "RED", email="ada@example.com")).status_code == 201
    assert reason_of(await buy(api, company, "BLUE", email="ada@example.com")) == "coupon_used_by_buyer"
    assert (await buy(api, company, "BLUE", email="bob@example.com")).status_code == 201
    assert api.scalar("select used_count from coupon_campaigns") == 2


@pytest.mark.parametrize("is_plain", [True, False])
async def test_a_first_order_is_the_first_one(api: Api, company: Company, is_plain: bool) -> None:
    add_coupon(api, company, "HELLO", is_for_new_users_only=True)
    storefront = api.storefront(company)
    first = [] if is_plain else ["HELLO"]
    assert (await buy(api, company, *first, headers=storefront, email="ada@example.com")).status_code == 201
    again = await buy(api, company, "HELLO", headers=storefront, email="Ada@example.com")
    assert reason_of(again) == "coupon_for_new_buyers"


async def test_a_category_coupon_holds_for_the_categories_below(api: Api, company: Company) -> None:
    child = uuid4()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into categories (company_id, id, parent_id, name, slug) values (%s, %s, %s, 'C', 'c')",
            [company.id, child, company.category_id],
        )
        owner.execute("update products set category_id = %s", [child])
    other = add_variant(api, company, "OTHER")
    coupon_id = add_coupon(api, company, "GOODS", value=50)
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into coupon_categories (company_id, coupon_id, category_id) values (%s, %s, %s)",
            [company.id, coupon_id, company.category_id],
        )
    lines = [{"sku": sku, "quantity_units": 1} for sku in (company.sku, other)]
    order = (await buy(api, company, "GOODS", lines=lines)).json()
    assert [line["discount_amount"] for line in order["lines"]] == ["5.00", "0.00"]


async def test_a_cancelled_order_gives_its_use_back_once(api: Api, company: Company) -> None:
    coupon_id = add_coupon(api, company, "ONCE", total_limit=1)
    order = (await buy(api, company, "ONCE")).json()
    assert reason_of(await buy(api, company, "ONCE")) == "coupon_used_up"
    headers = api.token("company_admin", company)
    for _ in range(2):
        await api.client.post(
            f"/api/v1/orders/{order['id']}/cancel",
            json={},
            headers={"Idempotency-Key": str(uuid4()), **headers},
        )
    assert uses_of(api, coupon_id) == (0, 0)
    assert (await buy(api, company, "ONCE")).status_code == 201
    await give_back(api, company, UUID(order["id"]))
    assert uses_of(api, coupon_id) == (1, 1)


async def give_back(api: Api, company: Company, order_id: UUID) -> None:
    async with transaction(api.app.state.database, company_id=company.id) as connection:
        await service.give_back(connection, company.id, order_id, now=utc_now())


@pytest.mark.parametrize(
    ("zone", "last_day", "last_moment"),
    [
        ("Europe/Berlin", "2026-11-30", "2026-11-30T22:59:59"),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T21:59:59"),  # clocks go forward: 23 hours
        ("Europe/Berlin", "2026-10-25", "2026-10-25T22:59:59"),  # and back: 25 hours
        ("America/New_York", "2026-11-01", "2026-11-02T04:59:59"),
        ("Asia/Tokyo", "2026-11-30", "2026-11-30T14:59:59"),
    ],
)
async def test_a_coupon_ends_with_its_last_local_day(
    fresh_database: FreshDatabase, company: Company, zone: str, last_day: str, last_moment: str
) -> None:
    clock = TestClock()
    async with open_api(fresh_database, clock=clock) as api:
        with fresh_database.connect("owner") as owner:
            owner.execute("update companies set timezone = %s", [zone])
        add_coupon(api, company, "DAY", valid_from_date=last_day, valid_until_date=last_day)
        moment = datetime.fromisoformat(last_moment).replace(tzinfo=UTC)
        clock.moved = moment - datetime.now(UTC)
        check = {"codes": ["DAY"], "shop_id": str(company.shop_id)}
        check |= {"lines": [{"variant_id": str(company.variant_id), "quantity_units": 1}]}  # type: ignore[dict-item]
        # Ten seconds before the end it counts, two after the last second it does not.
        assert await reasons_at(api, company, check, clock, moment, seconds=-10) == []
        assert await reasons_at(api, company, check, clock, moment, seconds=2) == ["coupon_expired"]


async def reasons_at(
    api: Api, company: Company, check: dict[str, Any], clock: TestClock, moment: datetime, *, seconds: int
) -> list[str]:
    clock.moved = moment + timedelta(seconds=seconds) - datetime.now(UTC)
    answer = await api.client.post(
        "/api/v1/coupons/validate", json=check, headers=api.token("company_admin", company)
    )
    assert answer.status_code == 200, answer.text
    return [problem["reason"] for problem in answer.json()["refused"]]


async def test_a_repeated_key_uses_the_coupon_once(api: Api, company: Company) -> None:
    coupon_id = add_coupon(api, company, "TEN")
    key = str(uuid4())
    first, again = [await buy(api, company, "TEN", key=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert uses_of(api, coupon_id) == (1, 1)
    assert_problem(await buy(api, company, "TEN", key=key, quantity_units=2), 422, "idempotency_key_reused")
