"""What can go wrong with a report, for people; the API gives each its own code."""

from core.errors import StockwiseError, UsageError


class ReportError(UsageError):
    """The report was asked for in a way that cannot be answered."""


class UnknownReport(ReportError):
    """There is no report of this name."""


class ReportTooLong(StockwiseError):
    """There are more rows than the format holds, or than can be answered."""

    def __init__(self, what: str, *, most_rows: int, hint: str) -> None:
        super().__init__(f"{what} holds {most_rows:,} rows at most; there are more.", hint=hint)
