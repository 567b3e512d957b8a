"""Inventory figures of a published shop equal what SQL on PostgreSQL and a walk through its ledger give."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from api.inventory.valuation import Method, value_stock
from api.inventory.valuation import Period as Instants
from core.metrics.ask import ask
from core.metrics.definitions.inventory import METRICS
from core.metrics.inventory import ageing, valuation, valuation_totals
from core.metrics.period import Period
from core.published import Snapshot
from tests.support.measured_shop import TIME_ZONE, MeasuredShop, query

ZONE = ZoneInfo(TIME_ZONE)


# Units on hand at the end of each day and their cost then, from the ledger and the history of costs alone.
_BY_DAY = """
with days as (
    select day::date as day from generate_series(%(first)s::date, %(last)s::date, interval '1 day') as day
),
stock as (
    select days.day, ledger.location_id, ledger.variant_id, sum(ledger.delta_units) as units
    from days inner join stock_ledger as ledger
    on (ledger.occurred_at at time zone %(zone)s)::date <= days.day
    where ledger.company_id = %(company)s group by 1, 2, 3
),
costed as (
    select stock.*, coalesce(
        (select unit_cost_amount from cost_history as costs where costs.variant_id = stock.variant_id
            and (costs.valid_from at time zone %(zone)s)::date <= stock.day
            order by valid_from desc, id desc limit 1),
        (select unit_cost_amount from cost_history as costs where costs.variant_id = stock.variant_id
            order by valid_from, id limit 1)
    ) as cost
    from stock
)
"""


def test_stock_is_that_of_the_last_day_and_its_average_the_mean_of_all_days(
    measured_shop: MeasuredShop, snapshot: Snapshot, year: Period
) -> None:
    span = Period(year.last_date - timedelta(days=99), year.last_date - timedelta(days=7))
    found = ask(
        snapshot,
        measures=("stock_units", "stock_value_amount", "average_stock_units", "average_stock_amount"),
        dimensions=("location",),
        period=span,
    )
    expected = query(
        measured_shop,
        _BY_DAY + "select location_id::text, sum(units) filter (where day = %(last)s),"
        " round(sum(units * cost) filter (where day = %(last)s), 2), sum(units), sum(units * cost)"
        " from costed group by location_id",
        first=span.first_date,
        last=span.last_date,
    )

    rows = {row["location_id"]: row for row in found.rows}
    assert len(rows) == len(expected) >= 2
    for location, units, value, unit_days, value_days in expected:
        row = rows[location]
        assert (row["stock_units"], row["stock_value_amount"]) == (units, value)
        assert row["average_stock_units"] == pytest.approx(float(unit_days) / span.days)
        assert row["average_stock_amount"] == round(value_days / span.days, 2)
    # Of locations the averages add up, because all are of the same days.
    assert found.totals["stock_units"] == sum(row[1] for row in expected)
    assert found.totals["average_stock_units"] == pytest.approx(
        sum(float(row[3]) for row in expected) / span.days
    )


def test_a_month_closes_with_its_last_day_and_opens_where_the_last_one_closed(
    snapshot: Snapshot, year: Period
) -> None:
    measures = ("stock_units", "stock_opening_units", "average_stock_units", "stock_days")
    months = ask(snapshot, measures=measures, dimensions=("month",), period=year).rows
    days = ask(snapshot, measures=("stock_units",), dimensions=("day",), period=year).rows
    closing = {row["day"]: row["stock_units"] for row in days}

    assert len(days) == 365
    assert len(months) == 13
    assert sum(row["stock_days"] for row in months) == 365
    for before, month in itertools.pairwise(months):
        assert month["stock_opening_units"] == before["stock_units"] == closing[month["month"] - timedelta(1)]
        mine = [units for day, units in closing.items() if day.replace(day=1) == month["month"]]
        assert month["average_stock_units"] == pytest.approx(sum(mine) / len(mine))
    whole = ask(snapshot, measures=measures, period=year).totals
    assert whole["stock_units"] == closing[year.last_date] == months[-1]["stock_units"]
    assert whole["average_stock_units"] == pytest.approx(sum(closing.values()) / 365)


def test_what_moved_is_what_the_ledger_says_and_adds_up(
    measured_shop: MeasuredShop, snapshot: Snapshot, year: Period
) -> None:
    found = ask(
        snapshot,
        measures=(
            "stock_received_units",
            "stock_shipped_units",
            "shrinkage_units",
            "stock_cost_of_sales_amount",
            "stock_opening_units",
            "stock_supplied_units",
            "stock_units",
        ),
        period=year,
    ).totals
    (expected,) = query(
        measured_shop,
        """
        with moves as (
            select ledger.*, (occurred_at at time zone %(zone)s)::date as day from stock_ledger as ledger
            where company_id = %(company)s
        ),
        costed as (
            select moves.*, coalesce(
                (select unit_cost_amount from cost_history as costs where costs.variant_id = moves.variant_id
                    and (costs.valid_from at time zone %(zone)s)::date <= moves.day
                    order by valid_from desc, id desc limit 1),
                (select unit_cost_amount from cost_history as costs where costs.variant_id = moves.variant_id
                    order by valid_from, id limit 1)
            ) as cost
            from moves where day between %(first)s and %(last)s
        )
        select
            sum(delta_units) filter (where reason = 'receipt'),
            -sum(delta_units) filter (where reason in ('sale', 'return')),
            coalesce(-sum(delta_units) filter (where reason in ('count', 'write_off', 'adjustment')), 0),
            round(-sum(delta_units * cost) filter (where reason in ('sale', 'return')), 2)
        from costed
        """,
        first=year.first_date,
        last=year.last_date,
    )

    assert tuple(found.values())[:4] == expected
    assert (
        found["stock_opening_units"] + found["stock_supplied_units"]
        - found["stock_shipped_units"] - found["shrinkage_units"] == found["stock_units"]
    )  # fmt: skip


def test_ratios_are_made_of_the_totals_and_never_of_other_ratios(snapshot: Snapshot, year: Period) -> None:
    names = [metric.name for metric in METRICS]
    total = ask(snapshot, measures=names, period=year).totals
    turnover = float(total["stock_cost_of_sales_amount"]) / float(total["average_stock_amount"])

    assert total["inventory_turnover"] == pytest.approx(turnover)
    assert total["gmroi"] == pytest.approx(
        float(total["stock_margin_amount"]) / float(total["average_stock_amount"])
    )
    assert total["days_of_supply"] == pytest.approx(
        float(total["stock_value_amount"]) * 365 / float(total["stock_cost_of_sales_amount"])
    )
    margin = ask(snapshot, measures=("margin_amount",), period=year).totals["margin_amount"]
    assert total["stock_margin_amount"] == margin
    assert 0 < total["fill_rate_ratio"] <= 1
    assert 0 < total["sell_through_ratio"] < 1


def ledger_of(shop: MeasuredShop) -> dict[tuple[str, str], list[tuple[datetime, int]]]:
    series = defaultdict(list)
    for location, variant, at, units in query(
        shop,
        "select location_id::text, variant_id::text, occurred_at, delta_units from stock_ledger"
        " inner join locations on locations.id = location_id and kind <> 'in_transit'"
        " where stock_ledger.company_id = %(company)s order by occurred_at, stock_ledger.id",
    ):
        series[location, variant].append((at, units))
    return series


def empty_spans(moves: list[tuple[datetime, int]], end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Walk through a ledger: from when to when nothing was there."""
    on_hand, since = 0, None
    for at, units in moves:
        on_hand += units
        if on_hand <= 0 and since is None:
            since = at
        elif on_hand > 0 and since is not None:
            yield since, at
            since = None
    if since is not None:
        yield since, end


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def test_hours_out_of_stock_are_those_of_a_walk_through_the_ledger(
    measured_shop: MeasuredShop, snapshot: Snapshot, year: Period
) -> None:
    lives = {
        variant: (first, last if is_discontinued else None)
        for variant, first, last, is_discontinued in query(
            measured_shop,
            "select variants.id::text, min((placed_at at time zone %(zone)s)::date),"
            " max((placed_at at time zone %(zone)s)::date), bool_or(is_discontinued) from order_lines"
            " inner join orders on orders.id = order_id inner join variants on variants.id = variant_id"
            " where orders.company_id = %(company)s and orders.status <> 'cancelled'"
            " and quantity_units > cancelled_units group by 1",
        )
    }
    horizon = midnight(
        snapshot.build.horizon_at.astimezone(ZONE).date()
    )  # the day that is not over is left out
    expected: dict[tuple[str, str], float] = {}
    for (location, variant), moves in ledger_of(measured_shop).items():
        if variant not in lives:
            continue
        first, last = lives[variant]
        begin = midnight(max(first, year.first_date))
        end = min(midnight(min(last or year.last_date, year.last_date) + timedelta(days=1)), horizon)
        hours = sum(
            max((min(until, end) - max(since, begin)).total_seconds(), 0) / 3600
            for since, until in empty_spans(moves, horizon)
        )
        if hours > 0.01:
            expected[location, variant] = hours

    rows = ask(snapshot, measures=("stock_out_hours",), dimensions=("location", "variant"), period=year).rows
    found = {(row["location_id"], row["variant_id"]): row["stock_out_hours"] for row in rows}

    assert sum(expected.values()) > 100
    assert found == pytest.approx(dict(expected.items()), abs=0.02)


