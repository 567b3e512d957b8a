"""The named reports: what each answers, and what it can be asked by command line, API and pages."""

from __future__ import annotations

from typing import Final

from core.reports import named_customers, named_products, named_sales, named_stock
from core.reports.errors import UnknownReport
from core.reports.named import NamedReport

REPORTS: Final[dict[str, NamedReport]] = {
    report.name: report
    for report in (
        *named_sales.REPORTS,
        *named_products.REPORTS,
        *named_customers.REPORTS,
        *named_stock.REPORTS,
    )
}


def report_named(name: str) -> NamedReport:
    """Find a report.

    Raises
    ------
    UnknownReport
        If there is none of this name.
    """
    if name not in REPORTS:
        raise UnknownReport(f"There is no report named {name!r}.", hint=f"Take one of: {', '.join(REPORTS)}.")
    return REPORTS[name]
