"""Plain connections for programs that do one thing after another: imports, pipelines, scripts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


def connect(dsn: str, *, autocommit: bool = False) -> Connection:
    """Open a connection of the role in ``dsn``; a context manager that commits, or undoes after an error."""
    return psycopg.connect(dsn, autocommit=autocommit)


@contextmanager
def tenant_transaction(
    connection: Connection, company_id: UUID, *, user_id: UUID | None = None
) -> Iterator[Connection]:
    """Run a transaction that sees and writes one company's rows only."""
    with connection.transaction():
        connection.execute(
            "select set_config('app.company_id', %s, true), set_config('app.user_id', %s, true)",
            [str(company_id), str(user_id) if user_id else ""],
        )
        yield connection
