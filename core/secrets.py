"""Secrets: from the environment, or made once in the home folder; and what production refuses.

A secret that is made lies alone in ``home/secrets/<name>``, readable by its owner only. Two starts at
once agree, because it is made under a lock and appears by rename, whole or not at all.
"""

import fcntl
import os
import secrets as random_source
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import StockwiseError, UsageError
from core.settings import Settings, variables_of

SHORTEST_SECRET_CHARACTERS = 32
_FEWEST_DIFFERENT_CHARACTERS = 10
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1", ""}
_ENCRYPTED_MODES = {"require", "verify-ca", "verify-full"}


class UnsafeProductionError(StockwiseError):
    """Production was asked for with something that is only good enough for development."""


@dataclass(frozen=True)
class Secrets:
    """What must stay hidden; its values are left out when it is printed."""

    jwt_key: str = field(repr=False)
    owner_password: str = field(repr=False)
    app_password: str = field(repr=False)
    reader_password: str = field(repr=False)
    postgres_password: str = field(repr=False)
    # One or several, separated by commas: the first encrypts, all decrypt.
    payment_keys: str = field(repr=False)


def load_secrets(settings: Settings) -> Secrets:
    """Return the secrets, making those that are missing.

    Raises
    ------
    UnsafeProductionError
        In production, if a secret would have to be made or is too easy to guess.
    """
    if settings.environment == "production":
        require_own_secrets(settings)
    names = [secret.name for secret in fields(Secrets)]
    given = {name: value for name in names if (value := _from_settings(settings, name)) is not None}
    missing = [name for name in names if name not in given]
    return Secrets(**given, **_kept_secrets(settings.secrets_folder, missing))


def require_safe_production(settings: Settings) -> None:
    """Refuse to start in production with open doors; anything goes in development."""
    if settings.environment != "production":
        return
    require_own_secrets(settings)
    if settings.payment_stub_url is not None:
        raise UnsafeProductionError(
            "Production refuses a stub in the place of payment providers.",
            hint="Unset STOCKWISE_PAYMENT_STUB_URL.",
        )
    if "*" in settings.cors_origins:
        raise UnsafeProductionError(
            "Production refuses CORS for every origin.",
            hint="List the shops' origins in STOCKWISE_CORS_ORIGINS, separated by commas.",
        )
    if settings.database_url is not None and not is_encrypted_or_local(
        settings.database_url.get_secret_value()
    ):
        raise UnsafeProductionError(
            "Production refuses an unencrypted connection to a remote database.",
            hint="Add sslmode=verify-full (or verify-ca, require) to DATABASE_URL.",
        )
    if settings.cache_url is not None and not _is_private_cache(settings.cache_url.get_secret_value()):
        raise UnsafeProductionError(
            "Production refuses an unencrypted connection to a remote cache.",
            hint="Write CACHE_URL as rediss://user:password@host:6379/0.",
        )


def require_own_secrets(settings: Settings) -> None:
    """Refuse secrets that the product made itself, and values that are short or simple."""
    for secret in fields(Secrets):
        if secret.name == "postgres_password" and settings.database_url is not None:
            continue  # only the embedded server has that superuser
        value = _from_settings(settings, secret.name)
        variable = variables_of(secret.name)[0]
        if value is None:
            raise UnsafeProductionError(
                f"Production needs its own {secret.name}: a generated one is refused.",
                hint=f"Set {variable}, for example to the output of: openssl rand -base64 48",
            )
        if len(value) < SHORTEST_SECRET_CHARACTERS or len(set(value)) < _FEWEST_DIFFERENT_CHARACTERS:
            raise UnsafeProductionError(
                f"Production refuses {variable}: it is too easy to guess.",
                hint=f"Use at least {SHORTEST_SECRET_CHARACTERS} random characters.",
            )


def is_encrypted_or_local(database_url: str) -> bool:
    """Whether no one on a network between here and the database can read along.

    Only ``sslmode`` in the address counts: libpq's default, ``prefer``, falls back to plain text.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(without_driver(database_url))
    except ProgrammingError:
        raise UsageError(
            "DATABASE_URL is not an address of a PostgreSQL database.",
            hint="Write it as postgresql://user:password@host:5432/database?sslmode=verify-full",
        ) from None
    hosts = f"{parts.get('host') or ''},{parts.get('hostaddr') or ''}".split(",")
    is_local = all(host in _LOCAL_HOSTS or host.startswith(("/", "@")) for host in hosts)
    return is_local or parts.get("sslmode") in _ENCRYPTED_MODES


def _is_private_cache(cache_url: str) -> bool:
    """Whether no one on a network between here and the cache can read along or write."""
    parts = urlsplit(cache_url)
    return parts.scheme == "rediss" or (parts.hostname or "") in _LOCAL_HOSTS


def without_driver(database_url: str) -> str:
    """Take SQLAlchemy's ``+psycopg`` out of an address, which libpq does not know."""
    scheme, separator, rest = database_url.partition("://")
    return scheme.split("+")[0] + separator + rest if separator else database_url


def _from_settings(settings: Settings, name: str) -> str | None:
    value = getattr(settings, name)
    return None if value is None else str(value.get_secret_value())


def _kept_secrets(folder: Path, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with _exclusive(folder / ".lock"):
        return {name: _read_or_make(folder / name) for name in names}


def _read_or_make(file: Path) -> str:
    try:
        kept = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        kept = ""
    return kept or _make(file)


def _make(file: Path) -> str:
    secret = random_source.token_urlsafe(48)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secret + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    return secret


@contextmanager
def _exclusive(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
