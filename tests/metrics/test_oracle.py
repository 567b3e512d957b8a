"""Headline figures against SQL on PostgreSQL that was written from the registry's words alone.

The queries in `oracle/` were written without a look at the marts or at the SQL of the measures; they read the
order layer's tables. Whoever changes a definition changes its query by the new words, not by the mart.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from core.metrics.ask import Filters, ask
from core.metrics.period import Period
from core.postgres.server import Server
from core.published import Snapshot, open_snapshot
from core.settings import Settings
from pipelines.imports.online_retail import ImportOptions, run_import
from pipelines.imports.parameters import load_parameters
from pipelines.imports.stable_ids import stable_id
from pipelines.run import run_round
from tests.support.databases import fresh_copy
from tests.support.measured_shop import MeasuredShop

QUERIES = Path(__file__).parent / "oracle"
RETAIL = [
    Path(__file__).parents[3] / "shared" / "data" / "online_retail_ii" / f"online_retail_II_{years}.parquet"
    for years in ("2009_2010", "2010_2011")
]
# What a subject's query answers, and what it can be narrowed to.
FIGURES = {
    "sales": (
        *("net_sales_amount", "gross_sales_amount", "list_sales_amount", "discount_amount", "tax_amount"),
        *("units", "cost_amount", "costed_net_sales_amount", "margin_amount", "margin_ratio"),
    ),
    "orders": ("shipping_amount", "orders_count", "guest_orders_count", "average_order_value_amount"),
    "returns": ("returned_units", "returns_amount"),
    "customers": (
        *("customers_count", "new_customers_count", "returning_customers_count", "repeat_customers_count"),
        "repeat_rate_ratio",
    ),
    "receipts": ("captured_amount", "refunded_amount", "net_receipts_amount"),
    "stock": ("stock_units", "stock_value_amount", "stock_cost_of_sales_amount", "inventory_turnover"),
    "stock_outs": ("stock_out_hours",),
    "carts": ("carts_count", "abandoned_carts_count", "cart_abandonment_ratio"),
    "views": ("product_views_count",),
}
BY_SHOP = {"sales", "orders", "returns", "customers", "receipts", "carts", "views"}
BY_CATEGORY = {"sales", "returns", "stock", "stock_outs", "views"}
BY_LOCATION = {"stock", "stock_outs"}
UNITS_OF_TIME = ("day", "week", "month")
# By the first day of the bucket; the whole period's under None.
Rows = dict[date | None, dict[str, Any]]


@dataclass(frozen=True)
class Oracle:
    """A company's order system, asked in SQL."""

    connection: psycopg.Connection[dict[str, Any]]
    company_id: str
    timezone: str
    horizon_at: datetime

    def answer(self, subject: str, by: str, period: Period, filters: Filters) -> Rows:
        """Return a subject's figures by bucket of time; by ``None`` for "all"."""
        query = (QUERIES / f"{'sales' if subject == 'orders' else subject}.sql").read_text()
        parameters = {
            "company": self.company_id,
            "zone": self.timezone,
            "horizon": self.horizon_at,
            "first": period.first_date,
            "last": period.last_date,
            "by": by,
            "shops": _ids(filters.shop_ids),
            "categories": _ids(filters.category_ids),
            "locations": _ids(filters.location_ids),
        }
        return {row["bucket"]: row for row in self.connection.execute(query, parameters)}

    def ids(self, table: str) -> list[str]:
        query = f"select id::text from {table} where company_id = %s order by id"
        return [row["id"] for row in self.connection.execute(query, [self.company_id])]

    @property
    def running_date(self) -> date:
        """The local day on which the orders were read."""
        return self.horizon_at.astimezone(ZoneInfo(self.timezone)).date()


@pytest.fixture
def oracle(measured_shop: MeasuredShop, snapshot: Snapshot) -> Iterator[Oracle]:
    with psycopg.connect(measured_shop.database.dsn("owner"), row_factory=dict_row) as connection:
        yield Oracle(connection, measured_shop.company_id, measured_shop.timezone, snapshot.build.horizon_at)


@dataclass(frozen=True)
class Question:
    by: str
    period: Period
    filters: Filters


def questions(oracle: Oracle, subject: str) -> Iterator[Question]:
    """Yield the days on which clocks change, days that are not over, nothing at all, and ranges at random."""
    chance = random.Random(f"{oracle.running_date}{subject}")
    everything = Filters()
    for day in clock_changes(oracle):
        yield Question("day", Period(day - timedelta(1), day + timedelta(1)), everything)
    running = oracle.running_date
    yield Question("day", Period(running - timedelta(2), running + timedelta(3)), everything)
    yield Question("week", Period(date(2001, 1, 1), date(2001, 1, 9)), everything)
    for by in (*UNITS_OF_TIME, *UNITS_OF_TIME):
        first = running - timedelta(chance.randrange(5, 740))
        period = Period(first, first + timedelta(chance.randrange(100 if by == "day" else 200)))
        for filters in narrowings(oracle, subject, chance):
            yield Question(by, period, filters)


