"""Tax rates through the API."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.ids import new_id
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

PATH = "/api/v1/tax-rates"


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


@pytest.fixture
def headers(api: Api, two_companies: tuple[Company, Company]) -> dict[str, str]:
    return api.token("company_admin", two_companies[0])


async def post(api: Api, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await api.client.post(PATH, json={"name": "VAT", "rate": "0.19"} | body, headers=headers | key())


async def test_a_rate_is_added_read_changed_and_archived(
    api: Api, headers: dict[str, str], two_companies: tuple[Company, Company]
) -> None:
    made = await post(
        api, headers, country=" de", region="bayern", category_id=str(two_companies[0].category_id)
    )
    assert made.status_code == 201, made.text
    assert (made.json()["country"], made.json()["region"], made.json()["rate"]) == (
        "DE",
        "BAYERN",
        "0.190000",
    )
    path = f"{PATH}/{made.json()['id']}"
    read = await api.client.get(path, headers=headers)
    etag = {"If-Match": read.headers["etag"]}
    unread = await api.client.get(path, headers=headers | {"If-None-Match": read.headers["etag"]})
    assert unread.status_code == 304
    assert_problem(
        await api.client.patch(path, json={"rate": "0.2"}, headers=headers), 428, "version_required"
    )
    changed = await api.client.patch(path, json={"rate": "0.2"}, headers=headers | etag)
    assert (changed.status_code, changed.json()["rate"]) == (200, "0.200000")
    for stale in (
        await api.client.patch(path, json={"rate": "0.3"}, headers=headers | etag),
        await api.client.delete(path, headers=headers | etag),
    ):
        assert_problem(stale, 412, "stale_version")
    archived = await api.client.delete(path, headers=headers | {"If-Match": changed.headers["etag"]})
    assert archived.status_code == 204
    assert_problem(await api.client.get(path, headers=headers), 404, "not_found")
    assert (await api.client.get(PATH, headers=headers)).json()["items"] == []
    kinds = api.rows("select type, payload->>'rate' from events order by sequence")
    assert kinds == [
        ("tax_rate.created", "0.190000"), ("tax_rate.updated", "0.200000"), ("tax_rate.archived", "0.200000"),
    ]  # fmt: skip


async def test_two_rates_of_one_place_and_category_never_hold_at_once(
    api: Api, headers: dict[str, str]
) -> None:
    june, july = "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"
    first = await post(api, headers, country="DE", valid_from=june, valid_until=july)
    assert first.status_code == 201
    for refused in (
        await post(api, headers, country="de", valid_from=june, valid_until=july),
        await post(api, headers, country="DE", valid_from="2026-06-30T23:59:59Z"),
        await post(api, headers, country="DE", valid_from="2026-01-01T00:00:00Z"),
    ):
        assert_problem(refused, 409, "tax_rates_overlap")
    for other in ({"valid_from": july}, {"valid_from": june, "region": "Bayern"}):
        assert (await post(api, headers, country="DE", **other)).status_code == 201
    longer = await api.client.patch(
        f"{PATH}/{first.json()['id']}",
        json={"valid_until": "2026-07-02T00:00:00Z"},
        headers=headers | {"If-Match": "*"},
    )
    assert_problem(longer, 409, "tax_rates_overlap")
    assert api.scalar("select count(*) from tax_rates") == 3


async def test_of_rates_that_come_together_one_is_taken(api: Api, headers: dict[str, str]) -> None:
    days = [f"2026-03-{day:02}T00:00:00Z" for day in range(1, 17)]
    answers = await asyncio.gather(*(post(api, headers, country="DE", valid_from=day) for day in days))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert api.scalar("select count(*) from tax_rates") == 1


BAD = [
    ({"rate": 0.19}, "/rate"),
    ({"rate": "1"}, "/rate"),
    ({"rate": "-0.01"}, "/rate"),
    ({"rate": "0.1234567"}, "/rate"),
    ({"region": "Bayern"}, "/region"),
    ({"category_id": str(new_id())}, "/category_id"),
    ({"valid_from": "2026-02-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"}, "/valid_until"),
    ({"valid_from": "2026-02-01T00:00:00"}, "/valid_from"),
    ({"name": ""}, "/name"),
    ({"is_inclusive": True}, "/is_inclusive"),
]


async def test_bad_rates_are_refused_by_their_field(api: Api, headers: dict[str, str]) -> None:
    for change, pointer in BAD:
        answer = await post(api, headers, **change)
        assert answer.status_code == 422, answer.text
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert api.scalar("select count(*) from tax_rates") == 0


async def test_only_company_admins_change_rates_and_companies_keep_their_own(
    api: Api, headers: dict[str, str], two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    rate_id = (await post(api, headers)).json()["id"]
    assert_problem(await post(api, {}), 401, "unauthenticated")
    for role in ("shop_manager", "shop_staff", "buyer", "customer"):
        assert_problem(await post(api, api.token(role, acme)), 403, "forbidden")
    stranger = api.token("company_admin", bolt)
    assert_problem(await api.client.get(f"{PATH}/{rate_id}", headers=stranger), 404, "not_found")
    assert (await api.client.get(PATH, headers=stranger)).json()["items"] == []
    seen = await api.client.get(f"{PATH}?valid_at=2020-01-01T00:00:00Z", headers=headers)
    assert seen.json()["items"] == []
