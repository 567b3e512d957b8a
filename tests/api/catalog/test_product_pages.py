"""The kept product page is the page that would be read now: for each viewer, after each kind of change."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.catalog import page_stamps, service
from api.catalog.pages import ProductPages
from api.catalog.viewers import Viewer
from api.conditional import Representation, represent
from api.errors import NotFound
from api.kept import open_kept_bodies
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

CHANGES: dict[str, str] = {
    "its name": "update products set name = 'Other'",
    "its price": "update products set price_amount = 12",
    "a sale": "update products set sale_price_amount = 7",
    "its cost": "update products set cost_amount = 5",
    "its pictures": "update products set images ="
    """ '[{"url": "https://a.example/b.jpg", "is_primary": true}]'""",
    "its rating": "update products set rating_average = 4.5, rating_count = 2",
    "its views": "update products set view_count = view_count + 1",
    "what was sold": "update products set sold_units = 3",
    "past all triggers": "alter table products disable trigger user; update products set brand = 'Past';"
    " alter table products enable trigger user",
    "a variant's price": "update variants set price_modifier_amount = 1",
    "a new variant": """insert into variants (company_id, product_id, sku, options)
        select company_id, id, 'SKU-2', '{"size": "L"}' from products""",
    "a variant archived": "update variants set archived_at = now() where sku = 'SKU-2'",
    "a variant inactive": "update variants set is_active = false where sku = 'SKU-1'",
    "a variant active again": "update variants set is_active = true where sku = 'SKU-1'",
    "stock received": "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
    " select company_id, location_id, variant_id, 5, 'adjustment' from stock_levels",
    "stock reserved": "update stock_levels set reserved_units = reserved_units + 7",
    "stock given back": "update stock_levels set reserved_units = reserved_units - 7",
    "another location": "with added as (insert into locations (company_id, code, name)"
    " select id, 'B', 'B' from companies returning company_id, id) insert into stock_ledger"
    " (company_id, location_id, variant_id, delta_units, reason)"
    " select added.company_id, added.id, variants.id, 3, 'opening' from added"
    " inner join variants on variants.company_id = added.company_id and sku = 'SKU-1'",
    "a shop that draws on it": "insert into shop_locations (company_id, shop_id, location_id)"
    " select shops.company_id, shops.id, locations.id from shops inner join locations"
    " on locations.company_id = shops.company_id and locations.code = 'B'",
    "a shop that does not": "delete from shop_locations using locations"
    " where locations.id = shop_locations.location_id and locations.code = 'B'",
    "a location closed": "update locations set archived_at = now() where code = 'MAIN'",
    "a location opened": "update locations set archived_at = null where code = 'MAIN'",
    "a planned price in force": "insert into price_schedules"
    " (company_id, product_id, price_amount, starts_at)"
    " select company_id, id, 8, now() - interval '1 hour' from products",
    "a planned price cancelled": "update price_schedules set cancelled_at = now()",
    "the currency": "update companies set currency = 'USD'",
    "one shop's": "update products set shop_id = shops.id from shops"
    " where shops.company_id = products.company_id",
    "a draft": "update products set status = 'draft'",
    "published again": "update products set status = 'published'",
}  # fmt: skip


def viewers(company: Company) -> dict[str, Viewer]:
    shop, other = frozenset({company.shop_id}), frozenset({new_id()})
    return {
        "storefront": Viewer(company.id, True, shop, shop),
        "another storefront": Viewer(company.id, True, other, other),
        "customer": Viewer(company.id, True, None, None),
        "admin": Viewer(company.id, False, None, None),
        "staff": Viewer(company.id, False, shop, shop),
    }


@asynccontextmanager
async def open_pages(database: Database) -> AsyncIterator[ProductPages]:
    async with open_kept_bodies(None, most_bodies=100) as kept:
        yield ProductPages(database, kept)


@pytest.fixture
async def pages(database: Database) -> AsyncIterator[ProductPages]:
    async with open_pages(database) as opened:
        yield opened


@asynccontextmanager
async def counted(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Count how often pages are made and stamps are asked for."""
    made: list[str] = []
    read_page, exchange = service.read_page, page_stamps.exchange

    async def making(*arguments: Any, **named: Any) -> Any:
        made.append("page")
        return await read_page(*arguments, **named)

    async def asking(*arguments: Any) -> Any:
        made.append("stamps")
        return await exchange(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(service, "read_page", making)
        patched.setattr(page_stamps, "exchange", asking)
        yield made


async def fresh(database: Database, viewer: Viewer, product_id: UUID) -> Representation | None:
    """Read the page past everything that is kept."""
    async with transaction(database, company_id=viewer.company_id) as connection:
        try:
            return represent(
                await service.read_page(connection, viewer, product_id=product_id), service.VOLATILE
            )
        except NotFound:
            return None


async def shown(pages: ProductPages, viewer: Viewer, **named: Any) -> Representation | None:
    try:
        return await pages.read(viewer, **named)
    except NotFound:
        return None


async def test_each_viewer_sees_each_change_at_once_in_every_process(
    api: Api,
    database: Database,
    pages: ProductPages,
    two_companies: tuple[Company, Company],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acme, bolt = two_companies
    everyone = [(company, viewer) for company in two_companies for viewer in viewers(company).values()]
    async with open_pages(database) as elsewhere, counted(monkeypatch) as made:
        for name, change in CHANGES.items():
            with api.database.connect("owner") as owner:
                owner.execute(change)
            for company, viewer in everyone:
                expected = await fresh(database, viewer, company.product_id)
                for kept in (pages, elsewhere):
                    by_id = await shown(kept, viewer, product_id=company.product_id)
                    assert by_id == expected, (name, viewer)
                    assert await shown(kept, viewer, slug="thing") == expected, (name, viewer)
                    made.clear()
                    assert await shown(kept, viewer, product_id=company.product_id) == expected
                    if expected is not None:
                        assert made == ["stamps"], (name, viewer)  # kept, and looked at
    assert await shown(pages, viewers(acme)["admin"], product_id=bolt.product_id) is None


async def test_a_planned_price_begins_and_ends_without_anybody_s_doing(
    api: Api, database: Database, pages: ProductPages, company: Company
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into price_schedules (company_id, product_id, price_amount, starts_at, ends_at) select"
            " company_id, id, 8, now() + interval '1 second', now() + interval '2 seconds' from products"
        )
    viewer = viewers(company)["storefront"]
    seen = set()
    for _ in range(30):
        page = await pages.read(viewer, product_id=company.product_id)
        seen.add(page.body.split(b'"current_price_amount":"')[1].split(b'"')[0])
        await asyncio.sleep(0.1)
    assert seen == {b"10.000000", b"8.000000"}
    assert await fresh(database, viewer, company.product_id) == page
    assert b'"current_price_amount":"10.000000"' in page.body


async def test_who_reads_after_a_change_sees_it_whoever_else_is_reading(
    api: Api, database: Database, pages: ProductPages, company: Company
) -> None:
    viewer = viewers(company)["storefront"]
    is_over = False

    async def crowd() -> None:
        while not is_over:
            await pages.read(viewer, product_id=company.product_id)

    readers = [asyncio.create_task(crowd()) for _ in range(8)]
    try:
        for turn in range(60):
            async with transaction(database, company_id=company.id) as connection:
                await connection.exec_driver_sql(f"update products set view_count = {turn}")
            page = await pages.read(viewer, product_id=company.product_id)
            assert f'"view_count":{turn}}}'.encode() in page.body.replace(b" ", b""), turn
    finally:
        is_over = True
        await asyncio.gather(*readers)


async def test_a_crowd_asks_together_and_one_makes_the_page(
    pages: ProductPages, two_companies: tuple[Company, Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, bolt = (viewers(company)["storefront"] for company in two_companies)
    crowd = [
        pages.read(viewer, product_id=company.product_id)
        for viewer, company in zip((acme, bolt) * 20, two_companies * 20, strict=True)
    ]
    async with counted(monkeypatch) as made:
        answers = await asyncio.gather(*crowd)
    assert (made.count("page"), made.count("stamps")) == (2, 2)
    assert len(set(answers)) == 2


async def test_who_goes_away_leaves_the_others_their_answer(pages: ProductPages, company: Company) -> None:
    viewer = viewers(company)["storefront"]
    asked = [asyncio.create_task(pages.read(viewer, product_id=company.product_id)) for _ in range(3)]
    await asyncio.sleep(0)
    asked[0].cancel()
    _, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(second, Representation)
    assert second == third
    with pytest.raises(NotFound):
        await pages.read(replace(viewer, company_id=new_id()), product_id=company.product_id)


async def test_over_http_roles_and_companies_share_a_page_s_address_and_nothing_else(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    address = f"/api/v1/products/{acme.product_id}"
    callers = {
        "admin": api.token("company_admin", acme),
        "customer": api.token("customer", acme),
        "storefront": api.storefront(acme),
    }
    for _ in range(2):  # the second time from memory
        costs = {}
        for name, headers in callers.items():
            answer = await api.client.get(address, headers=headers)
            costs[name] = (answer.json()["cost_amount"], answer.json()["variants"][0]["unit_cost_amount"])
            again = await api.client.get(address, headers=headers | {"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert answer.headers["cache-control"] == "private, no-cache"
        assert costs == {
            "admin": ("6.000000", "6.000000"), "customer": (None, None), "storefront": (None, None),
        }  # fmt: skip
        for headers in (api.token("company_admin", bolt), api.storefront(bolt)):
            assert_problem(await api.client.get(address, headers=headers), 404, "not_found")
    same_slug = "/api/v1/products/by-slug/thing"
    ids = [
        (await api.client.get(same_slug, headers=api.storefront(company))).json()["id"]
        for company in two_companies
    ]
    assert ids == [str(acme.product_id), str(bolt.product_id)]


async def test_a_product_called_null_has_a_page(api: Api, company: Company) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update products set slug = 'null'")
    answer = await api.client.get("/api/v1/products/by-slug/null", headers=api.storefront(company))
    assert answer.status_code == 200


async def test_round_trips_do_not_grow_with_variants_and_pictures(
    api: Api, database: Database, pages: ProductPages, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, trips = viewers(company)["storefront"], [0]

    def count(name: str, owner: Any) -> None:
        sent: Callable[..., Any] = getattr(owner, name)

        def counting(*arguments: Any, **named: Any) -> Any:
            trips[0] += 1
            return sent(*arguments, **named)

        monkeypatch.setattr(owner, name, counting)

    count("execute", psycopg.AsyncCursor)  # a pipeline of one too
    count("exchange", page_stamps)

    async def measured() -> tuple[int, int]:
        counts = []
        for _ in range(2):
            before = trips[0]
            await pages.read(viewer, product_id=company.product_id)
            counts.append(trips[0] - before)
        return counts[0], counts[1]

    async def touch() -> None:
        with api.database.connect("owner") as owner:
            owner.execute("update products set name = name || '.'")

    await measured()  # a connection's first statements are its own
    await touch()
    small = await measured()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into variants (company_id, product_id, sku, options)"
            " select company_id, id, 'V-' || number, jsonb_build_object('size', number)"
            " from products cross join generate_series(1, 99) as number"
        )
        owner.execute(
            "update products set images = (select jsonb_agg(jsonb_build_object('url',"
            " 'https://a.example/' || number, 'alt', '', 'is_primary', number = 1))"
            " from generate_series(1, 30) as number)"
        )
    assert await measured() == small
    # Kept: the stamp. Made: begin, the stamp twice, product, variants, stock, currency.
    assert small == (7, 1)


async def test_nobody_joins_a_statement_that_began_before_they_came(
    api: Api, pages: ProductPages, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, asked, gate = viewers(company)["storefront"], asyncio.Event(), asyncio.Event()
    await pages.read(viewer, product_id=company.product_id)
    exchange = page_stamps.exchange

    async def held(*arguments: Any) -> Any:
        answer = await exchange(*arguments)
        asked.set()
        await gate.wait()
        return answer

    monkeypatch.setattr(page_stamps, "exchange", held)
    early = asyncio.create_task(pages.read(viewer, product_id=company.product_id))
    await asked.wait()
    with api.database.connect("owner") as owner:
        owner.execute("update products set view_count = 41")
    late = asyncio.create_task(pages.read(viewer, product_id=company.product_id))
    await asyncio.sleep(0.05)
    gate.set()
    assert b'"view_count":0' in (await early).body
    assert b'"view_count":41' in (await late).body
