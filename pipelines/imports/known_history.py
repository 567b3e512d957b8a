"""What the company has already: invoices that are in, lines that can still be returned, stock that moved."""

from dataclasses import dataclass

import polars as pl

from core.postgres.connect import Connection
from pipelines.imports.bulk import copy_query

IMPORT_REFERENCE = "import"
_INVOICES = """
select external_code from orders where external_code is not null
union select external_code from order_returns where external_code is not null
union select external_code from order_charges where external_code is not null
union select split_part(note, ':', 1) from stock_ledger where reference_type = 'import'
union select split_part(note, ':', 1) from order_history where note like 'C%:%'
"""
_OPEN_LINES = """
select line.id::text, line.order_id::text, customer.external_code, line.sku,
    extract(epoch from orders.placed_at)::bigint, line.fulfilled_units - line.returned_units
from order_lines as line
join orders on orders.company_id = line.company_id and orders.id = line.order_id
join customers as customer on customer.company_id = orders.company_id and customer.id = orders.customer_id
where line.returned_units < line.fulfilled_units
"""
_MOVES = """
select replace(variant_id::text, '-', ''), extract(epoch from occurred_at)::bigint, delta_units
from stock_ledger
"""
_INVOICE_SCHEMA: dict[str, type[pl.DataType]] = {"invoice": pl.String}
_OPEN_LINE_SCHEMA: dict[str, type[pl.DataType]] = {
    "id": pl.String,
    "order_id": pl.String,
    "customer_id": pl.String,
    "code": pl.String,
    "placed_second": pl.Int64,
    "open_units": pl.Int64,
}
_MOVE_SCHEMA: dict[str, type[pl.DataType]] = {
    "variant_id": pl.String,
    "second": pl.Int64,
    "delta_units": pl.Int64,
}


@dataclass(frozen=True)
class KnownHistory:
    """What an earlier import (or the API) left in the bound company."""

    invoices: pl.DataFrame
    open_lines: pl.DataFrame
    moves: pl.DataFrame


def nothing_known() -> KnownHistory:
    """Return the history of a company that does not exist yet."""
    return KnownHistory(
        pl.DataFrame(schema=_INVOICE_SCHEMA),
        pl.DataFrame(schema=_OPEN_LINE_SCHEMA),
        pl.DataFrame(schema=_MOVE_SCHEMA),
    )


def read_known_invoices(connection: Connection) -> pl.DataFrame:
    """Return the invoice numbers that are in, as ``invoice``."""
    return copy_query(connection, _INVOICES, _INVOICE_SCHEMA)


def read_known_history(connection: Connection, invoices: pl.DataFrame) -> KnownHistory:
    """Return everything that new rows have to fit to."""
    return KnownHistory(
        invoices,
        copy_query(connection, _OPEN_LINES, _OPEN_LINE_SCHEMA),
        copy_query(connection, _MOVES, _MOVE_SCHEMA),
    )
