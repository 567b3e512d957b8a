"""``stockwise import …`` of whole histories."""

from pathlib import Path
from typing import Annotated

import typer

from core.command_line import Session

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]


def register(imports: typer.Typer) -> None:
    """Add the commands to ``stockwise import``."""
    imports.command("online-retail")(import_online_retail)
    imports.command("history")(import_history)


def import_online_retail(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="xlsx, csv or Parquet.")],
    company: Annotated[str, typer.Option(help="Name of the company that gets it.")] = "Online Retail",
    rejects: Annotated[Path | None, typer.Option(help="Where bad rows go. [default: in home]")] = None,
    owner: Annotated[str | None, typer.Option(help="E-mail of the account that may see it.")] = None,
    parameters: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Assumed suppliers and stock (TOML).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON document instead of a table.")
    ] = False,
) -> None:
    """Load UCI's Online Retail II as a company's history; repeating it doubles nothing.

    Example: stockwise import online-retail online_retail_II.xlsx
    """
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.start_with()
    from pipelines.imports.online_retail import import_files

    report = import_files(
        settings,
        files,
        company=company,
        parameters=parameters,
        owner_email=owner,
        dry_run=dry_run,
        rejects=rejects,
        progress=session.terminal.progress(),
    )
    session.terminal.report(report, as_json=as_json)


def import_history(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder with the files of the history.")
    ],
    company: Annotated[str, typer.Option(help="Company that gets it; made if there is none of this name.")],
    mapping: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Names of files and columns. [default: mapping.toml there]"
        ),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where bad rows go. [default: in home; none in a dry run]")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="E-mail of the account that may see it.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load a shop's history: products, customers, orders, lines, stock, purchase orders.

    CSV, Parquet or Excel; docs/how-to/bring-your-history.md. Repeating it doubles nothing.

    Example: stockwise import history my-files --company "My shop" --dry-run
    """
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.start_with()
    from pipelines.imports.shop.shop_import import (
        HistoryOptions,
        default_rejects,
        import_folder,
        read_mapped_folder,
    )

    kept = rejects if dry_run else rejects or default_rejects(settings, company)
    report = import_folder(
        settings,
        folder,
        HistoryOptions(company, owner_email=owner, rejects=kept, is_dry_run=dry_run),
        lambda where: read_mapped_folder(where, mapping),
        session.terminal.progress(),
    )
    session.terminal.report(report, as_json=as_json)
