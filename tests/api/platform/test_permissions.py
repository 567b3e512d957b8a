"""The table of permissions is the law: every route is in it, and it decides alone."""

from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI

from api.permissions import (
    ANONYMOUS,
    ROLES,
    STOREFRONT,
    PermissionsError,
    Scope,
    bind_permissions,
    load_permissions,
    route_key,
    routes_of,
)
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

PERMISSIONS = load_permissions()
HEADER = "method,route,role,scope,note\n"


def test_every_route_has_a_row_and_every_row_a_route(api: Api) -> None:
    routes = {route_key(method, path) for method, path, _ in routes_of(api.app)}
    assert routes == set(PERMISSIONS)


def test_a_route_without_a_row_stops_the_start() -> None:
    app = FastAPI()

    @app.get("/api/v1/secrets")
    async def read_secrets() -> str:
        return "secret"

    with pytest.raises(PermissionsError, match="GET /api/v1/secrets"):
        bind_permissions(app, PERMISSIONS)


@pytest.mark.parametrize(
    "rows",
    [
        "GET,/x,king,company,\n",
        "GET,/x,buyer,everything,\n",
        "FETCH,/x,buyer,company,\n",
        "GET,/x,buyer,company,\nGET,/x,buyer,own,\n",
        "GET,/x/{a},buyer,company,\nGET,/x/{b},buyer,own,\n",
        "GET,/x,anonymous,company,\n",
        "GET,/x,buyer,public,\n",
        "GET,/x,buyer\n",
        "GET,/x,buyer,company,note,more\n",
    ],
)
def test_a_table_with_a_mistake_is_refused(tmp_path: Path, rows: str) -> None:
    file = tmp_path / "permissions.csv"
    file.write_text(HEADER + rows)
    with pytest.raises(PermissionsError):
        load_permissions(file)


def test_the_widest_scope_of_several_roles_holds() -> None:
    products = PERMISSIONS[route_key("PATCH", "/api/v1/products/{product_id}")]
    assert products.scope_for(["shop_staff"]) is Scope.SHOP
    assert products.scope_for(["shop_staff", "company_admin"]) is Scope.COMPANY
    assert products.scope_for(["customer"]) is None
    assert products.scope_for([]) is None


def test_the_documents_matrix_holds() -> None:
    """A few of its cells, by hand."""

    def scope(method: str, route: str, role: str) -> str | None:
        found = PERMISSIONS[route_key(method, "/api/v1" + route)].scope_by_role.get(role)
        return None if found is None else found.value

    assert scope("POST", "/products", "shop_manager") == "shop"
    assert scope("POST", "/products", "shop_staff") is None
    assert scope("PATCH", "/products/{id}", "shop_staff") == "shop"
    assert scope("GET", "/orders", "customer") == "own"
    assert scope("GET", "/orders", "super_admin") == "company"
    assert scope("POST", "/inventory/adjustments", "shop_staff") is None
    assert scope("GET", "/inventory/levels", "shop_staff") == "shop"
    assert scope("GET", "/inventory/levels", "customer") is None
    assert scope("GET", "/analytics/dashboard", "customer") is None
    assert scope("POST", "/restock-orders", "buyer") == "company"
    assert scope("POST", "/restock-orders", "shop_manager") is None


@pytest.mark.slow
async def test_each_role_is_refused_exactly_where_it_has_no_row(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    """Each role × each operation (check 37): 401 without a credential, 403 without a row, else neither."""
    acme = two_companies[0]
    headers = {role: api.token(role, acme) for role in ROLES if role not in (ANONYMOUS, STOREFRONT)}
    headers[STOREFRONT] = api.storefront(acme)
    headers[ANONYMOUS] = {}
    for method, path, _ in routes_of(api.app):
        permission = PERMISSIONS[route_key(method, path)]
        address = path
        for name in ("{company_id}", "{shop_id}", "{key_id}", "{product_id}", "{order_id}", "{supplier_id}",
                     "{variant_id}", "{restock_order_id}", "{series_id}"):  # fmt: skip
            address = address.replace(name, str(uuid4()))
        for role in ROLES:
            answer = await api.client.request(method, address, headers=headers[role])
            name = f"{role} {method} {path}: {answer.status_code} {answer.text[:200]}"
            if role in permission.scope_by_role or permission.is_public:
                assert answer.status_code not in (401, 403) or permission.is_public, name
            elif role == ANONYMOUS:
                assert_problem(answer, 401, "unauthenticated")
            else:
                assert answer.status_code == 403, name
