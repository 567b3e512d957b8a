"""The files that a report can become."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal, get_args

from core.reports.csv_file import write_csv
from core.reports.excel_file import write_excel
from core.reports.json_file import write_json
from core.reports.parquet_file import write_parquet
from core.reports.pdf_file import write_pdf
from core.reports.table import Report

FileFormat = Literal["csv", "parquet", "xlsx", "pdf", "json"]
FILE_FORMATS: Final[tuple[FileFormat, ...]] = get_args(FileFormat)


@dataclass(frozen=True)
class Format:
    """How a report is written, and how such a file is announced.

    ``has_all_tables``: not the main one alone.
    """

    media_type: str
    write: Callable[[Report, BinaryIO], None]
    is_text: bool = False
    has_all_tables: bool = False


FORMATS: Final[dict[FileFormat, Format]] = {
    "csv": Format("text/csv; charset=utf-8", write_csv, is_text=True),
    "parquet": Format("application/vnd.apache.parquet", write_parquet),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_excel, has_all_tables=True
    ),
    "pdf": Format("application/pdf", write_pdf, has_all_tables=True),
    "json": Format("application/json", write_json, is_text=True, has_all_tables=True),
}


def file_name(report: Report, kind: FileFormat) -> str:
    """Name a file after its report and period."""
    days = f"-{report.first_date}-to-{report.last_date}" if report.first_date is not None else ""
    return f"{report.name}{days}.{kind}"


def to_bytes(report: Report, kind: FileFormat) -> bytes:
    """Return a small report's file."""
    target = io.BytesIO()
    FORMATS[kind].write(report, target)
    return target.getvalue()
