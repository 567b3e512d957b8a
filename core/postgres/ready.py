"""A server whose tables are those of this version."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import StockwiseError
from core.postgres.migrate import pending, upgrade
from core.postgres.server import Server, open_server
from core.settings import Settings


class MigrationNeeded(StockwiseError):
    """Production does not change tables by the way: someone runs ``stockwise migrate``."""


@contextmanager
def open_ready_server(settings: Settings) -> Iterator[Server]:
    """Open the server and bring its tables up to date; production only looks.

    Raises
    ------
    MigrationNeeded
        In production, if revisions are pending.
    """
    with open_server(settings) as server:
        revisions = pending(server)
        if revisions and settings.environment == "production":
            raise MigrationNeeded(
                f"The database lacks {len(revisions)} changes of this version.", hint="Run: stockwise migrate"
            )
        if revisions:
            upgrade(server)
        yield server
