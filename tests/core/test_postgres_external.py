"""A server of one's own by DATABASE_URL: PostgreSQL 15 of Debian and 18, as superuser and as less."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import ANY

import psycopg
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from pydantic import SecretStr

from core.errors import StockwiseError
from core.ids import new_id
from core.postgres import binaries, migrate, server
from core.postgres.errors import DatabaseUnavailableError, WrongDatabaseVersionError
from core.postgres.exchange import PreparedStatement, exchange
from core.postgres.pools import open_database
from core.postgres.roles import ROLE_NAMES
from core.postgres.server import open_server
from core.postgres.transaction import transaction
from core.settings import Settings, load_settings
from tests.support.companies import add_company
from tests.support.own_server import OwnServer, find_debian_programs, run_own_server

pytestmark = pytest.mark.slow

HEAD_REVISION = ScriptDirectory(str(migrate.SCRIPTS_FOLDER)).get_current_head()
DEBIAN = find_debian_programs()
VERSIONS = [
    pytest.param(
        "debian",
        marks=[
            pytest.mark.debian,
            pytest.mark.skipif(DEBIAN is None, reason="needs PostgreSQL: apt-get install postgresql"),
        ],
    ),
    "wheel",
]


@pytest.fixture(scope="module", params=VERSIONS)
def own_server(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    """A running server that knows nothing of the product."""
    programs = DEBIAN if request.param == "debian" else binaries.program("postgres").parent
    assert programs is not None
    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with run_own_server(programs, Path(folder) / "own") as running:
            yield running


@pytest.fixture
def clean_server(own_server: OwnServer) -> Iterator[OwnServer]:
    """The server, without the product's roles and databases before and after."""
    yield own_server
    for (name,) in own_server.fetch(
        "select datname from pg_database where not datistemplate and datname <> 'postgres'"
    ):
        own_server.execute(f'drop database "{name}" with (force)')
    for (name,) in own_server.fetch("select rolname from pg_roles where rolname ~ '^(stockwise_|helper)'"):
        own_server.execute(f'drop owned by "{name}"', f'drop role "{name}"')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path / "home"})


def with_url(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})


def refusal(settings: Settings) -> StockwiseError:
    with pytest.raises(DatabaseUnavailableError) as caught:
        open_server(settings)
    assert "\n" not in caught.value.message
    assert "p@ss" not in caught.value.message
    assert caught.value.hint
    return caught.value


def test_a_superuser_gets_a_new_database_that_migrates_and_serves(
    clean_server: OwnServer, settings: Settings
) -> None:
    settings = with_url(settings, clean_server.url(database="new_shop"))
    with open_server(settings) as opened:
        assert not opened.is_embedded
        assert opened.database == "new_shop"
        assert opened.version >= 150000
        migrate.upgrade(opened)
        assert migrate.check(opened) is None
        with psycopg.connect(opened.dsn("owner"), autocommit=True) as owner:
            company = add_company(owner, "acme")
            assert owner.execute("select substr(uuidv7()::text, 15, 1)").fetchone() == ("7",)
        with psycopg.connect(opened.dsn("app")) as app:
            assert app.execute("select count(*) from products").fetchone() == (0,)
            app.execute("select set_config('app.company_id', %s, true)", [str(company.id)])
            assert app.execute("select id from products").fetchall() == [(company.product_id,)]
        with psycopg.connect(opened.dsn("reader")) as reader:
            assert reader.execute("select count(*) from products").fetchone() == (1,)
            # What the feed stores with its bound, to see that a backup was restored.
            identity = (
                "select system_identifier > 0, pg_walfile_name(pg_current_wal_lsn()) from pg_control_system()"
            )
            assert reader.execute(identity).fetchone() == (True, ANY)


async def test_pools_work_on_it(clean_server: OwnServer, settings: Settings) -> None:
    settings = with_url(settings, clean_server.url(database="new_shop"))
    with open_server(settings) as opened:
        migrate.upgrade(opened)
        async with open_database(opened, settings) as database:
            who = PreparedStatement(b"who", b"select current_user")
            assert await exchange(database.hot_pool, [(who, [])]) == [[("stockwise_app",)]]
            async with transaction(database, company_id=new_id()) as connection:
                assert (await connection.execute(sa.text("select current_user"))).scalar() == "stockwise_app"


