"""The database server, embedded or the one that ``DATABASE_URL`` names, ready for use."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.postgres import roles
from core.postgres.cluster import SUPERUSER
from core.postgres.embedded import EmbeddedServer, explain_os_error, open_embedded
from core.postgres.errors import DatabaseUnavailableError, DiskFullError, WrongDatabaseVersionError
from core.postgres.roles import ROLE_NAMES, ROLES, Role
from core.secrets import Secrets, load_secrets, without_driver
from core.settings import Settings

EMBEDDED_DATABASE = "stockwise"
OLDEST_SERVER_VERSION = 15
_MAINTENANCE_DATABASE = "postgres"
_CONNECT_SECONDS = 10


class Server:
    """A server with its roles and database. A context manager; made by `open_server`."""

    def __init__(
        self, administrator: str, secrets: Secrets, *, database: str, embedded: EmbeddedServer | None
    ) -> None:
        self.database = database
        self.version = 0
        """PostgreSQL's number of its version: 180004 for 18.4."""
        self._administrator = administrator
        self._secrets = secrets
        self._embedded = embedded

    @property
    def is_embedded(self) -> bool:
        """Whether this process shares the server of its home folder."""
        return self._embedded is not None

    @property
    def pid(self) -> int | None:
        """Process of the embedded server."""
        return self._embedded.pid if self._embedded else None

    def dsn(self, role: Role, database: str | None = None) -> str:
        """Return the libpq connection string of a role; it holds the password, so never print it."""
        return make_conninfo(
            self._administrator,
            user=ROLE_NAMES[role],
            password=getattr(self._secrets, f"{role}_password"),
            dbname=database or self.database,
        )

    def create_database(
        self, name: str, *, template: str = "template1", strategy: roles.Strategy = "wal_log"
    ) -> None:
        """Make a further database, for tests and checks."""
        with self._connect_administrator() as administrator:
            roles.create_database(administrator, name, template=template, strategy=strategy)

    def drop_database(self, name: str) -> None:
        """Drop a database that `create_database` made, and whoever is connected to it."""
        with self._connect_administrator() as administrator:
            roles.drop_database(administrator, name)

    def administrator_dsn(self, database: str | None = None) -> str:
        """Return the connection string of the user who made the roles: for backups and tests."""
        return make_conninfo(self._administrator, dbname=database or self.database)

    def ensure_running(self) -> None:
        """Start an embedded server again if it died; a server of one's own is its owner's matter."""
        if self._embedded is not None:
            self._embedded.ensure_running()

    def close(self) -> None:
        """Leave the server; the last user of an embedded one stops it."""
        if self._embedded is not None:
            self._embedded.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        """Make roles, database and rights, unless everything is there."""
        version = self._version_if_ready()
        if version is None:
            with self._connect_administrator() as administrator:
                _require_supported(administrator.info.server_version)
                try:
                    roles.ensure_roles(administrator, self._secrets, reset_passwords=self.is_embedded)
                    roles.ensure_database(administrator, self.database)
                    with psycopg.connect(self.administrator_dsn(), autocommit=True) as inside:
                        roles.ensure_rights(inside)
                except psycopg.errors.InsufficientPrivilege as error:
                    raise _lacks_privilege(administrator.info, error) from None
                except psycopg.errors.DiskFull as error:
                    raise DiskFullError(
                        f"No space is left on the database server's disk: {_reason(error)}.",
                        hint="Free some space there and try again.",
                    ) from None
            version = self._require_logins()
            self._require_owner_may_make_tables()
        _require_supported(version)
        self.version = version

    def _version_if_ready(self) -> int | None:
        """Return the server's version if every role can log in and the owner may make tables."""
        try:
            for role in ("app", "reader"):
                psycopg.connect(self.dsn(role)).close()
            with psycopg.connect(self.dsn("owner"), autocommit=True) as owner:
                row = owner.execute("select has_schema_privilege('public', 'create')").fetchone()
                return owner.info.server_version if row and row[0] else None
        except psycopg.OperationalError:
            return None

    def _require_logins(self) -> int:
        version = 0
        for role in ROLES:
            try:
                with psycopg.connect(self.dsn(role)) as connection:
                    version = connection.info.server_version
            except psycopg.OperationalError as error:
                raise DatabaseUnavailableError(
                    f"The role {ROLE_NAMES[role]} exists on the server but cannot log in: {_reason(error)}.",
                    hint=f"Set STOCKWISE_{role.upper()}_PASSWORD to its password (the same in every "
                    "installation that uses this server), or drop the role.",
                ) from None
        return version

    def _require_owner_may_make_tables(self) -> None:
        # A grant by someone who may not give the right is only a warning.
        if self._version_if_ready() is None:
            raise DatabaseUnavailableError(
                f"{ROLE_NAMES['owner']} may not make tables in the database {self.database}.",
                hint="Let the database's owner run: grant usage, create on schema public to "
                f"{ROLE_NAMES['owner']}   or name a new database in DATABASE_URL.",
            )

    def _connect_administrator(self) -> psycopg.Connection:
        """Connect to the maintenance database if there is one, else to the database itself."""
        try:
            return psycopg.connect(self.administrator_dsn(_MAINTENANCE_DATABASE), autocommit=True)
        except psycopg.OperationalError:
            try:
                return psycopg.connect(self.administrator_dsn(), autocommit=True)
            except psycopg.OperationalError as error:
                raise self._refusal(error) from None

    def _refusal(self, error: psycopg.OperationalError) -> DatabaseUnavailableError:
        if self.is_embedded:
            return DatabaseUnavailableError(
                f"The embedded database does not accept the password of its superuser: {_reason(error)}.",
                hint="Put back the secrets with which it was made: the folder secrets, or "
                "STOCKWISE_POSTGRES_PASSWORD.",
            )
        return DatabaseUnavailableError(
            f"The database of DATABASE_URL cannot be reached: {_reason(error)}.",
            hint="Check its host, port, user, password and name, and that the server runs.",
        )


