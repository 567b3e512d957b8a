"""The demo, written once for all tests that only read it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from core.postgres.server import Server
from core.progress import SilentProgress
from core.settings import Settings
from pipelines.demo.generate import write_demo
from tests.support.databases import FreshDatabase, fresh_copy

DEMO_AS_OF = date(2026, 11, 21)


@pytest.fixture(scope="package")
def demo_database(database_server: Server, session_settings: Settings) -> Iterator[FreshDatabase]:
    """A database with the three companies, as of a fixed day; tests only read it."""
    with fresh_copy(database_server, session_settings) as database:
        with database.connect("app") as connection:
            now = datetime.now(tz=UTC)
            write_demo(connection, seed=7, as_of=DEMO_AS_OF, now=now, progress=SilentProgress())
        with database.connect("owner") as owner:
            owner.execute("analyze")
        yield database
