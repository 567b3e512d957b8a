"""Decide which rows go in: each once, none without what it refers to, documents whole or not at all."""

from dataclasses import dataclass, replace

import polars as pl

from pipelines.imports.shop.known_shop import KnownShop, ShopCompany
from pipelines.imports.shop.lasting_ids import lasting_ids, slug_expression
from pipelines.imports.shop.layout import TABLES
from pipelines.imports.shop.order_money import price_lines, total_orders
from pipelines.imports.shop.raw_tables import LINE
from pipelines.imports.shop.typed_tables import FILE, TypedTables

_REASON = "reason"
_Check = tuple[pl.Expr, str | pl.Expr]
_OPEN = ("pending", "confirmed", "processing", "cancelled")
_FULL_TAX = 100_000_000  # 100 % in millionths of a percent


@dataclass(frozen=True)
class Accepted:
    """What goes in, what was in already (rows by table), and why the rest does not."""

    tables: TypedTables
    already_there: dict[str, int]
    aliases: pl.DataFrame
    """``customer`` keys of the files that the company knows, with its ``customer_id``."""


def accept_rows(tables: TypedTables, known: KnownShop, company: ShopCompany) -> Accepted:
    """Sort out what can't go in; rows of one table after those it refers to."""
    tables = _with_defaults(tables, known, company)
    aliases = _known_customers(tables.rows["customers"], known)
    tables, already_there = _set_aside_known(tables, known, aliases)
    tables = _check_products(tables, known)
    tables = _check_customers(tables)
    tables = _check_orders(tables, company)
    tables = _check_lines(tables, known)
    tables = _settle_orders(tables, company)
    tables = _check_purchases(tables, known, company)
    tables = _settle_purchases(tables)
    return Accepted(_check_stock(tables, known), already_there, aliases)


def set_aside_counted(accepted: Accepted, judged: pl.DataFrame) -> Accepted:
    """Take out the stock rows that `judge_counts` found to be older than what is there, or impossible."""
    tables = accepted.tables.reject("stock", judged.filter(pl.col(_REASON).is_not_null()))
    is_old = judged.filter(pl.col(_REASON).is_null() & pl.col("is_known")).select(FILE, LINE)
    kept = tables.rows["stock"].join(is_old, on=[FILE, LINE], how="anti", maintain_order="left")
    return replace(
        accepted,
        tables=replace(tables, rows={**tables.rows, "stock": kept}),
        already_there={**accepted.already_there, "stock": is_old.height},
    )


def _with_defaults(tables: TypedTables, known: KnownShop, company: ShopCompany) -> TypedTables:
    """Fill in what a row may leave out, as the layout says."""
    shop, location = pl.lit(known.default_shop), pl.lit(known.default_location)
    rows = dict(tables.rows)
    rows["products"] = rows["products"].with_columns(pl.col("product_sku").fill_null(pl.col("sku")))
    rows["customers"] = rows["customers"].with_columns(pl.col("email").str.to_lowercase())
    by_dates = (
        pl.when(pl.col("cancelled_at").is_not_null()).then(pl.lit("cancelled")).otherwise(pl.lit("completed"))
    )
    rows["orders"] = rows["orders"].with_columns(
        slug_expression("shop").fill_null(shop),
        pl.col("location").fill_null(location),
        pl.col("status").fill_null(by_dates),
        pl.col("currency").fill_null(pl.lit(company.currency)).str.to_uppercase(),
        pl.col("shipping_amount", "discount_amount").fill_null(0),
    )  # fmt: skip
    rows["lines"] = rows["lines"].with_columns(
        pl.col("discount_amount").fill_null(0), pl.col("tax_rate").fill_null(company.tax_micropercent)
    )
    rows["stock"] = rows["stock"].with_columns(pl.col("location").fill_null(location))
    rows["purchase_orders"] = rows["purchase_orders"].with_columns(
        pl.col("location").fill_null(location),
        pl.col("currency").fill_null(pl.lit(company.currency)).str.to_uppercase(),
        pl.col("received_units").fill_null(
            pl.when(pl.col("received_at").is_not_null()).then("ordered_units").otherwise(0)
        ),
        line_key=pl.coalesce(pl.col("line_number").cast(pl.String), "sku"),
        restock_order_id=lasting_ids(company, "restock", rows["purchase_orders"]["purchase_order"]),
    )
    return replace(tables, rows=rows)


