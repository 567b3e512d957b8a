"""The category tree: moves, paths, counts, versions, and who sees what."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

CATEGORIES = "/api/v1/categories"


async def create(api: Api, company: Company, name: str, **changes: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": str(uuid4()), **api.token("company_admin", company)}
    answer = await api.client.post(CATEGORIES, json={"name": name} | changes, headers=headers)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def change(
    api: Api, company: Company, category_id: str, *, if_match: str = "*", **changes: Any
) -> httpx.Response:
    headers = {"If-Match": if_match, **api.token("company_admin", company)}
    return await api.client.patch(f"{CATEGORIES}/{category_id}", json=changes, headers=headers)


def broken_paths(api: Api) -> list[tuple[Any, ...]]:
    """Paths and levels that are not what the parents say, by SQL of our own."""
    return api.rows(
        """
        with recursive tree as (
            select id, id || '/' as path, 0 as level from categories where parent_id is null
            union all
            select child.id, tree.path || child.id || '/', tree.level + 1
            from categories as child inner join tree on child.parent_id = tree.id
        )
        select id from categories
        full join tree using (id)
        where tree.path is distinct from categories.path or tree.level is distinct from categories.level
        """
    )


async def test_a_category_moves_with_all_that_lies_inside_it(api: Api, company: Company) -> None:
    clothes = await create(api, company, "Clothes")
    shirts = await create(api, company, "Shirts", parent_id=clothes["id"])
    polo = await create(api, company, "Polo", parent_id=shirts["id"])
    assert polo["path"] == [clothes["id"], shirts["id"], polo["id"]]
    assert polo["level"] == 2
    moved = await change(api, company, shirts["id"], parent_id=str(company.category_id))
    assert moved.status_code == 200, moved.text
    headers = api.token("buyer", company)
    polo = (await api.client.get(f"{CATEGORIES}/{polo['id']}", headers=headers)).json()
    assert polo["path"] == [str(company.category_id), shirts["id"], polo["id"]]
    assert broken_paths(api) == []
    circle = await change(api, company, str(company.category_id), parent_id=polo["id"])
    assert_problem(circle, 409, "category_circle")
    assert_problem(await change(api, company, polo["id"], parent_id=polo["id"]), 409, "category_circle")


async def two_trees(api: Api, company: Company) -> tuple[str, str, str, str]:
    """Two categories, each with one inside it, and moves that take long between their check and their end."""
    first, second = await create(api, company, "First"), await create(api, company, "Second")
    in_first = await create(api, company, "In the first", parent_id=first["id"])
    in_second = await create(api, company, "In the second", parent_id=second["id"])
    with api.database.connect("owner") as owner:
        owner.execute(
            "create function wait() returns trigger language plpgsql as"
            " $$begin perform pg_sleep(0.3); return new; end$$"
        )
        owner.execute(
            "create trigger wait before update of parent_id on categories"
            " for each row execute function wait()"
        )
    return first["id"], in_first["id"], second["id"], in_second["id"]


async def test_two_moves_at_once_close_no_circle(api: Api, company: Company) -> None:
    """Neither touches a row that the other moves: only together do they close it."""
    first, in_first, second, in_second = await two_trees(api, company)
    answers = await asyncio.gather(
        change(api, company, first, parent_id=in_second), change(api, company, second, parent_id=in_first)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert_problem(refused, 409, "category_circle")
    assert broken_paths(api) == []


async def test_two_moves_at_once_past_the_service_take_turns_too(api: Api, company: Company) -> None:
    first, in_first, second, in_second = await two_trees(api, company)

    def move(category_id: str, parent_id: str) -> str:
        with api.database.connect("owner") as owner:
            try:
                owner.execute("update categories set parent_id = %s where id = %s", [parent_id, category_id])
            except psycopg.Error as error:
                return type(error).__name__
        return "moved"

    ends = await asyncio.gather(
        asyncio.to_thread(move, first, in_second), asyncio.to_thread(move, second, in_first)
    )
    assert sorted(ends) == ["CheckViolation", "moved"]
    assert broken_paths(api) == []


async def test_what_is_added_while_its_parent_moves_lies_where_the_parent_went(
    api: Api, company: Company
) -> None:
    moved, goal = await create(api, company, "Moved"), await create(api, company, "Goal")

    def add() -> None:
        with api.database.connect("owner") as owner:
            owner.execute(
                "insert into categories (company_id, parent_id, name, slug) values (%s, %s, 'New', 'new')",
                [company.id, moved["id"]],
            )

    with api.database.connect("owner") as owner:
        with owner.transaction():
            owner.execute("update categories set parent_id = %s where id = %s", [goal["id"], moved["id"]])
            adding = asyncio.create_task(asyncio.to_thread(add))
            await asyncio.sleep(0.3)
        await adding
    assert broken_paths(api) == []


async def test_the_database_itself_refuses_a_circle(api: Api, company: Company) -> None:
    inside = await create(api, company, "Inside", parent_id=str(company.category_id))
    with api.database.connect("owner") as owner, pytest.raises(psycopg.Error, match="inside itself"):
        owner.execute(
            "update categories set parent_id = %s where id = %s", [inside["id"], company.category_id]
        )


async def test_counts_follow_publication_and_moves(api: Api, company: Company) -> None:
    inside = await create(api, company, "Inside", parent_id=str(company.category_id))
    admin = {"If-Match": "*", **api.token("company_admin", company)}
    path = f"/api/v1/products/{company.product_id}"

    def counts() -> list[int]:
        return [row[0] for row in api.rows("select product_count from categories order by level")]

    assert counts() == [1, 0]
    await api.client.patch(path, json={"category_id": inside["id"]}, headers=admin)
    assert counts() == [0, 1]
    tree = (await api.client.get(f"{CATEGORIES}/tree", headers=api.storefront(company))).json()
    assert tree["categories"][0]["total_product_count"] == 1
    assert tree["categories"][0]["children"][0]["name"] == "Inside"
    await api.client.patch(path, json={"status": "draft"}, headers=admin)
    assert counts() == [0, 0]
    await api.client.patch(path, json={"status": "published"}, headers=admin)
    assert counts() == [0, 1]
    in_use = await api.client.delete(f"{CATEGORIES}/{inside['id']}", headers=admin)
    assert_problem(in_use, 409, "category_in_use")
    await api.client.delete(path, headers=admin)
    assert counts() == [0, 0]
    assert (await api.client.delete(f"{CATEGORIES}/{inside['id']}", headers=admin)).status_code == 204
    shown = await api.client.get(f"{CATEGORIES}/{inside['id']}", headers=api.storefront(company))
    assert_problem(shown, 404, "not_found")


async def test_a_sale_does_not_refuse_an_editor_and_another_editor_does(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    path = f"{CATEGORIES}/{company.category_id}"
    read = await api.client.get(path, headers=admin)
    again = await api.client.get(path, headers={"If-None-Match": read.headers["ETag"], **admin})
    assert again.status_code == 304
    await api.client.patch(
        f"/api/v1/products/{company.product_id}", json={"status": "draft"}, headers={"If-Match": "*", **admin}
    )
    counted = await api.client.get(path, headers={"If-None-Match": read.headers["ETag"], **admin})
    assert counted.json()["product_count"] == 0
    etag = read.headers["ETag"]
    changed = await change(api, company, str(company.category_id), if_match=etag, name="Better")
    assert changed.status_code == 200, changed.text
    assert_problem(
        await change(api, company, str(company.category_id), if_match=etag, name="Worse"),
        412,
        "stale_version",
    )
    assert_problem(
        await api.client.patch(path, json={"name": "Worse"}, headers=admin), 428, "version_required"
    )


async def test_names_are_unique_under_a_parent_and_bad_input_is_refused(api: Api, company: Company) -> None:
    clothes = await create(api, company, "Clothes")
    await create(api, company, "Other", parent_id=clothes["id"])
    headers = api.token("company_admin", company)

    async def refused(**body: Any) -> httpx.Response:
        key = {"Idempotency-Key": str(uuid4()), **headers}
        return await api.client.post(CATEGORIES, json={"name": "Other", "slug": "x"} | body, headers=key)

    assert_problem(await refused(parent_id=clothes["id"]), 409, "already_exists")
    assert_problem(await refused(slug="clothes"), 409, "already_exists")
    assert_problem(await refused(parent_id=str(uuid4())), 422, "unknown_reference")
    for bad in ({"name": ""}, {"image_url": "javascript:x"}, {"image_url": "https://user@x.y"}, {"level": 3}):
        assert_problem(await refused(**bad), 422, "invalid_content")
    parent = clothes["id"]
    for depth in range(1, 10):
        parent = (await create(api, company, f"Depth {depth}", parent_id=parent))["id"]
    assert_problem(await refused(parent_id=parent), 422, "invalid_content")
    staff = {"Idempotency-Key": str(uuid4()), **api.token("shop_manager", company)}
    assert_problem(await api.client.post(CATEGORIES, json={"name": "X"}, headers=staff), 403, "forbidden")


async def test_specifications_are_facets_of_a_subtree(api: Api, company: Company) -> None:
    inside = await create(api, company, "Inside", parent_id=str(company.category_id))
    admin = {"If-Match": "*", **api.token("company_admin", company)}
    body = {"category_id": inside["id"], "specifications": {"material": "cotton"}}
    await api.client.patch(f"/api/v1/products/{company.product_id}", json=body, headers=admin)
    path = f"{CATEGORIES}/{company.category_id}/specifications"
    found = (await api.client.get(path, headers=api.storefront(company))).json()
    assert found == {"items": [{"name": "material", "values": [{"value": "cotton", "product_count": 1}]}]}
    listed = await api.client.get(
        "/api/v1/products",
        params={
            "category_id": str(company.category_id),
            "has_subcategories": "true",
            "specification": "material:cotton",
            "price_amount[gte]": "10",
            "price_amount[lte]": "10",
        },
        headers=api.storefront(company),
    )
    assert [item["sku"] for item in listed.json()["items"]] == [company.sku], listed.text
    none = await api.client.get(
        "/api/v1/products", params={"specification": "material:wool"}, headers=api.storefront(company)
    )
    assert none.json()["items"] == []