def open_server(
    settings: Settings, secrets: Secrets | None = None, *, options: Mapping[str, str] | None = None
) -> Server:
    """Open the database server with its roles and database; the tables are `migrate.upgrade`'s.

    ``options`` are server settings for an embedded server that is started now.

    Raises
    ------
    DatabaseError
        If it cannot be used: one sentence that says why, and what to do.
    """
    secrets = secrets or _load_secrets(settings)
    if settings.database_url is None:
        server = _embedded_server(settings, secrets, options)
    else:
        server = _external_server(settings.database_url.get_secret_value(), secrets)
    try:
        server._prepare()
    except BaseException:
        server.close()
        raise
    return server


def _load_secrets(settings: Settings) -> Secrets:
    try:
        return load_secrets(settings)
    except OSError as error:
        raise explain_os_error(error, settings.home) from error


def _embedded_server(settings: Settings, secrets: Secrets, options: Mapping[str, str] | None) -> Server:
    embedded = open_embedded(settings, superuser_password=secrets.postgres_password, options=options)
    administrator = make_conninfo(
        host=str(embedded.socket_folder),
        port=embedded.port,
        user=SUPERUSER,
        password=secrets.postgres_password,
        connect_timeout=_CONNECT_SECONDS,
    )
    return Server(administrator, secrets, database=EMBEDDED_DATABASE, embedded=embedded)


def _external_server(url: str, secrets: Secrets) -> Server:
    try:
        parts = conninfo_to_dict(without_driver(url))
    except psycopg.ProgrammingError:
        raise DatabaseUnavailableError(
            "DATABASE_URL is not a PostgreSQL address.",
            hint="Write it as postgresql://user:password@host:5432/database.",
        ) from None
    parts.setdefault("connect_timeout", _CONNECT_SECONDS)
    database = parts.get("dbname") or EMBEDDED_DATABASE
    administrator = make_conninfo("", **parts)
    return Server(administrator, secrets, database=str(database), embedded=None)


def _require_supported(version: int) -> None:
    if version // 10000 < OLDEST_SERVER_VERSION:
        raise WrongDatabaseVersionError(
            f"The server of DATABASE_URL is PostgreSQL {version // 10000}; Stockwise needs "
            f"{OLDEST_SERVER_VERSION} or newer.",
            hint="Upgrade the server, or unset DATABASE_URL to use the embedded one.",
        )


def _lacks_privilege(info: psycopg.ConnectionInfo, error: psycopg.Error) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"{info.user} may not prepare the database: {_reason(error)}.",
        hint=f"Let a superuser run: alter role {info.user} createrole createdb   and make {info.user} the "
        "owner of the database, or name a new database in DATABASE_URL.",
    )


def _reason(error: psycopg.Error) -> str:
    """Return what the server or libpq said first, without what stands before it."""
    line = error.diag.message_primary or (str(error).strip().splitlines() or ["no reason given"])[0]
    return line.split("FATAL:", 1)[-1].removeprefix("connection failed:").strip().rstrip(".")