def _known_customers(customers: pl.DataFrame, known: KnownShop) -> pl.DataFrame:
    """Find customers by their key, or by the e-mail address with which they registered themselves."""
    there = known["customers"]
    by_key = there.filter(pl.col("customer").is_not_null()).select("customer", "customer_id")
    by_email = customers.select("customer", "email").join(there.select("email", "customer_id"), on="email")
    return pl.concat([by_key, by_email.select("customer", "customer_id")]).unique(
        "customer", keep="first", maintain_order=True
    )


def _set_aside_known(
    tables: TypedTables, known: KnownShop, aliases: pl.DataFrame
) -> tuple[TypedTables, dict[str, int]]:
    """Take out what an earlier import or the application has: it is left as it is."""
    keys = {
        "products": ("sku", known["variants"]),
        "customers": ("customer", aliases),
        "orders": ("order", known["orders"]),
        "lines": ("order", known["orders"]),
        "purchase_orders": ("restock_order_id", known["purchase_orders"]),
    }
    rows = dict(tables.rows)
    for name, (key, there) in keys.items():
        rows[name] = rows[name].join(there.select(key), on=key, how="anti", maintain_order="left")
    already = {
        name: tables.rows[name].height - rows[name].height + tables.merged_rows.get(name, 0)
        for name in TABLES
    }
    return replace(tables, rows=rows), already


def _reject(tables: TypedTables, table: str, *checks: _Check) -> TypedTables:
    """Reject the rows of a table for the first of the reasons that holds."""
    reason = pl.coalesce(
        *(pl.when(bad).then(pl.lit(said) if isinstance(said, str) else said) for bad, said in checks)
    )
    rows = tables.rows[table].select(FILE, LINE, reason.alias(_REASON))
    return tables.reject(table, rows.filter(pl.col(_REASON).is_not_null()))


def _repeats(*keys: str, what: str) -> _Check:
    """Reject a row whose key an earlier one has; a key that is left out is none."""
    place = pl.struct(*keys)
    is_given = pl.all_horizontal(pl.col(*keys).is_not_null())
    return (
        is_given & ~place.is_first_distinct(),
        pl.format(what + " of line {} again", pl.col(LINE).first().over(*keys)),
    )


def _check_products(tables: TypedTables, known: KnownShop) -> TypedTables:
    taken = known["variants"]["barcode"].drop_nulls()
    tables = _reject(tables, "products", _repeats("sku", what="the SKU"))
    tables = _reject(
        tables,
        "products",
        _repeats("barcode", what="the barcode"),
        (pl.col("barcode").is_in(taken.implode()), "the barcode of another product"),
        (pl.col("moq_units") < 1, "moq_units is below 1"),
        (pl.col("pack_units") < 1, "pack_units is below 1"),
    )
    return tables


def _check_customers(tables: TypedTables) -> TypedTables:
    tables = _reject(tables, "customers", _repeats("customer", what="the customer"))
    return _reject(tables, "customers", _repeats("email", what="the e-mail address"))


def _check_orders(tables: TypedTables, company: ShopCompany) -> TypedTables:
    return _reject(
        tables,
        "orders",
        _repeats("order", what="the order"),
        (
            pl.col("currency") != company.currency,
            pl.format("currency {} is not the company's {}", "currency", pl.lit(company.currency)),
        ),
    )


def _check_lines(tables: TypedTables, known: KnownShop) -> TypedTables:
    orders = tables.rows["orders"]
    refused = _refused_keys(tables, "orders", "order")
    is_alone = ~pl.col("order").is_in(orders["order"].implode())
    status = pl.col("order").replace_strict(
        orders["order"], orders["status"], default=None, return_dtype=pl.String
    )
    return _reject(
        tables,
        "lines",
        _repeats("order", "line_number", what="the line"),
        (is_alone & pl.col("order").is_in(refused.implode()), "its order was rejected"),
        (is_alone, "there is no such order"),
        _unknown_sku(tables, known),
        (pl.col("quantity_units") < 1, "quantity_units is zero"),
        (
            pl.col("quantity_units").cast(pl.Float64) * pl.col("unit_price_amount") > 1e17,
            "quantity times price is out of range",
        ),
        (pl.col("tax_rate") > _FULL_TAX, "tax_rate is above 100 percent"),
        (pl.col("returned_units") > pl.col("quantity_units"), "more came back than was sold"),
        (
            (pl.col("returned_units") > 0) & status.is_in(_OPEN),
            "came back, but its order was never shipped",
        ),
    )


