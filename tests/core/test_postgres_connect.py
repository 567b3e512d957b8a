"""Plain and ADBC connections, for programs that do one thing after another."""

import psycopg
import pytest

from core.postgres.adbc import connect_adbc
from core.postgres.connect import connect, tenant_transaction
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

CHANGE_AND_FAIL = "update shops set name = 'Changed'; select 1 / 0"
COMPANY = "select coalesce(current_setting('app.company_id', true), ''), count(*) from products"


def test_a_tenants_transaction_ends_its_binding(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    with connect(fresh_database.dsn("app"), autocommit=True) as connection:
        for company in (acme, bolt):
            with tenant_transaction(connection, company.id, user_id=company.admin_user_id) as bound:
                assert bound.execute(COMPANY).fetchone() == (str(company.id), 1)
            assert connection.execute(COMPANY).fetchone() == ("", 0)
        with pytest.raises(psycopg.errors.DivisionByZero), tenant_transaction(connection, acme.id):
            connection.execute(CHANGE_AND_FAIL)
        with tenant_transaction(connection, acme.id):
            assert connection.execute("select name from shops").fetchall() == [("Main shop",)]


def test_without_autocommit_an_error_undoes_everything(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), connect(fresh_database.dsn("owner")) as connection:
        connection.execute(CHANGE_AND_FAIL)
    with connect(fresh_database.dsn("owner")) as connection:
        assert connection.execute("select distinct name from shops").fetchall() == [("Main shop",)]


def test_adbc_reads_what_the_reader_may_see(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    with connect_adbc(fresh_database.dsn("reader")) as connection, connection.cursor() as cursor:
        cursor.execute("select company_id::text, (price_amount * 100)::bigint as cents from products")
        table = cursor.fetch_arrow_table()
    assert sorted(table["company_id"].to_pylist()) == sorted(str(company.id) for company in two_companies)
    assert table["cents"].to_pylist() == [1000, 1000]


def test_adbc_understands_a_password_that_needs_quoting(fresh_database: FreshDatabase) -> None:
    with fresh_database.connect_administrator() as administrator:
        administrator.execute("create role quoted login password 'it''s \\ a=b'")
    try:
        dsn = psycopg.conninfo.make_conninfo(
            fresh_database.dsn("reader"), user="quoted", password="it's \\ a=b"
        )
        with connect_adbc(dsn) as connection, connection.cursor() as cursor:
            cursor.execute("select current_user::text")
            assert cursor.fetchall() == [("quoted",)]
    finally:
        with fresh_database.connect_administrator() as administrator:
            administrator.execute("drop role quoted")
