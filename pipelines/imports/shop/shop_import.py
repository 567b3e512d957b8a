"""Import a shop's history from files of any names: all of it or nothing, and only once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import polars as pl

from core.errors import StockwiseError
from core.postgres.connect import Connection, connect, tenant_transaction
from core.postgres.ready import open_ready_server
from core.progress import Progress, SilentProgress
from core.settings import Settings
from pipelines.imports.import_transaction import (
    let_it_take_time,
    refusals_explained,
    slug_of,
    write_rejects,
)
from pipelines.imports.people import attach_owner
from pipelines.imports.shop.acceptance import Accepted, accept_rows, set_aside_counted
from pipelines.imports.shop.catalogue_rows import catalogue_frames, customer_frame, place_frames
from pipelines.imports.shop.history_report import (
    HistoryReport,
    count_reasons,
    list_faults,
    total_money,
    total_tables,
)
from pipelines.imports.shop.identities import Identities, identify
from pipelines.imports.shop.known_shop import KnownShop, ShopCompany, find_company, read_known_shop
from pipelines.imports.shop.lasting_ids import lasting_ids, look_up
from pipelines.imports.shop.mapping import Mapping
from pipelines.imports.shop.order_facts import OrderFacts, work_out_orders
from pipelines.imports.shop.order_rows import Frames, open_lines, order_frames, order_moves
from pipelines.imports.shop.raw_tables import LINE, RawTable
from pipelines.imports.shop.stock_balance import (
    PLACE,
    Balance,
    balance_stock,
    judge_counts,
    place_counts,
    place_moves,
)
from pipelines.imports.shop.supply import (
    SupplyFacts,
    last_purchases,
    supply_frames,
    supply_moves,
    work_out_supply,
)
from pipelines.imports.shop.typed_tables import FILE, Reading, TypedTables, type_tables
from pipelines.imports.shop.write_shop import (
    announce,
    create_shop_company,
    require_balanced,
    reserve_promised,
    write_frames,
)

_LOW_STOCK_UNITS = 10  # as the table says where nothing is known
ReadTables = Callable[[Path], tuple[Sequence[RawTable], Mapping]]
"""Reads a folder's raw tables, and how their values are written."""


@dataclass(frozen=True)
class HistoryOptions:
    """How a history is taken in."""

    company: str
    owner_email: str | None = None
    rejects: Path | None = None
    is_dry_run: bool = False


@dataclass(frozen=True)
class _Worked:
    """Everything that goes in, worked out and not yet written."""

    accepted: Accepted
    ids: Identities
    orders: OrderFacts
    supply: SupplyFacts
    counts: pl.DataFrame
    moves: pl.DataFrame
    balance: Balance
    history: list[pl.DataFrame]
    first_at: datetime


def import_folder(
    settings: Settings,
    folder: Path,
    options: HistoryOptions,
    read: ReadTables,
    progress: Progress | None = None,
) -> HistoryReport:
    """Load a folder as a company's history; what is in already is left alone.

    Everything is written in one transaction of the application's role, through COPY. No event is sent for
    what happened years ago; one ``import.completed`` says that there is something new.

    Raises
    ------
    StockwiseError
        If a file, the mapping or the company can't be used. Then nothing has been written.
    """
    tables, mapping = read(folder)
    with open_ready_server(settings) as server:
        with connect(server.dsn("app"), autocommit=True) as connection:
            report = import_tables(
                connection, tables, mapping, options, now=datetime.now(tz=UTC), progress=progress
            )
        if report.written:
            with connect(server.dsn("owner"), autocommit=True) as owner:
                owner.execute("analyze")  # else the first queries guess at empty tables
    return report


def default_rejects(settings: Settings, company: str) -> Path:
    """Return where rejected rows go if nothing else is said."""
    return settings.home / "imports" / f"{slug_of(company)}-rejects.csv"


def import_tables(
    connection: Connection,
    raw: Sequence[RawTable],
    mapping: Mapping,
    options: HistoryOptions,
    *,
    now: datetime,
    progress: Progress | None = None,
) -> HistoryReport:
    """Do the import on a connection of the application's role; ``now`` bounds the dates."""
    progress = progress or SilentProgress()
    started = time.monotonic()
    company = find_company(connection, options.company, mapping.company)
    with progress.step("Reading values"):
        read = type_tables(raw, mapping, Reading(company.timezone, company.amount_digits, now))
    written: dict[str, int] = {}
    with refusals_explained(), tenant_transaction(connection, UUID(company.company_id)):
        let_it_take_time(connection)
        _require_still_new(connection, company)
        known = read_known_shop(connection, company, mapping.company)
        with progress.step("Sorting rows") as step:
            worked = _work_out(read, known, company, now=now)
            step.note(f"{worked.accepted.tables.rejects.height:,} rejected")
        totals = total_tables(read, worked.accepted)
        _require_every_row(read, worked.accepted)
        if not options.is_dry_run:
            if any(total.imported for total in totals):
                written = _write(connection, worked, known, company, progress)
            if options.owner_email:
                attach_owner(connection, company.company_id, options.owner_email)
    rejects = worked.accepted.tables.rejects
    return HistoryReport(
        company=options.company,
        is_new_company=company.is_new,
        is_dry_run=options.is_dry_run,
        rows_read=sum(total.rows_read for total in totals),
        rows_imported=sum(total.imported for total in totals),
        rows_already_there=sum(total.already_there for total in totals),
        rows_rejected=rejects.height,
        rejects_file=write_rejects(rejects, options.rejects),
        first_at=_bound(worked.history, "min"),
        last_at=_bound(worked.history, "max"),
        counted_opening_units=worked.balance.counted_opening_units,
        assumed_opening_units=worked.balance.assumed_opening_units,
        difference_units=worked.balance.difference_units,
        seconds=round(time.monotonic() - started, 1),
        tables=totals,
        money=total_money(worked.orders, worked.supply, _counted_stock(worked), company),
        sources=dict(read.sources),
        columns_not_used={one.source: ", ".join(one.ignored) for one in raw if one.ignored},
        reasons=count_reasons(rejects),
        first_faults=list_faults(rejects),
        written=written,
    )


