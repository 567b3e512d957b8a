"""A report with all its tables as one JSON document: decimals are strings, as in the API."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, BinaryIO

import orjson

from core.reports.table import Report, Table


def write_json(report: Report, target: BinaryIO) -> None:
    """Write the document, rows in batches."""
    head = {
        "report": report.name,
        "title": report.title,
        "answers": report.answers,
        "company": report.company_name,
        "currency": report.currency,
        "timezone": report.timezone,
        "first_date": report.first_date,
        "last_date": report.last_date,
        "compared_with": report.compared_with or None,
        "filters": dict(report.filters),
        "build_id": report.build_id,
        "horizon_at": report.horizon_at,
        "made_at": report.made_at,
    }
    target.write(_encoded(head)[:-1] + b',"tables":[')
    for number, table in enumerate(report.tables):
        target.write(b"," if number else b"")
        _write_table(table, target)
    target.write(b"]}\n")


def _write_table(table: Table, target: BinaryIO) -> None:
    columns = [vars(column) for column in table.columns]
    head = {"name": table.name, "title": table.title, "note": table.note or None, "columns": columns}
    target.write(_encoded(head)[:-1] + b',"rows":[')
    names = [column.name for column in table.columns]
    is_first = True
    for values in table.batches():
        rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
        if rows:
            target.write((b"" if is_first else b",") + _encoded(rows)[1:-1])
            is_first = False
    target.write(b'],"totals":' + _encoded(table.totals) + b"}")


def _encoded(value: Mapping[str, Any] | list[Any] | None) -> bytes:
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")
