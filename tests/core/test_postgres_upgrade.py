"""Migrations over data: from the first version, step by step, to the tables that an empty database gets."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic.script import ScriptDirectory

from core.ids import new_id
from core.postgres import migrate
from core.postgres.server import Server
from tests.support import catalogue
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase
from tests.support.schema_structure import structure

ORDER = (
    "insert into orders (company_id, id, order_number, shop_id, customer_id, placed_by, currency,"
    " subtotal_amount, tax_amount, total_amount, reservation_expires_at)"
    " values (%(id)s, %(order_id)s, 'ORD-20260101-00000', %(shop_id)s, %(customer_id)s, 'customer', 'EUR',"
    " 20.00, 3.80, 23.80, now() + interval '1 hour')",
    "insert into order_lines (company_id, id, order_id, variant_id, line_number, sku, product_name,"
    " quantity_units, unit_price_amount, line_amount, tax_rate, net_amount, tax_amount, gross_amount)"
    " values (%(id)s, %(line_id)s, %(order_id)s, %(variant_id)s, 1, 'SKU-1', 'Thing', 2, 10, 20.00, 0.19,"
    " 20.00, 3.80, 23.80)",
    "insert into reservations (company_id, location_id, variant_id, owner_id, owner_line_id, reserved_units)"
    " values (%(id)s, %(location_id)s, %(variant_id)s, %(order_id)s, %(line_id)s, 2)",
    "update stock_levels set reserved_units = 2 where company_id = %(id)s",
)
KEPT = """
    select
        (select count(*) from products), (select count(*) from price_history),
        (select count(*) from orders where total_amount = 23.80 and status = 'pending'),
        (select sum(line_amount) from order_lines), (select sum(reserved_units) from reservations),
        (select sum(on_hand_units - reserved_units - available_units) from stock_levels),
        (select sum(delta_units) from stock_ledger)
"""

# A product that is older than the history of its category has one row there, said to be assumed.
PLACES = """
    select
        (place.category_id, place.valid_from) is not distinct from (product.category_id, product.created_at),
        place.is_assumed
    from products as product
    full join product_category_history as place on place.product_id = product.id
"""


def revisions() -> list[str]:
    scripts = ScriptDirectory(str(migrate.SCRIPTS_FOLDER))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


@pytest.fixture
def first_version(database_server: Server) -> Iterator[str]:
    """A database of the first version, with two companies and an open order each."""
    name = f"test_{new_id().hex}"
    database_server.create_database(name)
    try:
        migrate.upgrade(database_server, revisions()[0], database=name)
        with psycopg.connect(database_server.dsn("owner", name), autocommit=True) as owner:
            for slug in ("acme", "bolt"):
                add_order(owner, add_company(owner, slug))
        yield name
    finally:
        database_server.drop_database(name)


def add_order(owner: catalogue.Connection, company: Company) -> None:
    values = {**vars(company), "order_id": new_id(), "line_id": new_id()}
    for statement in ORDER:
        owner.execute(statement, values)


def test_each_step_keeps_the_rows_and_the_rules(
    database_server: Server, first_version: str, fresh_database: FreshDatabase
) -> None:
    with psycopg.connect(database_server.dsn("owner", first_version), autocommit=True) as owner:
        before = owner.execute(KEPT).fetchone()
        assert before == (2, 2, 2, 40, 4, 0, 200)
        for revision in revisions()[1:]:
            migrate.upgrade(database_server, revision, database=first_version)
            assert owner.execute(KEPT).fetchone() == before, revision
            assert [broken for rule in catalogue.RULES for broken in rule(owner)] == [], revision
        assert owner.execute(PLACES).fetchall() == [(True, True)] * 2
    assert migrate.check(database_server, database=first_version) is None
    assert structure(database_server, first_version) == structure(database_server, fresh_database.name)
