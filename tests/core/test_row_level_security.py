"""Checks 23 to 26, 28 and 29: the database itself keeps companies apart, and the check of it can fail."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from core.ids import new_id
from tests.support import catalogue
from tests.support.catalogue import Connection
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.reviewed_functions import REVIEWED_FUNCTIONS


@pytest.fixture
def owner(fresh_database: FreshDatabase) -> Iterator[Connection]:
    with fresh_database.connect("owner") as connection:
        yield connection


@pytest.fixture
def app(fresh_database: FreshDatabase, two_companies: tuple[Company, Company]) -> Iterator[Connection]:
    with fresh_database.connect("app") as connection:
        yield connection


def bind(connection: Connection, company_id: UUID | str) -> None:
    """Bind a connection for good, as no use case does: these tests ask one question each."""
    connection.execute("select set_config('app.company_id', %s, false)", [str(company_id)])


@pytest.mark.parametrize("rule", catalogue.RULES, ids=lambda rule: rule.__name__)
def test_the_catalogue_keeps_the_rules(owner: Connection, rule: Callable[[Connection], list[str]]) -> None:
    assert rule(owner) == []


def test_functions_with_owners_rights_are_the_reviewed_ones(owner: Connection) -> None:
    assert set(catalogue.functions_with_owners_rights(owner)) == REVIEWED_FUNCTIONS


BOUND = "nullif(current_setting('app.company_id', true), '')::uuid"
NEW_TABLE = "create table extra (company_id uuid not null, id uuid not null, primary key (company_id, id));"
SECURED = NEW_TABLE + (
    "alter table extra enable row level security; alter table extra force row level security;"
    "grant select, insert, update on extra to stockwise_app;"
)
POLICY = f"create policy company on extra to stockwise_app using (company_id = (select {BOUND}))"

BREACHES = [
    (catalogue.tables_without_forced_security, NEW_TABLE, "extra"),
    (
        catalogue.tables_without_forced_security,
        "alter table products no force row level security",
        "products",
    ),
    (catalogue.tables_without_forced_security, "alter table products disable row level security", "products"),
    (catalogue.tables_open_to_the_app_without_policy, SECURED, "extra"),
    (catalogue.tables_open_to_the_app_without_policy, "drop policy company on products", "products"),
    (
        catalogue.policies_that_do_not_bind,
        "create policy open on products for select to stockwise_app using (true)",
        "products.open",
    ),
    (
        catalogue.policies_that_do_not_bind,
        "create policy open on products for select using (company_id is not null)",
        "products.open",
    ),
    (
        catalogue.policies_that_do_not_bind,
        "alter policy company on products with check (true)",
        "products.company",
    ),
    (catalogue.policies_that_do_not_bind, f"{SECURED} {POLICY}", "extra.company"),
    (catalogue.policies_without_check, f"{SECURED} {POLICY}", "extra.company"),
    (catalogue.keys_without_company, "create table extra (company_id uuid, id uuid primary key)", "extra"),
    (catalogue.tables_of_nobody, "create table extra (id uuid primary key)", "extra"),
    (
        catalogue.references_across_companies,
        "alter table products add unique (id);"
        "alter table variants add constraint loose foreign key (product_id) references products (id)",
        "variants.loose",
    ),
    (
        catalogue.tables_that_lead_to_no_company,
        "alter table order_history drop constraint fk_order_history_company_id_order_id",
        "order_history",
    ),
    (
        catalogue.tables_that_lead_to_no_company,
        "alter table tombstones drop constraint fk_tombstones_company_id",
        "tombstones",
    ),
    (catalogue.uniques_across_companies, "create unique index loose on products (sku)", "loose"),
    (
        catalogue.uniques_across_companies,
        "create unique index loose on customers (lower(email)) where email is not null",
        "loose",
    ),
    (catalogue.views_that_see_all, "create view extra as select * from products", "extra"),
    (
        catalogue.views_that_see_all,
        "create materialized view extra as select 1; grant select on extra to stockwise_app",
        "extra",
    ),
    (
        catalogue.unpinned_functions_with_owners_rights,
        "create function extra() returns int language sql security definer as 'select 1'",
        "extra",
    ),
    (
        catalogue.unpinned_functions_with_owners_rights,
        "create function extra() returns int language sql security definer"
        " set search_path = pg_catalog, public as 'select 1'",
        "extra",
    ),
    (
        catalogue.functions_for_everyone,
        "create function extra() returns int language sql security definer as 'select 1'",
        "extra",
    ),
    (
        catalogue.functions_with_owners_rights,
        "create function extra() returns int language sql security definer as 'select 1'",
        "extra",
    ),
    (
        catalogue.roles_with_too_much_power,
        "grant insert on products to stockwise_reader",
        "stockwise_reader may write products",
    ),
    (
        catalogue.roles_with_too_much_power,
        "grant create on schema public to stockwise_app",
        "stockwise_app may create in schema public",
    ),
    (
        catalogue.roles_with_too_much_power,
        "grant truncate on products to stockwise_app",
        "stockwise_app may truncate products",
    ),
]


@pytest.mark.parametrize(("rule", "breach", "reported"), BREACHES)
def test_a_breach_of_a_rule_is_reported(
    fresh_database: FreshDatabase, rule: Callable[[Connection], list[str]], breach: str, reported: str
) -> None:
    with psycopg.connect(fresh_database.dsn("owner")) as owner:
        before = rule(owner)
        owner.execute(breach)  # type: ignore[call-overload]
        assert set(rule(owner)) - set(before) == {reported}
        owner.rollback()


@pytest.mark.parametrize(
    "breach",
    [
        "alter role stockwise_app bypassrls",
        "alter role stockwise_reader createrole",
        "grant stockwise_owner to stockwise_app",
        "grant pg_read_all_data to stockwise_reader",
        "alter table products owner to stockwise_app",
        "alter function document_number(text, bigint, timestamptz, text) owner to stockwise_app",
    ],
)
def test_too_much_power_is_reported(fresh_database: FreshDatabase, breach: Any) -> None:
    with psycopg.connect(fresh_database.server.administrator_dsn(fresh_database.name)) as administrator:
        administrator.execute(breach)
        assert len(catalogue.roles_with_too_much_power(administrator)) >= 1
        administrator.rollback()


def readable_tenant_tables(app: Connection) -> list[str]:
    rows = app.execute(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'v')"
        " and has_table_privilege(oid, 'select') and exists ("
        "select from pg_attribute where attrelid = pg_class.oid and attname = 'company_id')"
        " and relname <> 'sessions' order by 1"
    )
    return [row[0] for row in rows]


def companies_seen(app: Connection, table: str) -> set[UUID]:
    query = sql.SQL("select distinct company_id from {}").format(sql.Identifier(table))
    return {row[0] for row in app.execute(query)}


def test_without_a_company_no_row_of_any_table_is_seen(app: Connection) -> None:
    tables = readable_tenant_tables(app)
    assert {"products", "orders", "stock_levels", "events", "variant_terms", "idempotency_keys"} <= set(
        tables
    )
    for table in tables:
        assert companies_seen(app, table) == set(), table
    bind(app, "")
    for table in tables:
        assert companies_seen(app, table) == set(), table
    assert app.execute("select count(*) from companies").fetchone() == (0,)
    assert app.execute("select count(*) from users").fetchone() == (0,)
    bind(app, "nonsense")
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        app.execute("select * from products")


def test_bound_to_a_company_only_its_rows_are_seen(
    app: Connection, two_companies: tuple[Company, Company]
) -> None:
    tables = readable_tenant_tables(app)
    filled = set()
    for company in two_companies:
        bind(app, company.id)
        for table in tables:
            seen = companies_seen(app, table)
            assert seen <= {company.id}, table
            filled |= {table} if seen else set()
        assert app.execute("select id from companies").fetchall() == [(company.id,)]
        assert app.execute("select id from users").fetchall() == [(company.admin_user_id,)]
    assert {
        "products",
        "variants",
        "stock_levels",
        "stock_ledger",
        "price_history",
        "variant_terms",
    } <= filled


def test_another_companys_rows_cannot_be_written(
    app: Connection, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    bind(app, acme.id)
    assert app.execute("update products set name = 'x' where id = %s", [bolt.product_id]).rowcount == 0
    assert app.execute("delete from customers where company_id = %s", [bolt.id]).rowcount == 0
    insert = "insert into {} (company_id, {}) values (%s, {})"
    for table, columns, values in (
        ("shops", "name, slug", "'x', 'x'"),
        ("customers", "email", "'x@example.com'"),
        ("locations", "code, name", "'x', 'x'"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            app.execute(insert.format(table, columns, values), [bolt.id])  # type: ignore[call-overload]


def test_no_row_can_be_moved_to_another_company(
    app: Connection, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    bind(app, acme.id)
    tried = 0
    for table in readable_tenant_tables(app):
        allowed = app.execute("select has_column_privilege(%s, 'company_id', 'update')", [table]).fetchone()
        if allowed == (False,) or not companies_seen(app, table):
            continue
        move = sql.SQL("update {} set company_id = %s").format(sql.Identifier(table))
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            app.execute(move, [bolt.id])
        tried += 1
    assert tried >= 8


def test_the_app_cannot_take_the_walls_down(app: Connection) -> None:
    for statement in (
        "alter table products disable row level security",
        "drop policy company on products",
        "set role stockwise_owner",
        "set session authorization stockwise_owner",
        "truncate products",
        "create table mine (id int)",
        "alter role stockwise_app bypassrls",
        "select * from alembic_version",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)  # type: ignore[call-overload]


def test_the_reader_reads_all_companies_and_writes_nothing(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    with fresh_database.connect("reader") as reader:
        assert reader.execute("select count(distinct company_id) from products").fetchone() == (2,)
        for statement in ("update products set name = 'x'", "delete from products", "select * from users"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)  # type: ignore[call-overload]


def test_a_temporary_table_does_not_mislead_a_function_with_owners_rights(
    app: Connection, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    app.execute("create temporary table users (like public.users)")
    app.execute("insert into pg_temp.users select (jsonb_populate_record(null::public.users, %s)).*", [
        f'{{"id": "{new_id()}", "email": "acme@example.com", "password_hash": "forged", "is_active": true,'
        '"first_name": "", "last_name": "", "preferences": {}, "is_email_verified": true,'
        '"created_at": "2026-01-01", "updated_at": "2026-01-01"}'
    ])  # fmt: skip
    found = app.execute("select user_id from auth_find_user('acme@example.com')").fetchall()
    assert found == [(acme.admin_user_id,)]


REFERENCES = [
    (
        "insert into variants (company_id, product_id, sku) values (%(own)s, %(target)s, 'NEW')",
        "product_id",
    ),
    (
        "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
        " values (%(own)s, %(own_location)s, %(target)s, 1, 'count')",
        "variant_id",
    ),
    (
        "insert into orders (company_id, order_number, shop_id, customer_id, placed_by, currency,"
        " subtotal_amount, total_amount)"
        " values (%(own)s, 'X', %(own_shop)s, %(target)s, 'staff', 'EUR', 0, 0)",
        "customer_id",
    ),
    ("insert into shop_locations (company_id, shop_id, location_id)"
     " values (%(own)s, %(target)s, %(own_location)s)", "shop_id"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "referred"), REFERENCES)
def test_another_companys_id_is_refused_like_one_that_does_not_exist(
    app: Connection, two_companies: tuple[Company, Company], statement: str, referred: str
) -> None:
    acme, bolt = two_companies
    bind(app, bolt.id)
    nobodys = new_id()
    said = []
    for target in (getattr(acme, referred), nobodys):
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as caught:
            app.execute(
                statement,  # type: ignore[call-overload]
                {
                    "own": bolt.id,
                    "own_location": bolt.location_id,
                    "own_shop": bolt.shop_id,
                    "target": target,
                },
            )
        said.append(str(caught.value).replace(str(target), "<id>"))
    assert said[0] == said[1]


def test_codes_of_another_company_are_free(app: Connection, two_companies: tuple[Company, Company]) -> None:
    acme, bolt = two_companies
    for company, sku in ((acme, "NEW-1"), (bolt, "NEW-1")):
        bind(app, company.id)
        app.execute(
            "insert into products (company_id, sku, slug, barcode, name, price_amount)"
            " values (%s, %s, 'new', '4006381333931', 'New', 1)",
            [company.id, sku],
        )
        app.execute(
            "insert into customers (company_id, email) values (%s, 'shared@example.com')", [company.id]
        )
    with pytest.raises(psycopg.errors.UniqueViolation):
        app.execute("insert into customers (company_id, email) values (%s, 'shared@example.com')", [bolt.id])
