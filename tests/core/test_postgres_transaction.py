"""A use case's transaction: bound to one company, all or nothing, tried again only where that helps."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

from core.ids import new_id
from core.postgres.exchange import Call, ExchangeError, PreparedStatement, exchange, exchange_in_transaction
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, sqlstate, transaction
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

BIND = PreparedStatement(
    b"bind", b"select set_config('app.company_id', $1, true), set_config('app.user_id', $2, true)"
)
NAMES: Call = (PreparedStatement(b"names", b"select name from shops"), [])
SUM: Call = (PreparedStatement(b"sum", b"select $1::integer + $2::integer, $3::text"), ["1", "2", None])
SHOWN_COMPANY = sa.text("select current_setting('app.company_id', true)")


def bind_call(company: Company) -> Call:
    return (BIND, [str(company.id), str(company.admin_user_id)])


async def test_a_transaction_sees_its_company_and_user_and_the_limits(database: Database) -> None:
    company_id, user_id = new_id(), new_id()
    async with transaction(database, company_id=company_id, user_id=user_id) as connection:
        row = (
            await connection.execute(
                sa.text(
                    "select current_user, current_setting('app.company_id'), current_setting('app.user_id'),"
                    " current_setting('lock_timeout'), current_setting('statement_timeout')"
                )
            )
        ).one()
    assert tuple(row) == ("stockwise_app", str(company_id), str(user_id), "2s", "30s")


async def test_an_error_undoes_everything(database: Database, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies

    async def fail() -> None:
        async with transaction(database, company_id=acme.id) as connection:
            await connection.execute(sa.text("update shops set name = 'Changed'"))
            raise RuntimeError("the use case failed")

    with pytest.raises(RuntimeError):
        await fail()
    async with transaction(database, company_id=acme.id) as connection:
        assert (await connection.execute(sa.text("select name from shops"))).scalars().all() == ["Main shop"]


async def test_statements_of_a_transaction_outlive_the_rollback_that_deallocates_them(
    fresh_database: FreshDatabase,
) -> None:
    """The driver sends DEALLOCATE ALL after a rollback on a connection that has prepared something."""
    often = 10  # the driver prepares what it sees more than five times

    async def fail() -> None:
        async with transaction(pools, company_id=new_id()) as connection:
            for _ in range(often):
                await connection.execute(sa.text("select 1"))
            raise RuntimeError("the use case failed")

    async with fresh_database.open(pool_size=1) as pools:
        for _ in range(3):
            async with transaction(pools, company_id=new_id()) as connection:
                answers = await exchange_in_transaction(connection, [NAMES, SUM])
                assert answers == [[], [("3", None)]]
            with pytest.raises(RuntimeError):
                await fail()


async def test_the_first_error_of_a_transaction_s_exchange_is_raised(database: Database) -> None:
    failing: Call = (PreparedStatement(b"failing", b"select 1 / $1::integer"), ["0"])
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with transaction(database, company_id=new_id()) as connection:
            await exchange_in_transaction(connection, [NAMES, failing, SUM])


async def test_beginning_and_binding_is_one_round_trip(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = 0
    original = psycopg.AsyncConnection.wait

    async def counting_wait(self: Any, generator: Any, *args: Any, **options: Any) -> Any:
        nonlocal waits
        waits += self.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE or _sends(generator)
        return await original(self, generator, *args, **options)

    async with fresh_database.open(pool_size=1) as pools:
        async with transaction(pools, company_id=new_id()):
            pass  # the first use of a connection asks the server for its version
        monkeypatch.setattr(psycopg.AsyncConnection, "wait", counting_wait)
        async with transaction(pools, company_id=new_id()) as connection:
            await connection.execute(sa.text("select 1"))
    assert waits == 3  # begin with binding, the statement, commit


def _sends(generator: Any) -> bool:
    return "_set_autocommit" not in generator.__qualname__ and "_rollback" not in generator.__qualname__


async def test_nobody_is_bound_after_a_transaction(fresh_database: FreshDatabase) -> None:
    async with fresh_database.open(pool_size=1) as pools:
        async with transaction(pools, company_id=new_id(), user_id=new_id()):
            pass
        async with pools.engine.connect() as connection:
            shown = (
                await connection.execute(
                    sa.text(
                        "select current_setting('app.company_id', true), current_setting('app.user_id', true)"
                    )
                )
            ).one()
    assert [value or "" for value in shown] == ["", ""]


async def test_a_connection_used_outside_a_transaction_still_needs_a_commit(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    async with fresh_database.open(pool_size=1) as pools:
        async with transaction(pools, company_id=two_companies[0].id):
            pass
        async with pools.engine.connect() as connection:
            await connection.execute(sa.text("insert into event_consumers (consumer) values ('lost')"))
        async with transaction(pools, company_id=None) as connection:
            assert (await connection.execute(sa.text("select count(*) from event_consumers"))).scalar() == 0


async def test_without_a_company_no_tenant_row_is_seen(
    database: Database, two_companies: tuple[Company, Company]
) -> None:
    async with transaction(database, company_id=None) as connection:
        assert (await connection.execute(sa.text("select count(*) from products"))).scalar() == 0


async def test_a_deadlock_is_tried_again_in_a_fresh_transaction(
    database: Database, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    both_hold_one = asyncio.Barrier(2)
    tries = 0

    async def change(first: str, second: str) -> None:
        waited = False

        async def work(connection: Any) -> None:
            nonlocal tries, waited
            tries += 1
            await connection.execute(sa.text(f"update {first} set updated_at = now()"))
            if not waited:
                waited = True
                await both_hold_one.wait()
            await connection.execute(sa.text(f"update {second} set updated_at = now()"))

        await run_in_transaction(database, work, company_id=acme.id)

    await asyncio.gather(change("shops", "locations"), change("locations", "shops"))
    assert tries == 3


async def test_other_errors_are_not_tried_again(
    database: Database, two_companies: tuple[Company, Company]
) -> None:
    tries = 0

    async def work(connection: Any) -> None:
        nonlocal tries
        tries += 1
        await connection.execute(sa.text("select 1 / 0"))

    with pytest.raises(sa.exc.DBAPIError) as caught:
        await run_in_transaction(database, work, company_id=two_companies[0].id)
    assert (tries, sqlstate(caught.value)) == (1, "22012")


async def test_tries_end(database: Database) -> None:
    tries = 0

    async def work(connection: Any) -> None:
        nonlocal tries
        tries += 1
        await connection.execute(sa.text("do $$ begin raise exception using errcode = '40001'; end $$"))

    with pytest.raises(sa.exc.DBAPIError):
        await run_in_transaction(database, work, company_id=new_id(), retries=2, jitter=lambda: 0.0)
    assert tries == 3


async def test_connections_that_a_restart_has_closed_are_replaced(fresh_database: FreshDatabase) -> None:
    async with fresh_database.open() as pools:
        company_id = new_id()

        async def hold() -> None:
            async with transaction(pools, company_id=company_id):
                await asyncio.sleep(0.2)

        await asyncio.gather(*(hold() for _ in range(pools.pool_size)))
        with fresh_database.connect_administrator() as administrator:
            administrator.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        await asyncio.sleep(0.2)
        async with transaction(pools, company_id=company_id) as connection:
            assert (await connection.execute(SHOWN_COMPANY)).scalar() == str(company_id)
        one: Call = (PreparedStatement(b"one", b"select 1"), [])
        assert await exchange(pools.hot_pool, [one]) == [[("1",)]]


async def test_exchanged_statements_are_bound_and_answered_in_order(
    database: Database, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    calls: list[Call] = [
        bind_call(acme),
        (PreparedStatement(b"ids", b"select id from products"), []),
        (PreparedStatement(b"rename", b"update shops set name = $1 returning name"), ["Renamed"]),
        (PreparedStatement(b"user", b"select current_setting('app.user_id'), null"), []),
        (PreparedStatement(b"tidy", b"delete from shop_locations where priority > 5"), []),
    ]
    _, *rows = await exchange(database.hot_pool, calls)
    assert rows == [[(str(acme.product_id),)], [("Renamed",)], [(str(acme.admin_user_id), None)], []]
    assert await exchange(database.hot_pool, [bind_call(bolt), NAMES]) == [
        [(str(bolt.id), str(bolt.admin_user_id))],
        [("Main shop",)],
    ]


@pytest.mark.parametrize(
    "failing", [b"select 1 / 0", b"insert into shops (name) values ('x')", b"select * from nowhere"]
)
async def test_a_failing_statement_undoes_those_before_and_after(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], failing: bytes
) -> None:
    acme, _ = two_companies
    async with fresh_database.open(pool_size=1) as pools:
        calls: list[Call] = [
            bind_call(acme),
            (PreparedStatement(b"before", b"update shops set name = 'Changed'"), []),
            (PreparedStatement(b"failing", failing), []),
            (PreparedStatement(b"after", b"update shops set name = 'Changed too'"), []),
        ]
        for _ in range(3):  # also once all are prepared
            with pytest.raises((ExchangeError, psycopg.errors.UndefinedTable)) as caught:
                await exchange(pools.hot_pool, calls)
            if isinstance(caught.value, ExchangeError):
                assert caught.value.position == 2
        assert await _bound_company(pools) == ""
        assert (await exchange(pools.hot_pool, [bind_call(acme), NAMES]))[1] == [("Main shop",)]


async def test_a_cancelled_exchange_binds_nobody_and_leaves_no_half(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    async with fresh_database.open(pool_size=1) as pools:
        calls: list[Call] = [
            bind_call(acme),
            (PreparedStatement(b"change", b"update shops set name = 'Changed'"), []),
            (PreparedStatement(b"wait", b"select pg_sleep(5)"), []),
        ]
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await exchange(pools.hot_pool, calls)
        assert await _bound_company(pools) == ""
        assert (await exchange(pools.hot_pool, [bind_call(acme), NAMES]))[1] == [("Main shop",)]


async def _bound_company(pools: Database) -> str:
    async with pools.hot_pool.connection() as connection:
        cursor = await connection.execute("select coalesce(current_setting('app.company_id', true), '')")
        row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


def test_company_ids_are_ids_and_nothing_else() -> None:
    from core.postgres.transaction import _begin_and_bind

    with pytest.raises(ValueError, match="badly formed"):
        _begin_and_bind("'; drop table users; --", None)  # type: ignore[arg-type]
    assert b"app.user_id', ''" in _begin_and_bind(UUID(int=1), None)
