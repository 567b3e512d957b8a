"""Order numbers and invoices carry the company's own day, over both changes of the clock."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from api.fulfilment.issuing import issue_invoices
from core.postgres.pools import Database
from core.time import utc_now
from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.lifecycle import ordered
from tests.support.orders import place

# The last second and the first of local days, and both sides of the hour that is left out or comes twice.
INSTANTS = [
    ("Europe/Berlin", "2026-03-28T22:59:59+00:00", "20260328"),
    ("Europe/Berlin", "2026-03-28T23:00:00+00:00", "20260329"),
    ("Europe/Berlin", "2026-03-29T00:59:59+00:00", "20260329"),
    ("Europe/Berlin", "2026-03-29T21:59:59+00:00", "20260329"),
    ("Europe/Berlin", "2026-03-29T22:00:00+00:00", "20260330"),
    ("Europe/Berlin", "2026-10-24T22:00:00+00:00", "20261025"),
    ("Europe/Berlin", "2026-10-25T22:59:59+00:00", "20261025"),
    ("Europe/Berlin", "2026-10-25T23:00:00+00:00", "20261026"),
    ("America/New_York", "2026-03-08T04:59:59+00:00", "20260307"),
    ("America/New_York", "2026-11-02T04:59:59+00:00", "20261101"),
    ("Pacific/Auckland", "2026-04-04T11:00:00+00:00", "20260405"),
    ("Asia/Tokyo", "2026-12-31T15:00:00+00:00", "20270101"),
]


@pytest.mark.parametrize(("zone", "instant", "day"), INSTANTS)
def test_an_order_number_names_the_local_day(api: Api, zone: str, instant: str, day: str) -> None:
    number = api.scalar("select document_number('ORD', 1, %s::timestamptz, %s)", [instant, zone])
    assert number.startswith(f"ORD-{day}-")


async def test_orders_of_one_moment_are_numbered_by_each_company_s_own_day(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    """26 hours lie between the first and the last zone: there it is never the same day."""
    days = []
    for company, zone in zip(two_companies, ("Pacific/Kiritimati", "Etc/GMT+12"), strict=True):
        with api.database.connect("owner") as owner:
            owner.execute("update companies set timezone = %s where id = %s", [zone, company.id])
        before = utc_now().astimezone(ZoneInfo(zone))
        order = (await place(api, company)).json()
        after = utc_now().astimezone(ZoneInfo(zone))
        days.append(order["order_number"].split("-")[1])
        assert days[-1] in {f"{moment:%Y%m%d}" for moment in (before, after)}
    assert days[0] > days[1]


async def test_invoices_are_dated_in_the_company_s_zone(
    api: Api, company: Company, database: Database
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update companies set timezone = 'Europe/Berlin'")
    for instant, day in (
        ("2026-03-28T22:59:59+00:00", date(2026, 3, 28)),
        ("2026-03-28T23:00:00+00:00", date(2026, 3, 29)),
        ("2026-10-25T22:59:59+00:00", date(2026, 10, 25)),
    ):
        await ordered(api, company)
        assert await issue_invoices(database, datetime.fromisoformat(instant)) == 1
        assert api.scalar("select issued_date from invoices order by sequence_number desc limit 1") == day