def _work_out(read: TypedTables, known: KnownShop, company: ShopCompany, *, now: datetime) -> _Worked:
    accepted = accept_rows(read, known, company)
    last_at = _bound(_history(read, accepted), "max")
    ids = identify(accepted, known, company)
    rows = accepted.tables.rows
    orders = work_out_orders(rows["orders"], rows["lines"], ids, company, now=now)
    supply = work_out_supply(rows["purchase_orders"], ids, company)
    moves = pl.concat([order_moves(orders, company), supply_moves(supply)], how="diagonal")
    placed = place_moves(moves)
    counts = place_counts(rows["stock"], ids, last_at)
    accepted = set_aside_counted(accepted, judge_counts(counts, placed, known["moves"]))
    counts = place_counts(accepted.tables.rows["stock"], ids, last_at)
    promised = (
        open_lines(orders)
        .group_by(pl.concat_str("location_id", "variant_id").alias(PLACE))
        .agg(promised_units=pl.col("quantity_units").sum())
    )
    balance = balance_stock(counts, placed, promised, known["moves"], company, now=now)
    history = _history(read, accepted)
    first_at = _bound(history, "min") or now
    return _Worked(accepted, ids, orders, supply, counts, moves, balance, history, first_at)


def _write(
    connection: Connection, worked: _Worked, known: KnownShop, company: ShopCompany, progress: Progress
) -> dict[str, int]:
    if company.is_new:
        create_shop_company(connection, company, worked.first_at)
    written = write_frames(connection, _frames(worked, known, company), company, progress)
    lines = open_lines(worked.orders)
    reservation_ids = lasting_ids(company, "reservation", lines["order_line_id"])
    reserve_promised(connection, lines, reservation_ids, company)
    require_balanced(connection)
    announce(connection, company, written)
    return written


def _frames(worked: _Worked, known: KnownShop, company: ShopCompany) -> Frames:
    ids, orders = worked.ids, worked.orders
    first_moves = worked.moves.group_by("variant_id").agg(moved_at=pl.col("occurred_at").min())
    first_orders = orders.orders.group_by("customer").agg(ordered_at=pl.col("placed_at").min())
    ledger = pl.concat([worked.balance.rows, worked.moves.select(worked.balance.rows.columns)])
    return [
        *place_frames(ids, known, worked.first_at),
        *catalogue_frames(ids, company, first_moves, last_purchases(worked.supply), worked.first_at),
        ("customers", customer_frame(ids, first_orders, worked.first_at)),
        *order_frames(orders, company),
        *supply_frames(worked.supply, company),
        ("stock_levels", _levels(worked)),
        ("stock_ledger", ledger.sort("occurred_at", pl.col("reason") != "opening", maintain_order=True)),
    ]


def _levels(worked: _Worked) -> pl.DataFrame:
    """Return a level for every place that is counted, moved or promised, with its threshold."""
    places = pl.concat(
        [
            frame.select("location_id", "variant_id")
            for frame in (worked.moves, open_lines(worked.orders), worked.balance.rows)
        ]
    )
    counted = worked.counts.select(
        "location_id",
        pl.col(PLACE).str.tail(32).alias("variant_id"),
        pl.col("low_stock_threshold_units").fill_null(_LOW_STOCK_UNITS),
    )
    others = places.with_columns(low_stock_threshold_units=pl.lit(_LOW_STOCK_UNITS, pl.Int64))
    return pl.concat([counted, others]).unique(
        ["location_id", "variant_id"], keep="first", maintain_order=True
    )


def _counted_stock(worked: _Worked) -> pl.DataFrame:
    costs = worked.ids.variants.select("variant_id", "cost_micro")
    stock = worked.counts.with_columns(pl.col(PLACE).str.tail(32).alias("variant_id"))
    return look_up(stock, costs, "variant_id", "cost_micro")


def _history(read: TypedTables, accepted: Accepted) -> list[pl.DataFrame]:
    """Return the rows that go in or are there already: a rejected one bounds no history."""
    rejected = accepted.tables.rejects.rename({"line_number": LINE})
    return [
        frame.join(rejected.filter(table=name), on=[FILE, LINE], how="anti")
        for name, frame in read.rows.items()
    ]


def _bound(history: list[pl.DataFrame], which: str) -> datetime | None:
    """Return the first or last instant of a history, or None without any."""
    found: list[datetime] = []
    for frame in history:
        for name, kind in frame.schema.items():
            if isinstance(kind, pl.Datetime) and name != "created_at":
                value = getattr(frame[name], which)()
                if value is not None:
                    found.append(value)
    if not found:
        return None
    return min(found) if which == "min" else max(found)


def _require_still_new(connection: Connection, company: ShopCompany) -> None:
    """Stop if another import made the company while this one waited for it."""
    if company.is_new and connection.execute("select from companies").fetchone() is not None:
        raise StockwiseError(
            f"Another import has just made the company {company.slug!r}.", hint="Start this one again."
        )


def _require_every_row(read: TypedTables, accepted: Accepted) -> None:
    for total in total_tables(read, accepted):
        counted = total.imported + total.already_there + total.rejected
        if counted != total.rows_read:
            raise StockwiseError(
                f"{total.rows_read:,} rows of {total.table} were read, but {counted:,} are accounted for."
            )
