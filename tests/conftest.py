"""Fixtures for all tests: one embedded server a session, one copy of its template a test."""

import gc
import os
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.postgres.pools import Database
from core.postgres.server import Server, open_server
from core.settings import Settings, load_settings
from tests.support.companies import Company, add_company
from tests.support.databases import (
    FAST_OPTIONS,
    FreshDatabase,
    fresh_copy,
    hash_quickly,
    make_template,
    memory_folder,
)
from tests.support.scheduling import UnitScheduling, order


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leave out no test in CI: what can't run there has not passed. Show why the API failed, where it did."""
    report = yield
    api = getattr(item, "funcargs", {}).get("api_processes")
    if report.failed and api is not None:
        report.sections.append(("The API's log ends with", api.log()))
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"left out in CI: {report.longrepr}"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the session's server, before markers are chosen; run the longest files first."""
    for item in items:
        if "database_server" in getattr(item, "fixturenames", ()):
            item.add_marker("database")
    order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep files together, and folders that share a costly fixture."""
    return UnitScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import without collecting garbage; the million objects that stay are left out of it later too."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def session_settings() -> Iterator[Settings]:
    """Settings with a home of the session's own, and the embedded server."""
    with tempfile.TemporaryDirectory(
        prefix="stockwise-tests-", dir=memory_folder(), ignore_cleanup_errors=True
    ) as folder:
        home = Path(folder)
        home.chmod(0o755)  # as root, the server runs as another user
        yield load_settings({"home": home}).model_copy(update={"database_url": None})


@pytest.fixture(scope="session")
def database_server(session_settings: Settings) -> Iterator[Server]:
    """The session's server, with a migrated template database."""
    with open_server(session_settings, options=FAST_OPTIONS) as server:
        hash_quickly(server, session_settings)
        make_template(server)
        yield server


@pytest.fixture
def fresh_database(database_server: Server, session_settings: Settings) -> Iterator[FreshDatabase]:
    """A migrated database that only this test sees."""
    with fresh_copy(database_server, session_settings) as database:
        yield database


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """The serving pools on this test's database, as the app's role."""
    async with fresh_database.open() as pools:
        yield pools


@pytest.fixture
def two_companies(fresh_database: FreshDatabase) -> tuple[Company, Company]:
    """Two companies with the same codes and 100 units of one variant each."""
    with fresh_database.connect("owner") as owner:
        return add_company(owner, "acme"), add_company(owner, "bolt")


@pytest.fixture
def company(fresh_database: FreshDatabase) -> Company:
    """One company with 100 units of one variant."""
    with fresh_database.connect("owner") as owner:
        return add_company(owner, "acme")
