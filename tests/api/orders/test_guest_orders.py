"""A guest sees, cancels and returns the order that they placed, and nobody else's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from api.fulfilment.issuing import issue_invoices
from api.identity.tokens import STOREFRONT_PREFIX, new_token, token_sha256
from core.postgres.pools import Database
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.carts import CART, guest, item
from tests.support.companies import Company
from tests.support.guests import EMAIL, deliver, guest_order, shown
from tests.support.lifecycle import ORDERS, RETURNS, levels, post, read, refunds, step
from tests.support.operations import fingerprint
from tests.support.orders import assert_all_adds_up, place
from tests.support.payments import run_worker
from tests.support.shopping import add_shop, check_out

LOOKUP = f"{ORDERS}/lookup"
READS = (
    "/orders/{order}", "/orders/{order}/history", "/orders/{order}/shipments", "/orders/{order}/tracking",
    "/orders/{order}/invoice", "/orders/{order}/invoices", "/orders/{order}/invoices/{invoice}",
    "/orders/{order}/returns", "/returns/{asked}",
)  # fmt: skip
WRITES: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH", "/orders/{order}"): {"customer_note": "leave it with the neighbours"},
    ("POST", "/orders/{order}/cancel"): {"reason": "too late"},
    ("POST", "/orders/{order}/return"): {"reason": "too small"},
}
ROUTES = [("GET", path) for path in READS] + list(WRITES)


@dataclass(frozen=True)
class Ids:
    """What the paths name."""

    order: str
    invoice: str
    asked: str

    def path(self, route: str) -> str:
        return "/api/v1" + route.format(**vars(self))


async def call(
    api: Api, method: str, route: str, ids: Ids, headers: dict[str, str], *, key: str | None = None
) -> httpx.Response:
    keyed = {"Idempotency-Key": key or str(uuid4())} if method == "POST" else {}
    body = WRITES.get((method, route))
    return await api.client.request(method, ids.path(route), json=body, headers=headers | keyed)


def told(answer: httpx.Response, *ids: str) -> tuple[Any, ...]:
    """What a refusal tells, but for the address that was asked for and the request's own id."""
    problem = assert_problem(answer, 404, "not_found")
    assert not [one for one in ids if one in problem["detail"]]
    return tuple(sorted((name, str(value)) for name, value in problem.items()
                        if name not in ("instance", "request_id")))  # fmt: skip


def other_shop_s_key(api: Api, company: Company) -> dict[str, str]:
    """Return the storefront key of another shop of the company."""
    shop_id, key = add_shop(api, company), new_token(STOREFRONT_PREFIX)
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into storefront_keys (company_id, shop_id, name, key_prefix, key_sha256)"
            " values (%s, %s, 'other', %s, %s)",
            [company.id, shop_id, key[:10], token_sha256(key)],
        )
    return {"X-Storefront-Key": key}


async def delivered_to_guest(
    api: Api, company: Company, storefront: dict[str, str], database: Database
) -> Ids:
    """An order that arrived, with its invoice and one unit asked back."""
    order = await guest_order(api, company, storefront)
    await deliver(api, company, order["id"])
    await issue_invoices(database, utc_now())
    lines = [{"order_line_id": order["lines"][0]["id"], "quantity_units": 1}]
    asked = await post(api, f"{ORDERS}/{order['id']}/return", {"lines": lines}, shown(storefront))
    assert asked.status_code == 201, asked.text
    [(invoice,)] = api.rows("select id::text from invoices where order_id = %s", [order["id"]])
    return Ids(order["id"], invoice, asked.json()["id"])


