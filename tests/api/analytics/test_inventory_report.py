"""The inventory report equals sums by hand over the published rows, and stays within its reader's reach."""

from uuid import uuid4

import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.published import CATEGORY_ID

INVENTORY = "/api/v1/analytics/inventory"
TEN_DAYS = f"{INVENTORY}?from=2026-11-11&to=2026-11-20"

NO_SUCH = "01890000-0000-7000-8000-00000000dead"


async def test_figures_of_ten_days_are_those_reckoned_by_hand(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    answer = await api.client.get(TEN_DAYS, headers=api.token("buyer", acme))
    report = answer.json()
    # Units at the ends of the days: 152, 140, 127, 113, 98, 82, 65, 47, 28, 8 are 860: 86 on average at 6.00.
    assert report["period"] == {"first_date": "2026-11-11", "last_date": "2026-11-20"}
    totals = report["totals"]
    assert (totals["stock_units"], totals["stock_value_amount"]) == (8, "48.00")
    assert totals["average_stock_amount"] == "516.00"
    # 11 + … + 20 = 155 units went at 6.00; a year has 36.5 times ten days.
    assert totals["stock_cost_of_sales_amount"] == "930.00"
    assert totals["inventory_turnover"] == pytest.approx(930 * 36.5 / 516)
    assert totals["gmroi"] == pytest.approx(155 * 4 * 36.5 / 516)
    assert totals["days_of_supply"] == pytest.approx(48 / 93)
    assert totals["sell_through_ratio"] == pytest.approx(155 / 163)
    assert (totals["stock_out_hours"], totals["lost_sales_amount"]) == (0, "0.00")
    assert report["valuation"] == {"stock_units": 8, "fifo_amount": "48.00", "average_amount": "48.00"}
    assert [(row["age_days"], row["stock_units"]) for row in report["ageing"]][:2] == [
        ("0-30", 8),
        ("31-60", 0),
    ]
    assert answer.headers["etag"].startswith(f'"{report["build"]["build_id"]}.')


async def test_what_was_missed_and_what_suppliers_did_is_in_the_report(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    report = (
        await api.client.get(
            f"{INVENTORY}?from=2026-11-01&to=2026-11-20", headers=api.token("company_admin", acme)
        )
    ).json()
    assert report["totals"]["fill_rate_ratio"] == pytest.approx(209 / 210)
    (out,) = report["stock_outs"]
    assert (out["stock_out_hours"], out["lost_units"], out["lost_sales_amount"]) == (1, 0.5, "5.00")
    (supplier,) = report["suppliers"]
    assert (supplier["purchased_amount"], supplier["lead_time_days"], supplier["on_time_ratio"]) == (
        "1308.00",
        12,
        0,
    )
    (category,) = report["categories"]
    assert (category["category_name"], category["stock_value_amount"]) == ("Kitchen", "48.00")


async def test_filters_narrow_all_parts(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    admin = api.token("company_admin", acme)
    for query in (f"location_id={acme.location_id}", f"category_id={CATEGORY_ID}", f"shop_id={acme.shop_id}"):
        report = (await api.client.get(f"{INVENTORY}?{query}", headers=admin)).json()
        assert report["totals"]["stock_units"] == 8
        assert [row["stock_status"] for row in report["statuses"]] == ["low_stock"]
    report = (await api.client.get(f"{INVENTORY}?from=2026-10-02&to=2026-10-09", headers=admin)).json()
    assert (report["totals"]["stock_units"], report["valuation"]["stock_units"]) == (0, 0)
    assert [report[part] for part in ("stock_outs", "dead_stock")] == [[], []]
    # A supplier is named for what is still open too; of this one nothing is.
    assert [row["receipts_count"] + row["open_purchase_units"] for row in report["suppliers"]] == [0]


async def test_a_shop_manager_sees_the_locations_of_their_shops_alone(reported: tuple[Api, Company]) -> None:
    api, acme = reported
    own = await api.client.get(INVENTORY, headers=api.token("shop_manager", acme))
    assert own.json()["totals"]["stock_units"] == 8
    elsewhere = api.token("shop_manager", acme, shop_ids=[uuid4()])
    other = (await api.client.get(INVENTORY, headers=elsewhere)).json()
    assert (other["totals"]["stock_units"], other["statuses"], other["suppliers"]) == (0, [], [])
    asked = await api.client.get(f"{INVENTORY}?location_id={acme.location_id}", headers=elsewhere)
    assert_problem(asked, 403, "forbidden")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2026-11-20&to=2026-11-14", "/query/to"),
        ("from=1960-01-01", "/query/from"),
        ("to=2101-01-01&from=2100-12-01", "/query/to"),
        ("location_id=here", "/query/location_id"),
        (f"location_id={NO_SUCH}", "/query/location_id"),
        (f"shop_id={NO_SUCH}", "/query/shop_id"),
        (f"category_id={NO_SUCH}", "/query/category_id"),
        ("limit=0", "/query/limit"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(
    reported: tuple[Api, Company], query: str, pointer: str
) -> None:
    api, acme = reported
    answer = await api.client.get(f"{INVENTORY}?{query}", headers=api.token("company_admin", acme))
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_period_behind_the_horizon_has_the_stock_of_the_horizon(
    reported: tuple[Api, Company],
) -> None:
    api, acme = reported
    report = (
        await api.client.get(
            f"{INVENTORY}?from=2026-11-20&to=2026-12-20", headers=api.token("company_admin", acme)
        )
    ).json()
    assert (report["totals"]["stock_units"], report["totals"]["average_stock_amount"]) == (8, "48.00")
    assert report["valuation"]["fifo_amount"] == "48.00"
