"""Import UCI's Online Retail II as the history of a company: all of it or nothing, and only once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import polars as pl

from core.errors import StockwiseError
from core.postgres.connect import Connection, connect, tenant_transaction
from core.postgres.ready import open_ready_server
from core.progress import Progress, SilentProgress
from core.settings import Settings
from pipelines.imports.history_rows import SalesHistory, Tenant, build_history
from pipelines.imports.import_report import ImportReport, total_by_kind
from pipelines.imports.import_transaction import (
    let_it_take_time,
    refusals_explained,
    slug_of,
    write_rejects,
)
from pipelines.imports.known_history import (
    KnownHistory,
    nothing_known,
    read_known_history,
    read_known_invoices,
)
from pipelines.imports.parameters import ImportParameters, load_parameters
from pipelines.imports.people import attach_owner
from pipelines.imports.row_kinds import SortedRows, classify_rows
from pipelines.imports.source_files import SourceRows, read_sources
from pipelines.imports.stable_ids import stable_id
from pipelines.imports.write_history import create_company, write_history

DEFAULT_COMPANY = "Online Retail"


@dataclass(frozen=True)
class ImportOptions:
    """How the history is taken in."""

    company: str = DEFAULT_COMPANY
    currency: str = "GBP"
    timezone: str = "Europe/London"
    owner_email: str | None = None
    rejects: Path | None = None
    is_dry_run: bool = False


@dataclass(frozen=True)
class _Outcome:
    written: dict[str, int]
    opening_units: int
    rejects_file: str | None
    seconds: float


def import_files(
    settings: Settings,
    files: Sequence[Path],
    *,
    company: str = DEFAULT_COMPANY,
    currency: str = "GBP",
    timezone: str = "Europe/London",
    parameters: Path | None = None,
    owner_email: str | None = None,
    dry_run: bool = False,
    rejects: Path | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Load the files as a company's history; what is in already is left alone.

    Everything is written in one transaction of the application's role, through COPY. No event is sent for
    what happened years ago; one ``import.completed`` says that there is something new.

    Parameters
    ----------
    files : sequence of paths
        Parquet, the original xlsx, or CSV. What two of them hold both is taken once.
    company : str
        Name of the company; its slug is made from it. It must be new or made by an earlier import.
    parameters : path, optional
        Assumed suppliers and stock; `online_retail_suppliers.toml` if not given.
    owner_email : str, optional
        A person with an account, who becomes the company's admin and buyer.
    rejects : path, optional
        Where rows that make no sense are written; in the home folder if not given.

    Raises
    ------
    StockwiseError
        If a file, the parameters or the company can't be used. Then nothing has been written.
    """
    options = ImportOptions(
        company=company,
        currency=currency,
        timezone=timezone,
        owner_email=owner_email,
        rejects=rejects or settings.home / "imports" / f"{slug_of(company)}-rejects.csv",
        is_dry_run=dry_run,
    )
    with open_ready_server(settings) as server:
        with connect(server.dsn("app"), autocommit=True) as connection:
            report = run_import(connection, files, options, load_parameters(parameters), progress)
        if report.written:
            with connect(server.dsn("owner"), autocommit=True) as owner:
                owner.execute("analyze")  # else the first queries guess at empty tables
    return report


def run_import(
    connection: Connection,
    files: Sequence[Path],
    options: ImportOptions,
    parameters: ImportParameters,
    progress: Progress | None = None,
) -> ImportReport:
    """Do the import on a connection of the application's role."""
    progress = progress or SilentProgress()
    started = time.monotonic()
    tenant = _tenant(options)
    with progress.step("Reading files") as step:
        source = read_sources(files, step)
    with progress.step("Sorting rows") as step:
        found = classify_rows(source)
        step.note(f"{found.rows.height:,} rows, {found.rejects.height:,} rejected")
    _require_every_row(source, found)
    with refusals_explained(), tenant_transaction(connection, UUID(tenant.company_id)):
        let_it_take_time(connection)
        known = _read_known(connection, found.rows)
        new_rows = found.rows.join(known.invoices, on="invoice", how="anti", maintain_order="left")
        with progress.step("Matching returns with sales"):
            history = build_history(new_rows, known, tenant, parameters)
        written: dict[str, int] = {}
        opening_units = 0
        if new_rows.height and not options.is_dry_run:
            create_company(connection, tenant, options.company, found.rows["local_time"].sort()[0])
            written, opening_units = write_history(connection, history, known, tenant, parameters, progress)
        if options.owner_email and not options.is_dry_run:
            attach_owner(connection, tenant.company_id, options.owner_email)
    rejects_file = None if options.is_dry_run else write_rejects(found.rejects, options.rejects)
    outcome = _Outcome(written, opening_units, rejects_file, time.monotonic() - started)
    return _report(source, found, new_rows, history, options, outcome)


def _tenant(options: ImportOptions) -> Tenant:
    slug = slug_of(options.company)
    return Tenant(
        company_id=str(UUID(stable_id("import|company", slug, 0))),
        slug=slug,
        currency=options.currency,
        timezone=options.timezone,
        shop_id=stable_id(f"{slug}|shop", "main", 0),
        location_id=stable_id(f"{slug}|location", "main", 0),
    )


def _read_known(connection: Connection, rows: pl.DataFrame) -> KnownHistory:
    if connection.execute("select from companies").fetchone() is None:
        return nothing_known()
    invoices = read_known_invoices(connection)
    if rows.join(invoices, on="invoice", how="anti").is_empty():
        return replace(nothing_known(), invoices=invoices)
    return read_known_history(connection, invoices)


def _require_every_row(source: SourceRows, found: SortedRows) -> None:
    counted = found.in_both_files_count + found.rows.height + found.rejects.height
    rows_read = sum(source.rows_read.values())
    if counted != rows_read:
        raise StockwiseError(f"{rows_read:,} rows were read, but {counted:,} are accounted for.")


def _report(
    source: SourceRows,
    found: SortedRows,
    new_rows: pl.DataFrame,
    history: SalesHistory,
    options: ImportOptions,
    outcome: _Outcome,
) -> ImportReport:
    by_return = history.pieces.group_by("return_row").agg(
        matched=pl.col("sale_row").is_not_null().any(), unmatched=pl.col("sale_row").is_null().any()
    )
    is_matched, is_unmatched = pl.col("matched"), pl.col("unmatched")
    totals = total_by_kind(new_rows)
    already_imported = found.rows.height - new_rows.height
    return ImportReport(
        company=options.company,
        is_dry_run=options.is_dry_run,
        rows_read=sum(source.rows_read.values()),
        rows_in_both_files=found.in_both_files_count,
        rows_already_imported=already_imported,
        rows_rejected=found.rejects.height,
        rows_accounted_for=found.in_both_files_count
        + already_imported
        + found.rejects.height
        + sum(total.rows_count for total in totals),
        rejects_file=outcome.rejects_file,
        returns_matched=by_return.filter(is_matched & ~is_unmatched).height,
        returns_partly_matched=by_return.filter(is_matched & is_unmatched).height,
        returns_unmatched=by_return.filter(~is_matched & is_unmatched).height,
        units_cancelled_same_day=int(history.pieces.filter("is_cancellation")["units"].sum()),
        assumed_opening_units=outcome.opening_units,
        seconds=round(outcome.seconds, 1),
        totals=totals,
        sources=source.rows_read,
        written=outcome.written,
    )
