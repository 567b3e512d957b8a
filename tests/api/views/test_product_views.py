"""Views of products: what is acknowledged is stored and counted once, the rest is refused by place."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.views import service
from api.views.rules import session_key
from core.ids import new_id
from core.postgres.pools import Database
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

ROUTE = "/api/v1/product-views"
COUNTS = "select (select count(*) from product_views), (select count(*) from product_view_tallies)"


def view(product_id: object, *, ago: timedelta = timedelta(minutes=1), **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - ago
    return {"product_id": str(product_id), "viewed_at": at.isoformat(), **more}


def view_count(api: Api, product_id: object) -> int:
    count: int = api.scalar("select view_count from products where id = %s", [product_id])
    return count


async def test_a_guest_s_batch_is_stored_as_told_and_its_event_tells_of_it(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    referrer = "https://ann:pw@search.example/find?q=ann@example.com#top"
    views = [
        view(acme.product_id, duration_seconds="12.5", source="search", referrer_url=referrer),
        view(acme.product_id, ago=timedelta(days=6)),
    ]
    body = {"session_id": "guest-session-1", "views": views}
    answer = await api.client.post(ROUTE, json=body, headers=api.storefront(acme))
    assert (answer.status_code, answer.json()) == (201, {"recorded_count": 2, "refused": []})
    stored = api.rows(
        "select company_id, product_id, shop_id, customer_id, session_key, viewed_at, duration_seconds::text,"
        " source, referrer_url from product_views order by viewed_at desc"
    )
    key = session_key(acme.id, "guest-session-1")
    whose = (acme.id, acme.product_id, acme.shop_id, None, key)
    first, second = (datetime.fromisoformat(one["viewed_at"]) for one in views)
    assert stored == [
        (*whose, first, "12.500", "search", "https://search.example/find"),
        (*whose, second, None, None, None),
    ]
    assert api.rows("select type, payload from events where type = 'product.viewed'") == [
        (
            "product.viewed",
            {
                "customer_id": None,
                "session_key": key,
                "shop_id": str(acme.shop_id),
                "products": [{"product_id": str(acme.product_id), "view_count": 2}],
            },
        )
    ]


async def test_what_can_t_have_happened_is_refused_by_place_and_the_rest_recorded(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    draft, nothing = new_id(), new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into products (company_id, id, sku, slug, name, price_amount)"
            " values (%s, %s, 'DRAFT', 'draft', 'Draft', 1)",
            [acme.id, draft],
        )
    views = [
        view(bolt.product_id),
        view(acme.product_id, ago=timedelta(minutes=-6)),
        view(acme.product_id, ago=timedelta(minutes=-4)),
        view(nothing),
        view(acme.product_id, ago=timedelta(days=7, minutes=1)),
        view(draft),
    ]
    headers = api.storefront(acme)
    answer = await api.client.post(ROUTE, json={"session_id": "session-1", "views": views}, headers=headers)
    assert answer.status_code == 201
    assert answer.json()["recorded_count"] == 1
    assert [(one["place"], one["code"]) for one in answer.json()["refused"]] == [
        (0, "unknown_reference"),
        (1, "viewed_in_future"),
        (3, "unknown_reference"),
        (4, "viewed_too_long_ago"),
        (5, "unknown_reference"),
    ]
    # A clock that is a little fast does not put a view into the future.
    assert api.scalar("select viewed_at <= now() from product_views")
    refused = await api.client.post(
        ROUTE, json={"session_id": "session-1", "views": [views[0], views[1]]}, headers=headers
    )
    problem = assert_problem(refused, 422, "views_refused")
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
        ("/views/0/product_id", "unknown_reference"),
        ("/views/1/viewed_at", "viewed_in_future"),
    ]
    assert api.rows(COUNTS) == [(1, 1)]


async def test_a_customer_is_the_one_of_the_token_and_staff_are_not_counted(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    body = {"views": [view(acme.product_id)]}
    customer = api.token("customer", acme)
    answer = await api.client.post(ROUTE, json=body, headers=customer | api.storefront(acme))
    assert answer.status_code == 201
    assert api.rows("select customer_id, session_key, shop_id from product_views") == [
        (acme.customer_id, None, acme.shop_id)
    ]
    guest = await api.client.post(ROUTE, json=body, headers=api.storefront(acme))
    assert assert_problem(guest, 422, "invalid_content")["errors"][0]["pointer"] == "/session_id"
    staff = await api.client.post(ROUTE, json=body, headers=api.token("shop_staff", acme))
    assert_problem(staff, 403, "forbidden")
    forged = body | {"customer_id": str(new_id())}
    assert_problem(await api.client.post(ROUTE, json=forged, headers=customer), 422, "invalid_content")
    assert api.rows(COUNTS) == [(1, 1)]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"views": []}, "/views"),
        ({"views": "many"}, "/views"),
        ({"session_id": "short"}, "/session_id"),
        ({"session_id": "x" * 101}, "/session_id"),
        ({"duration_seconds": -1}, "/views/0/duration_seconds"),
        ({"duration_seconds": 86_401}, "/views/0/duration_seconds"),
        ({"duration_seconds": "NaN"}, "/views/0/duration_seconds"),
        ({"source": "spam"}, "/views/0/source"),
        ({"viewed_at": "2026-11-21T10:00:00"}, "/views/0/viewed_at"),
        ({"viewed_at": 1_700_000_000}, "/views/0/viewed_at"),
        ({"viewed_at": None}, "/views/0/viewed_at"),
        ({"product_id": "1"}, "/views/0/product_id"),
        ({"referrer_url": "javascript:alert(1)"}, "/views/0/referrer_url"),
        ({"weight": 1}, "/views/0/weight"),
    ],
)
async def test_bad_batches_are_refused_whole(
    api: Api, company: Company, wrong: dict[str, Any], pointer: str
) -> None:
    body: dict[str, Any] = {"session_id": "session-1", "views": [view(company.product_id)]}
    if pointer.startswith("/views/0"):
        body["views"] = [body["views"][0] | wrong]
    else:
        body |= wrong
    answer = await api.client.post(ROUTE, json=body, headers=api.storefront(company))
    assert assert_problem(answer, 422, "invalid_content")["errors"][0]["pointer"] == pointer
    assert api.rows(COUNTS) == [(0, 0)]


async def test_a_batch_of_two_hundred_is_recorded_and_one_more_is_refused(api: Api, company: Company) -> None:
    headers = api.storefront(company)
    body = {"session_id": "session-1", "views": [view(company.product_id)] * 201}
    assert_problem(await api.client.post(ROUTE, json=body, headers=headers), 422, "invalid_content")
    body["views"] = body["views"][1:]
    answer = await api.client.post(ROUTE, json=body, headers=headers)
    assert answer.json() == {"recorded_count": 200, "refused": []}
    assert api.rows(COUNTS) == [(200, 1)]


async def test_a_repeated_batch_counts_once_under_its_key(
    api: Api, database: Database, company: Company
) -> None:
    body = {"session_id": "session-1", "views": [view(company.product_id)]}
    headers = api.storefront(company) | {"Idempotency-Key": str(uuid4())}
    first = await api.client.post(ROUTE, json=body, headers=headers)
    again = await api.client.post(ROUTE, json=body, headers=headers)
    assert (first.content, first.status_code) == (again.content, again.status_code)
    assert again.headers["idempotent-replayed"] == "true"
    assert await service.count_views(database) == 1
    assert view_count(api, company.product_id) == 1


async def test_products_count_each_view_once_in_their_own_company(
    api: Api, database: Database, two_companies: tuple[Company, Company]
) -> None:
    for company, times in zip(two_companies, (3, 2), strict=True):
        body = {"session_id": "session-1", "views": [view(company.product_id)] * times}
        for _ in range(2):
            answer = await api.client.post(ROUTE, json=body, headers=api.storefront(company))
            assert answer.status_code == 201
    assert await service.count_views(database) == 4
    assert await service.count_views(database) == 0
    assert [view_count(api, company.product_id) for company in two_companies] == [6, 4]
    # A counter is no change of the price.
    assert api.scalar("select count(*) from price_history") == 2


async def test_old_views_are_forgotten_and_the_feed_is_told(
    api: Api, database: Database, company: Company
) -> None:
    body = {"session_id": "session-1", "views": [view(company.product_id)] * 3}
    await api.client.post(ROUTE, json=body, headers=api.storefront(company))
    with api.database.connect("owner") as owner:
        owner.execute(
            "update product_views set created_at = now() - interval '2 days'"
            " where id in (select id from product_views order by id limit 2)"
        )
    before = datetime.now(UTC) - timedelta(days=1)
    assert await service.purge_views(database, before=before) == 2
    assert await service.purge_views(database, before=before) == 0
    assert api.scalar("select count(*) from product_views") == 1
    assert api.scalar("select count(*) from tombstones where table_name = 'product_views'") == 2


async def test_the_app_adds_views_and_changes_only_who_it_was(api: Api, company: Company) -> None:
    grants = "where table_name = 'product_views' and grantee = 'stockwise_app' order by 1"
    tables = f"select privilege_type from information_schema.role_table_grants {grants}"
    assert api.rows(tables) == [("INSERT",), ("SELECT",)]
    columns = "select column_name from information_schema.column_privileges"
    changes = grants.replace("order", "and privilege_type = 'UPDATE' order")
    assert api.rows(f"{columns} {changes}") == [("referrer_url",), ("session_key",)]