def _settle_orders(tables: TypedTables, company: ShopCompany) -> TypedTables:
    """Let an order go in with all its lines or not at all, and only if its money adds up."""
    broken = _refused_keys(tables, "lines", "order")
    tables = _reject(
        tables,
        "orders",
        (pl.col("order").is_in(broken.implode()), "a line of it was rejected"),
        (~pl.col("order").is_in(tables.rows["lines"]["order"].implode()), "it has no lines"),
    )
    tables = _drop_orphans(tables)
    orders = tables.rows["orders"]
    totals = total_orders(orders, price_lines(tables.rows["lines"], orders, company), company)
    added = totals.select("order", "goods_amount", "sum_amount", "is_discounted_away")
    joined = orders.join(added, on="order", how="left", maintain_order="left")
    scale = 10**company.amount_digits
    faults = joined.select(
        FILE,
        LINE,
        pl.when("is_discounted_away")
        .then(pl.lit("the discount is more than the goods"))
        .when(pl.col("total_amount") != pl.col("sum_amount"))
        .then(pl.format("the total is not {}, to which its parts add up", pl.col("sum_amount") / scale))
        .alias(_REASON),
    )
    return _drop_orphans(tables.reject("orders", faults.filter(pl.col(_REASON).is_not_null())))


def _drop_orphans(tables: TypedTables) -> TypedTables:
    there = tables.rows["orders"]["order"]
    return _reject(tables, "lines", (~pl.col("order").is_in(there.implode()), "its order was rejected"))


def _check_purchases(tables: TypedTables, known: KnownShop, company: ShopCompany) -> TypedTables:
    is_foreign = pl.col("currency") != company.currency
    head = ("supplier", "ordered_at", "currency", "location", "exchange_rate", "closed_at", "expected_date")
    line = ("sku", "ordered_units", "unit_cost_amount")
    return _reject(
        tables,
        "purchase_orders",
        _repeats("purchase_order", "line_key", "received_at", what="the receipt"),
        *(
            (_differs(name, "purchase_order"), f"another {name} than in its order's first row")
            for name in head
        ),
        *(
            (_differs(name, "purchase_order", "line_key"), f"another {name} than in its line's first row")
            for name in line
        ),
        _unknown_sku(tables, known),
        (pl.col("ordered_units") < 1, "ordered_units is zero"),
        (
            pl.col("ordered_units").cast(pl.Float64) * pl.col("unit_cost_amount") > 1e17,
            "units times cost is out of range",
        ),
        (~pl.col("currency").str.contains("^[A-Z]{3}$"), "currency is no ISO code"),
        (is_foreign & pl.col("exchange_rate").is_null(), "exchange_rate is missing for another currency"),
        (pl.col("exchange_rate") == 0, "exchange_rate is zero"),
        (
            (pl.col("received_units") > 0) & pl.col("received_at").is_null(),
            "received_units without a received_at",
        ),
        (pl.col("received_at") < pl.col("ordered_at"), "received before it was ordered"),
        (pl.col("closed_at") < pl.col("ordered_at"), "closed before it was ordered"),
    )  # fmt: skip


def _differs(name: str, *document: str) -> pl.Expr:
    return pl.col(name).ne_missing(pl.col(name).first().over(*document))


def _settle_purchases(tables: TypedTables) -> TypedTables:
    broken = _refused_keys(tables, "purchase_orders", "purchase_order")
    return _reject(
        tables,
        "purchase_orders",
        (pl.col("purchase_order").is_in(broken.implode()), "another row of its order was rejected"),
    )


def _check_stock(tables: TypedTables, known: KnownShop) -> TypedTables:
    return _reject(
        tables,
        "stock",
        _repeats("sku", "location", what="the SKU and location"),
        _unknown_sku(tables, known),
    )


def _unknown_sku(tables: TypedTables, known: KnownShop) -> _Check:
    skus = pl.concat([tables.rows["products"]["sku"], known["variants"]["sku"]])
    return (~pl.col("sku").is_in(skus.implode()), pl.format("the SKU {} is unknown", "sku"))


def _refused_keys(tables: TypedTables, table: str, key: str) -> pl.Series:
    """Return the documents of which a row was rejected, read from the rows that were kept."""
    rows = tables.rejects.filter(pl.col("table") == table)["row"]
    return (
        rows.str.json_path_match(f"$.{key}").str.strip_chars().str.replace(r"\.0$", "").drop_nulls().unique()
    )
