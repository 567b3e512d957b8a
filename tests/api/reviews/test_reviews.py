"""Reviews: written, moderated, changed, answered, and what everybody sees of them."""

from typing import Any

from api.reviews.consumers import CONSUMERS
from core.events.relay import Relay
from core.ids import new_id
from core.postgres.pools import Database
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.reviews import (
    add_customer,
    approved,
    as_customer,
    assert_ratings_are_right,
    decide,
    deliver,
    write,
)


async def summary(api: Api, company: Company) -> dict[str, Any]:
    answer = await api.client.get(
        f"/api/v1/products/{company.product_id}/reviews/summary", headers=api.token("customer", company)
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def shown(api: Api, company: Company, query: str = "") -> list[dict[str, Any]]:
    answer = await api.client.get(
        f"/api/v1/products/{company.product_id}/reviews?{query}", headers=api.storefront(company)
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_review_is_shown_and_counts_once_it_is_approved(api: Api, company: Company) -> None:
    customer_id = add_customer(api, company)
    order_id = deliver(api, company, customer_id)
    headers = as_customer(api, company, customer_id)
    written = await write(
        api, company, headers, rating=5, title="Fine", comment="Does it", pros=["light"], cons=["dear"]
    )
    assert written.status_code == 201, written.text
    review = written.json()
    assert (review["status"], review["revision"], review["author_name"]) == ("pending", 1, "Ada L.")
    assert (review["is_verified_purchase"], review["order_id"]) == (True, str(order_id))
    assert await shown(api, company) == []
    assert (await summary(api, company))["rating_count"] == 0

    assert (await decide(api, company, review, "approved")).status_code == 200
    (item,) = await shown(api, company)
    assert (item["title"], item["pros"], item["cons"]) == ("Fine", ["light"], ["dear"])
    assert not {"customer_id", "order_id", "status", "report_count"} & item.keys()
    assert await summary(api, company) == {
        "product_id": str(company.product_id), "rating_average": "5.00", "rating_count": 1,
        "histogram": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 1},
    }  # fmt: skip
    assert_ratings_are_right(api, company)

    again = await decide(api, company, review, "approved")
    assert_problem(again, 409, "illegal_transition")
    assert (await decide(api, company, review, "rejected")).status_code == 200
    assert await shown(api, company) == []
    assert_ratings_are_right(api, company)


async def test_only_what_was_delivered_is_verified(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    waiting, stranger = add_customer(api, acme), add_customer(api, acme)
    deliver(api, acme, waiting, delivered_units=0)
    for customer_id in (waiting, stranger):
        review = (await write(api, acme, as_customer(api, acme, customer_id))).json()
        assert (review["is_verified_purchase"], review["order_id"]) == (False, None)


async def test_a_delivery_verifies_the_review_that_came_before_it(
    api: Api, company: Company, database: Database
) -> None:
    customer_id = add_customer(api, company)
    review = (await write(api, company, as_customer(api, company, customer_id))).json()
    order_id = deliver(api, company, customer_id)
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into events (company_id, id, type, aggregate_type, aggregate_id, payload)"
            " values (%s, %s, 'order.delivered', 'order', %s, '{}')",
            [company.id, new_id(), order_id],
        )
    await Relay(database, api.database.dsn("reader"), CONSUMERS).deliver_pending()

    assert api.rows("select is_verified_purchase, order_id from reviews where id = %s", [review["id"]]) == [
        (True, order_id)
    ]


async def test_there_is_one_review_per_customer_and_product(api: Api, company: Company) -> None:
    headers = as_customer(api, company, add_customer(api, company))
    review = (await write(api, company, headers)).json()
    assert_problem(await write(api, company, headers, rating=1), 409, "review_exists")
    assert api.scalar("select count(*) from reviews") == 1

    removed = await api.client.delete(f"/api/v1/reviews/{review['id']}", headers=headers)
    assert removed.status_code == 204
    assert (await write(api, company, headers, rating=1)).status_code == 201


async def test_a_changed_review_is_moderated_anew(api: Api, company: Company) -> None:
    headers = as_customer(api, company, add_customer(api, company))
    review = (await write(api, company, headers, rating=5)).json()
    await decide(api, company, review, "approved")
    path = f"/api/v1/reviews/{review['id']}"
    changed = await api.client.patch(path, json={"rating": 1}, headers=headers)
    assert (changed.json()["status"], changed.json()["revision"]) == ("pending", 2)
    assert (await summary(api, company))["rating_count"] == 0

    # The moderator has read the first revision: they must not approve what they have not read.
    assert_problem(await decide(api, company, review, "approved"), 412, "stale_version")
    assert (await decide(api, company, changed.json(), "approved")).status_code == 200
    assert (await summary(api, company))["rating_average"] == "1.00"
    removed = await api.client.delete(path, headers=headers)
    assert removed.status_code == 204
    assert (await summary(api, company))["rating_count"] == 0
    assert_ratings_are_right(api, company)


async def test_the_shop_answers_in_public(api: Api, company: Company) -> None:
    review = await approved(api, company)
    path, admin = f"/api/v1/reviews/{review['id']}/reply", api.token("shop_manager", company)
    assert (await api.client.put(path, json={"text": "Thanks"}, headers=admin)).status_code == 200
    (item,) = await shown(api, company)
    assert item["reply_text"] == "Thanks"
    assert item["replied_at"] is not None
    assert (await api.client.delete(path, headers=admin)).status_code == 200
    assert (await shown(api, company))[0]["reply_text"] is None


async def test_lists_are_filtered_sorted_and_paged(api: Api, company: Company) -> None:
    for rating in (3, 5, 1, 5, 2):
        await approved(api, company, rating=rating)

    async def ratings(query: str) -> list[int]:
        return [item["rating"] for item in await shown(api, company, query)]

    assert await ratings("sort=newest") == [2, 5, 1, 5, 3]
    assert await ratings("sort=oldest") == [3, 5, 1, 5, 2]
    assert await ratings("sort=rating_high") == [5, 5, 3, 2, 1]
    assert await ratings("sort=rating_low") == [1, 2, 3, 5, 5]
    assert await ratings("rating[eq]=5") == [5, 5]
    assert await ratings("rating[gte]=2&rating[lte]=3") == [2, 3]
    assert await ratings("is_verified_purchase=true") == []
    assert await ratings("has_images=false&limit=1") == [2]
    for sort in ("newest", "oldest", "helpful", "rating_high", "rating_low"):
        whole = [item["id"] for item in await shown(api, company, f"sort={sort}")]
        paged: list[str] = []
        cursor = ""
        while len(paged) < 5:
            answer = await api.client.get(
                f"/api/v1/products/{company.product_id}/reviews?sort={sort}&limit=2{cursor}",
                headers=api.token("customer", company),
            )
            paged += [item["id"] for item in answer.json()["items"]]
            cursor = f"&cursor={answer.json()['next_cursor']}"
        assert paged == whole
    wrong = await api.client.get(
        f"/api/v1/products/{company.product_id}/reviews?sort=newest&cursor=abc",
        headers=api.token("customer", company),
    )
    assert_problem(wrong, 422, "invalid_cursor")


async def test_pictures_are_the_writer_s_own_uploads(api: Api, company: Company) -> None:
    customer_id, other_id = add_customer(api, company), add_customer(api, company)
    media = {"own": (new_id(), customer_id, "review"), "other": (new_id(), other_id, "review")}
    media["logo"] = (new_id(), customer_id, "avatar")
    with api.database.connect("owner") as owner:
        for media_id, owner_id, kind in media.values():
            owner.execute(
                "insert into media (company_id, id, kind, sha256, content_type, size_bytes, width_pixels,"
                " height_pixels, storage_key, customer_id)"
                " values (%s, %s, %s, %s, 'image/png', 1, 1, 1, %s, %s)",
                [company.id, media_id, kind, "0" * 64, f"{company.id}/00/{'0' * 64}.png", owner_id],
            )
    headers = as_customer(api, company, customer_id)
    for name in ("other", "logo"):
        refused = await write(api, company, headers, media_ids=[str(media[name][0])])
        assert_problem(refused, 422, "unknown_reference")
    written = await write(api, company, headers, media_ids=[str(media["own"][0])])
    assert [image["media_id"] for image in written.json()["images"]] == [str(media["own"][0])]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"rating": 0}, "/rating"),
    ({"rating": 6}, "/rating"),
    ({"rating": "5"}, "/rating"),
    ({"rating": 4.5}, "/rating"),
    ({"title": "x" * 256}, "/title"),
    ({"pros": ["x"] * 21}, "/pros"),
    ({"status": "approved"}, "/status"),
    ({"is_verified_purchase": True}, "/is_verified_purchase"),
    ({"product_id": str(new_id())}, "/product_id"),
]


