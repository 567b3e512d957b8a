"""Purchase orders as restock orders with their receipts, from which lead times are learnt."""

from dataclasses import dataclass

import polars as pl

from pipelines.imports.shop.identities import Identities
from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.lasting_ids import lasting_ids, look_up
from pipelines.imports.shop.order_money import half_up
from pipelines.imports.shop.order_rows import Frames, money, unit_money
from pipelines.imports.shop.values import UNIT_DIGITS


@dataclass(frozen=True)
class SupplyFacts:
    """Restock orders, their lines, and what came of them (``received``), with working columns."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    received: pl.DataFrame


def work_out_supply(rows: pl.DataFrame, ids: Identities, company: ShopCompany) -> SupplyFacts:
    """Work out amounts, states and ids of the accepted rows."""
    rows = _with_ids(rows, ids, company)
    lines = rows.group_by("restock_line_id", maintain_order=True).agg(
        pl.col("restock_order_id", "line_number", "variant_id", "ordered_units", "unit_cost_amount",
               "ordered_at", "exchange_rate").first(),
        pl.col("received_units").sum(),
    )  # fmt: skip
    lines = lines.with_columns(
        line_number=pl.int_range(1, pl.len() + 1).over("restock_order_id"),
        line_amount=half_up(
            pl.col("ordered_units").cast(pl.Int128) * pl.col("unit_cost_amount"),
            10 ** (UNIT_DIGITS - company.amount_digits),
        ),
    )
    sums = lines.group_by("restock_order_id", maintain_order=True).agg(
        total_amount=pl.col("line_amount").sum(),
        is_complete=(pl.col("received_units") >= pl.col("ordered_units")).all(),
        has_any=(pl.col("received_units") > 0).any(),
    )
    heads = rows.group_by("restock_order_id", maintain_order=True).agg(
        pl.col("purchase_order", "supplier_id", "location_id", "ordered_at", "expected_date", "currency",
               "exchange_rate", "closed_at").first(),
        last_received_at=pl.col("received_at").max(),
    )  # fmt: skip
    orders = heads.join(sums, on="restock_order_id", how="left", maintain_order="left").with_columns(
        status=_status(),
        total_company_amount=half_up(
            pl.col("total_amount").cast(pl.Int128) * pl.col("exchange_rate"), 10**UNIT_DIGITS
        ),
    )
    return SupplyFacts(orders, lines, rows.filter(pl.col("received_units") > 0))


def supply_frames(facts: SupplyFacts, company: ShopCompany) -> Frames:
    """Return the purchasing tables in the order of their foreign keys; restock orders lack their number."""
    received = facts.received
    receipts = received.unique("receipt_id", keep="first", maintain_order=True)
    return [
        ("restock_orders", _restock_orders(facts.orders, company)),
        ("restock_order_lines", _restock_lines(facts.lines, company)),
        (
            "receipts",
            receipts.select(
                "restock_order_id", "location_id", "received_at", id="receipt_id", created_at="received_at"
            ),
        ),
        (
            "receipt_lines",
            received.select(
                "receipt_id", "variant_id", "received_units",
                id="receipt_line_id",
                restock_order_line_id="restock_line_id",
                unit_cost_amount=unit_money("unit_cost_amount"),
                created_at="received_at",
            ),
        ),
    ]  # fmt: skip


def supply_moves(facts: SupplyFacts) -> pl.DataFrame:
    """Return what receipts did to stock, in the ledger's columns; costs are in the company's currency."""
    cost = half_up(pl.col("unit_cost_amount").cast(pl.Int128) * pl.col("exchange_rate"), 10**UNIT_DIGITS)
    return facts.received.with_columns(company_cost=cost).select(
        "location_id", "variant_id",
        id="receipt_line_id",
        delta_units="received_units",
        reason=pl.lit("receipt"),
        reference_type=pl.lit("receipt"),
        reference_id="receipt_id",
        unit_cost_amount=unit_money("company_cost"),
        note=pl.lit(None, pl.String),
        is_assumed=pl.lit(False),
        occurred_at="received_at",
    )  # fmt: skip


def last_purchases(facts: SupplyFacts) -> pl.DataFrame:
    """Return from whom each variant was ordered last, and for how much (``unit_cost_amount``)."""
    heads = facts.orders.select("restock_order_id", "supplier_id", "currency")
    return (
        look_up(facts.lines, heads, "restock_order_id", "supplier_id", "currency")
        .sort("ordered_at", descending=True, maintain_order=True)
        .unique("variant_id", keep="first", maintain_order=True)
        .select("variant_id", "supplier_id", "currency", "unit_cost_amount")
    )


def _with_ids(rows: pl.DataFrame, ids: Identities, company: ShopCompany) -> pl.DataFrame:
    rows = look_up(rows, ids.variants, "sku", "variant_id")
    rows = look_up(rows, ids.suppliers, "supplier", "supplier_id")
    rows = look_up(rows, ids.locations, "location", "location_id")
    rows = rows.with_columns(pl.col("exchange_rate").fill_null(10**UNIT_DIGITS))
    line = pl.concat_str("purchase_order", "line_key", separator="/")
    at = pl.col("received_at").dt.epoch("ms").cast(pl.String).fill_null("open")
    keys = rows.select(
        line=line,
        receipt=pl.concat_str("purchase_order", at, separator="/"),
        receipt_line=pl.concat_str(line, at, separator="/"),
    )
    return rows.with_columns(
        lasting_ids(company, "restock_line", keys["line"]).alias("restock_line_id"),
        lasting_ids(company, "receipt", keys["receipt"]).alias("receipt_id"),
        lasting_ids(company, "receipt_line", keys["receipt_line"]).alias("receipt_line_id"),
    )


def _status() -> pl.Expr:
    is_closed = pl.col("closed_at").is_not_null()
    return (
        pl.when("is_complete")
        .then(pl.lit("received"))
        .when(is_closed & pl.col("has_any"))
        .then(pl.lit("closed_short"))
        .when(is_closed)
        .then(pl.lit("cancelled"))
        .when("has_any")
        .then(pl.lit("partly_received"))
        .otherwise(pl.lit("sent"))
    )


def _restock_orders(orders: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    status, is_foreign = pl.col("status"), pl.col("currency") != company.currency
    return orders.select(
        "supplier_id", "location_id", "status", "currency", "expected_date",
        id="restock_order_id",
        exchange_rate=pl.col("exchange_rate") / 10**UNIT_DIGITS,
        exchange_rate_date=pl.when(is_foreign).then(pl.col("ordered_at").dt.date()),
        total_amount=money("total_amount", company),
        total_company_amount=money("total_company_amount", company),
        note=pl.concat_str(pl.lit("Imported: "), "purchase_order"),
        source=pl.lit("import"),
        approved_at="ordered_at",
        sent_at="ordered_at",
        closed_at=pl.when(status == "received").then("last_received_at")
        .when(status == "closed_short").then("closed_at"),
        cancelled_at=pl.when(status == "cancelled").then("closed_at"),
        closing_reason=pl.when(status == "closed_short").then(pl.lit("Given up before all had come")),
        cancellation_reason=pl.when(status == "cancelled").then(pl.lit("Given up before anything had come")),
        created_at="ordered_at",
        local_date=pl.col("ordered_at").dt.convert_time_zone(company.timezone).dt.date(),
    )  # fmt: skip


def _restock_lines(lines: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    return lines.select(
        "restock_order_id", "variant_id", "line_number", "ordered_units", "received_units",
        id="restock_line_id",
        unit_cost_amount=unit_money("unit_cost_amount"),
        line_amount=money("line_amount", company),
        created_at="ordered_at",
    )  # fmt: skip
