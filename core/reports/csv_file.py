"""A report's main table as CSV: UTF-8, ISO dates, dots in decimals, no text that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any, BinaryIO

from core.cells import marked
from core.reports.table import Column, Report

BYTE_ORDER_MARK = "\ufeff".encode()


def write_csv(report: Report, target: BinaryIO, *, with_mark: bool = False) -> None:
    """Write names of columns, then rows; ``with_mark``: with the mark by which Excel knows UTF-8."""
    if with_mark:
        target.write(BYTE_ORDER_MARK)
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    table = report.main
    writer.writerow([marked(column.name) for column in table.columns])
    cells = [_cell_of(column) for column in table.columns]
    for columns in table.batches():
        writer.writerows(
            zip(*(map(cell, values) for cell, values in zip(cells, columns, strict=True)), strict=True)
        )
    text.detach()  # who opened the target closes it


def _cell_of(column: Column) -> Callable[[Any], str]:
    if column.is_number:
        return _number
    return _boolean if column.format == "boolean" else _text


def _number(value: Any) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else repr(value)


def _boolean(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _text(value: Any) -> str:
    return "" if value is None else marked(str(value))
