"""Frames of orders, returns and the ledger, named and shaped as their tables are."""

import polars as pl

from pipelines.imports.history_rows import (
    REFERENCE,
    SalesHistory,
    Tenant,
    import_note,
    money,
    unit_money,
)
from pipelines.imports.stable_ids import stable_ids

_RETURNED_STATUS = "returned"
_CANCELLATION_SEPARATOR = ": "


def order_rows(history: SalesHistory, tenant: Tenant) -> list[tuple[str, pl.DataFrame]]:
    """Return orders with lines, charges, history and returns; orders still lack their number."""
    return [
        ("orders", _orders(history.orders, tenant)),
        ("order_lines", _order_lines(history.lines)),
        ("order_charges", _charges(history.charges)),
        ("order_history", _order_history(history, tenant)),
        ("order_returns", _returns(history.pieces, tenant)),
        ("order_return_lines", _return_lines(history.pieces, tenant)),
    ]


def ledger_moves(history: SalesHistory, tenant: Tenant) -> pl.DataFrame:
    """Return every move of stock that the files tell of, in the ledger's columns; without openings.

    The move of a sale has the id of its order line.
    """
    sales = history.lines.filter(pl.col("fulfilled_units") > 0)
    returns = _real_returns(history.pieces).with_columns(
        key=pl.concat_str("order_return_id", "return_row", "piece", separator="/")
    )
    adjustments = history.adjustments.with_columns(
        key=pl.concat_str("invoice", pl.int_range(pl.len()).over("invoice"), separator="/")
    )
    parts = [
        sales.select(
            id="order_line_id",
            variant_id="variant_id",
            delta_units=-pl.col("fulfilled_units"),
            reason=pl.lit("sale"),
            reference_type=pl.lit("order"),
            reference_id="order_id",
            unit_cost_amount=unit_money("cost_micro"),
            note=pl.lit(None, pl.String),
            is_assumed=pl.lit(False),
            occurred_at="at",
        ),
        returns.select(
            id=_ids(tenant, "ledger", returns, "key", "at"),
            variant_id="variant_id",
            delta_units="units",
            reason=pl.lit("return"),
            reference_type=pl.lit("order_return"),
            reference_id="order_return_id",
            unit_cost_amount=pl.lit(None, pl.Float64),
            note=pl.lit("Taken back into stock (assumed)"),
            is_assumed=pl.lit(True),
            occurred_at="at",
        ),
        adjustments.select(
            id=_ids(tenant, "ledger", adjustments, "key", "at"),
            variant_id="variant_id",
            delta_units="quantity",
            reason=pl.lit("adjustment"),
            reference_type=REFERENCE,
            reference_id=pl.lit(None, pl.String),
            unit_cost_amount=unit_money("cost_micro"),
            note=import_note(),
            is_assumed=pl.lit(False),
            occurred_at="at",
        ),
    ]
    return pl.concat(parts).with_columns(location_id=pl.lit(tenant.location_id))


def opening_moves(openings: pl.DataFrame, tenant: Tenant, at: pl.Series, key: str) -> pl.DataFrame:
    """Return assumed openings (``variant_id``, ``units``) as ledger rows; ``key`` names the import."""
    moment = pl.lit(at.item(), pl.Datetime("us", "UTC"))
    moves = openings.filter(pl.col("units") > 0).with_columns(
        at=moment, key=pl.concat_str("variant_id", pl.lit(key))
    )
    return moves.select(
        id=_ids(tenant, "opening", moves, "key", "at"),
        variant_id="variant_id",
        delta_units="units",
        reason=pl.lit("opening"),
        reference_type=pl.lit(None, pl.String),
        reference_id=pl.lit(None, pl.String),
        unit_cost_amount=pl.lit(None, pl.Float64),
        note=pl.lit("Assumed: the files hold no stock"),
        is_assumed=pl.lit(True),
        occurred_at="at",
        location_id=pl.lit(tenant.location_id),
    )


def _ids(tenant: Tenant, kind: str, frame: pl.DataFrame, key: str, at: str) -> pl.Series:
    ids = stable_ids(f"{tenant.slug}|{kind}", frame[key], frame[at].dt.epoch("ms"))
    return pl.Series("id", ids, dtype=pl.String)


