"""The idempotency key of an order: replay, mismatch, tenants, failures, expiry (checks 5 to 9)."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from api.idempotency import purge_keys
from core.postgres.pools import Database
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import add_variant, assert_all_adds_up, counts, order_body, place

PARALLEL_REPLAYS = 50


async def test_fifty_twins_in_flight_make_one_order_and_get_the_same_bytes(
    api: Api, company: Company
) -> None:
    """Check 5, in its full form."""
    key = str(uuid4())
    answers = await asyncio.gather(*(place(api, company, key=key) for _ in range(PARALLEL_REPLAYS)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotent-Replayed") for answer in answers]
    assert sorted(replayed, key=str) == [None] + ["true"] * (PARALLEL_REPLAYS - 1)
    assert counts(api)["orders"] == 1
    assert api.scalar("select reserved_units from stock_levels") == 1
    assert_all_adds_up(api)


async def test_a_key_with_another_body_is_refused(api: Api, company: Company) -> None:
    """Check 6."""
    key = str(uuid4())
    await place(api, company, key=key)
    before = counts(api)
    assert_problem(await place(api, company, key=key, quantity_units=2), 422, "idempotency_key_reused")
    assert counts(api) == before


async def test_the_same_key_of_another_company_or_person_is_another_order(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    """Check 7: nobody gets the answer that was somebody else's."""
    company, other = two_companies
    key = str(uuid4())
    credentials = [
        (company, api.token("company_admin", company)),
        (company, api.token("customer", company, user_id=uuid4())),
        (company, api.storefront(company)),
        (other, api.token("company_admin", other)),
    ]
    ids = set()
    for owner, headers in credentials:
        answer = await place(api, owner, key=key, headers=headers)
        assert answer.status_code == 201
        assert "Idempotent-Replayed" not in answer.headers
        ids.add(answer.json()["id"])
    assert len(ids) == len(credentials)


async def test_a_refusal_is_not_kept_so_the_key_works_once_the_cause_is_gone(
    api: Api, company: Company
) -> None:
    """Check 8: out of stock first, then refilled; unknown first, then there. And the other way round."""
    short, unknown = str(uuid4()), str(uuid4())
    assert_problem(await place(api, company, key=short, quantity_units=101), 409, "out_of_stock")
    late = [{"sku": "LATE", "quantity_units": 1}]
    assert_problem(await place(api, company, key=unknown, lines=late), 422, "unknown_sku")
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " values (%s, %s, %s, 1, 'receipt')",
            [company.id, company.location_id, company.variant_id],
        )
    add_variant(api, company, "LATE", on_hand_units=1)
    first = await place(api, company, key=short, quantity_units=101)
    assert first.status_code == 201
    assert (await place(api, company, key=unknown, lines=late)).status_code == 201
    # The stock is gone now, and the same key still gets its order.
    again = await place(api, company, key=short, quantity_units=101)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert counts(api)["orders"] == 2


async def test_missing_and_malformed_keys_are_refused(api: Api, company: Company) -> None:
    before = counts(api)
    headers = api.token("company_admin", company)
    answer = await api.client.post("/api/v1/orders", json=order_body(company), headers=headers)
    assert_problem(answer, 400, "idempotency_key_required")
    assert_problem(await place(api, company, key="order-1"), 400, "idempotency_key_invalid")
    assert (await place(api, company, key="a" * 256)).status_code == 400
    assert counts(api) == before


async def test_a_purge_forgets_keys_past_their_time_and_no_others(
    api: Api, company: Company, database: Database
) -> None:
    """Check 9."""
    old, young = str(uuid4()), str(uuid4())
    await place(api, company, key=old)
    first = await place(api, company, key=young)
    now = datetime.now(UTC)
    with api.database.connect("owner") as owner:
        owner.execute(
            "update idempotency_keys set created_at = %s where key = %s", [now - timedelta(hours=73), old]
        )
    assert await purge_keys(database, before=now - timedelta(hours=72)) == 1
    assert (await place(api, company, key=young)).content == first.content
    assert "Idempotent-Replayed" not in (await place(api, company, key=old)).headers
    assert counts(api)["orders"] == 3


async def test_a_twin_that_holds_the_key_too_long_is_told(api: Api, company: Company) -> None:
    """The lock is the one of ``placement.sql``: whoever holds it makes the others wait, then say 409."""
    key = str(uuid4())
    scope = f"POST place_order user:{company.admin_user_id}"
    with api.database.connect("owner") as twin, twin.transaction():
        twin.execute(
            "select pg_advisory_xact_lock(hashtextextended(concat_ws(' ', %s::text, %s::text, %s::text), 0))",
            [str(company.id), scope, key],
        )
        answer = await place(api, company, key=key)
    assert_problem(answer, 409, "in_progress")
    assert int(answer.headers["Retry-After"]) > 0
    assert counts(api)["orders"] == 0
    assert (await place(api, company, key=key)).status_code == 201
