"""What can't be read, and what must not be stored: a problem with its own code, never a 5xx."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.api_client import ADDRESS, Api, assert_problem
from tests.support.companies import Company

LOGIN = "/api/v1/auth/login"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"{'a': 1}", b"\xff\xfe", b'{"email": "\xff"}', b"[" * 100_000, b"1" * 5000],
    ids=["open", "empty", "quotes", "not text", "not UTF-8", "deep", "huge number"],
)
async def test_what_is_no_json_is_400(api: Api, body: bytes) -> None:
    response = await api.client.post(LOGIN, content=body, headers=JSON)
    if body == b"":
        assert_problem(response, 422, "invalid_content")
    else:
        assert_problem(response, 400, "malformed_request")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", ""])
async def test_another_content_type_is_415(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = await api.client.post(LOGIN, content=b'{"email": "a", "password": "b"}', headers=headers)
    assert_problem(response, 415, "unsupported_media_type")


async def test_a_large_body_is_413_whether_it_says_so_or_not(api: Api) -> None:
    large = b'{"email": "' + b"x" * 1_000_001 + b'"}'
    assert_problem(await api.client.post(LOGIN, content=large, headers=JSON), 413, "payload_too_large")

    async def streamed() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 50_000):
            yield large[start : start + 50_000]

    response = await api.client.post(LOGIN, content=streamed(), headers=JSON)
    assert "content-length" not in response.request.headers
    assert_problem(response, 413, "payload_too_large")
    fits = b'{"email": "' + b"x" * 999_000 + b'", "password": "p"}'
    assert_problem(await api.client.post(LOGIN, content=fits, headers=JSON), 422, "invalid_content")


async def test_unknown_addresses_and_methods_are_problems_too(api: Api) -> None:
    assert_problem(await api.client.get("/api/v1/nothing"), 404, "not_found")
    assert_problem(await api.client.get("/api/v1/shops/"), 404, "not_found")
    response = await api.client.delete(LOGIN)
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_an_unknown_query_parameter_is_not_ignored(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    headers = api.token("company_admin", two_companies[0])
    response = await api.client.get("/api/v1/shops?limt=5&limit=5", headers=headers)
    problem = assert_problem(response, 422, "invalid_content")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/query/limt"]
    assert [fault["code"] for fault in problem["errors"]] == ["extra_forbidden"]
    # A credential is asked for first: a stranger learns nothing about parameters.
    assert_problem(await api.client.get("/api/v1/shops?limt=5"), 401, "unauthenticated")


async def test_malformed_ids_are_422(api: Api, two_companies: tuple[Company, Company]) -> None:
    headers = api.token("company_admin", two_companies[0])
    for shop_id in ("1", "00000000-0000-0000-0000-00000000000g", "%00", "%F0%9F%98%80", str(10**30)):
        response = await api.client.get(f"/api/v1/shops/{shop_id}", headers=headers)
        problem = assert_problem(response, 422, "invalid_content")
        assert problem["errors"][0]["pointer"] == "/path/shop_id"


UNSTORABLE = {
    "NUL": r'{"name": "a\u0000b"}',
    "lone surrogate": r'{"name": "a\ud800"}',
    "lone surrogate, upper case": r'{"name": "\uDFFF"}',
    "in a name": r'{"name": "x", "planning_settings": {"a\u0000": 1}}',
    "deep inside": r'{"planning_settings": {"a": [1, {"b": "\udc00"}]}}',
}


@pytest.mark.parametrize("body", UNSTORABLE.values(), ids=UNSTORABLE.keys())
async def test_text_that_can_t_be_stored_is_422(
    api: Api, two_companies: tuple[Company, Company], body: str
) -> None:
    acme = two_companies[0]
    headers = JSON | api.token("company_admin", acme)
    path = f"/api/v1/companies/{acme.id}/settings"
    response = await api.client.patch(path, content=body.encode(), headers=headers)
    problem = assert_problem(response, 422, "unstorable_text")
    assert problem["errors"][0]["pointer"].startswith("/")
    assert api.scalar("select planning_settings from companies where slug = 'acme'") == {}


@pytest.mark.parametrize(
    "settings", [{"a": "\U0001f600 ﷽ \u202eabc"}, {"literal": "\\u0000 \\ud800"}, {"n": 10**40}]
)
async def test_odd_but_sound_text_is_kept(
    api: Api, two_companies: tuple[Company, Company], settings: dict[str, Any]
) -> None:
    acme = two_companies[0]
    response = await api.client.patch(
        f"/api/v1/companies/{acme.id}/settings",
        json={"planning_settings": settings},
        headers=api.token("company_admin", acme),
    )
    assert response.status_code == 200
    assert response.json()["planning_settings"] == settings
    assert api.scalar("select planning_settings from companies where slug = 'acme'") == settings


async def test_nul_in_a_query_is_422(api: Api, two_companies: tuple[Company, Company]) -> None:
    headers = api.token("company_admin", two_companies[0])
    response = await api.client.get("/api/v1/shops?cursor=a%00b", headers=headers)
    assert_problem(response, 422, "unstorable_text")


async def test_every_answer_carries_an_id_and_safe_headers(api: Api) -> None:
    given = await api.client.get("/health", headers={"X-Request-Id": "checkout-1.2_3"})
    assert given.headers["x-request-id"] == "checkout-1.2_3"
    for bad in ("a b", "x" * 65, "<script>"):
        made = await api.client.get("/health", headers={"X-Request-Id": bad})
        assert made.headers["x-request-id"] != bad
        assert len(made.headers["x-request-id"]) == 32
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-security-policy"].startswith("default-src 'none'")
    assert given.headers["cache-control"] == "no-store"
    assert (
        "access-control-allow-origin"
        not in (await api.client.get("/health", headers={"Origin": ADDRESS})).headers
    )


async def test_our_own_fault_is_500_without_a_trace(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("select secret from users")

    monkeypatch.setattr("api.identity.service.log_in", fail)
    response = await api.client.post(LOGIN, json={"email": "a@example.com", "password": "b"})
    assert_problem(response, 500, "internal_error")
    assert "secret" not in response.text


async def test_an_unknown_method_is_told_all_that_the_address_knows(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    headers = api.token("company_admin", two_companies[0])
    problem = assert_problem(
        await api.client.delete("/api/v1/orders", headers=headers), 405, "method_not_allowed"
    )
    answer = await api.client.delete("/api/v1/orders", headers=headers)
    assert answer.headers["allow"] == "GET, POST"
    assert problem["instance"] == "/api/v1/orders"
    of_a_pattern = await api.client.put(f"/api/v1/coupons/{uuid4()}", json={}, headers=headers)
    assert_problem(of_a_pattern, 405, "method_not_allowed")
    assert of_a_pattern.headers["allow"] == "DELETE, GET, PATCH"


async def test_an_address_of_its_own_is_no_id_of_a_pattern(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    headers = api.token("company_admin", two_companies[0])
    for method in ("PATCH", "OPTIONS"):
        answer = await api.client.request(method, "/api/v1/coupons/campaigns", headers=headers)
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, POST"
    address = f"/api/v1/products/{two_companies[0].product_id}/variants/generate"
    answer = await api.client.patch(address, json={}, headers=headers)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "address",
    [
        "inventory/valuation?from=0",
        "analytics/sales?from=20261101",
        "payments?created_at[lt]=2026-11-01T00:00:00",
        "payments?created_at[lt]=1700000000",
        "products?created_at[lt]=1700000000",
        "tax-rates?valid_at=0",
    ],
)
async def test_numbers_and_times_without_a_zone_are_no_days_and_no_instants(
    api: Api, two_companies: tuple[Company, Company], address: str
) -> None:
    headers = api.token("company_admin", two_companies[0])
    assert_problem(await api.client.get(f"/api/v1/{address}", headers=headers), 422, "invalid_content")


async def test_false_is_no_longitude(api: Api, two_companies: tuple[Company, Company]) -> None:
    headers = {**api.token("company_admin", two_companies[0]), "Idempotency-Key": str(uuid4())}
    body = {"code": "A", "name": "A", "kind": "warehouse", "latitude": 1.5, "longitude": False}
    refused = await api.client.post("/api/v1/locations", json=body, headers=headers)
    problem = assert_problem(refused, 422, "invalid_content")
    assert problem["errors"][0]["pointer"] == "/longitude"


async def test_null_where_a_value_must_be_is_refused_by_name(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme = two_companies[0]
    answer = await api.client.patch(
        f"/api/v1/suppliers/{acme.supplier_id}",
        json={"address": None},
        headers=api.token("company_admin", acme) | {"If-Match": "*"},
    )
    problem = assert_problem(answer, 422, "invalid_content")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/address"]


@pytest.mark.parametrize("instant", ["0.5", "1700000000", "2026-01-01", "2026-01-01T00:00:00"])
async def test_an_instant_is_written_out_with_its_offset(
    api: Api, two_companies: tuple[Company, Company], instant: str
) -> None:
    headers = api.token("company_admin", two_companies[0])
    answer = await api.client.get("/api/v1/orders", params={"placed_from": instant}, headers=headers)
    problem = assert_problem(answer, 422, "invalid_content")
    assert problem["errors"][0]["pointer"] == "/query/placed_from"
