"""Bulk reads as Arrow batches, through ADBC."""

from adbc_driver_postgresql import dbapi


def connect_adbc(dsn: str, *, autocommit: bool = False) -> dbapi.Connection:
    """Open an ADBC connection of the role in ``dsn``. NUMERIC arrives as text: cast it in the query."""
    return dbapi.connect(dsn, autocommit=autocommit)
