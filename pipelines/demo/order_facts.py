"""What is true of each order of the demo: how far it is, when each step was taken, what it costs."""

import numpy as np
import polars as pl

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.clock import LocalClock
from pipelines.demo.prices import PriceCalendar

RETURN_WINDOW_DAYS = 30
COUPON_RATIO = 0.1


def with_status(orders: pl.DataFrame, days: int, random: np.random.Generator) -> pl.DataFrame:
    """Let an order be as far as its age says; only the last two days of the online shops are still open."""
    chance = pl.Series(random.random(orders.height))
    age = days - pl.col("day")
    is_open_day = pl.col("is_online") & ~pl.col("is_cancelled") & (age == 1)
    is_newest = is_open_day & (pl.col("second") == pl.col("second").filter(is_open_day).max())
    completed_age = pl.when("is_online").then(RETURN_WINDOW_DAYS + 4).otherwise(RETURN_WINDOW_DAYS + 1)
    return orders.with_columns(
        status=pl.when("is_cancelled")
        .then(pl.lit("cancelled"))
        .when(age >= completed_age)
        .then(pl.lit("completed"))
        .when(~pl.col("is_online") | (age >= 5))
        .then(pl.lit("delivered"))
        .when((age >= 3) | (age == 2) & (chance > 0.4))
        .then(pl.lit("shipped"))
        .when(is_newest)
        .then(pl.lit("pending"))
        .when((age == 2) | (chance > 0.65))
        .then(pl.lit("processing"))
        .when(chance > 0.2)
        .then(pl.lit("confirmed"))
        .otherwise(pl.lit("pending"))
    )


def with_instants(orders: pl.DataFrame, clock: LocalClock) -> pl.DataFrame:
    """Add when each step was taken: at once over the counter, in hours and days online."""
    orders = orders.with_columns(
        placed_at=clock.instants(orders["day"].to_numpy(), orders["second"].to_numpy())
    )
    status = pl.col("status")

    def after(moment: str, reached: list[str], online: pl.Expr) -> pl.Expr:
        wait = pl.when("is_online").then(online).otherwise(pl.duration(seconds=1))
        return pl.when(status.is_in(reached)).then(pl.col(moment) + wait)

    shipped = ["shipped", "delivered", "completed"]
    minutes_to_ship = pl.duration(minutes=60 + pl.col("order") % 75)
    steps = [
        ("confirmed_at", "placed_at", ["confirmed", "processing", *shipped], pl.duration(minutes=3)),
        ("processing_at", "confirmed_at", ["processing", *shipped], pl.duration(minutes=10)),
        ("shipped_at", "processing_at", shipped, minutes_to_ship),
        ("delivered_at", "shipped_at", ["delivered", "completed"], pl.duration(days=2)),
    ]
    for name, before, reached, online in steps:
        orders = orders.with_columns(after(before, reached, online).alias(name))
    window = pl.duration(days=RETURN_WINDOW_DAYS)
    return orders.with_columns(
        completed_at=pl.when(status == "completed").then(pl.col("delivered_at") + window),
        cancelled_at=pl.when(status == "cancelled").then(pl.col("placed_at") + pl.duration(minutes=2)),
    )


def with_money(
    plan: CompanyPlan,
    assortment: Assortment,
    prices: PriceCalendar,
    orders: pl.DataFrame,
    lines: pl.DataFrame,
) -> pl.DataFrame:
    """Add prices and taxes to the lines, in the smallest coins, rounded half away from zero per line."""
    columns = [
        "order",
        "day",
        "shop",
        "shop_id",
        "customer",
        "is_online",
        "has_coupon",
        "status",
        "placed_at",
        "shipped_at",
    ]
    lines = lines.join(
        orders.select(*columns, order_id="id"), on="order", how="left", maintain_order="left"
    ).with_columns(line_number=pl.int_range(1, pl.len() + 1).over("order"))
    day, variant = lines["day"].to_numpy(), lines["variant"].to_numpy()
    names = [plan.products[number].name for number in assortment.product]
    lines = lines.with_columns(
        unit_price_amount=pl.Series(prices.price_minor[day, variant]),
        unit_cost_amount=pl.Series(prices.cost_minor[day, variant]),
        sku=pl.Series(assortment.skus).gather(lines["variant"]),
        product_name=pl.Series(names).gather(lines["variant"]),
        variant_name=pl.Series(assortment.option_names, dtype=pl.String).gather(lines["variant"]),
    )
    rate = round(plan.tax_rate * 10_000)
    line = pl.col("line_amount")
    taxable = line - pl.col("discount_amount")
    lines = lines.with_columns(line_amount=pl.col("unit_price_amount") * pl.col("quantity_units"))
    lines = lines.with_columns(
        discount_amount=pl.when("has_coupon")
        .then(half_up(line * round(COUPON_RATIO * 100), 100))
        .otherwise(0)
    )
    if plan.prices_include_tax:
        lines = lines.with_columns(gross_amount=taxable, net_amount=half_up(taxable * 10_000, 10_000 + rate))
        lines = lines.with_columns(tax_amount=pl.col("gross_amount") - pl.col("net_amount"))
    else:
        lines = lines.with_columns(net_amount=taxable, tax_amount=half_up(taxable * rate, 10_000))
        lines = lines.with_columns(gross_amount=pl.col("net_amount") + pl.col("tax_amount"))
    return lines


def with_totals(plan: CompanyPlan, orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Add up each order's lines, shipping and tax as the order layer does."""
    sums = lines.group_by("order").agg(
        subtotal_amount=pl.col("line_amount").sum(),
        discount_amount=pl.col("discount_amount").sum(),
        tax_amount=pl.col("tax_amount").sum(),
        quantity_units=pl.col("quantity_units").sum(),
        returned_units=pl.sum_horizontal("restocked_units", "written_off_units").sum(),
    )
    orders = orders.join(sums, on="order", how="left", maintain_order="left")
    goods = pl.col("subtotal_amount") - pl.col("discount_amount")
    is_charged = pl.col("is_online") & (goods < round(plan.free_shipping_from * plan.minor_units))
    orders = orders.with_columns(
        shipping_amount=pl.when(is_charged).then(round(plan.online_shipping * plan.minor_units)).otherwise(0)
    )
    tax_on_top = 0 if plan.prices_include_tax else pl.col("tax_amount")
    all_back = pl.col("returned_units") == pl.col("quantity_units")
    return orders.with_columns(
        total_amount=goods + pl.col("shipping_amount") + tax_on_top,
        status=pl.when(all_back).then(pl.lit("returned")).otherwise("status"),
        returned_at=pl.when(all_back).then("last_returned_at"),
        payment_status=pl.when(pl.col("status") == "cancelled")
        .then(pl.lit("voided"))
        .when(pl.col("status") == "pending")
        .then(pl.lit("unpaid"))
        .when(all_back)
        .then(pl.lit("refunded"))
        .when(pl.col("returned_units") > 0)
        .then(pl.lit("partly_refunded"))
        .otherwise(pl.lit("paid")),
    )


def half_up(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Divide amounts that are not negative and round half up, in whole numbers."""
    return (2 * numerator + denominator) // (2 * denominator)
