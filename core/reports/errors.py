"""What can go wrong with a report, for people; the API gives each its own code."""

from core.errors import StockwiseError, UsageError


class ReportError(UsageError):
    """The report was asked for in a way that cannot be answered."""


class UnknownReport(ReportError):
    """There is no report of this name."""


class ReportTooLong(StockwiseError):
    """The format can't hold as many rows."""

    def __init__(self, what: str, *, most_rows: int, rows: int) -> None:
        super().__init__(
            f"{what} holds {most_rows:,} rows at most; this report has {rows:,}.",
            hint="Narrow the period or the filters, or take CSV or Parquet.",
        )
