"""Write a history into the database, in the open transaction of the caller."""

import json
from datetime import datetime

import polars as pl
from psycopg import sql

from core.errors import StockwiseError
from core.postgres.connect import Connection
from core.progress import Progress
from pipelines.imports.bulk import insert_frame, stage_frame
from pipelines.imports.catalogue_rows import catalogue_rows
from pipelines.imports.document_numbers import take_document_numbers
from pipelines.imports.history_rows import SalesHistory, Tenant
from pipelines.imports.known_history import KnownHistory
from pipelines.imports.local_time import to_utc
from pipelines.imports.opening_stock import least_openings
from pipelines.imports.parameters import ImportParameters
from pipelines.imports.table_rows import ledger_moves, opening_moves, order_rows

# The rows of a new invoice are new; master data may be there from an earlier import.
_ALL_NEW = {
    "orders", "order_lines", "order_charges", "order_history", "order_returns", "order_return_lines",
    "stock_ledger",
}  # fmt: skip


def create_company(connection: Connection, tenant: Tenant, name: str, first_moment: datetime) -> None:
    """Make the company with its shop and location, unless an earlier import did.

    Raises
    ------
    StockwiseError
        If another company has this name.
    """
    connection.execute(
        "insert into companies (id, name, slug, description, currency, timezone, data_origin, created_at)"
        " values (%s, %s, %s, %s, %s, %s, 'import', %s::timestamp at time zone %s) on conflict do nothing",
        (
            tenant.company_id,
            name,
            tenant.slug,
            "Imported history. Suppliers, lead times, costs and stock are assumed.",
            tenant.currency,
            tenant.timezone,
            first_moment,
            tenant.timezone,
        ),
    )
    if connection.execute("select from companies").fetchone() is None:
        raise StockwiseError(
            f"There is a company {tenant.slug!r} that was not imported.",
            hint="Choose another: --company NAME.",
        )
    values = {
        "company": tenant.company_id,
        "shop": tenant.shop_id,
        "location": tenant.location_id,
        "name": name,
    }
    for statement in (
        "insert into shops (company_id, id, name, slug) values (%(company)s, %(shop)s, %(name)s, 'main')"
        " on conflict do nothing",
        "insert into locations (company_id, id, code, name)"
        " values (%(company)s, %(location)s, 'MAIN', 'Warehouse (assumed)') on conflict do nothing",
        "insert into shop_locations (company_id, shop_id, location_id)"
        " values (%(company)s, %(shop)s, %(location)s) on conflict do nothing",
    ):
        connection.execute(statement, values)


def write_history(
    connection: Connection,
    history: SalesHistory,
    known: KnownHistory,
    tenant: Tenant,
    parameters: ImportParameters,
    progress: Progress,
) -> tuple[dict[str, int], int]:
    """Write everything; return the number of new rows by table, and the opening units that were assumed."""
    written: dict[str, int] = {}

    def write(table: str, frame: pl.DataFrame) -> None:
        with progress.step(f"Writing {table.replace('_', ' ')}", total=frame.height) as step:
            written[table] = insert_frame(
                connection,
                table,
                frame,
                company_id=tenant.company_id,
                is_all_new=table in _ALL_NEW,
                on_rows=step.advance,
            )
            step.note(f"{written[table]:,} rows")

    for table, frame in catalogue_rows(history, tenant, parameters):
        write(table, frame)
    for table, frame in order_rows(history, tenant):
        write(table, _numbered(connection, frame) if table == "orders" else frame)
    moves = ledger_moves(history, tenant)
    openings = _openings(moves, known, parameters)
    first_move = repr(moves["id"].min())  # no other import has it, so its openings are no other's
    opened = opening_moves(openings, tenant, _first_midnight(moves, known, tenant), first_move)
    write("stock_levels", _thresholds(moves, history, tenant, parameters))
    write("stock_ledger", pl.concat([opened, moves.sort("occurred_at", "delta_units")]))
    _mark_returned(connection, history.pieces)
    _announce(connection, tenant, written)
    return written, int(opened["delta_units"].sum())


def _numbered(connection: Connection, orders: pl.DataFrame) -> pl.DataFrame:
    numbers = take_document_numbers(connection, "ORD", orders["local_date"])
    return orders.drop("local_date").with_columns(order_number=pl.Series(numbers, dtype=pl.String))


