"""The feed's rate beside a bare ADBC copy of the same rows to Parquet, in turns on one server.

Both read every row of the same tables. The feed also carries decimals as decimals, stamps each row with its
pull, counts the control totals in its snapshot, forces files to disk and commits a manifest; the copy writes
what ADBC sends, nothing else.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pyarrow.parquet as pq

from bench.own_home import own_home
from bench.products import fill_products
from bench.report import BenchResult
from core.lake import raw_folder
from core.postgres import migrate
from core.postgres.adbc import connect_adbc
from core.postgres.connect import connect
from core.postgres.server import Server, open_server
from core.progress import Progress, SilentProgress
from core.settings import Settings
from pipelines.feed.pull import pull

ORDERS = 100_000
LINES_PER_ORDER = 5
PRODUCTS = 2_000
ROUNDS = 3
COMPANY = UUID(int=0x7000_8000_0000_0000_0001)


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    orders: int = ORDERS,
    rounds: int = ROUNDS,
) -> BenchResult:
    """Fill a server of its own, read everything in turns, and compare the medians."""
    del files
    shown = progress or SilentProgress()
    result = BenchResult("feed")
    with own_home(settings) as own, open_server(own) as server:
        migrate.upgrade(server)
        with shown.step("fill the tables"):
            _fill(server, orders=orders)
        feeds: list[float] = []
        copies: list[float] = []
        with shown.step("read everything, in turns", total=rounds) as step:
            for _ in range(rounds):
                rows, seconds = _feed(own, server)
                feeds.append(rows / seconds)
                copies.append(_copy(own, server, rows=rows))
                step.advance()
    feed_rate, copy_rate = statistics.median(feeds), statistics.median(copies)
    result.add("rows", rows, "rows")
    result.add("feed_rows_per_second", feed_rate, "rows/s")
    result.add("bare_adbc_rows_per_second", copy_rate, "rows/s")
    result.add("feed_to_bare_adbc", feed_rate, "rows/s", baseline=copy_rate)
    return result


def _feed(settings: Settings, server: Server) -> tuple[int, float]:
    """Take a whole pull into an empty lake; return its rows and seconds."""
    shutil.rmtree(settings.lake_folder, ignore_errors=True)
    started = time.monotonic()
    report = pull(settings, server.dsn("reader"), full=True)
    return report.rows, time.monotonic() - started


def _copy(settings: Settings, server: Server, *, rows: int) -> float:
    """Copy the tables that the feed read to Parquet as ADBC sends them; return rows per second."""
    folder = settings.home / "copy"
    folder.mkdir(exist_ok=True)
    tables = [file.name for file in sorted(raw_folder(settings).iterdir())]
    copied = 0
    started = time.monotonic()
    with connect_adbc(server.dsn("reader"), autocommit=True) as connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'select * from "{table}"')
            reader = cursor.fetch_record_batch()
            with pq.ParquetWriter(folder / f"{table}.parquet", reader.schema, compression="zstd") as writer:
                for batch in reader:
                    writer.write_batch(batch)
                    copied += batch.num_rows
    seconds = time.monotonic() - started
    assert copied == rows, f"The feed read {rows:,} rows, the copy {copied:,}."
    return rows / seconds


def _fill(server: Server, *, orders: int) -> None:
    with connect(server.dsn("owner")) as owner:
        owner.execute(_USER, {"company": COMPANY})
        owner.execute(_COMPANY, {"company": COMPANY})
        owner.execute(_SHOP, {"company": COMPANY})
        owner.commit()
        fill_products(owner, COMPANY, PRODUCTS)
        owner.execute(_ORDERS, {"company": COMPANY, "orders": orders})
        owner.execute(_LINES, {"company": COMPANY, "lines": LINES_PER_ORDER, "products": PRODUCTS})
        owner.commit()


_USER = "insert into users (id, email, password_hash) values (%(company)s, 'bench@example.com', '-')"
_COMPANY = (
    "insert into companies (id, name, slug, currency, owner_user_id)"
    " values (%(company)s, 'Bench', 'bench', 'EUR', %(company)s)"
)
_SHOP = "insert into shops (company_id, name, slug) values (%(company)s, 'Bench', 'bench')"
_ORDERS = """
insert into orders (
    company_id, order_number, shop_id, placed_by, status, currency, subtotal_amount, total_amount, placed_at
)
select
    %(company)s, 'B-' || n, shops.id, 'guest', 'completed', 'EUR', 50, 50,
    timestamptz '2026-01-01' + n * interval '1 minute'
from generate_series(1, %(orders)s::int) as n
cross join shops
where shops.company_id = %(company)s
"""
_LINES = """
with numbered as (
    select id, sku, row_number() over (order by id) - 1 as place
    from variants where company_id = %(company)s
),
lines as (
    select id as order_id, number, (hashtext(id::text || number) & 2147483647) %% %(products)s as place
    from orders cross join generate_series(1, %(lines)s::int) as number
)
insert into order_lines (
    company_id, order_id, variant_id, line_number, sku, product_name, quantity_units, unit_price_amount,
    line_amount, net_amount, tax_amount, gross_amount
)
select %(company)s, order_id, numbered.id, number, sku, 'Thing', 1, 10, 10, 10, 0, 10
from lines inner join numbered using (place)
"""
