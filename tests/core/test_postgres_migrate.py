"""Migrations: from empty to head, twice is once, and the tables are those that the code describes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql

from core.ids import new_id
from core.postgres import migrate
from core.postgres.errors import DatabaseBusyError
from core.postgres.server import Server
from tests.support.databases import FreshDatabase
from tests.support.schema_structure import structure


@pytest.fixture
def empty_database(database_server: Server) -> Iterator[str]:
    name = f"test_{new_id().hex}"
    database_server.create_database(name)
    yield name
    database_server.drop_database(name)


def test_an_empty_database_gets_every_table_and_a_second_run_changes_nothing(
    database_server: Server, empty_database: str
) -> None:
    assert migrate.current(database_server, database=empty_database) is None
    migrate.upgrade(database_server, database=empty_database)
    revision = migrate.current(database_server, database=empty_database)
    assert revision is not None
    made = structure(database_server, empty_database)
    assert len(made) > 500
    migrate.upgrade(database_server, database=empty_database)
    assert migrate.current(database_server, database=empty_database) == revision
    assert structure(database_server, empty_database) == made


def test_two_at_once_migrate_once(database_server: Server, empty_database: str) -> None:
    def upgrade(_: int) -> None:
        migrate.upgrade(database_server, database=empty_database)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(upgrade, range(3)))
    assert migrate.check(database_server, database=empty_database) is None


def test_tables_and_metadata_agree(fresh_database: FreshDatabase) -> None:
    assert migrate.check(fresh_database.server, database=fresh_database.name) is None


@pytest.mark.parametrize(
    "change",
    [
        "alter table products add column forgotten text",
        "alter table products drop column brand cascade",
        "alter table products alter column name drop not null",
        "alter table products alter column weight_kg type numeric(4, 1)",
        "create table forgotten (id int)",
        "drop index ix_products_company_id_status",
    ],
)
def test_a_difference_is_reported(fresh_database: FreshDatabase, change: Any) -> None:
    with fresh_database.connect("owner") as owner:
        if "drop column" in change:
            owner.execute("drop view variant_terms cascade")
        owner.execute(change)
    difference = migrate.check(fresh_database.server, database=fresh_database.name)
    assert difference is not None
    assert "New upgrade operations detected" in difference


def test_everything_belongs_to_the_owners_role(fresh_database: FreshDatabase) -> None:
    with fresh_database.connect("owner") as owner:
        others = owner.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relowner <> 'stockwise_owner'::regrole"
        ).fetchall()
    assert others == []


def test_no_amount_is_a_float(fresh_database: FreshDatabase) -> None:
    with fresh_database.connect("owner") as owner:
        floats = owner.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'public'"
            " and data_type in ('real', 'double precision', 'money')"
            " and column_name not in ('latitude', 'longitude')"
        ).fetchall()
    assert floats == []


def test_a_migration_gives_up_on_a_table_in_use(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_LOCK_TIMEOUT", "200ms")
    with fresh_database.connect("owner") as owner:
        owner.execute("update alembic_version set version_num = '0001'")
    with psycopg.connect(fresh_database.dsn("owner")) as busy:
        busy.execute("lock table alembic_version in access exclusive mode")
        with pytest.raises(DatabaseBusyError, match="nothing was changed"):
            migrate.upgrade(fresh_database.server, database=fresh_database.name)


@pytest.mark.parametrize("role", ["app", "reader"])
def test_only_the_owner_may_migrate(fresh_database: FreshDatabase, role: Any) -> None:
    statement = sql.SQL("create table {} (id int)").format(sql.Identifier("mine"))
    with fresh_database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
