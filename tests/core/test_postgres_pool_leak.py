"""Check 27: with one connection for all, no company sees another's rows, however a transaction ends."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from core.postgres.exchange import ExchangeError, PreparedStatement, Row, exchange
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

SLOW = "select pg_sleep(10)"
SEEN = "select array_agg(distinct company_id::text) from products"
STATEMENTS: dict[bytes, PreparedStatement] = {}
BIND = PreparedStatement(
    b"bind", b"select set_config('app.company_id', $1, true), set_config('app.user_id', $2, true)"
)
BOUND = "select coalesce(current_setting('app.company_id', true), '')"


class UseCaseError(Exception):
    """What a use case raises by itself."""


Ending = Callable[[Database, Company], Awaitable[None]]


async def use_case_fails(database: Database, company: Company) -> None:
    with pytest.raises(UseCaseError):
        await _raise_within(database, company)


async def statement_fails(database: Database, company: Company) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        await _run(database, company, "select 1 / 0")


async def task_is_cancelled(database: Database, company: Company) -> None:
    task = asyncio.create_task(_run(database, company, SLOW))
    await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def statement_times_out(database: Database, company: Company) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        await _run(database, company, "set local statement_timeout = 3", SLOW)


async def caller_gives_up(database: Database, company: Company) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.005):
            await _run(database, company, SLOW)


async def exchange_fails(database: Database, company: Company) -> None:
    with pytest.raises(ExchangeError):
        await _exchange(database, company, b"select 1 / 0")


async def exchange_is_cancelled(database: Database, company: Company) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.005):
            await _exchange(database, company, SLOW.encode())


async def exchange_succeeds(database: Database, company: Company) -> None:
    assert await _exchange(database, company, SEEN.encode()) == [(f"{{{company.id}}}",)]


async def transaction_succeeds(database: Database, company: Company) -> None:
    async with transaction(database, company_id=company.id, user_id=company.admin_user_id) as connection:
        assert (await connection.execute(sa.text(SEEN))).scalar() == [str(company.id)]


ENDINGS: list[Ending] = [
    use_case_fails,
    statement_fails,
    task_is_cancelled,
    statement_times_out,
    caller_gives_up,
    exchange_fails,
    exchange_is_cancelled,
    exchange_succeeds,
    transaction_succeeds,
]


@pytest.mark.parametrize(
    "rounds", [100, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(1200)])]
)
async def test_nothing_of_one_company_is_left_for_the_next(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], rounds: int
) -> None:
    acme, bolt = two_companies
    choose = random.Random(27)
    async with fresh_database.open(pool_size=1) as database:
        for number in range(rounds):
            first, second = (acme, bolt) if choose.random() < 0.5 else (bolt, acme)
            ending = ENDINGS[number] if number < len(ENDINGS) else choose.choice(ENDINGS)
            await ending(database, first)
            assert await _bound_on_both_pools(database) == ["", ""], ending.__name__
            assert await _seen_on_both_pools(database) == [None, None], ending.__name__
            await transaction_succeeds(database, second)
            await exchange_succeeds(database, second)


async def test_the_check_would_see_a_leak(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    async with fresh_database.open(pool_size=1) as database:
        async with transaction(database, company_id=acme.id) as connection:
            await connection.execute(sa.text(f"select set_config('app.company_id', '{acme.id}', false)"))
        assert (await _bound_on_both_pools(database))[0] == str(acme.id)
        assert (await _seen_on_both_pools(database))[0] == [str(acme.id)]


async def _run(database: Database, company: Company, *statements: str) -> None:
    async with transaction(database, company_id=company.id) as connection:
        for statement in statements:
            await connection.execute(sa.text(statement))


async def _exchange(database: Database, company: Company, statement: bytes) -> list[Row]:
    bind = (BIND, [str(company.id), str(company.admin_user_id)])
    question = STATEMENTS.setdefault(
        statement, PreparedStatement(b"question_%d" % len(STATEMENTS), statement)
    )
    _, rows = await exchange(database.hot_pool, [bind, (question, [])])
    return rows


async def _raise_within(database: Database, company: Company) -> None:
    async with transaction(database, company_id=company.id) as connection:
        await connection.execute(sa.text(SEEN))
        raise UseCaseError


async def _bound_on_both_pools(database: Database) -> list[object]:
    return await _ask_both_pools(database, BOUND)


async def _seen_on_both_pools(database: Database) -> list[object]:
    return await _ask_both_pools(database, SEEN)


async def _ask_both_pools(database: Database, query: str) -> list[object]:
    """Ask on a connection as it comes out of each pool, bound by nobody."""
    async with database.engine.connect() as connection:
        everyday = (await connection.execute(sa.text(query))).scalar()
    async with database.hot_pool.connection() as hot:
        row = await (await hot.execute(query)).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return [everyday, row[0]]
