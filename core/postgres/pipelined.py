"""Statements of one company sent together: one round trip, one transaction, no separate begin and commit.

Order placement runs here. PostgreSQL treats what comes before a Sync message as one transaction, so a
failing statement undoes them all; nothing more is needed to commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from core.postgres.pools import HotPool

_BIND = "select set_config('app.company_id', %s, true), set_config('app.user_id', %s, true)"
_FORBIDDEN = ("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "set ", "copy")


@dataclass(frozen=True)
class Statement:
    """One SQL statement with its parameters; it is prepared once per connection."""

    sql: LiteralString
    parameters: Sequence[Any] | Mapping[str, Any] | None = None


async def run_pipelined(
    pool: HotPool, statements: Sequence[Statement], *, company_id: UUID, user_id: UUID | None = None
) -> list[list[tuple[Any, ...]]]:
    """Run ``statements`` bound to a company, all or none, and return the rows of each.

    Raises
    ------
    psycopg.Error
        The first statement's error; nothing was changed. A lost connection is an `OperationalError`
        whose outcome is unknown: only an idempotency key tells.
    ValueError
        If a statement controls transactions, which would split this one.
    """
    for statement in statements:
        _refuse_transaction_control(statement.sql)
    async with pool.connection() as connection:
        async with connection.pipeline():
            bound = [str(company_id), str(user_id) if user_id else ""]
            await connection.execute(_BIND, bound, prepare=True)
            cursors = [
                await connection.execute(statement.sql, statement.parameters, prepare=True)
                for statement in statements
            ]
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _refuse_transaction_control(statement: str) -> None:
    if statement.lstrip().lower().startswith(_FORBIDDEN):
        raise ValueError(f"not in a pipelined transaction: {statement.strip().split()[0]}")