async def test_every_route_of_one_order_opens_to_its_guest_and_to_no_one_else(
    api: Api, two_companies: tuple[Company, Company], database: Database
) -> None:
    acme, bolt = two_companies
    storefront = api.storefront(acme)
    ids = await delivered_to_guest(api, acme, storefront, database)
    nothing = Ids(*(str(uuid4()) for _ in range(3)))
    stranger = guest(api, acme)
    await stranger.add(item(acme))
    wrong = {
        "no header": storefront,
        "another address": shown(storefront, "ada.guest@example.org"),
        "the address in part": shown(storefront, "%"),
        "an empty address": shown(storefront, ""),
        "another company": shown(api.storefront(bolt)),
        "another shop": shown(other_shop_s_key(api, acme)),
        "another cart": storefront | {"X-Cart-Token": str(stranger.token)},
        "a customer who names the address": shown(storefront | api.token("customer", acme)),
    }
    before = fingerprint(api, acme)
    for method, route in ROUTES:
        unknown = told(await call(api, method, route, nothing, shown(storefront)))
        for name, headers in wrong.items():
            answer = await call(api, method, route, ids, headers)
            assert told(answer, *vars(ids).values()) == unknown, (name, method, route)
    assert fingerprint(api, acme) == before
    for method, route in ROUTES:
        answer = await call(api, method, route, ids, shown(storefront, f" {EMAIL.upper()} "))
        if route == "/orders/{order}/return":
            assert answer.status_code == 201, answer.text
        elif method == "GET":
            assert answer.status_code == 200, (route, answer.text)
        else:  # it has left: the customer's rules are the guest's
            assert_problem(answer, 409, "illegal_transition")


@pytest.mark.parametrize("placed_by", ["customer", "staff", "import", "guest without an address"])
async def test_an_order_that_no_guest_placed_never_opens_by_its_address(
    api: Api, company: Company, placed_by: str
) -> None:
    storefront = api.storefront(company)
    role = "customer" if placed_by == "customer" else "company_admin"
    if placed_by.startswith("guest"):
        order = await guest_order(api, company, storefront, email=None, is_paid=False)
    else:
        order = (await place(api, company, headers=api.token(role, company), email=EMAIL)).json()
    if placed_by == "import":
        with api.database.connect("owner") as owner:
            owner.execute("update orders set placed_by = 'import'")
    ids = Ids(order["id"], str(uuid4()), str(uuid4()))
    before = fingerprint(api, company)
    for method, route in ROUTES:
        assert_problem(await call(api, method, route, ids, shown(storefront)), 404, "not_found")
    asked = await api.client.post(
        LOOKUP, json={"order_number": order["order_number"], "email": EMAIL}, headers=storefront
    )
    assert_problem(asked, 404, "not_found")
    assert fingerprint(api, company) == before


