"""``stockwise import products`` and ``stockwise export products``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import StockwiseError

if TYPE_CHECKING:
    from core.command_line import Session

Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]
Company = Annotated[str, typer.Option(help="Slug of the company.")]


def register(imports: typer.Typer, exports: typer.Typer) -> None:
    """Add the commands to the groups of the one command."""
    imports.command("products")(import_products)
    exports.command("products")(export_products)


def import_products(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or Parquet.")],
    company: Company,
    rejects: Annotated[Path | None, typer.Option(help="Where refused rows go. [default: in home]")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Load nothing if one row is refused.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load products from a file: new ones, and changes by SKU; repeating it changes nothing.

    Example: stockwise import products products.csv --company acme
    """
    session = _session(context)
    settings = session.start_with()
    from api.catalog.transfer_runs import run_import

    report = run_import(
        settings,
        file,
        company=company,
        rejects=rejects,
        dry_run=dry_run,
        all_or_nothing=all_or_nothing,
    )
    session.terminal.report(report, as_json=as_json)
    if all_or_nothing and report.rejected_rows:
        raise StockwiseError(
            f"Nothing was loaded: {report.rejected_rows:,} rows were refused.",
            hint=f"Line and reason of each: {report.rejects_file}",
        )


def export_products(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Ends in .csv or .parquet.")],
    company: Company,
    as_json: Json = False,
) -> None:
    """Write all products with their variants to a file, which can be loaded again.

    Example: stockwise export products products.parquet --company acme
    """
    session = _session(context)
    settings = session.start_with()
    from api.catalog.transfer_runs import run_export

    session.terminal.report(run_export(settings, file, company=company), as_json=as_json)


def _session(context: typer.Context) -> Session:
    from core.command_line import Session

    session = context.find_object(Session)
    assert session is not None, "the main command makes one"
    return session
