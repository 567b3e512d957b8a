"""People who look at the pages: accounts with roles and a password, and a real API for them to log in at."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import psycopg
import uvicorn

from api.app import create_app
from api.identity.passwords import hash_password
from core.ids import new_id
from core.settings import Settings
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

PASSWORD = "correct horse battery"


@cache
def _password_hash() -> str:
    with ThreadPoolExecutor(1) as pool:  # a browser's driver may hold this thread's event loop
        return pool.submit(lambda: asyncio.run(hash_password(PASSWORD))).result()


def add_visitor(
    owner: psycopg.Connection[tuple[Any, ...]],
    email: str,
    roles: dict[Company, str],
    *,
    limit: int | None = 100_000,
) -> UUID:
    """Write an account with a role in each company; shop roles are bound to the company's shop."""
    user_id = new_id()
    owner.execute(
        "insert into users (id, email, password_hash, first_name, last_name) values (%s, %s, %s, %s, %s)",
        [user_id, email, _password_hash(), "Ada", "Lovelace"],
    )
    for company, role in roles.items():
        membership_id = new_id()
        owner.execute(
            "insert into memberships (company_id, id, user_id, role, approval_limit_amount)"
            " values (%s, %s, %s, %s, %s)",
            [company.id, membership_id, user_id, role, limit],
        )
        if role.startswith("shop_"):
            owner.execute(
                "insert into membership_shops (company_id, membership_id, shop_id) values (%s, %s, %s)",
                [company.id, membership_id, company.shop_id],
            )
    return user_id


def add_super_admin(owner: psycopg.Connection[tuple[Any, ...]], email: str) -> None:
    """Write an account that runs the platform and belongs to no company."""
    user_id = add_visitor(owner, email, {})
    owner.execute("insert into platform_roles (user_id, role) values (%s, 'super_admin')", [user_id])


@dataclass(frozen=True)
class RunningApi:
    """An API that listens."""

    url: str

    def log_in(self, email: str) -> str:
        """Log in through the form; return the cookie that the pages get."""
        form = {"email": email, "password": PASSWORD}
        with httpx.Client(base_url=self.url, trust_env=False) as client:
            response = client.post("/login", data=form)
        assert response.status_code == 303, response.text
        return response.cookies["stockwise_session"]


@contextmanager
def run_api(database: FreshDatabase, settings: Settings) -> Iterator[RunningApi]:
    """Serve the API over a test's database from a thread of this process."""
    app = create_app(settings, server=database.server, database=database.name)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield RunningApi(f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 30
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the API did not start")
        time.sleep(0.02)
