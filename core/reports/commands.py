"""``stockwise report …``: the published numbers as tables and files."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.command_line import Session
from core.errors import UsageError


class Output(StrEnum):
    """How a report is written."""

    TABLE = "table"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    PDF = "pdf"
    JSON = "json"


class Bucket(StrEnum):
    """What days are gathered into."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Compared(StrEnum):
    """What a period is compared with."""

    PREVIOUS = "previous"
    LAST_YEAR = "last_year"


Name = Annotated[
    str, typer.Argument(help="A report; or list (all reports), or metrics (what each figure means).")
]
FirstDay = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="First day (28 days up to the last, if left out)."),
]
LastDay = Annotated[
    datetime | None,
    typer.Option(
        "--to", formats=["%Y-%m-%d"], help="Last day, included (the last of the data, if left out)."
    ),
]
By = Annotated[Bucket | None, typer.Option(help="Gather days into these.")]
Company = Annotated[str | None, typer.Option(help="Slug of the company, if there are several.")]
Shops = Annotated[list[str] | None, typer.Option("--shop", help="Name or id; may be given again.")]
Categories = Annotated[
    list[str] | None, typer.Option("--category", help="Name or id, with all below it; may be given again.")
]
Compare = Annotated[Compared | None, typer.Option(help="Show the figures of an earlier period beside these.")]
Measures = Annotated[str | None, typer.Option(help="Figures instead of the report's own: a,b.")]
Dimensions = Annotated[str | None, typer.Option(help="What the report custom cuts by: month,shop.")]
Limit = Annotated[int | None, typer.Option(min=1, max=200_000, help="Most rows of a ranking.")]
OutputFormat = Annotated[
    Output | None, typer.Option("--format", help="How it is written (as the file ends, or a table).")
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", dir_okay=False, help="Where to; else standard output.")
]
Mark = Annotated[bool, typer.Option("--bom", help="Begin CSV with the mark by which Excel knows UTF-8.")]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


def register(app: typer.Typer) -> None:
    """Add the command to the one command."""
    app.command("report", rich_help_panel="Look")(report)


def report(
    context: typer.Context,
    name: Name,
    first: FirstDay = None,
    last: LastDay = None,
    by: By = None,
    company: Company = None,
    shops: Shops = None,
    categories: Categories = None,
    compare: Compare = None,
    measures: Measures = None,
    dimensions: Dimensions = None,
    limit: Limit = None,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    has_mark: Mark = False,
    as_json: Json = False,
) -> None:
    """Show the published numbers as a table, or write them as CSV, Parquet, Excel, PDF or JSON.

    Example: stockwise report sales --from 2026-01-01 --to 2026-03-31 --by month --output sales.xlsx
    """
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.settings
    from core.metrics.errors import MeasureError
    from core.reports import showing

    kind = _output_kind(output_format, output, as_json=as_json)
    if name in ("list", "metrics"):
        entries = showing.list_reports() if name == "list" else showing.list_metrics()
        showing.write_entries(session.terminal, entries, as_json=kind is Output.JSON)
        return
    wanted = showing.Wanted(
        name=name,
        company=company,
        first_date=first.date() if first else None,
        last_date=last.date() if last else None,
        by=by.value if by else None,
        shops=tuple(shops or ()),
        categories=tuple(categories or ()),
        compare=compare.value if compare else "none",
        measures=_listed(measures),
        dimensions=_listed(dimensions),
        limit=limit,
    )
    try:
        made = showing.make_wanted(settings, wanted)
    except MeasureError as error:
        raise UsageError(error.message, hint=error.hint or "All figures: stockwise report metrics.") from None
    if kind is Output.TABLE:
        showing.write_table(session.terminal, made)
    else:
        showing.write_file(session.terminal, made, kind.value, output, has_mark=has_mark)


def _output_kind(given: Output | None, output: Path | None, *, as_json: bool) -> Output:
    """Return how to write: as told, else as the file's name ends, else as a table."""
    if given is not None or as_json:
        return given or Output.JSON
    if output is None:
        return Output.TABLE
    ending = output.suffix.removeprefix(".").lower()
    if ending not in set(Output) - {Output.TABLE}:
        raise UsageError(
            f"{output.name} does not say which kind of file it is.",
            hint="End it in .csv, .parquet, .xlsx, .pdf or .json, or give --format.",
        )
    return Output(ending)


def _listed(words: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (words or "").split(",") if word.strip())
