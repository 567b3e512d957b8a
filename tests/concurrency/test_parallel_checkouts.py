"""Many buyers at two API processes: limits of coupons, last units, double clicks, opposite carts."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from core.ids import new_id
from tests.support.api_processes import ApiProcesses
from tests.support.companies import Company
from tests.support.orders import add_variant
from tests.support.shopping import add_campaign, add_coupon, check_out, uses_of

pytestmark = pytest.mark.slow
TRIES = 20
DEADLOCKS = "select sum(deadlocks) from pg_stat_database"


@dataclass
class Buyer:
    """A guest with an e-mail address of their own and a filled cart."""

    cart_id: str
    headers: dict[str, str]
    email: str


def storefront(api: ApiProcesses, company: Company) -> dict[str, str]:
    from api.identity.tokens import STOREFRONT_PREFIX, new_token, token_sha256

    key = new_token(STOREFRONT_PREFIX)
    with api.owner() as owner:
        owner.execute(
            "insert into storefront_keys (company_id, shop_id, name, key_prefix, key_sha256)"
            " values (%s, %s, 'test', %s, %s)",
            [company.id, company.shop_id, key[:10], token_sha256(key)],
        )
    return {"X-Storefront-Key": key}


def fill_carts(
    api: ApiProcesses,
    company: Company,
    headers: dict[str, str],
    count: int,
    *,
    variant_ids: Sequence[UUID] = (),
    codes: Sequence[str] = (),
    emails: Sequence[str] = (),
) -> list[Buyer]:
    """Write guests' carts; each line is one unit, the coupons take turns."""
    from api.carts.owners import CART_TOKEN_PREFIX, session_sha256

    buyers = []
    with api.owner() as owner, owner.transaction():
        for place in range(count):
            cart_id, token = new_id(), CART_TOKEN_PREFIX + uuid4().hex + "A" * 11
            email = emails[place % len(emails)] if emails else f"buyer{place}@example.com"
            written = f'["{codes[place % len(codes)]}"]' if codes else "[]"
            owner.execute(
                "insert into carts (company_id, id, session_sha256, email, coupon_codes, expires_at)"
                " values (%s, %s, %s, %s, %s, now() + interval '1 day')",
                [company.id, cart_id, session_sha256(token), email, written],
            )
            wanted = list(variant_ids or [company.variant_id])
            for variant_id in wanted if place % 2 else wanted[::-1]:
                add_line(owner, company, cart_id, variant_id)
            buyers.append(Buyer(str(cart_id), headers | {"X-Cart-Token": token}, email))
    return buyers


def add_line(
    owner: psycopg.Connection[tuple[Any, ...]], company: Company, cart_id: UUID, variant_id: UUID
) -> None:
    owner.execute(
        "insert into cart_lines (company_id, cart_id, shop_id, variant_id, quantity_units,"
        " added_unit_price_amount, unit_price_amount) values (%s, %s, %s, %s, 1, 10, 10)",
        [company.id, cart_id, company.shop_id, variant_id],
    )


