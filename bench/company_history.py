"""A company with two years of history of any size, set by set: DuckDB makes the rows, COPY loads them.

The same rows for the same size and day. Past triggers and foreign keys, which would take most of the time
and prove nothing here; what they keep (stock levels, history of terms) is written or brought in line.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql

from bench.products import fill_products
from core.postgres.server import Server
from core.progress import Step
from core.settings import Settings
from core.warehouse import WarehouseConnection, open_scratch

COMPANY = UUID(int=0x7000_8000_0000_0000_0001)
TIMEZONE = "Europe/Berlin"
HISTORY_DAYS = 730
_LINES_PER_ORDER = 4
_LINES_PER_CUSTOMER = 20
_LINES_PER_PRODUCT = 1_000
_FEWEST_PRODUCTS = 50
_SUPPLIERS = 20
_HISTORY_FILE = Path(__file__).parent / "sql" / "company_history.sql"
_BLOCK = 1 << 20
# Views of the file, in the order in which they are loaded.
_TABLES = (
    "customers", "suppliers", "product_suppliers", "orders", "order_lines", "order_returns",
    "order_return_lines", "payments", "payment_allocations", "payment_refunds", "restock_orders",
    "restock_order_lines", "receipts", "receipt_lines", "stock_ledger", "reservations", "product_views",
)  # fmt: skip


def fill_company(settings: Settings, server: Server, *, lines: int, end: date, step: Step) -> dict[str, int]:
    """Give an empty, migrated database one company with about ``lines`` order lines; return rows by table.

    Parameters
    ----------
    end : date
        The day after the last day of the history (UTC).
    """
    _make_company(server, products=max(lines // _LINES_PER_PRODUCT, _FEWEST_PRODUCTS))
    first = end - timedelta(days=HISTORY_DAYS)
    with psycopg.connect(server.administrator_dsn()) as connection, open_scratch(settings) as duckdb:
        connection.execute("set session_replication_role = replica")  # no triggers, no foreign keys
        connection.execute(_DATE_OPENINGS, {"first": first, "company": COMPANY})
        _give_masters(connection, duckdb)
        for name, value in {
            "first_us": _microseconds(first),
            "end_us": _microseconds(end),
            "orders": max(lines // _LINES_PER_ORDER, 1),
            "customers": max(lines // _LINES_PER_CUSTOMER, 1),
            "suppliers": _SUPPLIERS,
        }.items():
            duckdb.execute(f"set variable {name} = {value}::bigint")
        duckdb.execute(_HISTORY_FILE.read_text(encoding="utf-8"))
        rows = {}
        for table in _TABLES:
            with _without_indexes(connection, table):
                rows[table] = _load(connection, duckdb, table)
            connection.commit()
            step.advance()
            step.note(f"{sum(rows.values()):,} rows")
        connection.execute(_LEVELS, {"company": COMPANY})
    with psycopg.connect(server.administrator_dsn(), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return rows


def tables_count() -> int:
    """How many tables `fill_company` loads, for whoever shows progress."""
    return len(_TABLES)


def _make_company(server: Server, *, products: int) -> None:
    with psycopg.connect(server.dsn("owner")) as owner:
        for statement in _MASTERS:
            owner.execute(statement, {"company": COMPANY, "timezone": TIMEZONE})
        owner.commit()
        fill_products(owner, COMPANY, products)


def _give_masters(connection: psycopg.Connection[Any], duckdb: WarehouseConnection) -> None:
    """Copy what the history refers to into DuckDB."""
    for name, query in _REFERRED.items():
        rows = connection.execute(query, {"company": COMPANY}).fetchall()
        frame = pl.DataFrame(rows, schema=_SCHEMAS[name], orient="row")
        duckdb.register(f"{name}_frame", frame.to_arrow())
        duckdb.execute(f"create table {name} as select * from {name}_frame")


def _load(connection: psycopg.Connection[Any], duckdb: WarehouseConnection, table: str) -> int:
    """Copy a view's rows into the table of its name; return how many there were."""
    columns = [row[0] for row in duckdb.execute(f"describe {table}").fetchall()]
    with tempfile.TemporaryDirectory(prefix="stockwise-bench-") as folder:
        file = Path(folder) / "rows.csv"
        duckdb.execute(
            f"copy (select '{COMPANY}' as company_id, * from {table})"
            f" to '{file}' (format csv, header false, nullstr '\\N')"
        )
        statement = sql.SQL("copy {} ({}) from stdin (format csv, null '\\N')").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, ["company_id", *columns]))
        )
        with connection.cursor() as cursor:
            with cursor.copy(statement) as copy, file.open("rb") as rows:
                while block := rows.read(_BLOCK):
                    copy.write(block)
            return cursor.rowcount


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """Make the table's indexes anew after the block: a third of the time that each row's entries take."""
    made = connection.execute(_INDEXES, {"table": table}).fetchall()
    for name, _ in made:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    yield
    connection.execute("set local maintenance_work_mem = '512MB'")
    for _, definition in made:
        connection.execute(cast(LiteralString, definition))


