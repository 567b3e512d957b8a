"""Write an accepted history into the database, in the open transaction of the caller."""

import json
from datetime import datetime
from typing import Literal

import polars as pl

from core.errors import StockwiseError
from core.postgres.connect import Connection
from core.progress import Progress
from pipelines.imports.bulk import insert_frame
from pipelines.imports.document_numbers import take_document_numbers
from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.order_rows import Frames

_NUMBERED: dict[str, tuple[str, Literal["ORD", "RO"]]] = {
    "orders": ("order_number", "ORD"),
    "restock_orders": ("restock_number", "RO"),
}
# May be there from an earlier import, or from the application; everything else is new.
_MAY_BE_THERE = {"shop_locations", "stock_levels"}


def create_shop_company(connection: Connection, company: ShopCompany, first_at: datetime) -> None:
    """Make the company if it is new."""
    connection.execute(
        "insert into companies (id, name, slug, description, currency, timezone, prices_include_tax,"
        " tax_rate, data_origin, created_at) values (%s, %s, %s, %s, %s, %s, %s, %s, 'import', %s)",
        (
            company.company_id,
            company.name,
            company.slug,
            "Begun with an imported history.",
            company.currency,
            company.timezone,
            company.prices_include_tax,
            company.tax_micropercent / 1e8,
            first_at,
        ),
    )


def write_frames(
    connection: Connection, frames: Frames, company: ShopCompany, progress: Progress
) -> dict[str, int]:
    """Write all tables through COPY and return the number of new rows by table.

    Raises
    ------
    StockwiseError
        If a row that should be new is there already; nothing is kept then.
    """
    written: dict[str, int] = {}
    for table, frame in frames:
        with progress.step(f"Writing {table.replace('_', ' ')}", total=frame.height) as step:
            numbered = _numbered(connection, table, frame)
            written[table] = insert_frame(
                connection,
                table,
                numbered,
                company_id=company.company_id,
                is_all_new=table not in _MAY_BE_THERE,
                on_rows=step.advance,
            )
            step.note(f"{written[table]:,} rows")
    return {table: count for table, count in written.items() if count}


def reserve_promised(
    connection: Connection, open_lines: pl.DataFrame, reservation_ids: pl.Series, company: ShopCompany
) -> int:
    """Hold stock for orders that have not left, oldest first; what is not there is a backorder.

    Returns the units that are promised and not there.
    """
    if open_lines.is_empty():
        return 0
    lines = open_lines.with_columns(reservation_ids.alias("reservation_id")).join(
        _free_units(connection), on=["location_id", "variant_id"], how="left", maintain_order="left"
    )
    place = ("location_id", "variant_id")
    missing = pl.col("quantity_units").cum_sum().over(*place) - pl.col("free_units").fill_null(0)
    lines = lines.with_columns(
        shortfall_units=missing.clip(lower_bound=0, upper_bound=pl.col("quantity_units"))
    )
    reservations = lines.select(
        "location_id", "variant_id", "shortfall_units",
        id="reservation_id", owner_type=pl.lit("order"), owner_id="order_id", owner_line_id="order_line_id",
        reserved_units="quantity_units", created_at="placed_at",
    )  # fmt: skip
    insert_frame(connection, "reservations", reservations, company_id=company.company_id, is_all_new=True)
    connection.execute(_RAISE_RESERVED)
    connection.execute(_NOTE_BACKORDERS)
    return int(lines["shortfall_units"].sum())


def announce(connection: Connection, company: ShopCompany, written: dict[str, int]) -> None:
    """Say once that there is something new; what happened years ago is not told event by event."""
    connection.execute(
        "insert into events (company_id, type, aggregate_type, aggregate_id, payload)"
        " values (%s, 'import.completed', 'company', %s, %s)",
        (company.company_id, company.company_id, json.dumps({"rows": written})),
    )


def require_balanced(connection: Connection) -> None:
    """Stop, and so undo everything, if stock is not what its ledger and reservations say."""
    wrong = connection.execute(_UNBALANCED).fetchone()
    if wrong is not None:
        raise StockwiseError(
            f"Stock would not be the sum of its ledger (variant {wrong[0]}): nothing was imported.",
            hint="Please report this as a defect.",
        )


_RAISE_RESERVED = """
update stock_levels as level
set reserved_units = held.units, allow_backorder = level.allow_backorder or held.is_short
from (
    select location_id, variant_id, sum(reserved_units) as units, bool_or(shortfall_units > 0) as is_short
    from reservations where status = 'live' group by location_id, variant_id
) as held
where level.location_id = held.location_id and level.variant_id = held.variant_id
and level.reserved_units <> held.units
"""
_NOTE_BACKORDERS = """
update order_lines as line set backordered_units = held.shortfall_units
from reservations as held
where held.owner_line_id = line.id and held.status = 'live' and held.shortfall_units > line.backordered_units
"""
_FREE = """
select replace(location_id::text, '-', ''), replace(variant_id::text, '-', ''), available_units
from stock_levels
"""
_UNBALANCED = """
select level.variant_id from stock_levels as level
left join (
    select location_id, variant_id, sum(delta_units) as units from stock_ledger
    group by location_id, variant_id
) as ledger on ledger.location_id = level.location_id and ledger.variant_id = level.variant_id
left join (
    select location_id, variant_id, sum(reserved_units) as units from reservations where status = 'live'
    group by location_id, variant_id
) as held on held.location_id = level.location_id and held.variant_id = level.variant_id
where level.on_hand_units <> coalesce(ledger.units, 0) or level.reserved_units <> coalesce(held.units, 0)
limit 1
"""


def _free_units(connection: Connection) -> pl.DataFrame:
    rows = connection.execute(_FREE).fetchall()
    schema = {"location_id": pl.String, "variant_id": pl.String, "free_units": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _numbered(connection: Connection, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    if table not in _NUMBERED:
        return frame
    column, prefix = _NUMBERED[table]
    numbers = take_document_numbers(connection, prefix, frame["local_date"])
    return frame.drop("local_date").with_columns(pl.Series(column, numbers, dtype=pl.String))
