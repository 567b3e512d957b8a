"""Which tax rate holds: the SQL function and the service that calls it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from api.taxes.service import tax_rates_for
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Address:
    country: str | None = None
    state: str | None = None
    postal_code: str | None = None


class Rates:
    """Writes rates and categories past the API."""

    def __init__(self, fresh_database: FreshDatabase, company: Company) -> None:
        self.fresh_database, self.company = fresh_database, company

    def add(self, rate: str, **fields: Any) -> None:
        values = {"company_id": self.company.id, "name": "x", "rate": rate} | fields
        values.setdefault("valid_from", NOW - timedelta(days=365))
        columns = ", ".join(values)
        places = ", ".join(f"%({name})s" for name in values)
        with self.fresh_database.connect("owner") as owner:
            owner.execute(f"insert into tax_rates ({columns}) values ({places})", values)

    def category(self, parent_id: UUID | None) -> UUID:
        category_id = new_id()
        with self.fresh_database.connect("owner") as owner:
            owner.execute(
                "insert into categories (company_id, id, parent_id, name, slug) values (%s, %s, %s, %s, %s)",
                [self.company.id, category_id, parent_id, str(category_id), str(category_id)],
            )
        return category_id

    def company_rate(self, rate: str) -> None:
        with self.fresh_database.connect("owner") as owner:
            owner.execute("update companies set tax_rate = %s where id = %s", [rate, self.company.id])


@pytest.fixture
def rates(fresh_database: FreshDatabase, company: Company) -> Rates:
    return Rates(fresh_database, company)


async def asked(
    database: Database,
    company: Company,
    *category_ids: UUID | None,
    destination: Address | None = None,
    at: datetime = NOW,
) -> list[Decimal]:
    async with transaction(database, company_id=company.id) as connection:
        found = await tax_rates_for(
            connection, company.id, category_ids=category_ids, destination=destination, at=at
        )
    return [found[category_id] for category_id in category_ids]


async def test_without_a_rate_the_company_s_own_holds(
    database: Database, company: Company, rates: Rates
) -> None:
    rates.company_rate("0.19")

    assert await asked(database, company, None, company.category_id) == [Decimal("0.19")] * 2


async def test_the_more_specific_rate_wins_step_by_step(
    database: Database, company: Company, rates: Rates
) -> None:
    bavaria = Address(country="de", state=" bayern ")
    category = company.category_id
    steps = [
        ("0.10", {}),
        ("0.11", {"country": "DE"}),
        ("0.12", {"country": "DE", "region": "BAYERN"}),
        ("0.13", {"category_id": category}),
        ("0.14", {"category_id": category, "country": "DE"}),
        ("0.15", {"category_id": category, "country": "DE", "region": "BAYERN"}),
    ]
    for rate, fields in steps:
        rates.add(rate, **fields)
        assert await asked(database, company, category, destination=bavaria) == [Decimal(rate)]

    elsewhere = Address(country="FR", state="BAYERN")
    assert await asked(database, company, category, None, destination=elsewhere) == [
        Decimal("0.13"), Decimal("0.10"),
    ]  # fmt: skip
    assert await asked(database, company, category, None, destination=None) == [
        Decimal("0.13"), Decimal("0.10"),
    ]  # fmt: skip
    assert await asked(database, company, None, destination=bavaria) == [Decimal("0.12")]


async def test_a_category_s_rate_holds_below_it_until_a_nearer_one(
    database: Database, company: Company, rates: Rates
) -> None:
    food = company.category_id
    bread = rates.category(food)
    rolls = rates.category(bread)
    rates.add("0.07", category_id=food, country="DE")
    rates.add("0.05", category_id=bread)
    rates.add("0.20", country="DE")

    assert await asked(database, company, food, bread, rolls, destination=Address("DE")) == [
        Decimal("0.07"), Decimal("0.05"), Decimal("0.05"),
    ]  # fmt: skip


async def test_a_rate_holds_from_its_first_instant_to_just_before_its_last(
    database: Database, company: Company, rates: Rates
) -> None:
    rates.add("0.19", valid_from=NOW - timedelta(days=9), valid_until=NOW)
    rates.add("0.16", valid_from=NOW, valid_until=NOW + timedelta(days=9))
    before = NOW - timedelta(microseconds=1)

    assert await asked(database, company, None, at=before) == [Decimal("0.19")]
    assert await asked(database, company, None, at=NOW) == [Decimal("0.16")]
    assert await asked(database, company, None, at=NOW + timedelta(days=9)) == [Decimal(0)]


async def test_archived_rates_and_other_companies_rates_do_not_hold(
    fresh_database: FreshDatabase, database: Database, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    Rates(fresh_database, bolt).add("0.25")
    Rates(fresh_database, acme).add("0.21", archived_at=NOW)

    assert await asked(database, acme, None, acme.category_id, bolt.category_id) == [Decimal(0)] * 3


async def test_many_categories_are_one_query(database: Database, company: Company, rates: Rates) -> None:
    categories = [rates.category(company.category_id) for _ in range(50)]
    rates.add("0.07", category_id=company.category_id)
    statements: list[str] = []
    import sqlalchemy as sa

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with transaction(database, company_id=company.id) as connection:
        found = await tax_rates_for(connection, company.id, category_ids=categories, destination=None)

    assert set(found) == set(categories)
    assert set(found.values()) == {Decimal("0.07")}
    assert len(statements) == 1
