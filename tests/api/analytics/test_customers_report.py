"""The customers' report equals sums by hand over the published rows, and names stay where they belong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.permissions import Scope
from tests.support.api_client import Api, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.published import publish, small_plan

PATH = "/api/v1/analytics/customers"
WEEK = "from=2026-11-14&to=2026-11-20"

NO_SUCH = "01890000-0000-7000-8000-00000000dead"


@dataclass(frozen=True)
class Reported:
    """The API over a published build, and the database that knows the names."""

    api: Api
    acme: Company
    database: FreshDatabase

    async def report(self, query: str = "", *, role: str = "company_admin", **token: Any) -> dict[str, Any]:
        answer = await self.api.client.get(
            f"{PATH}?{query}", headers=self.api.token(role, self.acme, **token)
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def reported(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], tmp_path: Path
) -> AsyncIterator[Reported]:
    """Three customers who take turns with guests, an order a day for twenty days."""
    acme, bolt = two_companies
    settings = fresh_database.settings.model_copy(update={"home": tmp_path})
    publish(settings, {acme: small_plan(acme), bolt: small_plan(bolt)})
    database = replace(fresh_database, settings=settings)
    with database.connect("owner") as owner:
        owner.execute(
            "update customers set first_name = 'Ada', last_name = 'Lovelace' where id = %s",
            [acme.customer_id],
        )
    async with open_api(database) as api:
        yield Reported(api, acme, database)


async def test_figures_of_the_week_are_those_reckoned_by_hand(reported: Reported) -> None:
    report = await reported.report(WEEK)
    # Orders 14 to 20; 16 and 20 are guests'. 83 units for 10.00 went to three customers.
    assert report["totals"] == {
        "customers_count": 3, "new_customers_count": 0, "returning_customers_count": 3,
        "new_customers_ratio": 0.0, "repeat_rate_ratio": 1.0, "customer_orders_count": 5,
        "orders_per_customer": pytest.approx(5 / 3), "customer_net_sales_amount": "830.00",
        "net_sales_per_customer_amount": "276.67",
    }  # fmt: skip
    # 7 to 13 without 8 and 12: the same three, five orders, 7 + 9 + 10 + 11 + 13 = 50 units.
    assert report["previous_totals"]["customer_net_sales_amount"] == "500.00"
    assert report["retention"] == {
        "previous_customers_count": 3, "retained_customers_count": 3, "retention_ratio": 1.0,
    }  # fmt: skip
    assert [row["customers_count"] for row in report["buckets"]] == [1, 1, 0, 1, 1, 1, 0]


async def test_first_orders_make_new_customers_and_a_cohort(reported: Reported) -> None:
    report = await reported.report("from=2026-11-01&to=2026-11-20&by=month")
    assert report["totals"]["new_customers_count"] == 3
    assert report["totals"]["returning_customers_count"] == 0
    (bucket,) = report["buckets"]
    assert (bucket["new_customer_net_sales_amount"], bucket["returning_customer_net_sales_amount"]) == (
        "60.00",
        "1440.00",
    )
    assert [
        (row["cohort_month"], row["month_number"], row["customers_count"], row["orders_count"])
        for row in report["cohorts"]
    ] == [("2026-11-01", 0, 3, 15)]


async def test_segments_and_values_are_the_companys(reported: Reported) -> None:
    report = await reported.report()
    found = {row["customer_segment"]: row["net_sales_amount"] for row in report["segments"]}
    assert (found["champions"], found["loyal"], found["at_risk"]) == ("550.00", "500.00", "450.00")
    assert len(found) == 8
    value = report["lifetime_value"]
    assert (value["lifetime_value_amount"], value["average_lifetime_value_amount"]) == ("900.00", "300.00")
    assert [row["lifetime_value_amount"] for row in value["groups"]] == ["320.00", "300.00", "280.00"]
    assert [row["model_name"] for row in value["accuracy"]] == ["last_year_again"]
    assert [row["lift"] for row in report["basket_pairs"]] == [1.0]
    loyal = await reported.report("segment=loyal")
    assert loyal["totals"]["customers_count"] == 1
    assert loyal["lifetime_value"]["lifetime_value_amount"] == "300.00"
    assert [row["customer_segment"] for row in loyal["best_customers"]] == ["loyal"]


async def test_names_go_to_who_administers_people_and_not_after_an_erasure(reported: Reported) -> None:
    api, acme = reported.api, reported.acme
    admin = api.token("company_admin", acme)
    first = await api.client.get(PATH, headers=admin)
    assert [row["name"] for row in first.json()["best_customers"]] == [None, None, "Ada Lovelace"]
    known = admin | {"If-None-Match": first.headers["etag"]}
    assert (await api.client.get(PATH, headers=known)).status_code == 304
    erasure = await api.client.post(
        "/api/v1/customers/erasures",
        json={"customer_id": str(acme.customer_id)},
        headers=admin | {"Idempotency-Key": str(uuid4())},
    )
    assert erasure.status_code == 200, erasure.text
    after = await api.client.get(PATH, headers=known)
    assert after.status_code == 200
    assert "Lovelace" not in after.text


async def test_names_need_the_role_not_only_the_reach(
    reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the table of permissions let another role read of the whole company."""
    permissions = reported.api.app.state.gatekeeper.permissions
    (granted,) = [row for row in permissions.values() if (row.method, row.route) == ("GET", PATH)]
    monkeypatch.setitem(granted.scope_by_role, "buyer", Scope.COMPANY)
    seen = await reported.report(role="buyer")
    assert [row["name"] for row in seen["best_customers"]] == [None, None, None]


async def test_shop_roles_see_their_orders_and_nothing_of_the_whole_company(reported: Reported) -> None:
    own = await reported.report(WEEK, role="shop_manager")
    assert own["totals"]["customer_net_sales_amount"] == "830.00"
    assert (own["lifetime_value"], own["best_customers"], own["basket_pairs"]) == (None, None, None)
    elsewhere = await reported.report(WEEK, role="shop_manager", shop_ids=[uuid4()])
    assert elsewhere["totals"]["customers_count"] == 0
    assert elsewhere["cohorts"] == []
    assert {row["customers_count"] for row in elsewhere["segments"]} == {0}
    asked = await reported.api.client.get(
        f"{PATH}?shop_id={reported.acme.shop_id}",
        headers=reported.api.token("shop_manager", reported.acme, shop_ids=[uuid4()]),
    )
    assert_problem(asked, 403, "forbidden")
    buyer = await reported.api.client.get(PATH, headers=reported.api.token("buyer", reported.acme))
    assert_problem(buyer, 403, "forbidden")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2026-11-20&to=2026-11-14", "/query/to"),
        ("from=2009-11-20&to=2026-11-14", "/query/from"),
        ("segment=rich", "/query/segment"),
        ("by=year", "/query/by"),
        ("limit=101", "/query/limit"),
        (f"shop_id={NO_SUCH}", "/query/shop_id"),
    ],
)
async def test_bad_questions_are_refused_with_a_pointer(reported: Reported, query: str, pointer: str) -> None:
    answer = await reported.api.client.get(
        f"{PATH}?{query}", headers=reported.api.token("company_admin", reported.acme)
    )
    assert answer.status_code == 422, answer.text
    pointers = [
        answer.json().get("pointer"),
        *(error["pointer"] for error in answer.json().get("errors", ())),
    ]
    assert pointer in pointers
