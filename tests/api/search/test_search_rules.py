"""Who finds what; stock and prices as they are now; what is refused; what a search costs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

SEARCH = "/api/v1/products/search"


async def search(api: Api, headers: dict[str, str], **parameters: Any) -> Any:
    answer = await api.client.get(SEARCH, params=parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def execute(api: Api, sql: Any, values: Any = None) -> None:
    with api.database.connect("owner") as owner:
        owner.execute(sql, values)


async def test_each_company_finds_its_own_and_drafts_are_found_by_nobody(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    execute(api, "update products set name = 'Draft', status = 'draft' where company_id = %s", [bolt.id])
    for headers in (
        api.storefront(acme), api.token("customer", acme), api.token("shop_staff", acme),
        api.token("company_admin", acme), api.token("buyer", acme),
    ):  # fmt: skip
        for parameters in ({}, {"q": "thing"}):
            found = await search(api, headers, **parameters)
            assert [item["id"] for item in found["items"]] == [str(acme.product_id)]
            assert found["product_count"] == 1
            assert found["facets"]["categories"]["values"][0]["id"] == str(acme.category_id)
    assert (await search(api, api.storefront(bolt), q="draft"))["items"] == []
    assert (await search(api, api.token("company_admin", bolt)))["items"] == []


async def test_what_is_promised_to_others_and_what_is_on_its_way_is_not_available(
    api: Api, company: Company
) -> None:
    headers = api.storefront(company)
    order = {"shop_id": str(company.shop_id), "lines": [{"sku": company.sku, "quantity_units": 100}]}
    before = await search(api, headers, availability="in_stock")
    assert (before["product_count"], before["items"][0]["available_units"]) == (1, 100)
    placed = await api.client.post(
        "/api/v1/orders",
        json=order,
        headers={"Idempotency-Key": str(uuid4()), **api.token("customer", company)},
    )
    assert placed.status_code == 201, placed.text
    after = await search(api, headers, availability="in_stock")
    assert after["product_count"] == 0
    assert after["facets"]["availability"] == {"in_stock": 0, "backorder": 0, "out_of_stock": 1}
    execute(api, "update stock_levels set reserved_units = 0")
    assert (await search(api, headers, availability="in_stock"))["product_count"] == 1
    execute(api, "delete from shop_locations")
    assert (await search(api, headers, availability="in_stock"))["product_count"] == 0
    everywhere = api.token("company_admin", company)
    assert (await search(api, everywhere, availability="in_stock"))["product_count"] == 1
    execute(api, "update locations set kind = 'in_transit'")
    assert (await search(api, everywhere, availability="in_stock"))["product_count"] == 0


async def test_a_scheduled_price_is_found_while_it_holds(api: Api, company: Company) -> None:
    headers = api.storefront(company)
    now = datetime.now(UTC)
    execute(
        api,
        "insert into price_schedules (company_id, product_id, sale_price_amount, starts_at, ends_at)"
        " values (%s, %s, 4, %s, %s), (%s, %s, 3, %s, null)",
        [
            *(company.id, company.product_id, now - timedelta(days=1), now + timedelta(days=1)),
            *(company.id, company.product_id, now + timedelta(days=1)),
        ],
    )
    found = await search(api, headers, **{"unit_price_amount[lt]": "5"})
    assert [item["lowest_price_amount"] for item in found["items"]] == ["4.000000"]
    assert found["facets"]["prices"] == {
        "lowest_amount": "4.000000", "highest_amount": "4.000000",
        "bands": [{"from_amount": "0", "below_amount": "10", "product_count": 1}],
    }  # fmt: skip


async def test_price_bands_of_a_currency_without_cents_are_a_hundred_times_as_wide(
    api: Api, company: Company
) -> None:
    execute(api, "update companies set currency = 'JPY'")
    execute(api, "update products set price_amount = 2400")
    found = await search(api, api.storefront(company))
    assert found["currency"] == "JPY"
    assert found["facets"]["prices"]["bands"] == [
        {"from_amount": "1000", "below_amount": "2500", "product_count": 1}
    ]


async def test_a_facet_shows_the_commonest_values_and_says_how_many_there_are(
    api: Api, company: Company
) -> None:
    execute(
        api,
        "insert into products (company_id, sku, slug, name, brand, price_amount, status)"
        " select %s, 'F-' || n, 'f-' || n, 'F', 'Brand ' || lpad((n / 2)::text, 2, '0'), 1, 'published'"
        " from generate_series(1, 119) as n",
        [company.id],
    )
    execute(
        api,
        "insert into variants (company_id, product_id, sku)"
        " select company_id, id, sku from products where sku <> 'SKU-1'",
    )
    brands = (await search(api, api.storefront(company), brand="Brand 59"))["facets"]["brands"]
    assert (brands["value_count"], len(brands["values"])) == (60, 50)
    assert brands["values"][0] == {"value": "Brand 59", "product_count": 2, "is_chosen": True}
    assert brands["values"][1] == {"value": "Brand 01", "product_count": 2, "is_chosen": False}


REFUSED = [
    ([("q", "")], "/query/q"),
    ([("q", " -!? ")], "/query/q"),
    ([("q", "x" * 201)], "/query/q"),
    ([("word", "x")], "/query/word"),
    ([("price", "5")], "/query/price"),
    ([("unit_price_amount[gt]", "5")], "/query/unit_price_amount[gt]"),
    ([("unit_price_amount[gte]", "five")], "/query/unit_price_amount[gte]"),
    ([("unit_price_amount[gte]", "-1")], "/query/unit_price_amount[gte]"),
    ([("unit_price_amount[gte]", "NaN")], "/query/unit_price_amount[gte]"),
    ([("unit_price_amount[gte]", "5"), ("unit_price_amount[lt]", "5")], "/query/unit_price_amount[gte]"),
    ([("unit_price_amount[gte]", "5"), ("unit_price_amount[lte]", "4")], "/query/unit_price_amount[gte]"),
    ([("rating_average[gte]", "6")], "/query/rating_average[gte]"),
    ([("category_id", "goods")], "/query/category_id/0"),
    ([("availability", "soon")], "/query/availability/0"),
    ([("attribute", "no colon")], "/query/attribute/0"),
    ([("attribute", "a:b\x1fc")], "/query/attribute/0"),
    ([("attribute", f"{name}:x") for name in range(11)], "/query/attribute"),
    ([("brand", "x")] * 1000, "/query/brand"),
    ([("brand", "x" * 201)], "/query/brand/0"),
    ([("sort", "cheapest")], "/query/sort"),
    ([("sort", "relevance")], "/query/sort"),
    ([("limit", "101")], "/query/limit"),
    ([("limit", "0")], "/query/limit"),
]


async def test_a_search_that_makes_no_sense_is_refused_with_its_pointer(api: Api, company: Company) -> None:
    headers = api.storefront(company)
    for parameters, pointer in REFUSED:
        answer = await api.client.get(SEARCH, params=parameters, headers=headers)
        problem = assert_problem(answer, 422, "invalid_content")
        assert problem["errors"][0]["pointer"] == pointer, parameters[:3]


async def test_text_that_can_not_be_stored_and_foreign_cursors_are_refused(
    api: Api, company: Company
) -> None:
    headers = api.storefront(company)
    for unstorable in ("q=a%00b", "brand=a%00&brand=b", "tag=b&tag=%00"):
        answer = await api.client.get(f"{SEARCH}?{unstorable}", headers=headers)
        assert_problem(answer, 422, "unstorable_text")
    assert_problem(await api.client.get(SEARCH), 401, "unauthenticated")
    execute(
        api,
        "with added as (insert into products (company_id, sku, slug, name, price_amount, status)"
        " values (%s, 'T2', 't2', 'Thing 2', 1, 'published') returning company_id, id)"
        " insert into variants (company_id, product_id, sku) select company_id, id, 'T2' from added",
        [company.id],
    )
    cursor = (await search(api, headers, limit=1, q="thing"))["next_cursor"]
    assert len((await search(api, headers, q="thing", cursor=cursor, limit=50))["items"]) == 1
    for changed in ({"q": "things"}, {"sort": "price"}, {"brand": "x"}, {"unit_price_amount[gte]": "1"}):
        other = {"q": "thing", "cursor": cursor, **changed}
        assert_problem(await api.client.get(SEARCH, params=other, headers=headers), 422, "invalid_cursor")
    for broken in ("x", cursor[:-3], "W10"):
        answer = await api.client.get(SEARCH, params={"q": "thing", "cursor": broken}, headers=headers)
        assert_problem(answer, 422, "invalid_cursor")


async def test_odd_characters_are_words_or_nothing(api: Api, company: Company) -> None:
    headers = api.storefront(company)
    for text in ("'; drop table products; --", "a:* | b & !c <-> d", "x" * 200, "👕 a", "\u202eabc", "1e400"):
        answer = await api.client.get(SEARCH, params={"q": text}, headers=headers)
        assert (answer.status_code, answer.json()["items"]) == (200, []), text


async def test_a_search_is_three_round_trips_whatever_is_found_and_asked(api: Api, company: Company) -> None:
    sent: list[str] = []
    engine = api.app.state.database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", lambda *event: sent.append(event[2]))
    headers = api.storefront(company)
    await search(api, headers)  # the storefront's key is looked up once
    asked: list[dict[str, Any]] = [
        {},
        {"q": "thing"},
        {"q": "thing", "brand": "x", "attribute": "a:b", "size": "M", "limit": 100},
        {"has_facets": "false", "unit_price_amount[gte]": "1"},
    ]
    for parameters in asked:
        sent.clear()
        await search(api, headers, **parameters)
        # The settings and the search; begin and binding go out as one more, which is not seen here.
        assert len(sent) == 2, parameters