async def test_a_lookup_that_fails_does_not_tell_which_part_was_wrong(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    storefront = api.storefront(acme)
    order = await guest_order(api, acme, storefront)
    number = order["order_number"]
    bought = (await place(api, acme, headers=api.token("customer", acme), email=EMAIL)).json()

    async def look_up(headers: dict[str, str], order_number: str, email: str) -> httpx.Response:
        return await api.client.post(
            LOOKUP, json={"order_number": order_number, "email": email}, headers=headers
        )

    found = await look_up(storefront, f" {number} ", EMAIL.lower())
    assert found.status_code == 200, found.text
    seen = (await api.client.get(f"{ORDERS}/{order['id']}", headers=shown(storefront))).json()
    assert found.json() == {name: seen[name] for name in found.json()}
    assert found.json()["lines"] == order["lines"]
    elsewhere, other_shop = api.storefront(bolt), other_shop_s_key(api, acme)
    for headers in (storefront, elsewhere, other_shop):
        told(await look_up(headers, "ORD-1", "nobody@example.com"))  # the key is remembered from here on
    answers, work = set(), set()
    for headers, order_number, email in (
        (storefront, "ORD-20000101-00001", EMAIL),
        (storefront, number, "nobody@example.com"),
        (storefront, "ORD-20000101-00001", "nobody@example.com"),
        (storefront, bought["order_number"], EMAIL),
        (elsewhere, number, EMAIL),
        (other_shop, number, EMAIL),
    ):
        with statements(api) as sent:
            answer = await look_up(headers, order_number, email)
        answers.add(told(answer, number, order["id"]))
        work.add(tuple(sent))
    assert (len(answers), len(work)) == (1, 1)
    for role in ("customer", "company_admin"):
        assert_problem(await look_up(api.token(role, acme), number, EMAIL), 403, "forbidden")
    for body in ({"order_number": number}, {"email": EMAIL}, {"order_number": number, "email": "a" * 255}):
        refused = await api.client.post(LOOKUP, json=body, headers=storefront)
        assert_problem(refused, 422, "invalid_content")


async def test_a_guest_does_not_see_what_is_for_staff(api: Api, company: Company) -> None:
    storefront = api.storefront(company)
    order = await guest_order(api, company, storefront, is_paid=False)
    path = f"{ORDERS}/{order['id']}"
    staff = api.token("company_admin", company)
    assert (await api.client.patch(path, json={"internal_note": "fragile"}, headers=staff)).is_success
    noted = await api.client.patch(path, json={"customer_note": "at noon"}, headers=shown(storefront))
    assert (noted.status_code, noted.json()["internal_note"]) == (200, None)
    seen = await api.client.get(path, params={"expand": ["history", "payments"]}, headers=shown(storefront))
    assert "fragile" not in seen.text
    assert (seen.json()["customer_note"], len(seen.json()["history"])) == ("at noon", 3)
    refused = await api.client.patch(path, json={"internal_note": "mine"}, headers=shown(storefront))
    assert_problem(refused, 403, "forbidden")
    assert api.rows("select customer_note, internal_note from orders") == [("at noon", "fragile")]
    assert_problem(await api.client.get(ORDERS, headers=shown(storefront)), 403, "forbidden")
    assert_problem(await api.client.get(RETURNS, headers=shown(storefront)), 403, "forbidden")


async def test_a_guest_cancels_once_however_often_it_is_asked(api: Api, company: Company) -> None:
    storefront = api.storefront(company)
    order = await guest_order(api, company, storefront)
    path, mine, key = f"{ORDERS}/{order['id']}/cancel", shown(storefront), str(uuid4())
    line_id = order["lines"][0]["id"]
    too_many = {"lines": [{"order_line_id": line_id, "quantity_units": 5}]}
    assert_problem(await post(api, path, too_many, mine), 409, "too_many_units")
    keys = [key, key, *(str(uuid4()) for _ in range(4))]
    answers = await asyncio.gather(*(post(api, path, {}, mine, key=one) for one in keys))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert {answer.json()["status"] for answer in answers} == {"cancelled"}
    assert answers[0].content == answers[1].content
    assert api.scalar("select count(*) from order_cancellations") == 1
    assert [amount for amount, _ in refunds(api)] == [order["total_amount"]]
    assert levels(api) == [(100, 0, 100)]
    # A stored answer is the guest's own: the key alone replays it to nobody.
    for headers in (storefront, shown(storefront, "eve@example.com")):
        assert_problem(await post(api, path, {}, headers, key=key), 404, "not_found")
    last = api.rows("select to_status, changed_by from order_history order by occurred_at desc, id desc")[0]
    assert last == ("cancelled", None)
    acted = api.rows("select actor_user_id from events where type in ('order.created', 'order.cancelled')")
    assert acted == [(None,), (None,)]
    assert_all_adds_up(api)


async def test_a_guest_s_return_goes_its_whole_way_and_no_unit_twice(api: Api, company: Company) -> None:
    storefront = api.storefront(company)
    order = await guest_order(api, company, storefront)
    path, mine = f"{ORDERS}/{order['id']}/return", shown(storefront)
    assert_problem(await post(api, path, {}, mine), 409, "illegal_transition")
    await deliver(api, company, order["id"])
    lines = {"lines": [{"order_line_id": order["lines"][0]["id"], "quantity_units": 3}]}
    answers = await asyncio.gather(*(post(api, path, lines, mine) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"not_returnable"}
    [asked] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (asked["status"], asked["customer_id"]) == ("requested", None)
    assert api.rows("select requested_by from order_returns") == [(None,)]
    assert_problem(await post(api, f"{RETURNS}/{asked['id']}/approve", {}, mine), 403, "forbidden")
    assert (await step(api, company, asked["id"], "approve")).status_code == 200
    came = [{"return_line_id": asked["lines"][0]["id"], "restocked_units": 3, "written_off_units": 0}]
    assert (await step(api, company, asked["id"], "receive", {"lines": came})).status_code == 200
    assert (await step(api, company, asked["id"], "refund")).status_code == 200
    await run_worker(api)
    seen = (await api.client.get(f"{RETURNS}/{asked['id']}", headers=mine)).json()
    assert (seen["status"], seen["refunded_amount"]) == ("refunded", "30.00")
    assert (await read(api, company, order["id"]))["payment_status"] == "partly_refunded"
    assert_all_adds_up(api)


async def test_the_cart_s_token_opens_what_was_bought_with_it(api: Api, company: Company) -> None:
    second = other_shop_s_key(api, company)
    [(second_id,)] = api.rows("select id::text from shops where id <> %s", [company.shop_id])
    ada, eve = guest(api, company), guest(api, company)
    bought: dict[str, list[str]] = {}
    for shopper in (ada, eve):
        await shopper.add(item(company))
        body = {"items": [item(company, shop_id=second_id)]}
        added = await shopper.send("POST", f"{CART}/items", body, **second)
        assert added.status_code == 201, added.text
        cart_id = (await shopper.cart())["id"]
        token = {"X-Cart-Token": str(shopper.token)}
        answer = await check_out(api.client, cart_id, shopper.headers | token, email="both@example.com")
        assert answer.status_code == 201, answer.text
        bought[str(shopper.token)] = [order["id"] for order in answer.json()["orders"]]
    for shopper in (ada, eve):
        for buyer, order_ids in bought.items():
            own = shopper.headers | {"X-Cart-Token": str(shopper.token)}
            answers = [await api.client.get(f"{ORDERS}/{order_id}", headers=own) for order_id in order_ids]
            is_own = buyer == shopper.token
            assert [one.status_code for one in answers] == ([200, 200] if is_own else [404, 404])
    first, _ = bought[str(ada.token)]
    assert (await ada.send("POST", f"{ORDERS}/{first}/cancel", {})).json()["status"] == "cancelled"


async def test_an_erased_guest_s_order_opens_no_more_and_its_answers_are_forgotten(
    api: Api, company: Company
) -> None:
    ada = guest(api, company)
    await ada.add(item(company))
    answer = await check_out(
        api.client, (await ada.cart())["id"], ada.headers | {"X-Cart-Token": str(ada.token)}, email=EMAIL
    )
    [order] = answer.json()["orders"]
    staff = api.token("company_admin", company)
    await api.client.patch(f"{ORDERS}/{order['id']}/status", json={"status": "confirmed"}, headers=staff)
    await deliver(api, company, order["id"])
    reason = {"reason": "my knee is too big"}
    asked = await ada.send("POST", f"{ORDERS}/{order['id']}/return", reason)
    assert asked.status_code == 201, asked.text
    with api.database.connect("owner") as owner:
        owner.execute("update orders set status = 'completed', completed_at = now()")
    erased = await post(api, "/api/v1/customers/erasures", {"email": EMAIL.lower()}, staff)
    assert erased.status_code == 200, erased.text
    for headers in (
        shown(ada.headers),
        shown(ada.headers, ""),
        {**ada.headers, "X-Cart-Token": str(ada.token)},
    ):
        assert_problem(await api.client.get(f"{ORDERS}/{order['id']}", headers=headers), 404, "not_found")
    assert api.scalar("select count(*) from idempotency_keys where response_body like '%knee%'") == 0


@contextmanager
def statements(api: Api) -> Iterator[list[str]]:
    """Note what the engine sends to the database."""
    sent: list[str] = []
    engine = api.app.state.database.engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
