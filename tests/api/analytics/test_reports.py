"""Reports through the API equal sums by hand over the published rows."""

from uuid import uuid4

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

WEEK = "from=2026-11-14&to=2026-11-20"


@pytest.fixture
def bolt(two_companies: tuple[Company, Company]) -> Company:
    return two_companies[1]


async def test_totals_are_compared_with_the_same_weekdays_before(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    report = (
        await api.client.get(f"/api/v1/analytics/dashboard?{WEEK}", headers=api.token("company_admin", acme))
    ).json()
    # 14th to 20th: 14 + 15 + … + 20 = 119 units for 10.00; the week before: 7 + … + 13 = 70.
    assert report["totals"]["net_sales_amount"] == "1190.00"
    assert report["totals"]["margin_amount"] == "476.00"
    assert report["totals"]["orders_count"] == 7
    assert report["totals"]["average_order_value_amount"] == "170.00"
    assert report["previous_period"] == {"first_date": "2026-11-07", "last_date": "2026-11-13"}
    assert report["previous_totals"]["net_sales_amount"] == "700.00"
    assert [row["units"] for row in report["best_sellers"]] == [119]


async def test_days_without_sales_are_rows_of_zero(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    report = (
        await api.client.get(
            "/api/v1/analytics/sales?from=2026-11-20&to=2026-11-22", headers=api.token("company_admin", acme)
        )
    ).json()
    assert [(row["first_date"], row["values"]["net_sales_amount"]) for row in report["rows"]] == [
        ("2026-11-20", "200.00"),
        ("2026-11-21", "0.00"),
        ("2026-11-22", "0.00"),
    ]
    assert report["rows"][1]["values"]["average_order_value_amount"] is None
    # What lies outside of these days is not known to be nothing.
    assert (report["covered_from"], report["covered_to"]) == ("2026-11-01", "2026-11-20")


async def test_stock_is_valued_at_cost(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    report = (await api.client.get("/api/v1/analytics/inventory", headers=api.token("buyer", acme))).json()
    (status,) = report["statuses"]
    assert (status["stock_status"], status["stock_value_amount"], status["available_units"]) == (
        "low_stock",
        "48.00",
        7,
    )


async def test_a_known_build_is_not_sent_again(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    admin = api.token("company_admin", acme)
    first = await api.client.get("/api/v1/analytics/sales", headers=admin)
    etag = first.headers["etag"]
    assert etag.startswith('"build-1.')
    again = await api.client.get("/api/v1/analytics/sales", headers=admin | {"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    old = etag.replace("build-1", "build-0")
    answer = await api.client.get("/api/v1/analytics/sales", headers=admin | {"If-None-Match": old})
    assert answer.status_code == 200


@pytest.mark.parametrize("report", ["sales", "customers"])
async def test_what_one_reader_was_told_is_not_confirmed_to_another(
    reported: tuple[Api, Company], bolt: Company, report: str
) -> None:
    """As from a browser that keeps answers by address, whoever sits at it."""
    api, acme = reported
    path = f"/api/v1/analytics/{report}?{WEEK}"
    readers = [
        api.token("company_admin", acme),
        api.token("shop_manager", acme),
        api.token("shop_manager", acme, shop_ids=[uuid4()]),
        api.token("shop_manager", acme, shop_ids=[acme.shop_id, uuid4()]),
        api.token("company_admin", bolt),
    ]
    etags = [(await api.client.get(path, headers=reader)).headers["etag"] for reader in readers]
    assert len(set(etags)) == len(readers)
    confirmed = [
        [
            (await api.client.get(path, headers=reader | {"If-None-Match": etag})).status_code == 304
            for etag in etags
        ]
        for reader in readers
    ]
    assert confirmed == [[own == other for other in readers] for own in readers]


async def test_shop_roles_see_their_shops_alone(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    elsewhere = api.token("shop_manager", acme, shop_ids=[uuid4()])
    report = (await api.client.get(f"/api/v1/analytics/sales?{WEEK}", headers=elsewhere)).json()
    assert report["totals"]["net_sales_amount"] == "0.00"
    asked = await api.client.get(f"/api/v1/analytics/sales?{WEEK}&shop_id={acme.shop_id}", headers=elsewhere)
    assert_problem(asked, 403, "forbidden")
    own = api.token("shop_manager", acme)
    report = (await api.client.get(f"/api/v1/analytics/sales?{WEEK}", headers=own)).json()
    assert report["totals"]["net_sales_amount"] == "1190.00"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=yesterday", "/query/from"),
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("sort=units", "/query/sort"),
        ("shop_id=1", "/query/shop_id"),
    ],
)
async def test_bad_questions_are_refused_with_a_pointer(
    reported: tuple[Api, Company], query: str, pointer: str
) -> None:
    api, acme = reported
    answer = await api.client.get(
        f"/api/v1/analytics/dashboard?{query}", headers=api.token("company_admin", acme)
    )
    problem = assert_problem(answer, 422, "invalid_content")
    assert pointer in [error["pointer"] for error in problem["errors"]]


async def test_figures_say_what_they_mean(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    answer = await api.client.get("/api/v1/analytics/metrics", headers=api.token("company_admin", acme))
    items = {row["name"]: row for row in answer.json()["items"]}
    assert "before returns" in items["net_sales_amount"]["definition"]
    assert "category" in items["net_sales_amount"]["dimensions"]
    assert "category" not in items["units_per_order"]["dimensions"]
    assert {"day", "month", "shop"} <= set(items["units_per_order"]["dimensions"])