def _openings(moves: pl.DataFrame, known: KnownHistory, parameters: ImportParameters) -> pl.DataFrame:
    """Return the least opening units, and for goods that had none yet the assumed cover on top."""
    least = least_openings(_with_seconds(moves), known.moves)
    covers = _speed(moves, parameters).select(
        "variant_id", cover=(pl.col("daily_units") * parameters.stock.cover_days).ceil().cast(pl.Int64)
    )
    covers = covers.join(known.moves.select("variant_id").unique(), on="variant_id", how="anti")
    return least.join(covers, on="variant_id", how="left", maintain_order="left").select(
        "variant_id", units=pl.col("units") + pl.col("cover").fill_null(0)
    )


def _speed(moves: pl.DataFrame, parameters: ImportParameters) -> pl.DataFrame:
    """Return the units sold a day over the last days of the history."""
    days = parameters.stock.speed_days
    is_recent = pl.col("occurred_at") > pl.col("occurred_at").max() - pl.duration(days=days)
    return (
        moves.filter((pl.col("reason") == "sale") & is_recent)
        .group_by("variant_id")
        .agg(daily_units=-pl.col("delta_units").sum() / days)
    )


def _thresholds(
    moves: pl.DataFrame, history: SalesHistory, tenant: Tenant, parameters: ImportParameters
) -> pl.DataFrame:
    days = parameters.stock.low_stock_days
    speed = _speed(moves, parameters)
    return history.products.join(speed, on="variant_id", how="left", maintain_order="left").select(
        "variant_id",
        location_id=pl.lit(tenant.location_id),
        low_stock_threshold_units=(pl.col("daily_units").fill_null(0) * days).ceil().cast(pl.Int64),
    )


def _with_seconds(moves: pl.DataFrame) -> pl.DataFrame:
    return moves.select("variant_id", "delta_units", second=pl.col("occurred_at").dt.epoch("s")).select(
        "variant_id", "second", "delta_units"
    )


def _first_midnight(moves: pl.DataFrame, known: KnownHistory, tenant: Tenant) -> pl.Series:
    """Return when the company's first day begins, on which all openings lie."""
    seconds = pl.concat([_with_seconds(moves)["second"], known.moves["second"]])
    first = pl.Series([seconds.min()], dtype=pl.Int64)
    local = pl.from_epoch(first).dt.replace_time_zone("UTC").dt.convert_time_zone(tenant.timezone)
    midnight = pl.DataFrame(
        {"local": local.dt.replace_time_zone(None).dt.truncate("1d").cast(pl.Datetime("us"))}
    )
    return midnight.select(to_utc(pl.col("local"), tenant.timezone)).to_series()


def _mark_returned(connection: Connection, pieces: pl.DataFrame) -> None:
    """Add what came back of lines that an earlier import wrote."""
    back = (
        pieces.filter("is_known_line").group_by(id="order_line_id").agg(returned_units=pl.col("units").sum())
    )
    if back.is_empty():
        return
    staged = stage_frame(connection, "order_lines", back)
    connection.execute(
        sql.SQL(
            "update order_lines as line set returned_units = line.returned_units + back.returned_units"
            " from {} as back where line.id = back.id"
        ).format(staged)
    )
    connection.execute(
        sql.SQL(
            "with touched as (select distinct line.order_id from order_lines as line join {} as back"
            " on line.id = back.id),"
            " kept as (select line.order_id,"
            " sum(line.quantity_units - line.cancelled_units - line.returned_units) as units"
            " from order_lines as line join touched on touched.order_id = line.order_id"
            " group by line.order_id)"
            " update orders set status = case when kept.units = 0 then 'returned' else orders.status end,"
            " payment_status = case when kept.units = 0 then 'refunded' else 'partly_refunded' end"
            " from kept where orders.id = kept.order_id"
        ).format(staged)
    )


def _announce(connection: Connection, tenant: Tenant, written: dict[str, int]) -> None:
    connection.execute(
        "insert into events (company_id, type, aggregate_type, aggregate_id, payload)"
        " values (%s, 'import.completed', 'company', %s, %s)",
        (tenant.company_id, tenant.company_id, json.dumps({"rows": written})),
    )