def test_missed_demand_is_that_of_comparable_days(snapshot: Snapshot, year: Period) -> None:
    """From the words of the definition, day by day, on the demand and the hours that are published."""
    demand: dict[tuple[str, str], dict[date, tuple[int, Decimal]]] = defaultdict(dict)
    starts: dict[tuple[str, str], date] = {}
    for row in snapshot.rows("select * from srv_stock_spans order by location_id, variant_id, span_date"):
        key = row["location_id"], row["variant_id"]
        if row["demand_units"]:
            demand[key][row["span_date"]] = row["demand_units"], row["net_sales_amount"]
        if key not in starts and (row["opening_units"] or row["closing_units"] or row["received_units"]):
            starts[key] = row["span_date"]
    first_sold: dict[str, date] = {}
    for (_, variant), sold in demand.items():
        first_sold[variant] = min(min(sold), first_sold.get(variant, date.max))
    out: dict[tuple[str, str], dict[date, dict[str, Any]]] = defaultdict(dict)
    for row in snapshot.rows("select * from srv_stock_out_days order by stock_date"):
        out[row["location_id"], row["variant_id"]][row["stock_date"]] = row

    checked = 0
    for key, days in out.items():
        for day, row in days.items():
            begin = day
            while begin - timedelta(days=1) in days:
                begin -= timedelta(days=1)
            window = [begin - timedelta(days=n) for n in range(1, 57)]
            comparable = [
                each for each in window
                if each >= max(first_sold[key[1]], starts[key]) and each not in days
            ]  # fmt: skip
            expected = 0.0
            if len(comparable) >= 14 and (day - begin).days < 56:
                units = sum(demand[key].get(each, (0, Decimal(0)))[0] for each in comparable)
                expected = units / len(comparable) * min(row["out_of_stock_seconds"], 86400) / 86400
            assert float(row["expected_units"]) == pytest.approx(expected, abs=1e-6)
            assert row["lost_units"] <= row["expected_units"]
            checked += expected > 0
    assert checked > 5
    lost = ask(snapshot, measures=("lost_units", "lost_sales_amount"), period=year).totals
    assert lost["lost_units"] > 0
    assert lost["lost_sales_amount"] > 0