def narrowings(oracle: Oracle, subject: str, chance: random.Random) -> Iterator[Filters]:
    yield Filters()
    if subject in BY_SHOP:
        yield Filters(shop_ids=(chance.choice(oracle.ids("shops")),))
    if subject in BY_CATEGORY:
        yield Filters(category_ids=(chance.choice(oracle.ids("categories")),))
    if subject in BY_LOCATION:
        yield Filters(location_ids=(chance.choice(oracle.ids("locations")),))


def clock_changes(oracle: Oracle) -> list[date]:
    """Return the last two days that were not 24 hours long."""
    zone = ZoneInfo(oracle.timezone)
    days = (oracle.running_date - timedelta(back) for back in range(1, 366))
    return [
        day
        for day in days
        if datetime.combine(day, time(), zone).utcoffset()
        != datetime.combine(day + timedelta(1), time(), zone).utcoffset()
    ]


@pytest.mark.parametrize("subject", FIGURES)
def test_figures_are_what_their_words_say(snapshot: Snapshot, oracle: Oracle, subject: str) -> None:
    """Days, weeks and months, of all and of one shop, category or location; each total too."""
    asked = list(questions(oracle, subject))
    assert len(clock_changes(oracle)) == 2
    assert [each for question in asked for each in disagreements(snapshot, oracle, subject, question)] == []


@pytest.fixture(scope="module")
def retail(
    database_server: Server, session_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Snapshot, Oracle]]:
    """The real Online Retail II, imported and published."""
    settings = session_settings.model_copy(update={"home": tmp_path_factory.mktemp("retail")})
    company_id = stable_id("import|company", "online-retail", 0)
    with fresh_copy(database_server, session_settings) as database:
        options = ImportOptions(rejects=settings.home / "rejects.csv")
        with database.connect("app") as connection:
            run_import(connection, RETAIL, options, load_parameters(None))
        with database.connect("owner") as owner:
            owner.execute("analyze")
        result = run_round(settings, server=database_server, database=database.name)
        assert result.ok, result.reason
        with (
            open_snapshot(settings, company_id) as opened,
            psycopg.connect(database.dsn("owner"), row_factory=dict_row) as asked,
        ):
            (company,) = opened.rows("select timezone from srv_company")
            yield opened, Oracle(asked, company_id, company["timezone"], opened.build.horizon_at)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.skipif(not RETAIL[0].exists(), reason="the data set is not beside the checkout")
@pytest.mark.parametrize("subject", ["sales", "orders", "returns", "customers"])
def test_real_figures_are_what_their_words_say(retail: tuple[Snapshot, Oracle], subject: str) -> None:
    """All months of two years of a real shop."""
    snapshot, oracle = retail
    both_years = Question("month", Period(date(2009, 12, 1), date(2011, 12, 31)), Filters())
    assert disagreements(snapshot, oracle, subject, both_years) == []


def _ids(ids: tuple[str, ...] | None) -> list[str] | None:
    return None if ids is None else list(ids)


def disagreements(snapshot: Snapshot, oracle: Oracle, subject: str, question: Question) -> list[str]:
    """Return where the published figures differ from the order system's, bucket by bucket and in total."""
    by, period, filters = question.by, question.period, question.filters
    figures = FIGURES[subject]
    answer = ask(snapshot, measures=figures, dimensions=[by], period=period, filters=filters)
    expected_rows = oracle.answer(subject, by, period, filters)
    expected_total = oracle.answer(subject, "all", period, filters)
    pairs = _paired(
        {None: answer.totals, **{row[by]: row for row in answer.rows}}, {**expected_rows, **expected_total}
    )
    asked = f"{subject} by {by} {filters.given()}"
    return [
        f"{asked}, {bucket or 'total'}: {name} is {found.get(name)}, not {expected.get(name)}"
        for bucket, (found, expected) in pairs.items()
        for name in figures
        if not _same(name, found.get(name), expected.get(name))
    ]


def _paired(found: Rows, expected: Rows) -> dict[date | None, tuple[dict[str, Any], dict[str, Any]]]:
    """Return both sides' rows of each bucket; a side that lacks it has an empty one."""
    buckets = sorted({*found, *expected}, key=str)
    return {bucket: (found.get(bucket, {}), expected.get(bucket, {})) for bucket in buckets}


def _is_quotient(name: str) -> bool:
    return name.endswith("_ratio") or name == "inventory_turnover"


def _same(name: str, found: Any, expected: Any) -> bool:
    """Sums agree exactly, no rows being zero; quotients agree to nine digits, and of nothing is none."""
    if name == "average_order_value_amount":
        return bool(found == expected)
    if name == "stock_out_hours":
        return bool(float(found or 0) == pytest.approx(float(expected or 0), abs=1e-6))
    if not _is_quotient(name):
        return Decimal(found or 0) == Decimal(expected or 0)
    if found is None or expected is None:
        return found is expected
    return float(found) == pytest.approx(float(expected), rel=1e-9, abs=1e-12)
