"""Which category a product was in when: written with the change, whoever makes it."""

import asyncio
from uuid import UUID

from tests.support.api_client import Api
from tests.support.companies import Company

PRODUCTS = "/api/v1/products"
PLACES = (
    "select place.category_id, place.valid_from = product.created_at, place.is_assumed, place.changed_by"
    " from product_category_history as place join products as product on product.id = place.product_id"
    " where product.sku = %s order by place.valid_from, place.id"
)


def add_category(api: Api, company: Company, slug: str) -> UUID:
    with api.database.connect("owner") as owner:
        row = owner.execute(
            "insert into categories (company_id, name, slug) values (%s, %s, %s) returning id",
            [company.id, slug, slug],
        ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


async def test_the_api_and_files_write_each_move_of_a_product(api: Api, company: Company) -> None:
    """A change that leaves the category alone, and a file's row that names none, write nothing."""
    cups = add_category(api, company, "cups")
    admin = api.token("company_admin", company)
    path = f"{PRODUCTS}/{company.product_id}"
    for change in ({"name": "Cup"}, {"category_id": str(cups)}, {"category_id": str(cups), "name": "Mug"}):
        changed = await api.client.patch(path, json=change, headers={"If-Match": "*", **admin})
        assert changed.status_code == 200, changed.text
    for rows in (
        "sku,name,price_amount,category\nNEW,New,1,cups\nBARE,Bare,1,\n",
        "sku,name,price_amount,category\nNEW,New,2,goods\nBARE,Bare,2,\n",
    ):
        loaded = await api.client.post(
            f"{PRODUCTS}/import", files={"file": ("products", rows.encode(), "text/csv")}, headers=admin
        )
        assert loaded.json()["rejected_rows"] == 0, loaded.text
    goods, person = company.category_id, company.admin_user_id
    known = api.rows(PLACES, [company.sku])
    assert [row[:3] for row in known] == [(goods, True, False), (cups, False, False)]
    assert known[1][3] == person
    assert [row[:3] for row in api.rows(PLACES, ["NEW"])] == [(cups, True, False), (goods, False, False)]
    assert [row[:3] for row in api.rows(PLACES, ["BARE"])] == [(None, True, False)]


async def test_a_move_that_waited_for_another_is_the_later_one(api: Api, company: Company) -> None:
    """Its transaction had begun before the other's: by their times it would be the earlier one."""
    cups, plates = add_category(api, company, "cups"), add_category(api, company, "plates")
    move = "update products set category_id = %s where id = %s"
    with api.database.connect("owner") as early, api.database.connect("owner") as late:
        early.autocommit = late.autocommit = False
        early.execute("select now()")
        late.execute(move, [plates, company.product_id])
        waiting = asyncio.create_task(asyncio.to_thread(early.execute, move, [cups, company.product_id]))
        async with asyncio.timeout(20):
            while not api.scalar(  # noqa: ASYNC110 (nothing tells of a lock that is waited for)
                "select cardinality(pg_blocking_pids(%s))", [early.info.backend_pid]
            ):
                await asyncio.sleep(0.01)
            late.commit()
            await waiting
        early.commit()
    places = [row[0] for row in api.rows(PLACES, [company.sku])]
    assert places == [company.category_id, plates, cups]
    assert api.scalar("select category_id from products where id = %s", [company.product_id]) == cups


async def test_a_statement_that_moves_many_products_writes_only_those(api: Api, company: Company) -> None:
    cups = add_category(api, company, "cups")
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into products (company_id, category_id, sku, slug, name, price_amount, created_at)"
            " select id, %s, 'P-' || number, 'p-' || number, 'P', 1, now() - interval '1 year'"
            " from companies cross join generate_series(1, 3000) as number",
            [company.category_id],
        )
        owner.execute("set statement_timeout = '20s'")
        owner.execute(
            "update products set name = 'Q', category_id = case when sku < 'P-2' then %s else category_id end"
            " where sku like 'P-%%'",
            [cups],
        )
        wrong = owner.execute(
            "select count(*) from product_category_history as place"
            " join products as product on product.id = place.product_id"
            " where (place.valid_from = product.created_at) <> (place.category_id = %s)",
            [company.category_id],
        ).fetchone()
    assert wrong == (0,)
    moved = api.scalar("select count(*) from products where category_id = %s", [cups])
    assert moved == 1111
    assert api.scalar("select count(*) from product_category_history") == 3001 + moved
