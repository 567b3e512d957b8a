"""What the accepted orders are in our terms: statuses, amounts, what left, came back or is still promised."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from pipelines.imports.shop.identities import Identities
from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.lasting_ids import look_up, timed_ids
from pipelines.imports.shop.order_money import half_up, price_lines, total_orders

OPEN_STATUSES = ("pending", "confirmed", "processing")


@dataclass(frozen=True)
class OrderFacts:
    """Orders, lines and what came back, with working columns; `order_rows` turns them into tables."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    back: pl.DataFrame


def work_out_orders(
    orders: pl.DataFrame, lines: pl.DataFrame, ids: Identities, company: ShopCompany, *, now: datetime
) -> OrderFacts:
    """Work out amounts and states, and give ids."""
    orders = _with_times(orders, company, now=now)
    priced = price_lines(lines, orders, company)
    totals = total_orders(orders, priced, company).drop("shipping_amount", "order_discount")
    orders = orders.drop("discount_amount").join(totals, on="order", how="left", maintain_order="left")
    orders = orders.with_columns(
        timed_ids(company, "order", orders["order"], orders["placed_at"]).alias("order_id")
    )
    orders = look_up(orders, ids.customers, "customer", "customer_id")
    orders = look_up(orders, ids.shops, "shop", "shop_id")
    orders = look_up(orders, ids.locations, "location", "location_id")
    facts = _with_orders(priced, orders, ids, company)
    back = _what_came_back(facts, company)
    return OrderFacts(_with_returns(orders, facts), facts, back)


def _with_times(orders: pl.DataFrame, company: ShopCompany, *, now: datetime) -> pl.DataFrame:
    """Fill in when goods left, and complete what was delivered longer ago than it can be returned."""
    delivered = pl.coalesce("delivered_at", "shipped_at", "placed_at")
    is_over = (pl.col("status") == "delivered") & (delivered + company.return_window < now)
    has_left = ~pl.col("status").is_in([*OPEN_STATUSES, "cancelled"])
    return orders.with_columns(
        status=pl.when(is_over).then(pl.lit("completed")).otherwise("status"),
        confirmed_at=pl.when(pl.col("status") != "pending").then(pl.coalesce("confirmed_at", "placed_at")),
        shipped_at=pl.when(has_left).then(pl.coalesce("shipped_at", "placed_at")),
        delivered_at=pl.when(has_left).then("delivered_at"),
        has_left=has_left,
    ).with_columns(
        cancelled_at=pl.when(pl.col("status") == "cancelled").then(pl.coalesce("cancelled_at", "placed_at")),
        completed_at=pl.when(pl.col("status") == "completed").then(pl.coalesce("delivered_at", "shipped_at")),
    )


def _with_orders(
    lines: pl.DataFrame, orders: pl.DataFrame, ids: Identities, company: ShopCompany
) -> pl.DataFrame:
    heads = orders.select(
        "order", "order_id", "location_id", "shop_id", "customer_id", "status", "has_left", "placed_at",
        "shipped_at", "delivered_at",
    )  # fmt: skip
    goods = ids.variants.select("sku", "variant_id", "product_name", "variant_name", "cost_micro")
    lines = lines.join(heads, on="order", how="left", maintain_order="left").join(
        goods, on="sku", how="left", maintain_order="left"
    )
    has_numbers = pl.col("line_number").is_not_null().all().over("order")
    quantity = pl.col("quantity_units")
    lines = lines.with_columns(
        line_number=pl.when(has_numbers)
        .then("line_number")
        .otherwise(pl.int_range(1, pl.len() + 1).over("order")),
        unit_cost_amount=pl.coalesce("unit_cost_amount", "cost_micro"),
        fulfilled_units=pl.when("has_left").then(quantity).otherwise(0),
        cancelled_units=pl.when(pl.col("status") == "cancelled").then(quantity).otherwise(0),
        returned_units=pl.coalesce(
            "returned_units", pl.when(pl.col("status") == "returned").then(quantity).otherwise(0)
        ),
        returned_at=pl.coalesce("returned_at", "delivered_at", "shipped_at", "placed_at"),
    )  # fmt: skip
    keys = lines.select(pl.concat_str("order", "line_number", separator="/")).to_series()
    return lines.with_columns(
        timed_ids(company, "order_line", keys, lines["placed_at"]).alias("order_line_id")
    )


def _what_came_back(lines: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    """Return the lines of which units came back; what came back of an order at one time is one return."""
    back = lines.filter(pl.col("returned_units") > 0).with_columns(
        refund_amount=half_up(
            pl.col("gross_amount").cast(pl.Int128) * pl.col("returned_units"), pl.col("quantity_units")
        )
    )
    keys = back.select(
        pl.concat_str("order", pl.col("returned_at").dt.epoch("ms"), separator="/")
    ).to_series()
    line_keys = back.select(pl.concat_str("order", "line_number", separator="/")).to_series()
    return back.with_columns(
        timed_ids(company, "return", keys, back["returned_at"]).alias("order_return_id"),
        timed_ids(company, "return_line", line_keys, back["returned_at"]).alias("return_line_id"),
    )


def _with_returns(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    sums = lines.group_by("order").agg(
        is_all_back=(pl.col("returned_units") == pl.col("quantity_units")).all(),
        is_part_back=(pl.col("returned_units") > 0).any(),
    )
    status = pl.col("status")
    return orders.join(sums, on="order", how="left", maintain_order="left").with_columns(
        status=pl.when("is_all_back").then(pl.lit("returned")).otherwise(status),
        payment_status=pl.when("is_all_back").then(pl.lit("refunded"))
        .when("is_part_back").then(pl.lit("partly_refunded"))
        .when(status == "cancelled").then(pl.lit("voided"))
        .when(status == "pending").then(pl.lit("unpaid"))
        .otherwise(pl.lit("paid")),
    )  # fmt: skip