async def test_bad_reviews_are_refused_and_nothing_is_written(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    headers = as_customer(api, acme, add_customer(api, acme))
    for change, pointer in [*BAD, ({"product_id": str(bolt.product_id)}, "/product_id")]:
        answer = await write(api, acme, headers, **change)
        assert answer.status_code == 422, answer.text
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    with api.database.connect("owner") as owner:
        owner.execute("update products set status = 'draft' where company_id = %s", [acme.id])
    assert_problem(await write(api, acme, headers), 422, "unknown_reference")
    hidden = await api.client.get(f"/api/v1/products/{acme.product_id}/reviews", headers=headers)
    assert_problem(hidden, 404, "not_found")
    assert_problem(await write(api, acme, {}), 401, "unauthenticated")
    assert_problem(await write(api, acme, api.token("company_admin", acme)), 403, "forbidden")
    assert api.scalar("select count(*) from reviews") == 0


async def test_reviews_are_seen_by_their_writer_and_moderators_alone(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    writer = as_customer(api, acme, add_customer(api, acme))
    review = (await write(api, acme, writer)).json()
    path = f"/api/v1/reviews/{review['id']}"
    other = as_customer(api, acme, add_customer(api, acme))
    stranger = api.token("company_admin", bolt)
    elsewhere = api.token("shop_manager", acme, shop_ids=[new_id()])
    with api.database.connect("owner") as owner:
        owner.execute("update products set shop_id = %s where id = %s", [acme.shop_id, acme.product_id])

    async def statuses(*headers: dict[str, str]) -> list[int]:
        return [(await api.client.get(path, headers=one)).status_code for one in headers]

    assert await statuses(writer, api.token("shop_manager", acme)) == [200, 200]
    assert await statuses(other, stranger, elsewhere) == [404, 404, 404]
    for headers in (other, stranger, elsewhere):
        listed = await api.client.get("/api/v1/reviews", headers=headers)
        assert listed.json()["items"] == []
    for headers in (stranger, elsewhere):
        decision = {"status": "approved", "revision": 1}
        refused = await api.client.patch(f"{path}/status", json=decision, headers=headers)
        assert_problem(refused, 404, "not_found")
    for method in ("PATCH", "DELETE"):
        refused = await api.client.request(
            method, path, json={"rating": 1} if method == "PATCH" else None, headers=other
        )
        assert_problem(refused, 404, "not_found")
    assert (await api.client.get("/api/v1/reviews?status=pending", headers=writer)).json()["items"]
    assert api.rows("select status, rating from reviews") == [("pending", 4)]
