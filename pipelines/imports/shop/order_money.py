"""What lines and orders amount to, in whole smallest units of the currency; nothing is rounded twice."""

import polars as pl

from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.values import UNIT_DIGITS

_MICROPERCENTS = 100_000_000  # of a whole


def half_up(dividend: pl.Expr, divisor: pl.Expr | int) -> pl.Expr:
    """Divide what is not negative, rounding half up; 128 bits on the way.

    Examples
    --------
    >>> pl.select(half_up(pl.lit(5), 2), up=half_up(pl.lit(7), 5)).row(0)
    (3, 1)
    """
    wide = dividend.cast(pl.Int128)
    lower = divisor.cast(pl.Int128) if isinstance(divisor, pl.Expr) else pl.lit(divisor, pl.Int128)
    return ((wide * 2 + lower) // (lower * 2)).cast(pl.Int64)


def price_lines(lines: pl.DataFrame, orders: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    """Add to each line its amounts: as priced, its discount with its share of the order's, net, tax, gross.

    The order's discount is shared by what is left of the lines, so that the shares add up to it.
    """
    per_amount = 10 ** (UNIT_DIGITS - company.amount_digits)
    quantity = pl.col("quantity_units").cast(pl.Int128)
    lines = lines.join(
        orders.select("order", order_discount="discount_amount"),
        on="order",
        how="left",
        maintain_order="left",
    ).with_columns(line_amount=half_up(quantity * pl.col("unit_price_amount"), per_amount))
    left = pl.col("line_amount") - pl.col("discount_amount")
    lines = lines.with_columns(left=left, upto=left.cum_sum().over("order"), whole=left.sum().over("order"))
    shared = half_up(pl.col("order_discount").cast(pl.Int128) * pl.col("upto"), pl.max_horizontal("whole", 1))
    lines = lines.with_columns(shared=pl.when(pl.col("whole") > 0).then(shared).otherwise(0))
    share = pl.col("shared") - pl.col("shared").shift(1, fill_value=0).over("order")
    lines = lines.with_columns(
        line_discount="discount_amount", discount_amount=pl.col("discount_amount") + share
    )
    priced = (pl.col("line_amount") - pl.col("discount_amount")).clip(lower_bound=0)
    rate = pl.col("tax_rate").cast(pl.Int128)
    base = _MICROPERCENTS + rate if company.prices_include_tax else _MICROPERCENTS
    tax = half_up(priced.cast(pl.Int128) * rate, base)
    net = priced - tax if company.prices_include_tax else priced
    return lines.with_columns(net_amount=net, tax_amount=tax).with_columns(
        gross_amount=pl.col("net_amount") + pl.col("tax_amount")
    ).drop("left", "upto", "whole", "shared", "order_discount")  # fmt: skip


def total_orders(orders: pl.DataFrame, priced: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    """Return by ``order`` the sums of its priced lines and what is to be paid (``sum_amount``)."""
    sums = priced.group_by("order", maintain_order=True).agg(
        goods_amount=pl.col("line_amount").sum(),
        all_discounts=pl.col("discount_amount").sum(),
        line_discounts=pl.col("line_discount").sum(),
        tax_amount=pl.col("tax_amount").sum(),
        is_line_overspent=(pl.col("line_discount") > pl.col("line_amount")).any(),
    )
    joined = orders.select("order", "shipping_amount", order_discount="discount_amount").join(
        sums, on="order", how="left", maintain_order="left"
    )
    tax = 0 if company.prices_include_tax else pl.col("tax_amount")
    discount = pl.col("line_discounts") + pl.col("order_discount")
    return joined.with_columns(
        is_discounted_away=pl.col("is_line_overspent") | (discount > pl.col("goods_amount")),
        sum_amount=pl.col("goods_amount") + pl.col("shipping_amount") - discount + tax,
    )