async def buy_at_once(api: ApiProcesses, buyers: Sequence[Buyer]) -> list[httpx.Response]:
    """Let all check out at the same time; who is asked to come again (503) does, with the same key."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)

    async def buy(client: httpx.AsyncClient, buyer: Buyer) -> httpx.Response:
        key = str(uuid4())
        for _ in range(TRIES):
            answer = await check_out(client, buyer.cart_id, buyer.headers, key=key)
            if answer.status_code != 503:
                break
        return answer

    async with httpx.AsyncClient(base_url=api.url, timeout=120, limits=limits) as client:
        answers = list(await asyncio.gather(*(buy(client, buyer) for buyer in buyers)))
    assert all(answer.status_code != 500 for answer in answers), api.log()
    return answers


def told(answers: Sequence[httpx.Response]) -> Counter[str]:
    return Counter(
        "placed" if answer.status_code == 201 else str(answer.json()["code"]) for answer in answers
    )


def written(api: ApiProcesses, company: Company) -> dict[str, int]:
    tables = ("checkouts", "orders", "order_lines", "reservations", "coupon_redemptions", "idempotency_keys")
    counted = {
        table: api.scalar(f"select count(*) from {table} where company_id = %s", [company.id])
        for table in tables
    }
    counted["order events"] = api.scalar(
        "select count(*) from events where company_id = %s and aggregate_type in ('order', 'checkout')",
        [company.id],
    )
    return counted


async def test_sixty_four_carts_and_ten_units_make_ten_orders_and_no_debris(
    api_processes: ApiProcesses,
) -> None:
    company = api_processes.add_company(on_hand_units=10)
    coupon_id = add_coupon(api_processes, company, "TEN")
    buyers = fill_carts(api_processes, company, storefront(api_processes, company), 64, codes=["TEN"])
    answers = await buy_at_once(api_processes, buyers)
    assert told(answers) == {"placed": 10, "cart_has_problems": 54}
    assert written(api_processes, company) == {
        "checkouts": 10,
        "orders": 10,
        "order_lines": 10,
        "reservations": 10,
        "coupon_redemptions": 10,
        "idempotency_keys": 10,
        "order events": 20,
    }
    assert uses_of(api_processes, coupon_id) == (10, 10)
    still_open = "select count(*) from carts where company_id = %s and status = 'active'"
    assert api_processes.scalar(still_open, [company.id]) == 54


async def test_a_coupon_with_one_use_is_used_once_by_thirty_two(api_processes: ApiProcesses) -> None:
    company = api_processes.add_company(on_hand_units=1_000)
    coupon_id = add_coupon(api_processes, company, "ONE", total_limit=1)
    buyers = fill_carts(api_processes, company, storefront(api_processes, company), 32, codes=["ONE"])
    assert told(await buy_at_once(api_processes, buyers)) == {"placed": 1, "coupon_refused": 31}
    assert uses_of(api_processes, coupon_id) == (1, 1)


async def test_two_codes_of_one_campaign_are_one_limit_in_parallel(api_processes: ApiProcesses) -> None:
    company = api_processes.add_company(on_hand_units=1_000)
    campaign_id = add_campaign(api_processes, company, per_user_limit=1)
    for code in ("RED", "BLUE"):
        add_coupon(api_processes, company, code, campaign_id=campaign_id)
    buyers = fill_carts(
        api_processes,
        company,
        storefront(api_processes, company),
        24,
        codes=["RED", "BLUE"],
        emails=["ada@example.com", "Ada+2@example.com".lower()],
    )
    assert told(await buy_at_once(api_processes, buyers)) == {"placed": 1, "coupon_refused": 23}


async def test_a_coupon_for_new_buyers_is_used_with_one_of_two_carts(api_processes: ApiProcesses) -> None:
    company = api_processes.add_company(on_hand_units=1_000)
    for code in ("HELLO", "WELCOME"):
        add_coupon(api_processes, company, code, is_for_new_users_only=True)
    buyers = fill_carts(
        api_processes,
        company,
        storefront(api_processes, company),
        8,
        codes=["HELLO", "WELCOME"],
        emails=["new@example.com"],
    )
    assert told(await buy_at_once(api_processes, buyers)) == {"placed": 1, "coupon_refused": 7}


async def test_a_cap_of_a_hundred_lets_two_buyers_in_at_once(api_processes: ApiProcesses) -> None:
    company = api_processes.add_company(on_hand_units=1_000)
    coupon_id = add_coupon(api_processes, company, "CAP", total_limit=100)
    buyers = fill_carts(api_processes, company, storefront(api_processes, company), 2, codes=["CAP"])
    assert told(await buy_at_once(api_processes, buyers)) == {"placed": 2}
    assert uses_of(api_processes, coupon_id) == (2, 2)


async def test_sixteen_clicks_on_one_cart_are_one_checkout_with_one_answer(
    api_processes: ApiProcesses,
) -> None:
    company = api_processes.add_company(on_hand_units=1_000)
    [buyer] = fill_carts(api_processes, company, storefront(api_processes, company), 1)
    answers = await buy_at_once(api_processes, [buyer] * 16)
    assert told(answers) == {"placed": 16}
    assert len({answer.content for answer in answers}) == 1
    assert written(api_processes, company)["orders"] == 1


@pytest.mark.parametrize("rounds", [10, pytest.param(500, marks=pytest.mark.soak)], ids=["short", "full"])
async def test_carts_in_opposite_orders_do_not_deadlock(api_processes: ApiProcesses, rounds: int) -> None:
    company = api_processes.add_company(on_hand_units=1_000_000)
    add_variant(api_processes, company, "SKU-2", on_hand_units=1_000_000)
    second = api_processes.scalar(
        "select id from variants where company_id = %s and sku = 'SKU-2'", [company.id]
    )
    for code in ("A", "B"):
        add_coupon(api_processes, company, code, is_stackable=True)
    headers = storefront(api_processes, company)
    before = api_processes.scalar(DEADLOCKS)
    for _ in range(rounds):
        buyers = fill_carts(
            api_processes,
            company,
            headers,
            8,
            variant_ids=[company.variant_id, second],
            codes=["A", 'A", "B', 'B", "A', "B"],
        )
        assert told(await buy_at_once(api_processes, buyers)) == {"placed": 8}
    assert api_processes.scalar(DEADLOCKS) == before