@pytest.mark.parametrize("owns_database", [False, True])
def test_an_ordinary_user_who_may_make_roles_is_enough(
    clean_server: OwnServer, settings: Settings, owns_database: bool
) -> None:
    rights = "createrole" if owns_database else "createrole createdb"
    clean_server.execute(f"create role helper login {rights} password 'secret'")
    if owns_database:
        clean_server.execute("create database shop owner helper")
    settings = with_url(settings, clean_server.url("helper", database="shop", password="secret"))
    for _ in range(2):
        with open_server(settings) as opened:
            migrate.upgrade(opened)
            assert migrate.current(opened) == HEAD_REVISION
    roles = clean_server.fetch(
        "select rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls from pg_roles"
        " where rolname like 'stockwise%' order by 1"
    )
    assert roles == [(name, False, False, False, False) for name in sorted(ROLE_NAMES.values())]


def test_several_processes_may_open_a_new_server_at_once(clean_server: OwnServer, settings: Settings) -> None:
    settings = with_url(settings, clean_server.url(database="shop"))

    def open_and_migrate(_: int) -> str | None:
        with open_server(settings) as opened:
            migrate.upgrade(opened)
            return migrate.current(opened)

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(open_and_migrate, range(6))) == [HEAD_REVISION] * 6


def test_once_the_roles_exist_the_user_of_the_url_needs_no_rights(
    clean_server: OwnServer, settings: Settings
) -> None:
    with open_server(with_url(settings, clean_server.url(database="shop"))):
        pass
    clean_server.execute("create role helper login password 'secret'")
    settings = with_url(settings, clean_server.url("helper", database="shop", password="secret"))
    with open_server(settings) as opened, psycopg.connect(opened.dsn("app")) as app:
        assert app.info.user == "stockwise_app"


def test_a_user_who_may_not_make_roles_is_told_what_is_missing(
    clean_server: OwnServer, settings: Settings
) -> None:
    clean_server.execute("create role helper login password 'secret'")
    error = refusal(with_url(settings, clean_server.url("helper", database="postgres", password="secret")))
    assert "helper may not prepare the database: permission denied" in error.message
    assert "alter role helper createrole createdb" in str(error.hint)


def test_a_database_of_someone_elses_is_named(clean_server: OwnServer, settings: Settings) -> None:
    clean_server.execute("create role helper login createrole password 'secret'", "create database shop")
    error = refusal(with_url(settings, clean_server.url("helper", database="shop", password="secret")))
    assert error.message == "stockwise_owner may not make tables in the database shop."


def test_roles_of_another_installation_keep_their_passwords(
    clean_server: OwnServer, settings: Settings
) -> None:
    with open_server(with_url(settings, clean_server.url(database="shop"))) as first:
        other = settings.model_copy(update={"home": settings.home / "other"})
        error = refusal(with_url(other, clean_server.url(database="shop")))
        assert "exists on the server but cannot log in" in error.message
        assert "STOCKWISE_OWNER_PASSWORD" in str(error.hint)
        psycopg.connect(first.dsn("app")).close()


def test_wrong_passwords_and_addresses_are_one_sentence(clean_server: OwnServer, settings: Settings) -> None:
    error = refusal(with_url(settings, clean_server.url(database="shop", password="wrong")))
    assert error.message == (
        'The database of DATABASE_URL cannot be reached: password authentication failed for user "boss".'
    )
    unreachable = refusal(with_url(settings, "postgresql://boss@127.0.0.1:1/shop"))
    assert "port 1 failed: Connection refused." in unreachable.message
    assert "not a PostgreSQL address" in refusal(with_url(settings, "mysql://boss@localhost/shop")).message


def test_sqlalchemys_spelling_of_an_address_is_understood(
    clean_server: OwnServer, settings: Settings
) -> None:
    url = clean_server.url(database="shop").replace("postgresql://", "postgresql+psycopg://")
    with open_server(with_url(settings, url)) as opened:
        assert opened.database == "shop"


def test_a_server_that_is_too_old_is_refused(
    clean_server: OwnServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "OLDEST_SERVER_VERSION", 99)
    with pytest.raises(WrongDatabaseVersionError, match="Stockwise needs 99 or newer"):
        open_server(with_url(settings, clean_server.url(database="shop")))


def test_passwords_never_reach_the_servers_log(clean_server: OwnServer, settings: Settings) -> None:
    clean_server.execute("alter system set log_statement = 'all'", "select pg_reload_conf()")
    with open_server(with_url(settings, clean_server.url(database="shop"))):
        pass
    log = clean_server.folder / "log"
    clean_server.execute("alter system reset all", "select pg_reload_conf()")
    said = log.read_text()
    assert "create role" in said
    for file in (settings.secrets_folder).iterdir():
        assert not file.is_file() or not file.read_text() or file.read_text().strip() not in said