def _microseconds(day: date) -> int:
    return round(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000


_MASTERS: tuple[LiteralString, ...] = (
    "insert into users (id, email, password_hash) values (%(company)s, 'bench@example.com', '-')",
    """
    insert into companies (id, name, slug, currency, timezone, tax_rate, owner_user_id)
    values (%(company)s, 'Bench', 'bench', 'EUR', %(timezone)s, 0.19, %(company)s)
    """,
    """
    insert into memberships (company_id, user_id, role)
    values (%(company)s, %(company)s, 'company_admin') on conflict do nothing
    """,
    """
    insert into shops (company_id, name, slug)
    select %(company)s, 'Shop ' || n, 'shop-' || n from generate_series(1, 3) as n
    """,
    """
    insert into locations (company_id, code, name)
    select %(company)s, 'W' || n, 'Warehouse ' || n from generate_series(1, 2) as n
    """,
    """
    insert into shop_locations (company_id, shop_id, location_id)
    select shops.company_id, shops.id, locations.id
    from shops inner join locations
        on shops.company_id = locations.company_id
        and locations.code = 'W' || (1 + (right(shops.slug, 1)::int - 1) %% 2)
    where shops.company_id = %(company)s
    """,
    """
    insert into payment_methods (company_id, code, name)
    values (%(company)s, 'credit_card', 'Card') on conflict do nothing
    """,
)
_REFERRED: dict[str, LiteralString] = {
    "variants": """
        select
            row_number() over (order by id) - 1, id::text, product_id::text, sku, product_name,
            unit_price_amount, unit_cost_amount
        from (
            select
                variants.id, variants.product_id, variants.sku, products.name as product_name,
                products.price_amount + variants.price_modifier_amount as unit_price_amount,
                products.cost_amount as unit_cost_amount
            from variants inner join products
                on variants.company_id = products.company_id and variants.product_id = products.id
            where variants.company_id = %(company)s
        ) as sold
    """,
    "shops": """
        select row_number() over (order by slug) - 1, id::text from shops where company_id = %(company)s
    """,
    "places": """
        select row_number() over (order by code) - 1, id::text
        from locations where company_id = %(company)s and code like 'W%%'
    """,
    "payment_method": """
        select 0, id::text from payment_methods where company_id = %(company)s and code = 'credit_card'
    """,
}
_NUMBERED = {"number": pl.Int64, "id": pl.String}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "variants": {
        "place": pl.Int64, "id": pl.String, "product_id": pl.String, "sku": pl.String, "name": pl.String,
        "price": pl.Decimal(18, 6), "cost": pl.Decimal(18, 6),
    },
    "shops": _NUMBERED,
    "places": _NUMBERED,
    "payment_method": _NUMBERED,
}  # fmt: skip
# Products were made now, but were there at the start.
_DATE_OPENINGS = """
with ledger as (
    update stock_ledger set occurred_at = %(first)s, created_at = %(first)s where company_id = %(company)s
),
prices as (
    update price_history set valid_from = %(first)s where company_id = %(company)s
),
categories as (
    update product_category_history set valid_from = %(first)s where company_id = %(company)s
)
update cost_history set valid_from = %(first)s where company_id = %(company)s
"""
_INDEXES = """
select class.relname, pg_get_indexdef(class.oid)
from pg_index as entry
inner join pg_class as class on entry.indexrelid = class.oid
where entry.indrelid = %(table)s::regclass and not entry.indisunique
"""
_LEVELS = """
insert into stock_levels (company_id, location_id, variant_id, on_hand_units, reserved_units, allow_backorder)
select
    moved.company_id, moved.location_id, moved.variant_id, moved.units, coalesce(held.units, 0),
    coalesce(held.units, 0) > moved.units
from (
    select company_id, location_id, variant_id, sum(delta_units) as units
    from stock_ledger group by company_id, location_id, variant_id
) as moved
left join (
    select company_id, location_id, variant_id, sum(reserved_units) as units
    from reservations where status = 'live' group by company_id, location_id, variant_id
) as held using (company_id, location_id, variant_id)
where moved.company_id = %(company)s
on conflict (company_id, location_id, variant_id) do update
set
    on_hand_units = excluded.on_hand_units,
    reserved_units = excluded.reserved_units,
    allow_backorder = excluded.allow_backorder
"""
