"""Frames of orders, lines, history, returns and reservations, named and shaped as their tables are."""

import polars as pl

from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.lasting_ids import timed_ids
from pipelines.imports.shop.order_facts import OPEN_STATUSES, OrderFacts
from pipelines.imports.shop.values import UNIT_DIGITS

IMPORTED = "Imported"
_DELIVERED = ("delivered", "completed", "returned")
_PERCENT_DIGITS = UNIT_DIGITS + 2
Frames = list[tuple[str, pl.DataFrame]]


def unit_money(column: str) -> pl.Expr:
    """Return millionths as decimal text."""
    return _decimal_text(column, UNIT_DIGITS)


def money(column: str, company: ShopCompany) -> pl.Expr:
    """Return the currency's smallest units as decimal text."""
    return _decimal_text(column, company.amount_digits)


def _decimal_text(column: str, digits: int) -> pl.Expr:
    """Write a scaled whole number out: a double would hold 15 of its digits."""
    value, scale = pl.col(column), 10**digits
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (value.abs() // scale).cast(pl.String)
    parts = [sign, whole]
    if digits:
        parts += [pl.lit("."), (value.abs() % scale).cast(pl.String).str.zfill(digits)]
    return pl.concat_str(parts).alias(column)


def order_frames(facts: OrderFacts, company: ShopCompany) -> Frames:
    """Return everything of orders in the order of their foreign keys; orders still lack their number."""
    return [
        ("orders", _orders(facts.orders, company)),
        ("order_lines", _lines(facts.lines, company)),
        ("order_history", _history(facts.orders, company)),
        ("order_returns", _returns(facts.back, company)),
        ("order_return_lines", _return_lines(facts.back, company)),
    ]


def order_moves(facts: OrderFacts, company: ShopCompany) -> pl.DataFrame:
    """Return what sales and returns did to stock, in the ledger's columns; a sale has its line's id."""
    sold = facts.lines.filter(pl.col("fulfilled_units") > 0)
    back = facts.back
    returned = back.with_columns(
        timed_ids(company, "return_move", back["return_line_id"], back["returned_at"]).alias("id")
    )
    return pl.concat(
        [
            sold.select(
                "location_id", "variant_id", id="order_line_id",
                delta_units=-pl.col("fulfilled_units"), reason=pl.lit("sale"),
                reference_type=pl.lit("order"), reference_id="order_id",
                unit_cost_amount=unit_money("unit_cost_amount"), note=pl.lit(None, pl.String),
                is_assumed=pl.lit(False), occurred_at="shipped_at",
            ),
            returned.select(
                "location_id", "variant_id", "id",
                delta_units="returned_units", reason=pl.lit("return"),
                reference_type=pl.lit("order_return"), reference_id="order_return_id",
                unit_cost_amount=unit_money("unit_cost_amount"),
                note=pl.lit("Taken back into stock (assumed)"), is_assumed=pl.lit(True),
                occurred_at="returned_at",
            ),
        ]
    )  # fmt: skip


def open_lines(facts: OrderFacts) -> pl.DataFrame:
    """Return the lines whose goods are promised and have not left, oldest first."""
    return facts.lines.filter(pl.col("status").is_in(OPEN_STATUSES)).sort("placed_at", maintain_order=True)


def _orders(orders: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    country = pl.concat_str(
        pl.lit('{"country": "'), pl.col("country").str.replace_all(r'["\\\x00-\x1f]', ""), pl.lit('"}')
    )
    return orders.select(
        "shop_id", "customer_id", "status", "payment_status", "placed_at", "confirmed_at", "shipped_at",
        "delivered_at", "completed_at", "cancelled_at",
        id="order_id",
        placed_by=pl.lit("import"),
        currency=pl.lit(company.currency),
        prices_include_tax=pl.lit(company.prices_include_tax),
        subtotal_amount=money("goods_amount", company),
        tax_amount=money("tax_amount", company),
        shipping_amount=money("shipping_amount", company),
        discount_amount=money("all_discounts", company),
        total_amount=money("sum_amount", company),
        shipping_address=country.fill_null("{}"),
        external_code="order",
        created_at="placed_at",
        local_date=pl.col("placed_at").dt.convert_time_zone(company.timezone).dt.date(),
    )  # fmt: skip


def _lines(lines: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    return lines.select(
        "order_id", "variant_id", "line_number", "sku", "product_name", "variant_name", "quantity_units",
        "fulfilled_units", "cancelled_units", "returned_units",
        id="order_line_id",
        unit_price_amount=unit_money("unit_price_amount"),
        unit_cost_amount=unit_money("unit_cost_amount"),
        line_amount=money("line_amount", company),
        discount_amount=money("discount_amount", company),
        tax_rate=pl.col("tax_rate") / 10**_PERCENT_DIGITS,
        net_amount=money("net_amount", company),
        tax_amount=money("tax_amount", company),
        gross_amount=money("gross_amount", company),
        delivered_units=pl.when(pl.col("status").is_in(_DELIVERED)).then("fulfilled_units").otherwise(0),
        created_at="placed_at",
    )  # fmt: skip


def _history(orders: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    """Say of each order where it ended; the files don't tell the steps."""
    times = ("completed_at", "cancelled_at", "delivered_at", "shipped_at", "confirmed_at", "placed_at")
    return orders.select(
        "order_id",
        id=timed_ids(company, "order_history", orders["order"], orders["placed_at"]),
        to_status="status",
        note=pl.lit(IMPORTED),
        occurred_at=pl.coalesce(*times),
    )


def _returns(back: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    return (
        back.group_by("order_return_id", maintain_order=True)
        .agg(
            pl.col("order_id", "customer_id", "shop_id", "returned_at").first(),
            refund_amount=pl.col("refund_amount").sum(),
        )
        .select(
            "order_id", "customer_id", "shop_id", "returned_at",
            money("refund_amount", company),
            id="order_return_id",
            status=pl.lit("refunded"),
            created_at="returned_at",
        )
    )  # fmt: skip


def _return_lines(back: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    return back.select(
        "order_return_id", "order_line_id", "variant_id",
        id="return_line_id",
        quantity_units="returned_units",
        unit_price_amount=unit_money("unit_price_amount"),
        refund_amount=money("refund_amount", company),
        disposition=pl.lit("restocked"),
        created_at="returned_at",
    )  # fmt: skip
