"""What stock is worth: both methods against an oracle, and through the API."""

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.inventory.valuation import Method, Period, cost_layers, value_stock
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.api_client import Api
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase

START = datetime(2026, 1, 1, tzinfo=UTC)
# (units, cost in cents): what comes in has a cost, or none; what leaves has none.
STEPS = st.lists(
    st.tuples(st.integers(-40, 40).filter(bool), st.one_of(st.none(), st.integers(0, 900))), max_size=20
)


def ledger_of(steps: list[tuple[int, int | None]]) -> list[tuple[int, Decimal | None]]:
    """Leave out what would take more than is there."""
    on_hand, kept = 0, list[tuple[int, Decimal | None]]()
    for units, cents in steps:
        if on_hand + units >= 0:
            on_hand += units
            cost = None if cents is None or units < 0 else Decimal(cents) / 100
            kept.append((units, cost))
    return kept


def fifo(rows: list[tuple[int, Decimal | None]], never_priced: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Value of what came in, of what left and of what is there, unit by unit."""
    there: deque[Decimal] = deque()
    last, came, left = never_priced, Decimal(0), Decimal(0)
    for units, cost in rows:
        if units > 0:
            last = last if cost is None else cost
            there.extend([last] * units)
            came += last * units
        else:
            left += sum((there.popleft() for _ in range(-units)), Decimal(0))
    return came, left, sum(there, Decimal(0))


def average(rows: list[tuple[int, Decimal | None]], never_priced: Decimal) -> Decimal:
    """Value of what is there, by fractions that are never rounded."""
    units_there, value, last = 0, Decimal(0), never_priced
    for units, cost in rows:
        if units > 0:
            last = last if cost is None else cost
            value += last * units
        else:
            value += value * units / units_there
        units_there += units
    return value


async def write(connection: Any, company: Company, rows: list[tuple[int, Decimal | None]]) -> UUID:
    """Give a variant of its own this ledger and return its id."""
    variant_id = new_id()
    await connection.execute(
        sa.text(
            "insert into variants (company_id, id, product_id, sku) values (:company, :id, :product, :sku)"
        ),
        {"company": company.id, "id": variant_id, "product": company.product_id, "sku": str(variant_id)},
    )
    for index, (units, cost) in enumerate(rows):
        await connection.execute(
            sa.text(
                "insert into stock_ledger (company_id, id, location_id, variant_id, delta_units, reason,"
                " unit_cost_amount, occurred_at)"
                " values (:company, :id, :location, :variant, :units, :reason, :cost, :at)"
            ),
            {
                "company": company.id, "id": new_id(), "location": company.location_id,
                "variant": variant_id, "units": units, "cost": cost,
                "reason": "receipt" if units > 0 else "sale", "at": START + timedelta(hours=index),
            },
        )  # fmt: skip
    return variant_id


async def valued(
    connection: Any, company: Company, variant_id: UUID, method: Method, since: datetime | None = None
) -> sa.RowMapping:
    (row,) = await value_stock(
        connection,
        company.id,
        method=method,
        period=Period(since, None),
        location_ids=None,
        variant_ids=[variant_id],
        after=None,
        limit=10,
    )
    return row


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, split=st.integers(0, 20))
async def test_values_follow_an_oracle_and_add_up(
    company: Company, database: Database, steps: list[tuple[int, int | None]], split: int
) -> None:
    rows = ledger_of(steps)
    if not rows:
        return
    async with transaction(database, company_id=company.id) as connection:
        variant_id = await write(connection, company, rows)
        came, left, there = fifo(rows, Decimal(6))
        row = await valued(connection, company, variant_id, "fifo")
        assert (row["received_amount"], row["sold_amount"], row["closing_amount"]) == (came, left, there)
        layers = await cost_layers(
            connection, company.id, method="fifo", location_id=company.location_id, variant_ids=[variant_id]
        )
        worth = sum((one.units * one.unit_cost_amount for one in layers.get(variant_id, [])), Decimal(0))
        assert worth == there
        by_average = await valued(connection, company, variant_id, "average")
        assert by_average["received_amount"] == came
        assert by_average["closing_amount"] + by_average["sold_amount"] == came
        assert abs(by_average["closing_amount"] - average(rows, Decimal(6))) < Decimal("0.001")
        for method in ("fifo", "average"):
            part = await valued(connection, company, variant_id, method, since=START + timedelta(hours=split))
            assert (
                part["opening_amount"] + part["received_amount"] - part["sold_amount"]
                == part["closing_amount"]
            )
            assert part["opening_units"] + part["received_units"] - part["sold_units"] == sum(
                units for units, _ in rows
            )


@pytest.mark.parametrize(
    ("method", "sold", "left"),
    [("fifo", "130.000000", "170.000000"), ("average", "150.000000", "150.000000")],
)
async def test_a_worked_example(
    company: Company, database: Database, method: Method, sold: str, left: str
) -> None:
    """7 at 10.00, 3 at 20.00, 10 at 17.00 are 300.00: the 10 oldest cost 130.00, 10 of the average 150.00."""
    rows: list[tuple[int, Decimal | None]] = [
        (7, Decimal(10)),
        (3, Decimal(20)),
        (10, Decimal(17)),
        (-10, None),
    ]
    async with transaction(database, company_id=company.id) as connection:
        variant_id = await write(connection, company, rows)
        row = await valued(connection, company, variant_id, method)
    assert (f"{row['sold_amount']:.6f}", f"{row['closing_amount']:.6f}") == (sold, left)


async def test_the_valuation_as_of_a_day_is_read_through_the_api(
    api: Api, company: Company, database: Database
) -> None:
    async with transaction(database, company_id=company.id) as connection:
        await write(connection, company, [(10, Decimal("2.5")), (-4, None)])
    admin = api.token("company_admin", company)

    async def read(**query: str) -> dict[str, Any]:
        answer = await api.client.get("/api/v1/inventory/valuation", params=query, headers=admin)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    everything = await read()
    assert (everything["method"], everything["currency"]) == ("fifo", "EUR")
    assert everything["totals"]["closing_units"] == 106
    assert everything["totals"]["closing_amount"] == "615.000000"
    assert len(everything["items"]) == 2
    first = await read(limit="1")
    second = await read(limit="1", cursor=first["next_cursor"])
    assert first["totals"] == second["totals"] == everything["totals"]
    assert first["items"] + second["items"] == everything["items"]
    past = await read(as_of="2026-01-01")
    assert [(row["closing_units"], row["sold_amount"]) for row in past["items"]] == [(6, "10.000000")]
    assert (await read(as_of="2025-12-31"))["totals"]["closing_units"] == 0
    later = await read(**{"from": "2026-01-02", "as_of": "2026-01-03"})
    assert later["totals"]["opening_amount"] == later["totals"]["closing_amount"] == "15.000000"


async def test_a_company_chooses_its_method(api: Api, company: Company) -> None:
    admin = api.token("company_admin", company)
    changed = await api.client.patch(
        f"/api/v1/companies/{company.id}/settings", json={"valuation_method": "average"}, headers=admin
    )
    assert changed.json()["valuation_method"] == "average", changed.text
    answer = await api.client.get("/api/v1/inventory/valuation", headers=admin)
    assert answer.json()["method"] == "average"
    backwards = {"from": "2026-02-01", "as_of": "2026-01-01"}
    answer = await api.client.get("/api/v1/inventory/valuation", params=backwards, headers=admin)
    assert answer.status_code == 422
    for role in ("shop_staff", "shop_manager", "customer"):
        answer = await api.client.get("/api/v1/inventory/valuation", headers=api.token(role, company))
        assert answer.status_code == 403


async def test_another_company_s_stock_is_not_valued(
    api: Api, fresh_database: FreshDatabase, company: Company
) -> None:
    with fresh_database.connect("owner") as owner:
        add_company(owner, "bolt")
    answer = await api.client.get("/api/v1/inventory/valuation", headers=api.token("buyer", company))
    assert answer.json()["totals"]["closing_units"] == 100
