"""The embedded server: shared by processes, survives their deaths, and says what is wrong in a sentence."""

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from core.postgres.errors import (
    DatabaseBusyError,
    DatabaseUnavailableError,
)
from core.postgres.exchange import PreparedStatement, exchange
from core.postgres.file_locks import exclusive_lock
from core.postgres.pools import open_database
from core.postgres.server import open_server
from core.postgres.transaction import transaction
from tests.support.own_home import ask, open_fast, settings_of, wait_until_nobody_serves
from tests.support.servers import Holder, runs

pytestmark = pytest.mark.slow

DEEP = "d" * 120

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do what is tested here")


def test_processes_that_open_at_once_share_one_server_and_the_last_one_stops_it(folder: Path) -> None:
    holders = [Holder.start(folder / "home") for _ in range(3)]
    pids = {holder.wait_until_open() for holder in holders}
    assert len(pids) == 1
    server_pid = pids.pop()
    for holder in holders:
        assert runs(server_pid)
        assert holder.leave() == ""
    assert not runs(server_pid)


def test_one_process_may_open_the_server_twice(home: Path) -> None:
    first = open_fast(home)
    with open_fast(home) as second:
        assert second.pid == first.pid
    assert ask(first, "select 1") == 1
    assert first.pid is not None
    first.close()
    first.close()
    assert not runs(first.pid)


def test_a_killed_server_recovers_with_what_was_committed(home: Path) -> None:
    with open_server(settings_of(home)) as server:
        assert server.pid is not None
        with psycopg.connect(server.dsn("owner")) as connection:
            connection.execute("create table kept as select 7 as value")
        os.kill(server.pid, signal.SIGKILL)
        with open_fast(home) as again:
            assert again.pid != server.pid
            assert ask(again, "select value from kept") == 7


async def test_pools_start_a_killed_server_again(home: Path) -> None:
    settings = settings_of(home)
    seven = PreparedStatement(b"seven", b"select 7")
    with open_fast(home) as server:
        async with open_database(server, settings) as pools:
            for _ in range(2):
                assert await exchange(pools.hot_pool, [(seven, [])]) == [[("7",)]]
                async with transaction(pools, company_id=None) as connection:
                    assert (await connection.execute(sa.text("select 7"))).scalar() == 7
                killed = server.pid
                assert killed is not None
                os.kill(killed, signal.SIGKILL)
                await asyncio.to_thread(wait_until_nobody_serves, home)
            async with transaction(pools, company_id=None) as connection:
                assert (await connection.execute(sa.text("select 7"))).scalar() == 7
        assert server.pid is not None
        assert runs(server.pid)
    assert not runs(server.pid)


def test_a_closed_server_is_not_started_again(home: Path) -> None:
    server = open_fast(home)
    server.close()
    with pytest.raises(DatabaseUnavailableError, match="was closed"):
        server.ensure_running()
    assert server.pid is not None
    assert not runs(server.pid)


def test_a_killed_user_does_not_keep_the_server_running(home: Path) -> None:
    holder = Holder.start(home)
    server_pid = holder.wait_until_open()
    holder.kill()
    assert runs(server_pid)
    with open_fast(home) as next_user:
        assert next_user.pid == server_pid
    assert not runs(server_pid)


def test_user_and_server_killed_together_leave_nothing_in_the_way(home: Path) -> None:
    holder = Holder.start(home)
    os.kill(holder.wait_until_open(), signal.SIGKILL)
    holder.kill()
    with open_fast(home) as next_user:
        assert ask(next_user, "select 1") == 1


def test_a_pid_file_that_names_another_program_is_no_server(home: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    lines = [sleeper.pid, home / "postgres", 0, 5432, home / "socket", "", "0 0", "ready"]
    (home / "postgres" / "postmaster.pid").write_text("".join(f"{line}\n" for line in lines))
    try:
        with open_fast(home) as server:
            assert ask(server, "select 1") == 1
        assert runs(sleeper.pid)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_the_child_of_a_fork_does_not_stop_its_parents_server(home: Path) -> None:
    with open_fast(home) as server:
        child = os.fork()
        if child == 0:
            server.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert ask(server, "select 1") == 1


def test_a_user_waits_for_one_who_is_starting_but_not_for_ever(folder: Path) -> None:
    lock = folder / "lock"
    with (
        exclusive_lock(lock, timeout_seconds=1),
        pytest.raises(DatabaseBusyError, match=r"for 0 seconds"),
        exclusive_lock(lock, timeout_seconds=0.1),
    ):
        pass


def test_a_deleted_home_can_be_left(home: Path) -> None:
    server = open_fast(home)
    assert server.pid is not None
    shutil.rmtree(home)
    server.close()
    os.kill(server.pid, signal.SIGINT)  # by itself it would notice within a minute
