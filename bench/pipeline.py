"""A full round on Online Retail II from its files to published numbers, then rounds after 1 % new orders.

Two incremental rounds are measured: more orders on the newest day, as it is many times a day (the forecast of
that day stands), and the first round of the next day (everything is forecast and recommended anew).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from bench.own_home import own_home
from bench.report import BenchResult
from core.errors import StockwiseError, UsageError
from core.memory import peak_bytes, reset_peak
from core.postgres import migrate
from core.postgres.connect import connect
from core.postgres.server import Server, open_server
from core.progress import Progress, SilentProgress
from core.settings import Settings
from pipelines.imports.online_retail import import_files
from pipelines.run import RoundResult, run_round

COMPANY = "Online Retail II"
NEW_ORDERS_SHARE = 0.01


def run(settings: Settings, *, files: Sequence[Path] = (), progress: Progress | None = None) -> BenchResult:
    """Import, go round, add orders, go round again; in a home folder and on a server of its own."""
    if not files:
        raise UsageError(
            "The pipeline benchmark needs the files of Online Retail II.",
            hint="Name them: stockwise bench pipeline FILE FILE",
        )
    shown = progress or SilentProgress()
    result = BenchResult("pipeline")
    with own_home(settings) as own, open_server(own) as server:
        migrate.upgrade(server)
        import_seconds = _import(own, files, result, shown)
        full = _go_round(own, server, result, "full", shown)
        full_seconds = import_seconds + full
        result.add("full_seconds", full_seconds, "s")
        orders = add_orders(server, share=NEW_ORDERS_SHARE, days_later=0)
        result.add("new_orders", orders, "orders")
        same_day = _go_round(own, server, result, "incremental", shown)
        result.add("incremental_seconds", same_day, "s", baseline=full_seconds)
        result.add("incremental_to_full_round", same_day, "s", baseline=full)
        add_orders(server, share=NEW_ORDERS_SHARE, days_later=1)
        next_day = _go_round(own, server, result, "next_day", shown)
        result.add("next_day_seconds", next_day, "s", baseline=full_seconds)
    peak = max(figure.value for title, figure in result.figures.items() if title.endswith("_peak_mb"))
    result.add("peak_mb", peak, "MB")
    return result


def _import(settings: Settings, files: Sequence[Path], result: BenchResult, progress: Progress) -> float:
    reset_peak()
    started = time.monotonic()
    import_files(
        settings,
        list(files),
        company=COMPANY,
        dry_run=False,
        rejects=settings.home / "rejects.csv",
        progress=progress,
    )
    seconds = time.monotonic() - started
    result.add("full_import_seconds", seconds, "s")
    result.add("full_import_peak_mb", peak_bytes() / 1e6, "MB")
    return seconds


def _go_round(
    settings: Settings, server: Server, result: BenchResult, name: str, progress: Progress
) -> float:
    started = time.monotonic()
    outcome: RoundResult = run_round(settings, server=server, progress=progress)
    seconds = time.monotonic() - started
    if not outcome.ok:
        raise StockwiseError(f"The {name} round failed in {outcome.failed_step}: {outcome.reason}")
    for step in outcome.steps:
        result.add(f"{name}_{step.name}_seconds", step.seconds, "s")
        result.add(f"{name}_{step.name}_peak_mb", step.peak_bytes / 1e6, "MB")
    return seconds


def add_orders(server: Server, *, share: float, days_later: int) -> int:
    """Place copies of a share of all orders on the newest day or later; return how many.

    Stock comes in first, so that none falls below zero.
    """
    with connect(server.dsn("owner")) as owner, owner.cursor() as cursor:
        row = cursor.execute(_COPY_ORDERS, {"share": share, "days_later": days_later}).fetchone()
        owner.execute("analyze")
    assert row is not None
    return int(row[0])


_COPY_ORDERS = """
with newest as (
    select company_id, max(placed_at) + make_interval(days => %(days_later)s::int) as placed_at
    from orders group by company_id
),
chosen as (
    select orders.id as old_id, uuidv7() as new_id, newest.placed_at
    from orders
    inner join newest on newest.company_id = orders.company_id
    where orders.status not in ('cancelled', 'pending') and orders.external_code is not null
    order by hashtext(orders.id::text)
    limit (select ceil(count(*) * %(share)s) from orders)
),
copied_orders as (
    insert into orders (
        company_id, id, order_number, shop_id, customer_id, placed_by, status, payment_status, currency,
        prices_include_tax, subtotal_amount, tax_amount, shipping_amount, discount_amount, total_amount,
        placed_at
    )
    select
        company_id, new_id, 'BENCH-' || new_id, shop_id, customer_id, placed_by, status, payment_status,
        currency, prices_include_tax, subtotal_amount, tax_amount, shipping_amount, discount_amount,
        total_amount, chosen.placed_at
    from orders
    inner join chosen on chosen.old_id = orders.id
    returning id
),
chosen_lines as (
    select order_lines.*, uuidv7() as new_line_id, chosen.new_id, chosen.placed_at
    from order_lines
    inner join chosen on chosen.old_id = order_lines.order_id
),
copied_lines as (
    insert into order_lines (
        company_id, id, order_id, variant_id, line_number, sku, product_name, quantity_units,
        unit_price_amount, unit_cost_amount, line_amount, discount_amount, tax_rate, net_amount, tax_amount,
        gross_amount, fulfilled_units
    )
    select
        company_id, new_line_id, new_id, variant_id, line_number, sku, product_name, quantity_units,
        unit_price_amount, unit_cost_amount, line_amount, discount_amount, tax_rate, net_amount, tax_amount,
        gross_amount, quantity_units
    from chosen_lines
    returning id
),
places as (
    select distinct on (company_id, variant_id) company_id, variant_id, location_id
    from stock_levels order by company_id, variant_id, location_id
),
moved as (
    insert into stock_ledger (
        company_id, location_id, variant_id, delta_units, reason, reference_type, reference_id, occurred_at
    )
    select
        company_id, location_id, variant_id,
        -- One more comes in than goes out, so that every item's plan is made anew.
        case when sign > 0 then quantity_units + 1 else -quantity_units end,
        case when sign > 0 then 'adjustment' else 'sale' end, 'order', new_id, placed_at
    from chosen_lines
    inner join places using (company_id, variant_id)
    cross join (values (1), (-1)) as signs (sign)
)
select count(*) from copied_orders
"""
