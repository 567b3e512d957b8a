"""Votes and reports, and ratings under many writers at once."""

import asyncio
from uuid import uuid4

import httpx

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.reviews import (
    add_customer,
    approved,
    as_customer,
    assert_ratings_are_right,
    decide,
    patiently,
    write,
)


async def report(api: Api, review_id: str, headers: dict[str, str], reason: str = "spam") -> httpx.Response:
    return await api.client.post(
        f"/api/v1/reviews/{review_id}/reports",
        json={"reason": reason},
        headers=headers | {"Idempotency-Key": str(uuid4())},
    )


async def test_a_customer_votes_once_and_can_take_it_back(api: Api, company: Company) -> None:
    review = await approved(api, company)
    path = f"/api/v1/reviews/{review['id']}/helpful"
    voter = as_customer(api, company, add_customer(api, company))
    for method, count in (("PUT", 1), ("PUT", 1), ("DELETE", 0), ("DELETE", 0), ("PUT", 1)):
        answer = await api.client.request(method, path, headers=voter)
        assert answer.status_code == 200, answer.text
        assert answer.json()["helpful_count"] == count
    assert api.scalar("select count(*) from review_votes") == 1


async def test_votes_and_reports_are_for_others_approved_reviews(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    writer_id = add_customer(api, acme)
    writer, other = as_customer(api, acme, writer_id), as_customer(api, acme, add_customer(api, acme))
    review = (await write(api, acme, writer)).json()
    path = f"/api/v1/reviews/{review['id']}/helpful"
    assert_problem(await api.client.put(path, headers=other), 404, "not_found")
    assert_problem(await report(api, review["id"], other), 404, "not_found")
    await decide(api, acme, review, "approved")
    assert_problem(await api.client.put(path, headers=writer), 409, "own_review")
    assert_problem(await report(api, review["id"], writer), 409, "own_review")
    foreign = as_customer(api, bolt, add_customer(api, bolt))
    assert_problem(await api.client.put(path, headers=foreign), 404, "not_found")
    assert_problem(await api.client.put(path), 401, "unauthenticated")
    assert_problem(await api.client.put(path, headers=api.token("company_admin", acme)), 403, "forbidden")
    assert api.rows("select helpful_count, report_count from reviews") == [(0, 0)]


async def test_a_customer_reports_a_review_once_with_a_reason(api: Api, company: Company) -> None:
    review = await approved(api, company)
    reporter = as_customer(api, company, add_customer(api, company))
    assert (await report(api, review["id"], reporter, "fake")).status_code == 201
    assert_problem(await report(api, review["id"], reporter, "spam"), 409, "already_reported")
    assert_problem(await report(api, review["id"], reporter, "dull"), 422, "invalid_content")
    manager = api.token("shop_manager", company)
    reports = await api.client.get(f"/api/v1/reviews/{review['id']}/reports", headers=manager)
    assert [item["reason"] for item in reports.json()["items"]] == ["fake"]
    reported = await api.client.get("/api/v1/reviews?is_reported=true", headers=manager)
    assert [item["report_count"] for item in reported.json()["items"]] == [1]
    assert (await api.client.get("/api/v1/reviews?is_reported=false", headers=manager)).json()["items"] == []


async def test_ratings_are_right_after_64_writers_at_once(api: Api, company: Company) -> None:
    """Each approves, changes, rejects or removes a review of its own; all are of one product."""
    writers = [as_customer(api, company, add_customer(api, company)) for _ in range(64)]

    async def live(number: int, headers: dict[str, str]) -> None:
        review = (await write(api, company, headers, rating=number % 5 + 1)).json()
        assert (await decide(api, company, review, "approved")).status_code == 200
        path = f"/api/v1/reviews/{review['id']}"
        if number % 4 == 1:
            assert (await decide(api, company, review, "rejected")).status_code == 200
        elif number % 4 == 2:
            changed = await patiently(api, "PATCH", path, json={"rating": 5 - number % 5}, headers=headers)
            assert (await decide(api, company, changed.json(), "approved")).status_code == 200
        elif number % 4 == 3 and number % 3 == 0:
            assert (await patiently(api, "DELETE", path, headers=headers)).status_code == 204

    await asyncio.gather(*(live(number, headers) for number, headers in enumerate(writers)))

    assert api.scalar("select count(*) from reviews where status = 'approved' and archived_at is null") == 42
    assert_ratings_are_right(api, company)


async def test_64_votes_at_once_all_count(api: Api, company: Company) -> None:
    review = await approved(api, company)
    path = f"/api/v1/reviews/{review['id']}/helpful"
    voters = [as_customer(api, company, add_customer(api, company)) for _ in range(32)]
    answers = await asyncio.gather(*(patiently(api, "PUT", path, headers=voter) for voter in voters * 2))

    assert {answer.status_code for answer in answers} == {200}
    assert api.rows("select helpful_count from reviews") == [(32,)]


async def test_of_many_first_reviews_of_one_customer_one_is_kept(api: Api, company: Company) -> None:
    headers = as_customer(api, company, add_customer(api, company))
    answers = await asyncio.gather(*(write(api, company, headers) for _ in range(16)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert api.scalar("select count(*) from reviews") == 1
