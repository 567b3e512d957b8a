"""The three roles of the database, made by an administrator's connection.

``stockwise_owner`` migrates and owns everything, ``stockwise_app`` serves (neither owner nor superuser, so
row-level security binds it), ``stockwise_reader`` feeds the warehouse (its policies let it read all rows).
Everything here may run twice, and in several processes at once.
"""

from collections.abc import Callable, Mapping
from typing import Literal, LiteralString, get_args

import psycopg
from psycopg import sql

from core.secrets import Secrets

Role = Literal["owner", "app", "reader"]
Strategy = Literal["wal_log", "file_copy"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_NAMES: Mapping[Role, str] = {role: f"stockwise_{role}" for role in ROLES}

_ATTEMPTS = 5
_LOCK_KEY = 7_236_001  # of the advisory lock under which roles are made
_LONGEST_IDLE_IN_TRANSACTION: Mapping[Role, str] = {"owner": "30min", "app": "30s", "reader": "30min"}
_MADE_MEANWHILE = (
    psycopg.errors.DuplicateObject,
    psycopg.errors.DuplicateDatabase,
    psycopg.errors.UniqueViolation,
    psycopg.errors.InternalError_,  # "tuple concurrently updated": roles belong to all databases
)


def ensure_roles(administrator: psycopg.Connection, secrets: Secrets, *, reset_passwords: bool) -> None:
    """Make the roles that are missing.

    A role that exists keeps its password unless ``reset_passwords``: on a shared server another
    installation may be using it.
    """
    _retry_if_made_meanwhile(lambda: _make_roles(administrator, secrets, reset_passwords=reset_passwords))


def ensure_database(administrator: psycopg.Connection, name: str) -> None:
    """Make the database ``name`` if there is none."""

    def make() -> None:
        if administrator.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            create_database(administrator, name)

    _retry_if_made_meanwhile(make)


def ensure_rights(administrator: psycopg.Connection) -> None:
    """Let the roles enter the connected database, and the owner's role make tables in it."""
    database = sql.Identifier(administrator.info.dbname)
    roles = sql.SQL(", ").join(sql.Identifier(name) for name in ROLE_NAMES.values())
    with administrator.transaction():
        administrator.execute("select pg_advisory_xact_lock(%s)", [_LOCK_KEY])
        administrator.execute(
            sql.SQL("grant connect, temporary on database {} to {}").format(database, roles)
        )
        administrator.execute(
            sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(ROLE_NAMES["owner"]))
        )


def create_database(
    administrator: psycopg.Connection,
    name: str,
    *,
    template: str = "template1",
    strategy: Strategy = "wal_log",
) -> None:
    """Make a database that belongs to the owner's role.

    Copying files instead of logging pages is four times as fast on a server without fsync.
    """
    _act_for_owner(administrator)
    administrator.execute(
        sql.SQL("create database {} owner {} template {} strategy {}").format(
            sql.Identifier(name),
            sql.Identifier(ROLE_NAMES["owner"]),
            sql.Identifier(template),
            sql.Identifier(strategy),
        )
    )


def drop_database(administrator: psycopg.Connection, name: str) -> None:
    """Drop a database of the owner's role, and whoever is connected to it."""
    _act_for_owner(administrator)
    administrator.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _make_roles(administrator: psycopg.Connection, secrets: Secrets, *, reset_passwords: bool) -> None:
    with administrator.transaction():
        administrator.execute("select pg_advisory_xact_lock(%s)", [_LOCK_KEY])
        found = administrator.execute(
            "select rolname from pg_roles where rolname = any(%s)", [[*ROLE_NAMES.values()]]
        )
        known = {row[0] for row in found}
        for role, name in ROLE_NAMES.items():
            verifier = _verifier(administrator, name, str(getattr(secrets, f"{role}_password")))
            if name not in known:
                _define(administrator, "create role {} login password {}", name, verifier)
                limit = _LONGEST_IDLE_IN_TRANSACTION[role]
                _define(
                    administrator, "alter role {} set idle_in_transaction_session_timeout = {}", name, limit
                )
            elif reset_passwords:
                _define(administrator, "alter role {} login password {}", name, verifier)


def _define(administrator: psycopg.Connection, statement: LiteralString, role: str, value: str) -> None:
    administrator.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(value)))


def _verifier(administrator: psycopg.Connection, role: str, password: str) -> str:
    """Hash the password here, so that it never stands in a statement or in a server's log."""
    return administrator.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def _act_for_owner(administrator: psycopg.Connection) -> None:
    """Let the administrator act for the owner's role: to have made a role is not enough for that."""
    kind = "set" if administrator.info.server_version >= 160000 else "member"
    owner = ROLE_NAMES["owner"]
    row = administrator.execute("select pg_has_role(current_user, %s, %s)", [owner, kind]).fetchone()
    if row is None or not row[0]:
        administrator.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(owner)))


def _retry_if_made_meanwhile(make: Callable[[], None]) -> None:
    """Run ``make`` again if another process has just made the same thing."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return make()
        except _MADE_MEANWHILE:
            if attempt == _ATTEMPTS:
                raise
