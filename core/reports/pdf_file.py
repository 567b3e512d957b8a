"""A report as PDF, by the typst template beside this file: title, period, a chart, tables, definitions."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final

import typst

from core.reports.errors import ReportTooLong
from core.reports.table import Report, Table, shown

TEMPLATE_FILE = Path(__file__).with_name("report.typ")
MOST_ROWS: Final = 5_000
MOST_BARS: Final = 92
CHARTED: Final = "net_sales_amount"
_WIDE_FROM_COLUMNS = 7


def write_pdf(report: Report, target: BinaryIO) -> None:
    """Print a report; the same report gives the same text.

    Raises
    ------
    ReportTooLong
        If it has more rows than somebody reads on paper.
    """
    if report.row_count > MOST_ROWS:
        raise ReportTooLong(
            "A PDF", most_rows=MOST_ROWS, hint="Narrow the period or the filters, or take CSV or Excel."
        )
    document = json.dumps(pdf_document(report))
    target.write(typst.compile(TEMPLATE_FILE.read_bytes(), format="pdf", sys_inputs={"document": document}))


def pdf_document(report: Report) -> dict[str, Any]:
    """Say what the paper says, all numbers written out: the template computes nothing."""
    tables = [table.readable() for table in report.tables]
    return {
        "title": report.title,
        "company": report.company_name,
        "is_wide": any(len(table.columns) >= _WIDE_FROM_COLUMNS for table in tables),
        "about": [list(line) for line in report.about[1:]],
        "definitions": [list(line) for line in report.definitions],
        "chart": _chart(tables[0], report.currency),
        "tables": [_printed(table, report.currency) for table in tables],
    }


def _printed(table: Table, currency: str) -> dict[str, Any]:
    totals = None
    if table.totals is not None:
        named = table.totals
        totals = [
            shown(named[column.name], column, currency)
            if column.name in named
            else ("" if place else "Total")
            for place, column in enumerate(table.columns)
        ]
    return {
        "title": table.title,
        "note": table.note,
        "headings": [column.heading for column in table.columns],
        "is_number": [column.is_number for column in table.columns],
        "rows": [
            [shown(value, column, currency) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows()
        ],
        "totals": totals,
    }


def _chart(table: Table, currency: str) -> dict[str, Any] | None:
    """Bars of net sales, else of the first figure, over time; none without time, or with too much of it."""
    columns, rows = table.columns, table.data.num_rows
    figures = [place for place, column in enumerate(columns) if column.is_number]
    figure = next((place for place in figures if columns[place].name == CHARTED), next(iter(figures), None))
    if columns[0].format != "date" or figure is None or not 2 <= rows <= MOST_BARS:
        return None
    values = [Decimal(str(value or 0)) for value in table.data.column(figure).to_pylist()]
    days = table.data.column(0).to_pylist()
    top = max(values)
    if top <= 0 or min(values) < 0 or len(set(days)) != rows:
        return None
    return {
        "title": columns[figure].heading,
        "highest": shown(top, columns[figure], currency),
        "ratios": [float(value / top) for value in values],
        "first": str(days[0]),
        "last": str(days[-1]),
    }
