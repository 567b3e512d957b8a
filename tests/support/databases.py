"""Databases for tests: copies of one migrated template on the session's embedded server."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from core.ids import new_id
from core.postgres import migrate
from core.postgres.cluster import SUPERUSER
from core.postgres.pools import Database, open_database
from core.postgres.roles import ROLE_NAMES, Role
from core.postgres.server import Server
from core.secrets import load_secrets
from core.settings import Settings

TEMPLATE = "stockwise_template"
# A test's data need not survive a power cut.
FAST_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "512MB",
}

_MEMORY = Path("/dev/shm")
# For the servers of four processes, one of them with the two years of the real data set.
_ENOUGH_BYTES = 8 * 1024**3


def memory_folder() -> Path | None:
    """Return a folder in memory if there is a large one: to copy a database is five times as fast there."""
    if not _MEMORY.is_dir():
        return None
    free = min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available)
    return _MEMORY if free > _ENOUGH_BYTES else None


@dataclass(frozen=True)
class FreshDatabase:
    """A migrated database of one test's own."""

    server: Server
    settings: Settings
    name: str

    def dsn(self, role: Role) -> str:
        """Return a role's connection string for this database."""
        return self.server.dsn(role, self.name)

    @contextmanager
    def connect(self, role: Role) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Open an autocommitting connection of a role."""
        with psycopg.connect(self.dsn(role), autocommit=True) as connection:
            yield connection

    @contextmanager
    def connect_administrator(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Open an autocommitting connection of the server's superuser."""
        with psycopg.connect(self.server.administrator_dsn(self.name), autocommit=True) as connection:
            yield connection

    @asynccontextmanager
    async def open(self, **changed_settings: Any) -> AsyncIterator[Database]:
        """Open the serving pools on this database."""
        settings = self.settings.model_copy(update=changed_settings)
        async with open_database(self.server, settings, database=self.name) as database:
            yield database


@contextmanager
def fresh_copy(server: Server, settings: Settings, *, template: str = TEMPLATE) -> Iterator[FreshDatabase]:
    """Copy the template for one use, and drop the copy afterwards."""
    name = f"test_{new_id().hex}"
    server.create_database(name, template=template, strategy="file_copy")
    try:
        yield FreshDatabase(server=server, settings=settings, name=name)
    finally:
        server.drop_database(name)


def hash_quickly(server: Server, settings: Settings) -> None:
    """Let logins do without 4,096 rounds of a hash, four fifths of a connection: a test opens a dozen."""
    secrets = load_secrets(settings)
    names = {SUPERUSER: secrets.postgres_password}
    names |= {name: getattr(secrets, f"{role}_password") for role, name in ROLE_NAMES.items()}
    with psycopg.connect(server.administrator_dsn(), autocommit=True) as administrator:
        administrator.execute("set scram_iterations = 1")
        for name, password in names.items():
            administrator.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(name), sql.Literal(password))
            )


def make_template(server: Server) -> None:
    """Migrate the template from empty."""
    server.create_database(TEMPLATE)
    migrate.upgrade(server, database=TEMPLATE)
