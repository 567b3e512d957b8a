"""``stockwise import …`` of whole histories."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.command_line import Session

if TYPE_CHECKING:
    from pipelines.imports.shop.mapping import Mapping
    from pipelines.imports.shop.raw_tables import RawTable
    from pipelines.imports.shop.shop_import import ReadTables

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of a table.")]


def register(imports: typer.Typer) -> None:
    """Add the commands to ``stockwise import``."""
    imports.command("online-retail")(import_online_retail)
    imports.command("history")(import_history)
    imports.command("olist")(import_olist)


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


Company = Annotated[str, typer.Option(help="Company that gets it; made if there is none of this name.")]
Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder with the files.")]
Rejects = Annotated[
    Path | None, typer.Option(help="Where bad rows go. [default: in home; none in a dry run]")
]
Owner = Annotated[str | None, typer.Option(help="E-mail of the account that may see it.")]


def import_history(
    context: typer.Context,
    folder: Folder,
    company: Company,
    mapping: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Names of files and columns. [default: mapping.toml there]"
        ),
    ] = None,
    rejects: Rejects = None,
    owner: Owner = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load a shop's history: products, customers, orders, lines, stock, purchase orders.

    CSV, Parquet or Excel, by a mapping file; repeating it doubles nothing.

    Example: stockwise import history my-files --company "My shop" --dry-run
    """

    def read(where: Path) -> "tuple[Sequence[RawTable], Mapping]":
        from pipelines.imports.shop.mapped_folder import read_mapped_folder

        return read_mapped_folder(where, mapping)

    _import_shop(
        context, folder, read, company, rejects=rejects, owner=owner, dry_run=dry_run, as_json=as_json
    )


def import_olist(
    context: typer.Context,
    folder: Folder,
    company: Company = "Olist",
    rejects: Rejects = None,
    owner: Owner = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Load Olist's public data set, its CSV files or Parquet copies; repeating it doubles nothing.

    Example: stockwise import olist brazilian-ecommerce
    """

    def read(where: Path) -> "tuple[Sequence[RawTable], Mapping]":
        from pipelines.imports.shop.olist import read_olist

        return read_olist(where)

    _import_shop(
        context, folder, read, company, rejects=rejects, owner=owner, dry_run=dry_run, as_json=as_json
    )


def _import_shop(
    context: typer.Context,
    folder: Path,
    read: "ReadTables",
    company: str,
    *,
    rejects: Path | None,
    owner: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    session = context.find_object(Session)
    assert session is not None, "the callback makes one"
    settings = session.start_with()
    from pipelines.imports.shop.shop_import import HistoryOptions, default_rejects, import_folder

    kept = rejects if dry_run else rejects or default_rejects(settings, company)
    options = HistoryOptions(company, owner_email=owner, rejects=kept, is_dry_run=dry_run)
    report = import_folder(settings, folder, options, read, session.terminal.progress())
    session.terminal.report(report, as_json=as_json)