def test_figures_of_categories_are_the_sums_of_their_variants(snapshot: Snapshot, year: Period) -> None:
    """Categories have a table of their own; that of variants tells every figure too."""
    measures = [metric.name for metric in METRICS if metric.expression.startswith("sum(case when holds")]
    measures += [metric.name for metric in METRICS if metric.source == "stock_moves"]
    of_variants = ask(snapshot, measures=measures, dimensions=("variant", "month"), period=year).rows
    of_categories = ask(snapshot, measures=measures, dimensions=("category", "month"), period=year).rows
    products = snapshot.rows("select variant_id, category_id from srv_products")
    category_of = {row["variant_id"]: row["category_id"] for row in products}

    expected: dict[tuple[str, date], dict[str, Any]] = defaultdict(lambda: dict.fromkeys(measures, 0))
    for row in of_variants:
        whole = expected[category_of[row["variant_id"]], row["month"]]
        for name in measures:
            whole[name] += row[name]
    assert len(measures) == 13
    assert len({category for category, _ in expected}) > 1
    assert {
        (row["category_id"], row["month"]): {name: row[name] for name in measures} for row in of_categories
    } == expected


async def value_by_api(shop: MeasuredShop, method: Method, until: datetime) -> dict[tuple[str, str], Decimal]:
    dsn = shop.database.dsn("owner")
    engine = create_async_engine(
        "postgresql+psycopg://", async_creator=lambda: psycopg.AsyncConnection.connect(dsn)
    )
    try:
        async with engine.connect() as connection:
            rows = await value_stock(
                connection,
                UUID(shop.company_id),
                method=method,
                period=Instants(since=None, until=until),
                location_ids=None,
                variant_ids=None,
                after=None,
                limit=10_000,
            )
    finally:
        await engine.dispose()
    return {
        (str(row["location_id"]), str(row["variant_id"])): row["closing_amount"]
        for row in rows
        if row["closing_units"] > 0
    }


