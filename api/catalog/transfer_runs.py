"""Product files from the command line: a file on disk, a company by its slug, a file of refused rows."""

from __future__ import annotations

import asyncio
import csv
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from api.catalog.transfer import ImportScope, export_batches, import_products
from api.catalog.transfer_columns import as_cell
from api.catalog.transfer_files import (
    Reject,
    format_of,
    open_parquet,
    parquet_batch,
    read_rows,
    write_csv,
)
from api.errors import ApiError
from core.errors import StockwiseError, UsageError
from core.postgres.pools import Database, open_database
from core.postgres.ready import open_ready_server
from core.postgres.server import Server
from core.postgres.transaction import transaction
from core.settings import Settings

Report = TypeVar("Report")
_FIND_COMPANY = sa.text("select company_id from auth_find_company(:slug)")


@dataclass(frozen=True)
class ImportRunReport:
    """What became of a file."""

    is_written: bool
    rows: int
    created_rows: int
    updated_rows: int
    unchanged_rows: int
    rejected_rows: int
    rejects_file: str | None
    seconds: float
    rows_per_minute: int


@dataclass(frozen=True)
class ExportRunReport:
    """What was written."""

    rows: int
    file: str
    seconds: float


def run_import(
    settings: Settings,
    file: Path,
    *,
    company: str,
    rejects: Path | None = None,
    dry_run: bool = False,
    all_or_nothing: bool = False,
) -> ImportRunReport:
    """Load a file; refused rows are written to ``rejects`` with line, SKU and reason.

    Raises
    ------
    StockwiseError
        If there is no such company, or the file can't be read.
    """

    async def work(database: Database) -> ImportRunReport:
        scope = ImportScope(await _company_id(database, company))
        began = time.perf_counter()
        with file.open("rb") as source:
            kind = format_of(file.name, source.read(4))
            source.seek(0)
            outcome = await import_products(
                database,
                read_rows(source, kind),
                scope,
                dry_run=dry_run,
                all_or_nothing=all_or_nothing,
            )
        seconds = time.perf_counter() - began
        target = rejects or settings.home / "rejects" / f"{file.stem}.csv"
        return ImportRunReport(
            is_written=outcome.is_written,
            rows=outcome.rows,
            created_rows=outcome.created_rows,
            updated_rows=outcome.updated_rows,
            unchanged_rows=outcome.unchanged_rows,
            rejected_rows=len(outcome.rejects),
            rejects_file=_write_rejects(target, outcome.rejects),
            seconds=round(seconds, 1),
            rows_per_minute=round(outcome.rows / max(seconds, 0.001) * 60),
        )

    with open_ready_server(settings) as server:
        return asyncio.run(_opened(server, settings, work))


def run_export(settings: Settings, file: Path, *, company: str) -> ExportRunReport:
    """Write a company's products to a file, under another name until it is whole."""
    if file.suffix not in (".csv", ".parquet"):
        raise UsageError("The file's name ends in .csv or .parquet.")

    async def work(database: Database) -> ExportRunReport:
        scope = ImportScope(await _company_id(database, company))
        began = time.perf_counter()
        unfinished = file.with_name(f".{file.name}.unfinished")
        rows = await (_write_csv if file.suffix == ".csv" else _write_parquet)(database, scope, unfinished)
        unfinished.replace(file)
        return ExportRunReport(rows, str(file), round(time.perf_counter() - began, 1))

    with open_ready_server(settings) as server:
        return asyncio.run(_opened(server, settings, work))


async def _opened(
    server: Server, settings: Settings, work: Callable[[Database], Awaitable[Report]]
) -> Report:
    try:
        async with open_database(server, settings) as database:
            return await work(database)
    except ApiError as error:
        raise StockwiseError(error.detail) from error


async def _company_id(database: Database, slug: str) -> UUID:
    async with transaction(database, company_id=None) as connection:
        found: UUID | None = await connection.scalar(_FIND_COMPANY, {"slug": slug})
    if found is None:
        raise UsageError(f"There is no company {slug!r}.", hint="--company takes the company's slug.")
    return found


async def _write_csv(database: Database, scope: ImportScope, target: Path) -> int:
    count = 0
    with target.open("wb") as stream:
        stream.write(write_csv([], has_header=True))
        async for rows in export_batches(database, scope):
            stream.write(write_csv(rows, has_header=False))
            count += len(rows)
    return count


async def _write_parquet(database: Database, scope: ImportScope, target: Path) -> int:
    count = 0
    with open_parquet(str(target)) as writer:
        async for rows in export_batches(database, scope):
            writer.write_batch(parquet_batch(rows))
            count += len(rows)
    return count


def _write_rejects(target: Path, rejects: Sequence[Reject]) -> str | None:
    if not rejects:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("line", "sku", "reason"))
        writer.writerows((one.line, as_cell(one.sku), as_cell(one.reason)) for one in rejects)
    return str(target)
