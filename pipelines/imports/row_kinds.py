"""Decide what each row of Online Retail II is: goods, charge, return, stock adjustment or bad debt."""

from dataclasses import dataclass

import polars as pl

from pipelines.imports.source_files import SourceRows, as_rejects

# Codes that are no goods, and what kind of charge they are. DCGS… and SP… look odd but are goods.
CHARGE_KINDS = {
    "POST": "shipping", "DOT": "shipping", "C2": "shipping", "C3": "shipping",
    "BANK CHARGES": "fee", "AMAZONFEE": "fee", "CRUK": "fee",
    "ADJUST": "adjustment", "ADJUST2": "adjustment",
    "D": "discount",
    "GIFT": "gift_card",
    "M": "other", "S": "other", "B": "other", "PADS": "other", "TEST001": "other", "TEST002": "other",
}  # fmt: skip
_GIFT_CARD_PREFIX = "GIFT_"
ROW_KINDS = ("sale", "charge", "return", "stock_adjustment", "bad_debt")
MICRO = 1_000_000
_MICRO_PER_CENT = 10_000


def drop_rows_of_both_files(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop from later files what an earlier one holds, as often as it does; keep repeats inside a file."""
    content = [name for name in rows.columns if name not in ("file", "line_number")]
    numbered = rows.with_columns(repeat=pl.int_range(pl.len()).over("file", *content))
    return numbered.unique([*content, "repeat"], keep="first", maintain_order=True).drop("repeat")


@dataclass(frozen=True)
class SortedRows:
    """The rows that fit a rule, the others with the reason, and how many were in two files."""

    rows: pl.DataFrame
    rejects: pl.DataFrame
    in_both_files_count: int


def classify_rows(source: SourceRows) -> SortedRows:
    """Say of each row what it is, or why it is nothing.

    Columns added to the rows: ``code`` (upper case), ``kind`` (of `ROW_KINDS`), ``charge_kind``,
    ``price_micro`` and ``cents`` (quantity x price, rounded half away from zero).
    """
    rows = drop_rows_of_both_files(source.rows)
    rows = rows.with_columns(
        code=pl.col("stock_code").str.to_uppercase(),
        price_micro=(pl.col("price") * MICRO).round().cast(pl.Int64),
    )
    rows = rows.with_columns(
        charge_kind=pl.when(pl.col("code").str.starts_with(_GIFT_CARD_PREFIX))
        .then(pl.lit("gift_card"))
        .otherwise(pl.col("code").replace_strict(CHARGE_KINDS, default=None, return_dtype=pl.String)),
        cents=_cents(pl.col("quantity") * pl.col("price_micro")),
    )
    rows = rows.with_columns(kind=_kind(), reason=_refusal())
    refused = rows.filter(pl.col("reason").is_not_null()).rename({"local_time": "invoice_date"})
    rejects = pl.concat([source.rejects, as_rejects(refused)])
    good = rows.filter(pl.col("reason").is_null()).drop("reason")
    return SortedRows(good, rejects, source.rows.height - rows.height)


def _kind() -> pl.Expr:
    is_free = pl.col("price_micro") == 0
    is_found = is_free & pl.col("customer_id").is_null() & ~(pl.col("price_micro") > 0).any().over("invoice")
    return (
        pl.when(_is_bad_debt())
        .then(pl.lit("bad_debt"))
        .when(pl.col("charge_kind").is_not_null())
        .then(pl.lit("charge"))
        .when(_is_cancellation())
        .then(pl.lit("return"))
        .when((pl.col("quantity") < 0) & is_free | is_found)
        .then(pl.lit("stock_adjustment"))
        .otherwise(pl.lit("sale"))
    )


def _refusal() -> pl.Expr:
    """Return why a row fits no rule, or null."""
    is_goods = pl.col("charge_kind").is_null() & ~_is_bad_debt()
    first_customer = pl.col("customer_id").drop_nulls().first().over("invoice")
    checks = [
        (pl.col("quantity") == 0, "quantity is zero"),
        (is_goods & (pl.col("price_micro") < 0), "negative price outside an A-invoice"),
        (is_goods & _is_cancellation() & (pl.col("quantity") > 0), "positive quantity on a C-invoice"),
        (
            is_goods & ~_is_cancellation() & (pl.col("quantity") < 0) & (pl.col("price_micro") > 0),
            "negative quantity at a price outside a C-invoice",
        ),
        (pl.col("customer_id") != first_customer, "another customer than on the invoice's first line"),
    ]
    return pl.coalesce(*(pl.when(bad).then(pl.lit(reason)) for bad, reason in checks))


def _is_cancellation() -> pl.Expr:
    return pl.col("invoice").str.starts_with("C")


def _is_bad_debt() -> pl.Expr:
    return pl.col("invoice").str.starts_with("A")


def _cents(micro: pl.Expr) -> pl.Expr:
    rounded = (micro.abs() + _MICRO_PER_CENT // 2) // _MICRO_PER_CENT
    return rounded * micro.sign()