@pytest.mark.parametrize(("method", "column"), [("fifo", "fifo_amount"), ("average", "average_amount")])
@pytest.mark.parametrize("days_ago", [0, 200])
def test_stock_is_valued_as_the_inventory_api_values_it(
    measured_shop: MeasuredShop, snapshot: Snapshot, year: Period, method: Method, column: str, days_ago: int
) -> None:
    day = year.last_date - timedelta(days=days_ago)
    until = min(midnight(day + timedelta(days=1)), snapshot.build.horizon_at)
    expected = asyncio.run(value_by_api(measured_shop, method, until))

    rows = valuation(snapshot, day=day)

    found = {(row["location_id"], row["variant_id"]): row[column] for row in rows}
    # The API rounds each entry of the ledger to six decimals: less than half a cent in all.
    assert found.keys() == expected.keys()
    assert len(found) > 8
    assert {
        key: abs(found[key] - value) <= Decimal("0.01") for key, value in expected.items()
    } == dict.fromkeys(expected, True)
    assert valuation_totals(snapshot, day=day)[column] == pytest.approx(
        sum(expected.values()), abs=Decimal("0.05")
    )


def test_ages_of_stock_are_those_of_the_units_that_came_last(
    measured_shop: MeasuredShop, snapshot: Snapshot, year: Period
) -> None:
    """Unit by unit: what came is put in a queue, what goes takes from its front."""
    day = year.last_date
    lying: list[int] = []
    for location, variant in query(
        measured_shop,
        "select distinct location_id, variant_id from stock_ledger where company_id = %(company)s",
    ):
        queue: list[date] = []
        gone = 0
        for at, units in query(
            measured_shop,
            "select (occurred_at at time zone %(zone)s)::date, delta_units from stock_ledger"
            " where location_id = %(location)s and variant_id = %(variant)s order by occurred_at, id",
            location=location,
            variant=variant,
        ):
            queue.extend([at] * max(units, 0))
            gone += max(-units, 0)
        lying.extend((day - came).days for came in queue[gone:])
    buckets = ageing(snapshot, day=day)

    bounds = [bucket["first_day"] for bucket in buckets] + [10**6]
    assert [bucket["stock_units"] for bucket in buckets] == [
        sum(low <= age < high for age in lying) for low, high in itertools.pairwise(bounds)
    ]
    total = sum(bucket["stock_value_amount"] for bucket in buckets)
    assert total == pytest.approx(valuation_totals(snapshot, day=day)["fifo_amount"], abs=Decimal("0.05"))
    assert sum(bucket["value_ratio"] for bucket in buckets) == pytest.approx(1)
    assert all((bucket["items_count"] > 0) == (bucket["stock_units"] > 0) for bucket in buckets)
