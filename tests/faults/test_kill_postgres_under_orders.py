"""PostgreSQL is killed while orders come in (checks 11 and 13)."""

import asyncio
import os
import random
import signal
from contextlib import suppress

import psutil
import pytest

from tests.support.api_processes import ApiProcesses, run_api
from tests.support.load import order_until, resolve
from tests.support.orders import add_variants, assert_all_adds_up

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)], ids=["short", "full"])
async def test_a_killed_server_loses_no_acknowledged_order(kills: int) -> None:
    """Alternately the postmaster alone is killed and all its processes; what is not known, the key tells.

    This shows recovery from a crash of processes, not from a loss of power.
    """
    with run_api(pool_size=8) as api:
        company = api.add_company(on_hand_units=1_000_000)
        skus = add_variants(api, company, 9)
        stop = asyncio.Event()
        load = asyncio.create_task(order_until(api, company, skus, stop, buyers=8))
        for turn in range(kills):
            await asyncio.sleep(random.uniform(1.0, 2.0))
            _kill_server(api, with_children=bool(turn % 2))
            await asyncio.to_thread(api.reopen_server)
        await asyncio.sleep(2)
        stop.set()
        told = await load
        await resolve(api, company, told)
        assert not told.others
        stored = {str(row[0]) for row in api.rows("select id from orders")}
        assert stored == set(told.acknowledged.values())
        assert len(told.acknowledged) > 0
        assert_all_adds_up(api)


def _kill_server(api: ApiProcesses, *, with_children: bool) -> None:
    assert api.server.pid is not None
    postmaster = psutil.Process(api.server.pid)
    children = postmaster.children(recursive=True) if with_children else []
    os.kill(postmaster.pid, signal.SIGKILL)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
