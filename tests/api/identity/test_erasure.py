"""A person who asks to be forgotten is forgotten: every column that can name people has a decision."""

import re
from uuid import uuid4

import httpx

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.people import add_person, decisions

ERASURES = "/api/v1/customers/erasures"
# Columns through which a row belongs to a buyer: such a table lists each of its columns.
BELONGS_TO_A_BUYER = (
    r"^(customer_id|user_id|order_id|payment_id|cart_id|wishlist_id|order_return_id|review_id|order_line_id"
    r"|shipment_id|invoice_id|order_cancellation_id|checkout_id)$"
)
NAMES_PEOPLE = r"(e_?mail|phone|first_name|last_name|full_name|birth|ip_address|user_agent|avatar|session)"
CONTACTS_OF_COMPANIES = {"companies", "shops", "suppliers"}
_COLUMNS = """
    select c.table_name, c.column_name, c.data_type
    from information_schema.columns as c
    inner join information_schema.tables as t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name <> 'alembic_version'
    and c.table_name not like 'procrastinate%%'
"""
_CAN_HOLD_WORDS = {"text", "character", "character varying", "jsonb", "json", "bytea", "ARRAY", "inet"}


def where(api: Api, needle: str) -> set[tuple[str, str]]:
    """Every column of the database in which the needle stands."""
    columns = [(table, column) for table, column, kind in api.rows(_COLUMNS) if kind in _CAN_HOLD_WORDS]
    return {
        (table, column)
        for table, column in columns
        if api.scalar(f'select count(*) from "{table}" where "{column}"::text ilike %s', [f"%{needle}%"])
    }


async def erase(api: Api, company: Company, **who: str) -> httpx.Response:
    return await api.client.post(
        ERASURES, json=who, headers={"Idempotency-Key": str(uuid4()), **api.token("company_admin", company)}
    )


def test_every_column_that_can_hold_words_is_decided_on(api: Api) -> None:
    decided, undecided = decisions(), []
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in api.rows(_COLUMNS):
        columns.setdefault(table, []).append((column, kind))
    for table, found in columns.items():
        is_of_a_buyer = any(re.match(BELONGS_TO_A_BUYER, column) for column, _ in found)
        for column, kind in found:
            names_people = re.search(NAMES_PEOPLE, column) and table not in CONTACTS_OF_COMPANIES
            needs_a_row = is_of_a_buyer or names_people or (table, "*") not in decided
            if kind in _CAN_HOLD_WORDS and (table, column) not in decided and needs_a_row:
                undecided.append(f"{table}.{column}")
    assert undecided == [], "add a row to docs/reference/personal-data.csv, and erase what names people"
    assert set(decided.values()) == {"erased", "deleted", "kept", "none"}


async def test_what_names_a_person_is_gone_everywhere_and_others_keep_theirs(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    with api.database.connect("owner") as owner:
        ada = add_person(owner, acme, "zebulon")
        add_person(owner, acme, "yolanda")
        add_person(owner, bolt, "xanthippe")
    marked = {column for column, decision in decisions().items() if decision in ("erased", "deleted")}
    filled = where(api, "zebulon")
    unmarked = {
        (table, column)
        for table, column in marked - filled
        if column not in ("phone", "key", "request_sha256", "session_sha256", "card_last_four", "provider")
    }
    assert unmarked == set(), "tests/support/people.py writes no mark there"
    others = {name: where(api, name) for name in ("yolanda", "xanthippe")}

    answer = await erase(api, acme, customer_id=str(ada["customers"]))

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "customer_ids": [str(ada["customers"])], "orders_count": 1, "closed_accounts_count": 1,
    }  # fmt: skip
    assert where(api, "zebulon") == set()
    assert {name: where(api, name) for name in others} == others
    deleted = {table for (table, _), decision in decisions().items() if decision == "deleted"}
    for table in deleted - {"idempotency_keys"}:  # which holds this erasure's own answer
        assert api.scalar(f"select count(*) from {table}") == 2, table
    assert api.rows(
        "select user_id, phone, pseudonymised_at is not null, archived_at is not null from customers"
        " where id = %s", [ada["customers"]]
    ) == [(None, None, True, True)]  # fmt: skip
    assert api.rows("select is_active, phone from users where id = %s", [ada["users"]]) == [(False, None)]
    assert api.rows(
        "select shipping_address, total_amount::text from orders where id = %s", [ada["orders"]]
    ) == [({"country": "DE"}, "10.00")]
    assert api.scalar("select count(*) from events where type = 'customer.erased'") == 1


async def test_a_guest_is_forgotten_by_the_address_they_left(api: Api, company: Company) -> None:
    with api.database.connect("owner") as owner:
        guest = add_person(owner, company, "zebulon")
        owner.execute("update orders set customer_id = null")
        owner.execute("update carts set customer_id = null, session_sha256 = 'x'")
        owner.execute("update checkouts set customer_id = null")
        owner.execute("update payments set customer_id = null")
        owner.execute("update coupon_redemptions set customer_id = null")
        for table in ("wishlist_items", "wishlists", "saved_items", "saved_payment_methods", "media"):
            owner.execute(f"delete from {table}")
        for table in ("review_reports", "reviews", "sessions", "product_views"):
            owner.execute(f"delete from {table}")
        owner.execute("update order_returns set customer_id = null")
        owner.execute("delete from customers where id = %s", [guest["customers"]])
        owner.execute("delete from users where id = %s", [guest["users"]])

    answer = await erase(api, company, email="Zebulon+shop@example.com")

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"customer_ids": [], "orders_count": 1, "closed_accounts_count": 0}
    assert where(api, "zebulon") == set()


async def test_an_account_that_another_company_knows_stays_open(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    with api.database.connect("owner") as owner:
        ada = add_person(owner, acme, "zebulon")
        owner.execute("insert into customers (company_id, user_id) values (%s, %s)", [bolt.id, ada["users"]])

    answer = await erase(api, acme, customer_id=str(ada["customers"]))

    assert answer.status_code == 200, answer.text
    assert answer.json()["closed_accounts_count"] == 0
    assert {table for table, _ in where(api, "zebulon")} == {"users"}
    assert api.scalar("select is_active from users where id = %s", [ada["users"]]) is True
    assert api.scalar("select revoked_reason from sessions where user_id = %s", [ada["users"]]) == "erased"


async def test_nobody_is_forgotten_while_an_order_is_open(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    with api.database.connect("owner") as owner:
        ada = add_person(owner, acme, "zebulon")
        owner.execute("update orders set status = 'shipped'")
    before = where(api, "zebulon")

    problem = assert_problem(
        await erase(api, acme, customer_id=str(ada["customers"])), 409, "customer_has_open_orders"
    )

    assert len(problem["order_numbers"]) == 1
    assert where(api, "zebulon") == before
    assert_problem(await erase(api, bolt, customer_id=str(ada["customers"])), 404, "not_found")
    assert_problem(await erase(api, acme, email="nobody@example.com"), 404, "not_found")
    assert_problem(await erase(api, acme), 422, "invalid_content")
