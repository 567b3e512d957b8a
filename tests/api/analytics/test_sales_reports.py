"""The reports of sales by time and group, a shop's performance and a company's stats, by hand."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.ids import new_id
from tests.support.api_client import Api, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.published import publish, small_plan

SALES = "/api/v1/analytics/sales"
WEEK = "from=2026-11-14&to=2026-11-20"
SECOND_SHOP = str(new_id())
NO_SUCH = "01890000-0000-7000-8000-00000000dead"


@pytest.fixture
async def reported(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], tmp_path: Path
) -> AsyncIterator[tuple[Api, Company, Company]]:
    """Twenty days of the first shop (one unit for 10.00 on the 1st, two on the 2nd, …) and one of another."""
    acme, bolt = two_companies
    settings = fresh_database.settings.model_copy(update={"home": tmp_path})
    publish(settings, {acme: _with_second_shop(acme), bolt: small_plan(bolt)})
    async with open_api(replace(fresh_database, settings=settings)) as api:
        yield api, acme, bolt


def _with_second_shop(company: Company) -> dict[str, Any]:
    plan: dict[str, Any] = dict(small_plan(company))
    amounts = {"units": 3, "net_sales_amount": 60, "tax_amount": 0, "margin_amount": 20,
               "sales_date": "2026-11-17", "shop_id": SECOND_SHOP}  # fmt: skip
    plan["srv_sales_daily"] = [*plan["srv_sales_daily"], amounts | {"orders_count": 2, "shop_name": "Second"}]
    plan["srv_product_sales_daily"] = [
        *plan["srv_product_sales_daily"],
        amounts | {"variant_id": company.variant_id, "product_id": company.product_id},
    ]
    plan["srv_shops"] = [
        {"shop_id": company.shop_id, "shop_name": "Main shop", "is_active": True},
        {"shop_id": SECOND_SHOP, "shop_name": "Second", "is_active": True},
    ]
    plan["srv_products"] = [{**row, "category_id": company.category_id} for row in plan["srv_products"]]
    plan["srv_categories"] = [
        {"category_id": company.category_id, "category_name": "Goods", "category_path": "Goods"}
    ]
    plan["srv_category_tree"] = [
        {"category_id": company.category_id, "ancestor_category_id": company.category_id}
    ]
    plan["srv_product_facts"] = [
        {"product_id": company.product_id, "sku": company.sku, "product_name": "Thing", "is_sellable": True,
         "introduced_date": "2026-11-15"}
    ]  # fmt: skip
    plan["srv_variant_classes"] = [
        {"variant_id": company.variant_id, "abc_class": "A", "xyz_class": "Z", "units": 9,
         "net_sales_amount": 90, "margin_amount": 30}
    ]  # fmt: skip
    return plan


async def read(api: Api, path: str, company: Company, role: str = "company_admin") -> dict[str, Any]:
    answer = await api.client.get(path, headers=api.token(role, company))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_weeks_add_up_days_and_are_compared(reported: tuple[Api, Company, Company]) -> None:
    api, acme, _ = reported
    asked = f"{SALES}?from=2026-11-09&to=2026-11-20&interval=week&compare=previous&measures=net_sales_amount"
    report = await read(api, f"{asked}&measures=average_order_value_amount", acme)
    # 9th to 15th: 9 + … + 15 = 84 units for 10.00; 16th to 20th: 90, and 60.00 of the second shop.
    assert [(row["first_date"], row["is_incomplete"], row["values"]) for row in report["rows"]] == [
        ("2026-11-09", False, {"net_sales_amount": "840.00", "average_order_value_amount": "120.00"}),
        ("2026-11-16", True, {"net_sales_amount": "960.00", "average_order_value_amount": "137.14"}),
    ]
    assert report["totals"] == {"net_sales_amount": "1800.00", "average_order_value_amount": "128.57"}
    # Two whole weeks earlier: from 26 October to 6 November, of which 1st to 6th sold.
    assert report["previous_period"] == {"first_date": "2026-10-26", "last_date": "2026-11-06"}
    assert [row["previous"]["net_sales_amount"] for row in report["rows"]] == ["10.00", "200.00"]
    assert [column["unit"] for column in report["columns"]] == ["money", "money"]


async def test_groups_have_names_and_all_figures_that_are_known_of_them(
    reported: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = reported
    by_shop = await read(api, f"{SALES}?{WEEK}&group_by=shop", acme)
    assert [(row["group"]["name"], row["values"]["orders_count"]) for row in by_shop["rows"]] == [
        ("Main shop", 7),
        ("Second", 2),
    ]
    assert by_shop["interval"] is None
    by_category = await read(api, f"{SALES}?{WEEK}&group_by=category", acme)
    (row,) = by_category["rows"]
    assert row["group"] == {"id": str(acme.category_id), "name": "Goods"}
    assert row["values"]["net_sales_amount"] == "1250.00"
    assert "orders_count" not in row["values"]


async def test_a_category_narrows_goods_and_leaves_orders_unknown(
    reported: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = reported
    report = await read(api, f"/api/v1/analytics/dashboard?{WEEK}&category_id={acme.category_id}", acme)
    assert (report["totals"]["units"], report["totals"]["orders_count"]) == (122, None)
    assert [(shop["shop_name"], shop["net_sales_amount"]) for shop in report["shops"]] == [
        ("Main shop", "1190.00"),
        ("Second", "60.00"),
    ]


async def test_a_shop_stands_among_the_others_for_company_roles_alone(
    reported: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = reported
    path = f"/api/v1/shops/{acme.shop_id}/performance?{WEEK}"
    seen = await read(api, path, acme)
    assert (seen["shop_name"], seen["totals"]["net_sales_amount"]) == ("Main shop", "1190.00")
    assert seen["standing"] == {"net_sales_rank": 1, "shops_count": 2, "net_sales_share_ratio": 1190 / 1250}
    assert [row["values"]["units"] for row in seen["rows"]] == [14, 15, 16, 17, 18, 19, 20]
    assert seen["previous_totals"]["units"] == 70
    own = await read(api, path, acme, "shop_manager")
    assert own["standing"] is None
    assert own["totals"] == seen["totals"]


async def test_company_stats_count_what_there_is(reported: tuple[Api, Company, Company]) -> None:
    api, acme, _ = reported
    stats = await read(api, f"/api/v1/companies/{acme.id}/stats?{WEEK}", acme)
    assert stats["counts"] | {"shops_count": 2, "products_count": 1, "variants_count": 1} == stats["counts"]
    assert stats["ever"] == {"orders_count": 22, "units": 213, "net_sales_amount": "2160.00"}
    assert stats["totals"]["net_sales_amount"] == "1250.00"
    assert len(stats["shops"]) == 2


async def test_products_tell_what_is_new_and_classes_to_company_roles(
    reported: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = reported
    report = await read(api, f"/api/v1/analytics/products?{WEEK}", acme)
    assert [(row["introduced_date"], row["units"]) for row in report["new_products"]] == [("2026-11-15", 122)]
    assert [(row["abc_class"], row["xyz_class"], row["variants_count"]) for row in report["classes"]] == [
        ("A", "Z", 1)
    ]
    own = await read(api, f"/api/v1/analytics/products?{WEEK}", acme, "shop_manager")
    assert (own["classes"], own["new_products"][0]["units"]) == ([], 119)


async def test_other_companies_and_shops_are_not_there(reported: tuple[Api, Company, Company]) -> None:
    api, acme, bolt = reported
    admin = api.token("company_admin", acme)
    for path in (
        f"companies/{bolt.id}/stats",
        f"shops/{bolt.shop_id}/performance",
        f"shops/{NO_SUCH}/performance",
    ):
        assert_problem(await api.client.get(f"/api/v1/{path}", headers=admin), 404, "not_found")
    manager = api.token("shop_manager", acme)
    foreign = await api.client.get(f"/api/v1/shops/{SECOND_SHOP}/performance", headers=manager)
    assert_problem(foreign, 404, "not_found")
    assert_problem(
        await api.client.get(f"/api/v1/companies/{acme.id}/stats", headers=manager), 403, "forbidden"
    )


async def test_performance_and_stats_name_their_build(reported: tuple[Api, Company, Company]) -> None:
    api, acme, _ = reported
    admin = api.token("company_admin", acme)
    for path in (f"/api/v1/shops/{acme.shop_id}/performance", f"/api/v1/companies/{acme.id}/stats"):
        first = await api.client.get(path, headers=admin)
        etag = first.headers["etag"]
        assert etag.startswith('"build-1.')
        assert first.json()["build"]["build_id"] == "build-1"
        assert first.json()["build"]["age_seconds"] >= 300
        again = await api.client.get(path, headers=admin | {"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("from=2026-11-20&to=2026-11-14", "invalid_period", "/query/to"),
        ("from=2009-11-20&to=2026-11-14", "invalid_period", "/query/from"),
        ("from=1969-12-31&to=1970-01-02", "invalid_period", "/query/from"),
        ("to=2199-01-01", "invalid_period", "/query/to"),
        ("from=yesterday", "invalid_content", "/query/from"),
        (f"shop_id={NO_SUCH}", "unknown_shop", "/query/shop_id"),
        (f"category_id={NO_SUCH}", "unknown_category", "/query/category_id"),
        ("measures=profit", "unknown_measure", "/query/measures"),
        ("measures=orders_count&group_by=product", "measure_not_by_dimension", "/query/group_by"),
        ("group_by=moon", "invalid_content", "/query/group_by"),
        ("interval=hour", "invalid_content", "/query/interval"),
        ("compare=tomorrow", "invalid_content", "/query/compare"),
        ("limit=5001", "invalid_content", "/query/limit"),
        ("sort=units", "invalid_content", "/query/sort"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(
    reported: tuple[Api, Company, Company], query: str, code: str, pointer: str
) -> None:
    api, acme, _ = reported
    answer = await api.client.get(f"{SALES}?{query}", headers=api.token("company_admin", acme))
    problem = assert_problem(answer, 422, code)
    assert pointer in [error["pointer"] for error in problem["errors"]]


async def test_a_foreign_shop_is_forbidden_before_it_is_looked_for(
    reported: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = reported
    manager = api.token("shop_manager", acme)
    for shop_id in (SECOND_SHOP, NO_SUCH):
        answer = await api.client.get(f"{SALES}?shop_id={shop_id}", headers=manager)
        assert_problem(answer, 403, "forbidden")
