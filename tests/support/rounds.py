"""Rounds of the pipelines over a small history: two companies, sixty days, real PostgreSQL, real dbt."""

from dataclasses import dataclass
from typing import Any

import psycopg

from core.settings import Settings
from core.warehouse import hold_warehouse
from pipelines.run import RoundResult, run_round
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase

HISTORY_DAYS = 60


@dataclass(frozen=True)
class SmallShops:
    """Two companies with a history, and the home folder of their pipelines."""

    database: FreshDatabase
    settings: Settings
    acme: Company
    bolt: Company

    def run(self, **options: Any) -> RoundResult:
        """Do one round."""
        return run_round(self.settings, server=self.database.server, database=self.database.name, **options)

    def sell(self, company: Company, *, days_ago: int, units: int) -> None:
        """Add an order of one line, with its move of stock."""
        with self.database.connect("owner") as owner:
            _sell(owner, company, first_day=days_ago, last_day=days_ago, units=units)

    def mart_checksums(self) -> dict[str, str]:
        """A checksum of every mart's rows, whatever their order; when they were pulled does not count."""
        with hold_warehouse(self.settings) as warehouse:
            tables = warehouse.rows(
                "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
            )
            return {
                table["table_name"]: warehouse.rows(
                    "select count(*) || ' ' || coalesce(sum(hash(mart)), 0) as checksum"
                    f" from (select columns(name -> name <> 'pulled_at') from marts.{table['table_name']})"
                    " as mart".replace("name -> name", "lambda name: name")
                )[0]["checksum"]
                for table in tables
            }


def make_small_shops(database: FreshDatabase, settings: Settings) -> SmallShops:
    """Write the history."""
    with database.connect("owner") as owner:
        acme = add_company(owner, "acme", on_hand_units=0)
        bolt = add_company(owner, "bolt", on_hand_units=0, currency="USD", price_amount="12.50")
        for company, units in ((acme, 2), (bolt, 3)):
            owner.execute(_OPENING, {**vars(company), "days": HISTORY_DAYS + 1})
            _sell(owner, company, first_day=HISTORY_DAYS, last_day=1, units=units)
    return SmallShops(database=database, settings=settings, acme=acme, bolt=bolt)


def _sell(
    owner: psycopg.Connection[tuple[Any, ...]],
    company: Company,
    *,
    first_day: int,
    last_day: int,
    units: int,
) -> None:
    owner.execute(_SALES, {**vars(company), "first_day": first_day, "last_day": last_day, "units": units})


_OPENING = (
    "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason, occurred_at)"
    " values (%(id)s, %(location_id)s, %(variant_id)s, 5000, 'opening',"
    " now() - make_interval(days => %(days)s))"
)
_SALES = """
with days as (
    select
        uuidv7() as order_id, uuidv7() as line_id,
        now() - make_interval(days => days_ago) as placed_at,
        %(units)s::int + days_ago %% 4 as units
    from generate_series(%(last_day)s::int, %(first_day)s::int) as days_ago
),
terms as (
    select unit_price_amount as price, unit_cost_amount as cost, currency
    from variant_terms inner join companies on companies.id = variant_terms.company_id
    where variant_id = %(variant_id)s
),
placed as (
    insert into orders (
        company_id, id, order_number, shop_id, customer_id, placed_by, status, currency, subtotal_amount,
        tax_amount, total_amount, placed_at
    )
    select
        %(id)s, order_id, 'ORD-' || order_id, %(shop_id)s, %(customer_id)s, 'customer', 'completed',
        currency, units * price, 1, units * price + 1, placed_at
    from days, terms
),
lines as (
    insert into order_lines (
        company_id, id, order_id, variant_id, line_number, sku, product_name, quantity_units,
        unit_price_amount, unit_cost_amount, line_amount, net_amount, tax_amount, gross_amount,
        fulfilled_units
    )
    select
        %(id)s, line_id, order_id, %(variant_id)s, 1, %(sku)s, 'Thing', units, price, cost, units * price,
        units * price, 1, units * price + 1, units
    from days, terms
)
insert into stock_ledger (
    company_id, location_id, variant_id, delta_units, reason, reference_type, reference_id, occurred_at
)
select %(id)s, %(location_id)s, %(variant_id)s, -units, 'sale', 'order', order_id, placed_at
from days
"""
