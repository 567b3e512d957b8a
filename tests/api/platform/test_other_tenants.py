"""No operation shows or changes another company's rows (checks 22 and 36), whatever the role.

The cases cover every operation of the API: a new route without a case fails here.
"""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.permissions import ANONYMOUS, STOREFRONT, Scope, load_permissions, route_key
from core.ids import new_id
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.operations import CASES, Ids, World, fingerprint, operations, populate, random_ids

PERMISSIONS = load_permissions()
MASS_ASSIGNED = (
    "company_id",
    "role",
    "roles",
    "is_admin",
    "balance",
    "row_xid",
    "owner_user_id",
    "total_amount",
)


@pytest.fixture
async def worlds(api: Api, two_companies: tuple[Company, Company]) -> tuple[World, World]:
    return await populate(api, two_companies[0]), await populate(api, two_companies[1])


async def call(
    api: Api, operation: tuple[str, str], ids: Ids, headers: dict[str, str], extra: Any = None
) -> httpx.Response:
    method, path = operation
    case = CASES[operation]
    body = case.body(ids)
    if extra is not None:
        body = {**(body or {}), **extra}
    headers = headers | {"Idempotency-Key": str(uuid4())}
    return await api.client.request(
        method,
        path.format(**case.path(ids)),
        params=case.query(ids),
        json=body,
        files=case.files(ids),
        headers=headers,
    )


def headers_of(api: Api, role: str, company: Company) -> dict[str, str]:
    return api.storefront(company) if role == STOREFRONT else api.token(role, company)


def callers(operation: tuple[str, str]) -> list[str]:
    """Roles for whom another company's rows must not exist."""
    scopes = PERMISSIONS[route_key(*operation)].scope_by_role
    return [role for role, scope in scopes.items() if role != ANONYMOUS and scope is not Scope.PLATFORM]


def test_every_operation_has_a_case(api: Api) -> None:
    assert operations(api) == set(CASES)


@pytest.mark.slow
async def test_another_company_s_ids_are_as_unknown_as_random_ones(
    api: Api, worlds: tuple[World, World]
) -> None:
    acme, bolt = worlds
    before = fingerprint(api, acme.company)
    acme_ids = {
        value for name, value in acme.ids.items() if value not in bolt.ids.values() and name != "slug"
    }
    for operation, case in CASES.items():
        if operation[1].startswith("/api/v1/auth/"):
            continue  # about oneself: the tests of identity
        for role in callers(operation):
            headers = headers_of(api, role, bolt.company)
            answer = await call(api, operation, acme.ids, headers)
            name = f"{role} {operation}: {answer.status_code} {answer.text}"
            if case.needs_build:
                assert answer.status_code in (404, 422, 503), name
            elif case.path(acme.ids):
                assert answer.status_code == 404, name
                unknown = await call(api, operation, random_ids(acme.ids), headers)
                assert_same_refusal(answer, unknown, name)
            elif case.body(acme.ids) not in (None, case.body(random_ids(acme.ids))):
                assert 400 <= answer.status_code < 500, name
                unknown = await call(api, operation, random_ids(acme.ids), headers)
                assert_same_refusal(answer, unknown, name)
            else:
                sent = str(case.query(acme.ids).values())
                assert answer.status_code < 500, name
                assert not [value for value in acme_ids if value in answer.text and value not in sent], name
    assert fingerprint(api, acme.company) == before


def assert_same_refusal(answer: httpx.Response, unknown: httpx.Response, name: str) -> None:
    """A refusal must not tell whether the thing exists elsewhere."""
    told, other = answer.json(), unknown.json()
    assert (told["code"], told["detail"]) == (other["code"], other["detail"]), name
    assert answer.status_code == unknown.status_code, name


async def test_customers_do_not_see_one_another_s_orders(api: Api, worlds: tuple[World, World]) -> None:
    acme, _ = worlds
    other = api.token("customer", acme.company, user_id=new_id(), customer_id=new_id())
    before = fingerprint(api, acme.company)
    assert (await api.client.get("/api/v1/orders", headers=other)).json()["items"] == []
    for operation in CASES:
        if "{order_id}" in operation[1] and "customer" in callers(operation):
            assert (await call(api, operation, acme.ids, other)).status_code == 404, operation
    assert fingerprint(api, acme.company) == before


async def test_staff_of_one_shop_do_not_reach_into_another(api: Api, worlds: tuple[World, World]) -> None:
    acme, _ = worlds
    elsewhere = new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into shops (company_id, id, name, slug) values (%s, %s, 'Other', 'other')",
            [acme.company.id, elsewhere],
        )
    before = fingerprint(api, acme.company)
    for role in ("shop_manager", "shop_staff"):
        headers = api.token(role, acme.company, shop_ids=[elsewhere])
        assert (await api.client.get("/api/v1/orders", headers=headers)).json()["items"] == []
        for operation in CASES:
            scope = PERMISSIONS[route_key(*operation)].scope_by_role.get(role)
            if scope is Scope.SHOP and ("{order_id}" in operation[1] or "{shop_id}" in operation[1]):
                answer = await call(api, operation, acme.ids, headers)
                assert answer.status_code == 404, f"{role} {operation}: {answer.text}"
    assert fingerprint(api, acme.company) == before


@pytest.mark.slow
async def test_unknown_fields_are_refused_by_every_writer(api: Api, worlds: tuple[World, World]) -> None:
    acme, _ = worlds
    document = api.app.openapi()
    writers = [operation for operation in CASES if body_schema(document, operation) is not None]
    assert len(writers) >= 15
    known = ("company_admin", "customer", STOREFRONT)
    headers = {role: headers_of(api, role, acme.company) for role in known}
    before = fingerprint(api, acme.company)
    for operation in writers:
        roles = callers(operation)
        role = "company_admin" if not roles or "company_admin" in roles else roles[0]
        for name in set(MASS_ASSIGNED) - set((body_schema(document, operation) or {})["properties"]):
            answer = await call(api, operation, acme.ids, headers[role], extra={name: "super_admin"})
            problem = assert_problem(answer, 422, "invalid_content")
            found = {(fault["pointer"], fault["code"]) for fault in problem["errors"]}
            assert (f"/{name}", "extra_forbidden") in found, (operation, problem)
    assert fingerprint(api, acme.company) == before


def test_every_object_in_a_request_body_forbids_unknown_fields(api: Api) -> None:
    document = api.app.openapi()
    for operation in CASES:
        schema = document["paths"][operation[1]][operation[0].lower()].get("requestBody")
        for name, found in reachable(document, schema).items():
            assert found.get("additionalProperties") is False, f"{operation}: {name}"


def body_schema(document: dict[str, Any], operation: tuple[str, str]) -> dict[str, Any] | None:
    body = document["paths"][operation[1]][operation[0].lower()].get("requestBody")
    if body is None or "application/json" not in body["content"]:
        return None
    schema = body["content"]["application/json"]["schema"]
    schema = (schema.get("anyOf") or schema.get("oneOf") or [schema])[0]
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def reachable(document: dict[str, Any], part: Any) -> dict[str, dict[str, Any]]:
    """Schemas of objects with named fields that ``part`` refers to, directly or not."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [part]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                schema = document["components"]["schemas"][name]
                if "properties" in schema:
                    found[name] = schema
                waiting.append(schema)
            waiting += list(value.values())
        elif isinstance(value, list):
            waiting += value
    return found
