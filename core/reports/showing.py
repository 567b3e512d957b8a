"""What the command ``report`` does: find the company, make the report, write it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from core.errors import StockwiseError, UsageError
from core.ids import new_id
from core.metrics.ask import Filters
from core.metrics.period import Comparison
from core.metrics.queryable import Queryable
from core.metrics.registry import METRICS
from core.metrics.reports import REPORTS, report_named
from core.published import open_snapshot
from core.reports.asking import Question
from core.reports.choosing import choose, choose_company
from core.reports.csv_file import write_csv
from core.reports.formats import FORMATS, FileFormat
from core.reports.making import make_report, period_of, require_known
from core.reports.table import Report, Table, shown
from core.settings import Settings
from core.terminal import Terminal
from core.time import utc_now

_MOST_COLUMNS = 10


@dataclass(frozen=True)
class Wanted:
    """A report as it is asked for on the command line."""

    name: str
    company: str | None = None
    first_date: date | None = None
    last_date: date | None = None
    by: str | None = None
    shops: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    compare: str = "none"
    measures: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    limit: int | None = None


def make_wanted(settings: Settings, wanted: Wanted) -> Report:
    """Answer from the current build.

    Raises
    ------
    StockwiseError
        If the report can't be made, with the next step.
    """
    named = report_named(wanted.name)
    company_id = choose_company(settings, wanted.company)
    with open_snapshot(settings, company_id) as snapshot:
        filters, names = _filters(snapshot, wanted)
        question = Question(
            period=period_of(snapshot, wanted.first_date, wanted.last_date),
            by=wanted.by,
            measures=wanted.measures,
            dimensions=wanted.dimensions,
            filters=filters,
            compare=cast(Comparison, wanted.compare),
            limit=wanted.limit,
        )
        require_known(named, question, has_period=bool(wanted.first_date or wanted.last_date))
        return make_report(snapshot, named, question, now=utc_now(), filter_names=names)


def list_reports() -> list[dict[str, Any]]:
    """Name every report with what it answers."""
    return [
        {
            "report": one.name,
            "answers": one.answers,
            "knows": ", ".join(sorted(one.parameters)),
        }
        for one in REPORTS.values()
    ]


def list_metrics() -> list[dict[str, Any]]:
    """Say of every figure what it means and how it is computed."""
    return [
        {"figure": one.name, "unit": one.unit, "definition": one.definition, "formula": one.formula}
        for one in METRICS.values()
    ]


def write_entries(terminal: Terminal, entries: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Write a list as a table or as JSON."""
    if as_json:
        terminal.json(list(entries))
    else:
        terminal.table(list(entries[0]), [list(entry.values()) for entry in entries])


def write_table(terminal: Terminal, report: Report) -> None:
    """Write all tables for people; what they are about goes to standard error."""
    about = dict(report.about)
    compared = [f"compared with {report.compared_with}"] if report.compared_with else []
    beside = [report.company_name, about["Period"], *compared, report.currency]
    said = "; ".join([*beside, f"data as of {about['Data as of']}"])
    terminal.message(f"{report.title}: {said}")
    for label, text in report.filters:
        terminal.message(f"{label}: {text}")
    for table in (_narrowed(table.readable()) for table in report.tables):
        if len(report.tables) > 1:
            terminal.text(table.title)
        rows = [
            [shown(value, column, report.currency) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows()
        ]
        if table.totals is not None:
            cells = [
                shown(table.totals[column.name], column, report.currency)
                if column.name in table.totals
                else ""
                for column in table.columns
            ]
            rows.append(["Total", *cells[1:]])
        headings = [column.heading for column in table.columns]
        terminal.table(headings, rows, right=[column.heading for column in table.columns if column.is_number])
        if table.note:
            terminal.message(table.note)


def _narrowed(table: Table) -> Table:
    """Leave the figures of before to files where a terminal would break every line: the change stays."""
    if len(table.columns) <= _MOST_COLUMNS:
        return table
    return table.with_columns([column for column in table.columns if not column.name.endswith("_before")])


def write_file(
    terminal: Terminal, report: Report, kind: str, output: Path | None, *, has_mark: bool = False
) -> None:
    """Write a file under another name until it is whole, or to standard output."""
    form = FORMATS[cast(FileFormat, kind)]
    if output is None:
        if not form.is_text and sys.stdout.isatty():
            raise UsageError(f"A {kind} file is nothing to read here.", hint="Name a file: --output FILE.")
        _write(report, kind, sys.stdout.buffer, has_mark=has_mark)
        sys.stdout.flush()
    else:
        _write_whole(report, kind, output, has_mark=has_mark)
        rows = report.row_count if form.has_all_tables else report.main.data.num_rows
        terminal.message(f"Wrote {rows:,} rows to {output}.")
    if not form.has_all_tables and len(report.tables) > 1:
        others = ", ".join(f"stockwise report {table.name}" for table in report.tables[1:])
        terminal.message(f"A {kind} file holds one table; for the others: {others}.")


def _write_whole(report: Report, kind: str, output: Path, *, has_mark: bool) -> None:
    unfinished = output.with_name(f".{output.name}.{new_id()}")
    try:
        with unfinished.open("wb") as target:
            _write(report, kind, target, has_mark=has_mark)
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(output)
    except OSError as error:
        raise StockwiseError(
            f"{output} can't be written: {error.strerror}.", hint="Name another file."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _write(report: Report, kind: str, target: Any, *, has_mark: bool) -> None:
    if kind == "csv":
        write_csv(report, target, with_mark=has_mark)
    else:
        FORMATS[cast(FileFormat, kind)].write(report, target)


def _filters(snapshot: Queryable, wanted: Wanted) -> tuple[Filters, tuple[tuple[str, str], ...]]:
    shops = choose(snapshot, "shop", wanted.shops) if wanted.shops else None
    categories = choose(snapshot, "category", wanted.categories) if wanted.categories else None
    names = [
        (label, ", ".join(chosen.names))
        for label, chosen in (("Shops", shops), ("Categories", categories))
        if chosen is not None
    ]
    filters = Filters(
        shop_ids=shops.ids if shops else None, category_ids=categories.ids if categories else None
    )
    return filters, tuple(names)
