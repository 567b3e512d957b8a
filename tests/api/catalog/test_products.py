"""Products through the API: what shoppers and staff see, what is created, changed and archived."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.catalog.rules import is_price_possible, is_sale_below_price, slug_of
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import add_variant, place

PRODUCTS = "/api/v1/products"


async def create(
    api: Api, company: Company, *, role: str = "company_admin", **changes: Any
) -> httpx.Response:
    body = {
        "sku": "MUG",
        "name": "Mug",
        "price_amount": "12.50",
        "cost_amount": "4.00",
        "status": "published",
    }
    return await api.client.post(
        PRODUCTS,
        json=body | changes,
        headers={"Idempotency-Key": str(uuid4()), **api.token(role, company)},
    )


async def test_a_product_without_options_gets_one_variant(api: Api, company: Company) -> None:
    answer = await create(api, company)
    assert answer.status_code == 201, answer.text
    product = answer.json()
    assert (product["slug"], product["currency"], product["available_units"]) == ("mug-mug", "EUR", 0)
    assert [(variant["sku"], variant["unit_price_amount"]) for variant in product["variants"]] == [
        ("MUG", "12.500000")
    ]
    history = api.rows(
        "select unit_price_amount::text from price_history where variant_id = %s",
        [product["variants"][0]["id"]],
    )
    assert history == [("12.500000",)]
    assert api.scalar("select count(*) from events where type = 'product.created'") == 1


async def test_variants_add_their_modifier_to_the_sale_price(api: Api, company: Company) -> None:
    variants = [
        {"sku": "MUG-S", "options": {"size": "S"}, "display_order": 1},
        {"sku": "MUG-L", "options": {"size": "L"}, "price_modifier_amount": "2.50", "display_order": 2},
    ]
    product = (await create(api, company, sale_price_amount="10.00", variants=variants)).json()
    prices = [
        (variant["sku"], variant["unit_price_amount"], variant["regular_price_amount"])
        for variant in product["variants"]
    ]
    assert prices == [("MUG-S", "10.000000", "12.500000"), ("MUG-L", "12.500000", "15.000000")]


async def test_shoppers_see_what_is_published_and_not_what_it_costs(api: Api, company: Company) -> None:
    add_variant(api, company, "DRAFT", status="draft")
    await place(api, company, quantity_units=3)
    staff = await api.client.get(PRODUCTS, headers=api.token("shop_staff", company))
    assert {item["sku"] for item in staff.json()["items"]} == {company.sku, "DRAFT"}
    for headers in (api.token("customer", company), api.storefront(company)):
        page = (await api.client.get(PRODUCTS, headers=headers)).json()
        assert [item["sku"] for item in page["items"]] == [company.sku]
        assert page["items"][0]["available_units"] == 97
        assert page["items"][0]["variants"][0]["unit_cost_amount"] is None
        one = (await api.client.get(f"{PRODUCTS}/{company.product_id}", headers=headers)).json()
        assert one["cost_amount"] is None
        draft_id = api.scalar("select id from products where sku = 'DRAFT'")
        answer = await api.client.get(f"{PRODUCTS}/{draft_id}", headers=headers)
        assert_problem(answer, 404, "not_found")


async def test_lists_are_filtered_and_paged(api: Api, company: Company) -> None:
    for number in range(4):
        add_variant(api, company, f"CUP-{number}")
    headers = api.token("buyer", company)
    first = (await api.client.get(PRODUCTS, params={"q": "cup", "limit": 3}, headers=headers)).json()
    rest = await api.client.get(
        PRODUCTS, params={"q": "cup", "limit": 3, "cursor": first["next_cursor"]}, headers=headers
    )
    found = [item["sku"] for item in [*first["items"], *rest.json()["items"]]]
    assert sorted(found) == [f"CUP-{number}" for number in range(4)]
    assert rest.json()["next_cursor"] is None
    other = await api.client.get(
        PRODUCTS, params={"q": "mug", "cursor": first["next_cursor"]}, headers=headers
    )
    assert_problem(other, 422, "invalid_cursor")
    by_category = {"category_id": str(company.category_id)}
    page = (await api.client.get(PRODUCTS, params=by_category, headers=headers)).json()
    assert [item["sku"] for item in page["items"]] == [company.sku]


async def test_a_change_is_made_to_the_version_that_was_read(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    path = f"{PRODUCTS}/{company.product_id}"
    etag = (await api.client.get(path, headers=admin)).headers["ETag"]
    changed = await api.client.patch(
        path, json={"price_amount": "11.00"}, headers={"If-Match": etag, **admin}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Thing"
    stale = await api.client.patch(path, json={"price_amount": "9.00"}, headers={"If-Match": etag, **admin})
    assert_problem(stale, 412, "stale_version")
    history = api.rows("select unit_price_amount::numeric(9, 2)::text from price_history order by id")
    assert history == [("10.00",), ("11.00",)]
    assert (await place(api, company)).json()["total_amount"] == "11.00"


async def test_an_archived_product_is_kept_and_not_sold(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    path = f"{PRODUCTS}/{company.product_id}"
    admin["If-Match"] = "*"
    archived = await api.client.put(path, json={"status": "archived"}, headers=admin)
    assert archived.json()["archived_at"] is not None
    assert_problem(await place(api, company), 422, "unknown_sku")
    answer = await api.client.get(path, headers=api.storefront(company))
    assert_problem(answer, 404, "not_found")
    back = await api.client.patch(path, json={"status": "published"}, headers=admin)
    assert back.json()["archived_at"] is None
    assert (await place(api, company)).status_code == 201


async def test_variants_are_added_and_changed(api: Api, company: Company) -> None:
    admin = {"If-Match": "*", **api.token("company_admin", company)}
    path = f"{PRODUCTS}/{company.product_id}"
    changes = [
        {"id": str(company.variant_id), "price_modifier_amount": "-1.00"},
        {"sku": "SKU-2", "options": {"size": "L"}, "is_active": False},
    ]
    product = (await api.client.patch(path, json={"variants": changes}, headers=admin)).json()
    assert [(one["sku"], one["unit_price_amount"], one["is_sellable"]) for one in product["variants"]] == [
        ("SKU-1", "9.000000", True),
        ("SKU-2", "10.000000", False),
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"price_amount": "-1"}, "/price_amount"),
        ({"price_amount": 12.5}, "/price_amount"),
        ({"price_amount": "1.1234567"}, "/price_amount"),
        ({"sale_price_amount": "12.50"}, "/sale_price_amount"),
        ({"category_id": str(uuid4())}, "/category_id"),
        ({"shop_id": str(uuid4())}, "/shop_id"),
        ({"variants": [{"sku": "A", "price_modifier_amount": "-13"}]}, "/variants"),
        ({"company_id": str(uuid4())}, "/company_id"),
        ({"rating_average": "5"}, "/rating_average"),
        ({"sold_units": 1}, "/sold_units"),
        ({"name": ""}, "/name"),
    ],
)
async def test_bad_products_are_refused(
    api: Api, company: Company, changes: dict[str, Any], pointer: str
) -> None:
    answer = await create(api, company, **changes)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert api.scalar("select count(*) from products") == 1


def test_the_database_itself_keeps_sale_prices_below(api: Api, company: Company) -> None:
    plan = (
        "insert into price_schedules (company_id, product_id, price_amount, sale_price_amount, starts_at)"
        " select company_id, id, 5, 5, now() from products"
    )
    for statement in ("update products set sale_price_amount = price_amount", plan):
        with (
            api.database.connect("owner") as owner,
            pytest.raises(psycopg.errors.CheckViolation, match="sale_below_price"),
        ):
            owner.execute(statement)


async def test_a_sku_is_unique_in_its_company_only(api: Api, two_companies: tuple[Company, Company]) -> None:
    company, other = two_companies
    assert (await create(api, company)).status_code == 201
    assert_problem(await create(api, company, slug="another"), 409, "already_exists")
    assert (await create(api, other)).status_code == 201


async def test_shop_roles_change_what_only_their_shops_sell(api: Api, company: Company) -> None:
    assert (await create(api, company, role="shop_manager")).status_code == 403
    own = await create(api, company, role="shop_manager", shop_id=str(company.shop_id))
    assert own.status_code == 201, own.text
    staff = {"If-Match": "*", **api.token("shop_staff", company)}
    renamed = {"name": "Big mug"}
    mine = await api.client.patch(f"{PRODUCTS}/{own.json()['id']}", json=renamed, headers=staff)
    assert mine.json()["name"] == "Big mug"
    companys = await api.client.patch(f"{PRODUCTS}/{company.product_id}", json=renamed, headers=staff)
    assert companys.status_code == 403
    assert (await create(api, company, role="buyer")).status_code == 403


def test_rules_of_products() -> None:
    assert slug_of("Café-Tasse, weiß", "CT 1") == "cafe-tasse-wei-ct-1"
    assert slug_of("茶", "茶") == "product"
    assert is_sale_below_price(Decimal(2), None)
    assert not is_sale_below_price(Decimal(2), Decimal(2))
    assert is_price_possible(Decimal(2), Decimal(-2))
    assert not is_price_possible(Decimal(2), Decimal("-2.01"))
