"""What can go wrong with the database as a whole; each says what to do next."""

from core.errors import StockwiseError


class DatabaseError(StockwiseError):
    """The database cannot be used as it is."""


class DatabaseUnavailableError(DatabaseError):
    """The server did not start, did not answer, or refused the login."""


class DatabaseBusyError(DatabaseError):
    """Another command holds the database for longer than anyone should wait."""


class WrongDatabaseVersionError(DatabaseError):
    """The server or the data folder belongs to a version that does not fit."""


class DiskFullError(DatabaseError):
    """No space is left for the database."""
