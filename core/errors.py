"""The one exception that a person is meant to read."""

from typing import ClassVar


class StockwiseError(Exception):
    """Something went wrong that one sentence explains, with the next step where there is one.

    The command line prints ``message`` and ``hint`` and ends with ``exit_code``; it shows a
    traceback only with ``--debug``. Errors of HTTP routes live in ``api.errors``.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(StockwiseError):
    """The command or a setting was written in a way that cannot be carried out."""

    exit_code: ClassVar[int] = 2
