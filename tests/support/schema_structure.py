"""What a database is made of: columns, constraints, policies and functions, to compare two of them."""

from typing import Any

import psycopg

from core.postgres.server import Server

STRUCTURE = """
    select 'column', attrelid::regclass::text, attname::text, atttypid::regtype::text
    from pg_attribute inner join pg_class on attrelid = pg_class.oid
    where relnamespace = 'public'::regnamespace and attnum > 0
    union all
    select 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace
    union all
    select 'policy', polrelid::regclass::text, polname::text, pg_get_expr(polqual, polrelid) from pg_policy
    union all
    select 'function', proname::text, prosrc, proacl::text from pg_proc
    where pronamespace = 'public'::regnamespace
    order by 1, 2, 3, 4
"""


def structure(server: Server, database: str) -> list[tuple[Any, ...]]:
    """Return it in one order."""
    with psycopg.connect(server.dsn("owner", database)) as owner:
        return owner.execute(STRUCTURE).fetchall()
