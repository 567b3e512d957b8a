"""A report as an Excel workbook: a sheet per table with real numbers and dates, and the sheet About."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any, BinaryIO, Final

import xlsxwriter  # type: ignore[import-untyped]

from core.money import currency_digits
from core.reports.errors import ReportTooLong
from core.reports.table import CellFormat, Column, Report, Table

MOST_ROWS: Final = 1_048_574
"""Rows of a sheet, less its header and its totals."""
_LONGEST_TEXT = 32_767
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
_SHEET_NAME_CHARACTERS = 31


def write_excel(report: Report, target: BinaryIO) -> None:
    """Write row after row, so that a large report is not held a second time.

    Raises
    ------
    ReportTooLong
        If a table has more rows than a sheet can hold.
    """
    for table in report.tables:
        if table.data.num_rows > MOST_ROWS:
            raise ReportTooLong(
                "An Excel sheet", most_rows=MOST_ROWS, hint="Narrow the report, or take CSV or Parquet."
            )
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(target, options) as workbook:
        workbook.set_properties(
            {"title": report.title, "created": report.made_at.astimezone(UTC).replace(tzinfo=None)}
        )
        sheets = _Sheets(workbook, report)
        for table in report.tables:
            sheets.add(table)
        sheets.add_about()


class _Sheets:
    def __init__(self, workbook: Any, report: Report) -> None:
        self._workbook = workbook
        self._report = report
        self._bold = workbook.add_format({"bold": True})
        self._wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._header = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})

    def add(self, table: Table) -> None:
        """Write a table: frozen header, filter, formats, totals below."""
        sheet = self._workbook.add_worksheet(_sheet_name(table.title))
        formats = [self._format(column) for column in table.columns]
        last = len(table.columns) - 1
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, 14 if column.format != "text" else 30)
            sheet.write_string(0, place, column.heading, self._header)
        number = 0
        for number, row in enumerate(table.rows(), start=1):
            for place, value in enumerate(row):
                _write(sheet, number, place, value, table.columns[place], formats[place])
        sheet.autofilter(0, 0, max(number, 1), last)
        if table.totals is not None:
            self._write_totals(sheet, number + 1, table)

    def add_about(self) -> None:
        """Write filters, times, definitions and data version."""
        sheet = self._workbook.add_worksheet("About")
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 100)
        notes = [(table.title, table.note) for table in self._report.tables if table.note]
        for number, (label, text) in enumerate([*self._report.about, *self._report.definitions, *notes]):
            sheet.write_string(number, 0, label, self._bold)
            sheet.write_string(number, 1, text[:_LONGEST_TEXT], self._wrapped)

    def _write_totals(self, sheet: Any, number: int, table: Table) -> None:
        totals = table.totals or {}
        for place, column in enumerate(table.columns):
            if column.name in totals:
                _write(sheet, number, place, totals[column.name], column, self._format(column, bold=True))
            elif place == 0:
                sheet.write_string(number, 0, "Total", self._bold)

    def _format(self, column: Column, *, bold: bool = False) -> Any:
        properties: dict[str, Any] = {"bold": bold}
        pattern = _pattern(column.format, self._report.currency)
        if pattern is not None:
            properties["num_format"] = pattern
        return self._workbook.add_format(properties)


def _write(sheet: Any, number: int, place: int, value: Any, column: Column, form: Any) -> None:
    if value is None:
        return
    if column.format == "date":
        sheet.write_datetime(number, place, value, form)
    elif column.format == "boolean":
        sheet.write_boolean(number, place, value, form)
    elif column.is_number:
        sheet.write_number(number, place, value, form)
    else:
        sheet.write_string(number, place, str(value)[:_LONGEST_TEXT], form)


def _pattern(kind: CellFormat, currency: str) -> str | None:
    match kind:
        case "money":
            return "#,##0.00" if currency_digits(currency) else "#,##0"
        case "integer":
            return "#,##0"
        case "decimal" | "days":
            return "#,##0.00"
        case "percent":
            return "0.0%"
        case "date":
            return "yyyy-mm-dd"
        case _:
            return None


def _sheet_name(title: str) -> str:
    return _NOT_IN_SHEET_NAMES.sub(" ", title)[:_SHEET_NAME_CHARACTERS].strip()
