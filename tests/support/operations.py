"""One request per operation of the API, with a company's real ids: for checks that cover all of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from core.ids import new_id
from tests.support.api_client import Api
from tests.support.cases import (
    carts,
    catalogue,
    checkout,
    coupons,
    customers,
    inventory,
    order_lifecycle,
    payments,
    purchasing,
    reports,
    reviews,
    shipping,
    taxes,
    views,
)
from tests.support.companies import Company
from tests.support.operation_case import Case, Ids, Make, path_of

_NOBODY_S_TOKEN = "swr_nobody"


def _line(ids: Ids) -> dict[str, Any]:
    return {"variant_id": ids["variant_id"], "quantity_units": 1}


_FIRST_CASES: dict[tuple[str, str], Case] = {
    ("GET", "/health"): Case(),
    ("GET", "/api/health/all"): Case(),
    ("POST", "/api/v1/auth/register"): Case(
        body=lambda ids: {
            "email": "new@example.com", "password": "correct horse battery", "company": ids["slug"],
        }
    ),
    ("POST", "/api/v1/auth/login"): Case(
        body=lambda ids: {"email": "nobody@example.com", "password": "wrong password"}
    ),
    ("POST", "/api/v1/auth/refresh-token"): Case(body=lambda ids: {"refresh_token": _NOBODY_S_TOKEN}),
    ("POST", "/api/v1/auth/logout"): Case(body=lambda ids: {"refresh_token": _NOBODY_S_TOKEN}),
    ("GET", "/api/v1/auth/profile"): Case(),
    ("PUT", "/api/v1/auth/profile"): Case(
        body=lambda ids: {
            "first_name": "A", "last_name": "B", "username": None, "phone": None, "avatar_url": None,
            "preferences": {},
        }
    ),
    ("GET", "/api/v1/auth/verify"): Case(),
    ("POST", "/api/v1/auth/switch-company"): Case(body=lambda ids: {"company": ids["slug"]}),
    ("GET", "/api/v1/auth/session"): Case(),
    ("GET", "/api/v1/companies"): Case(),
    ("GET", "/api/v1/companies/{company_id}"): Case(path_of("company_id")),
    ("PATCH", "/api/v1/companies/{company_id}/settings"): Case(
        path_of("company_id"), lambda ids: {"timezone": "Europe/Berlin"}
    ),
    ("GET", "/api/v1/shops"): Case(),
    ("GET", "/api/v1/shops/{shop_id}"): Case(path_of("shop_id")),
    ("GET", "/api/v1/shops/{shop_id}/storefront-keys"): Case(path_of("shop_id")),
    ("POST", "/api/v1/shops/{shop_id}/storefront-keys"): Case(path_of("shop_id"), lambda ids: {"name": "x"}),
    ("DELETE", "/api/v1/shops/{shop_id}/storefront-keys/{key_id}"): Case(path_of("shop_id", "key_id")),
    ("GET", "/api/v1/products"): Case(query=lambda ids: {"category_id": ids["category_id"]}),
    ("GET", "/api/v1/products/recommendations"): Case(
        query=lambda ids: {"product_ids": ids["product_id"]}, needs_build=True
    ),
    ("GET", "/api/v1/products/{product_id}"): Case(path_of("product_id")),
    ("POST", "/api/v1/products"): Case(
        body=lambda ids: {
            "sku": "NEW-1", "name": "New", "slug": f"new-{ids['slug']}", "price_amount": "5.00",
            "shop_id": ids["shop_id"], "category_id": ids["category_id"],
        }
    ),
    ("PATCH", "/api/v1/products/{product_id}"): Case(path_of("product_id"), lambda ids: {"name": "Other"}),
    ("PUT", "/api/v1/products/{product_id}"): Case(path_of("product_id"), lambda ids: {"name": "Other"}),
    ("GET", "/api/v1/inventory/levels"): Case(query=lambda ids: {"variant_id": ids["variant_id"]}),
    ("GET", "/api/v1/inventory/movements"): Case(query=lambda ids: {"variant_id": ids["variant_id"]}),
    ("POST", "/api/v1/inventory/adjustments"): Case(
        body=lambda ids: {
            "location_id": ids["location_id"], "variant_id": ids["variant_id"], "delta_units": 1,
            "reason": "adjustment",
        },
    ),
    ("POST", "/api/v1/orders"): Case(
        body=lambda ids: {"lines": [_line(ids)], "shop_id": ids["shop_id"], "email": "guest@example.com"},
    ),
    ("GET", "/api/v1/orders"): Case(query=lambda ids: {"shop_id": ids["shop_id"]}),
    ("GET", "/api/v1/orders/{order_id}"): Case(path_of("order_id")),
    ("POST", "/api/v1/orders/{order_id}/cancel"): Case(
        path_of("order_id"), lambda ids: {"reason": "changed my mind"}
    ),
    ("PATCH", "/api/v1/orders/{order_id}/status"): Case(
        path_of("order_id"), lambda ids: {"status": "confirmed"}
    ),
    ("POST", "/api/v1/suppliers"): Case(
        body=lambda ids: {"code": "NEW", "name": "New", "currency": "EUR"}
    ),
    ("GET", "/api/v1/suppliers"): Case(),
    ("GET", "/api/v1/suppliers/{supplier_id}"): Case(path_of("supplier_id")),
    ("PATCH", "/api/v1/suppliers/{supplier_id}"): Case(path_of("supplier_id"), lambda ids: {"name": "Other"}),
    ("GET", "/api/v1/suppliers/{supplier_id}/products"): Case(path_of("supplier_id")),
    ("PUT", "/api/v1/suppliers/{supplier_id}/products/{variant_id}"): Case(
        path_of("supplier_id", "variant_id"), lambda ids: {"unit_cost_amount": "4.00"}
    ),
    ("POST", "/api/v1/restock-orders"): Case(
        body=lambda ids: {
            "supplier_id": ids["supplier_id"], "location_id": ids["location_id"],
            "lines": [{"variant_id": ids["variant_id"], "ordered_units": 5}],
        },
    ),
    ("GET", "/api/v1/restock-orders"): Case(query=lambda ids: {"supplier_id": ids["supplier_id"]}),
    ("GET", "/api/v1/restock-orders/{restock_order_id}"): Case(path_of("restock_order_id")),
    ("POST", "/api/v1/restock-orders/{restock_order_id}/approve"): Case(
        path_of("restock_order_id")
    ),
    ("POST", "/api/v1/restock-orders/{restock_order_id}/send"): Case(
        path_of("restock_order_id")
    ),
    ("POST", "/api/v1/restock-orders/{restock_order_id}/receive"): Case(
        path_of("restock_order_id"),
        lambda ids: {"lines": [{"line_id": ids["restock_order_line_id"], "received_units": 1}]},
    ),
    ("POST", "/api/v1/restock-orders/{restock_order_id}/cancel"): Case(
        path_of("restock_order_id"), lambda ids: {"reason": "not needed"}
    ),
    ("GET", "/api/v1/plans/worklist"): Case(
        query=lambda ids: {"supplier_id": ids["supplier_id"]}, needs_build=True
    ),
    ("GET", "/api/v1/plans/items/{series_id}"): Case(
        lambda ids: {"series_id": f"{ids['variant_id']}|{ids['location_id']}"}, needs_build=True
    ),
    ("POST", "/api/v1/plans/proposals/approve"): Case(
        body=lambda ids: {"plan_run_id": "run", "items": [{"proposal_id": ids["proposal_id"]}]},
        needs_build=True,
    ),
    ("POST", "/api/v1/plans/proposals/dismiss"): Case(
        body=lambda ids: {"plan_run_id": "run", "proposal_ids": [ids["proposal_id"]], "reason": "no"},
        needs_build=True,
    ),
    ("GET", "/api/v1/analytics/dashboard"): Case(needs_build=True),
    ("GET", "/api/v1/analytics/sales"): Case(needs_build=True),
    ("GET", "/api/v1/analytics/products"): Case(needs_build=True),
    ("GET", "/api/v1/analytics/inventory"): Case(needs_build=True),
    ("GET", "/api/v1/analytics/customers"): Case(needs_build=True),
    ("GET", "/api/v1/analytics/metrics"): Case(),
    ("GET", "/api/v1/shops/{shop_id}/performance"): Case(path_of("shop_id"), needs_build=True),
    ("GET", "/api/v1/companies/{company_id}/stats"): Case(path_of("company_id"), needs_build=True),
}  # fmt: skip

# Per domain: its cases, and what it adds to a company so that each path names something. In the order in
# which rows need one another.
_DOMAINS: tuple[tuple[dict[tuple[str, str], Case], Callable[[Make, Ids], Awaitable[None]] | None], ...] = (
    (catalogue.CASES, catalogue.add),
    (taxes.CASES, taxes.add),
    (reports.CASES, reports.add),
    (reviews.CASES, reviews.add),
    (views.CASES, None),
    (order_lifecycle.CASES, order_lifecycle.add),
    (payments.CASES, payments.add),
    (inventory.CASES, inventory.add),
    (purchasing.CASES, None),
    (carts.CASES, carts.add),
    (coupons.CASES, coupons.add),
    (checkout.CASES, checkout.add),
    # Last: with a shipping method that has no tariff the shop ships nowhere.
    (shipping.CASES, shipping.add),
    (customers.CASES, None),
)
CASES: dict[tuple[str, str], Case] = _FIRST_CASES | {
    operation: case for cases, _ in _DOMAINS for operation, case in cases.items()
}


@dataclass
class World:
    """A company with one row of everything that a path can name."""

    company: Company
    ids: Ids = field(default_factory=dict)


async def populate(api: Api, company: Company) -> World:
    """Make an order, a restock order and a storefront key through the API and return all ids."""
    ids = {name: str(value) for name, value in vars(company).items()}
    ids |= {"company_id": str(company.id), "proposal_id": str(new_id())}
    # A customer too: some rows only a customer can make.
    admin = api.token(("company_admin", "customer"), company)

    async def made(method: str, path: str) -> dict[str, Any]:
        case = CASES[method, path]
        headers = admin | {"Idempotency-Key": str(uuid4())}
        response = await api.client.request(
            method,
            path.format(**case.path(ids)),
            json=case.body(ids),
            files=case.files(ids),
            headers=headers,
        )
        assert response.is_success, response.text
        content: dict[str, Any] = response.json()
        return content

    ids["order_id"] = (await made("POST", "/api/v1/orders"))["id"]
    restock_order = await made("POST", "/api/v1/restock-orders")
    ids["restock_order_id"] = restock_order["id"]
    ids["restock_order_line_id"] = restock_order["lines"][0]["id"]
    ids["key_id"] = (await made("POST", "/api/v1/shops/{shop_id}/storefront-keys"))["id"]
    for _, add in _DOMAINS:
        if add is not None:
            await add(made, ids)
    return World(company, ids)


def random_ids(ids: Ids) -> Ids:
    """Ids of nothing, in the places of real ones."""
    return {name: str(uuid4()) if _is_uuid(value) else value for name, value in ids.items()}


def operations(api: Api) -> set[tuple[str, str]]:
    """Method and path of every operation that OpenAPI lists."""
    return {
        (method.upper(), path) for path, methods in api.app.openapi()["paths"].items() for method in methods
    }


def fingerprint(api: Api, company: Company) -> dict[str, Any]:
    """Count and hash of every tenant table's rows of one company."""
    tables = api.rows(
        "select table_name from information_schema.columns where table_schema = 'public'"
        " and column_name = 'company_id' and table_name in"
        " (select tablename from pg_tables where schemaname = 'public') order by 1"
    )
    return {
        table: api.rows(
            f"select count(*), sum(hashtextextended(row::text, 0)) from {table} as row where company_id = %s",
            [company.id],
        )[0]
        for (table,) in tables
    }


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