def _orders(orders: pl.DataFrame, tenant: Tenant) -> pl.DataFrame:
    is_gone = pl.col("is_cancelled")
    return orders.select(
        id="order_id",
        shop_id=pl.lit(tenant.shop_id),
        customer_id="customer_uuid",
        placed_by=pl.lit("import"),
        status=pl.when("is_cancelled")
        .then(pl.lit("cancelled"))
        .when("is_all_back")
        .then(pl.lit(_RETURNED_STATUS))
        .otherwise(pl.lit("completed")),
        payment_status=pl.when("is_all_back")
        .then(pl.lit("refunded"))
        .when("is_part_back")
        .then(pl.lit("partly_refunded"))
        .otherwise(pl.lit("paid")),
        currency=pl.lit(tenant.currency),
        subtotal_amount=money("subtotal_cents"),
        shipping_amount=money("shipping_cents"),
        total_amount=(pl.col("subtotal_cents") + pl.col("shipping_cents")) / 100,
        shipping_address=pl.concat_str(
            pl.lit('{"country": "'), pl.col("country").str.replace_all(r'["\\]', ""), pl.lit('"}')
        ).fill_null("{}"),
        external_code="invoice",
        placed_at="at",
        confirmed_at="at",
        shipped_at=pl.when(~is_gone).then("at"),
        completed_at=pl.when(~is_gone).then("at"),
        cancelled_at=pl.when(is_gone).then("at"),
        cancellation_reason=pl.when(is_gone).then(pl.lit("Cancelled on the day it was placed")),
        created_at="at",
        local_date=pl.col("local_time").dt.date(),
    )


def _order_lines(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select(
        "order_id",
        "variant_id",
        "line_number",
        id="order_line_id",
        sku="code",
        product_name=pl.coalesce("description", "product_name"),
        quantity_units="quantity",
        unit_price_amount=unit_money("price_micro"),
        unit_cost_amount=unit_money("cost_micro"),
        line_amount=money("cents"),
        net_amount=money("cents"),
        tax_amount=pl.lit(0),
        gross_amount=money("cents"),
        fulfilled_units="fulfilled_units",
        cancelled_units="cancelled_units",
        returned_units="returned_units",
        created_at="at",
    )


def _charges(charges: pl.DataFrame) -> pl.DataFrame:
    return charges.select(
        "id",
        "order_id",
        "code",
        "description",
        "quantity",
        kind="charge_kind",
        unit_amount=unit_money("price_micro"),
        amount=money("cents"),
        external_code="invoice",
        occurred_at="at",
        created_at="at",
    )


def _order_history(history: SalesHistory, tenant: Tenant) -> pl.DataFrame:
    """Say of each order where it ended, and of each cancelled line by which invoice."""
    orders = history.orders
    ended = orders.select(
        "order_id",
        to_status=pl.when("is_cancelled").then(pl.lit("cancelled")).otherwise(pl.lit("completed")),
        note=pl.lit("Imported"),
        occurred_at="at",
        key="order_id",
    )
    status = orders.select(
        "order_id",
        to_status=pl.when("is_cancelled").then(pl.lit("cancelled")).otherwise(pl.lit("completed")),
    )
    cancelled = (
        history.pieces.filter("is_cancellation")
        .join(status, on="order_id", maintain_order="left")
        .select(
            "order_id",
            "to_status",
            note=pl.concat_str(
                "invoice", pl.lit(_CANCELLATION_SEPARATOR), "units", pl.lit(" × "), "code",
                pl.lit(" cancelled on the same day"),
            ),
            occurred_at="at",
            key=pl.concat_str("invoice", "return_row", "piece", separator="/"),
        )
    )  # fmt: skip
    steps = pl.concat([ended, cancelled])
    return steps.with_columns(id=_ids(tenant, "history", steps, "key", "occurred_at")).drop("key")


def _real_returns(pieces: pl.DataFrame) -> pl.DataFrame:
    return pieces.filter(~pl.col("is_cancellation"))


def _returns(pieces: pl.DataFrame, tenant: Tenant) -> pl.DataFrame:
    """One return per C-invoice; it names an order if all its goods came from that one."""
    one_order = (pl.col("order_id").n_unique() == 1) & pl.col("order_id").is_not_null().all()
    return (
        _real_returns(pieces)
        .group_by("order_return_id", maintain_order=True)
        .agg(
            external_code=pl.col("invoice").first(),
            customer_id=pl.col("customer_uuid").first(),
            order_id=pl.when(one_order).then(pl.col("order_id").first()),
            refund_amount=pl.col("cents").sum() / 100,
            returned_at=pl.col("at").first(),
            created_at=pl.col("at").first(),
        )
        .rename({"order_return_id": "id"})
        .with_columns(shop_id=pl.lit(tenant.shop_id), status=pl.lit("refunded"))
    )


def _return_lines(pieces: pl.DataFrame, tenant: Tenant) -> pl.DataFrame:
    real = _real_returns(pieces).with_columns(
        key=pl.concat_str("invoice", "return_row", "piece", separator="/")
    )
    return real.select(
        "order_return_id",
        "order_line_id",
        "variant_id",
        id=_ids(tenant, "return_line", real, "key", "at"),
        quantity_units="units",
        unit_price_amount=unit_money("price_micro"),
        refund_amount=money("cents"),
        disposition=pl.lit("restocked"),
        created_at="at",
    )
