"""Turn classified rows of Online Retail II into rows of our tables."""

from dataclasses import dataclass

import polars as pl

from pipelines.imports.import_report import CENTS
from pipelines.imports.known_history import IMPORT_REFERENCE, KnownHistory
from pipelines.imports.local_time import to_utc
from pipelines.imports.matching import match_returns
from pipelines.imports.parameters import ImportParameters
from pipelines.imports.row_kinds import MICRO
from pipelines.imports.stable_ids import stable_ids

_CURRENT_PRICE_DAYS = 365
_SALE_ROW, _RETURN_ROW = "sale_row", "return_row"


@dataclass(frozen=True)
class Tenant:
    """Whose history it becomes."""

    company_id: str
    slug: str
    currency: str
    timezone: str
    shop_id: str
    location_id: str


@dataclass(frozen=True)
class SalesHistory:
    """Orders, their lines and charges, and returns, as far as they are new.

    ``lines`` and ``pieces`` keep working columns; `order_rows` turns them into tables.
    """

    orders: pl.DataFrame
    lines: pl.DataFrame
    pieces: pl.DataFrame
    returns: pl.DataFrame
    charges: pl.DataFrame
    adjustments: pl.DataFrame
    products: pl.DataFrame
    customers: pl.DataFrame


def build_history(
    rows: pl.DataFrame, known: KnownHistory, tenant: Tenant, parameters: ImportParameters
) -> SalesHistory:
    """Work out what the new rows are in our terms, and which sales the returns belong to."""
    rows = rows.with_columns(at=to_utc(pl.col("local_time"), tenant.timezone))
    rows = rows.with_columns(
        at=pl.col("at").min().over("invoice"), local_time=pl.col("local_time").min().over("invoice")
    )
    products = _list_products(rows, tenant, parameters)
    customers = _list_customers(rows, tenant)
    rows = rows.join(
        products.select("code", "variant_id", "product_name", "cost_micro"),
        on="code",
        how="left",
        maintain_order="left",
    )
    rows = rows.join(
        customers.select("customer_id", "customer_uuid"), on="customer_id", how="left", maintain_order="left"
    )
    lines = _list_lines(rows.filter(pl.col("kind") == "sale"), tenant)
    returns = _list_returns(rows.filter(pl.col("kind") == "return"), tenant)
    pieces = _match(lines, returns, known, tenant)
    lines = _with_what_came_back(lines, pieces)
    charges = _list_charges(rows.filter(pl.col("kind").is_in(["charge", "bad_debt"])), lines, tenant)
    return SalesHistory(
        orders=_list_orders(lines, charges),
        lines=lines,
        pieces=pieces,
        returns=returns,
        charges=charges,
        adjustments=rows.filter(pl.col("kind") == "stock_adjustment"),
        products=products,
        customers=customers,
    )


def _list_products(rows: pl.DataFrame, tenant: Tenant, parameters: ImportParameters) -> pl.DataFrame:
    """Name each code as most of its priced lines do, and price it as most lines of its last year do."""
    goods = rows.filter(pl.col("charge_kind").is_null() & (pl.col("kind") != "bad_debt"))
    priced = goods.filter((pl.col("kind") == "sale") & (pl.col("price_micro") > 0))
    names = _most_frequent(priced, "description").join(
        _most_frequent(goods, "description"), on="code", how="full", coalesce=True, suffix="_any"
    )
    recent = priced.filter(
        pl.col("local_time")
        >= pl.col("local_time").max().over("code") - pl.duration(days=_CURRENT_PRICE_DAYS)
    )
    prices = _most_frequent(recent, "price_micro")
    products = goods.group_by("code").agg(first_at=pl.col("at").min()).sort("code")
    products = products.join(names, on="code", how="left").join(prices, on="code", how="left").sort("code")
    suppliers = [parameters.supplier_of(code) for code in products["code"]]
    ratios = [parameters.suppliers[position].cost_ratio for position in suppliers]
    return (
        products.with_columns(
            product_name=pl.coalesce("description", "description_any", "code"),
            price_micro=pl.col("price_micro").fill_null(0),
            is_priced=pl.col("price_micro").is_not_null(),
            supplier=pl.Series(suppliers, dtype=pl.Int64),
            product_id=pl.Series(_lasting_ids(tenant, "product", products["code"]), dtype=pl.String),
            variant_id=pl.Series(_lasting_ids(tenant, "variant", products["code"]), dtype=pl.String),
        )
        .with_columns(
            cost_micro=(pl.col("price_micro") * pl.Series(ratios, dtype=pl.Float64)).round().cast(pl.Int64)
        )
        .drop("description", "description_any")
    )


def _most_frequent(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return each code's most frequent value; of equally frequent ones the greatest."""
    counted = rows.filter(pl.col(column).is_not_null()).group_by("code", column).len()
    return (
        counted.sort("code", "len", column, descending=[False, True, True])
        .unique("code", keep="first", maintain_order=True)
        .drop("len")
    )


def _list_customers(rows: pl.DataFrame, tenant: Tenant) -> pl.DataFrame:
    customers = (
        rows.filter(pl.col("customer_id").is_not_null())
        .sort("at", maintain_order=True)
        .group_by("customer_id", maintain_order=True)
        .agg(first_at=pl.col("at").first(), country=pl.col("country").last())
    )
    ids = _lasting_ids(tenant, "customer", customers["customer_id"])
    return customers.with_columns(customer_uuid=pl.Series(ids, dtype=pl.String))


def _lasting_ids(tenant: Tenant, kind: str, codes: pl.Series) -> list[str]:
    """Return ids that do not depend on when a code first appears, which a later file may change."""
    return stable_ids(f"{tenant.slug}|{kind}", codes, [0] * len(codes))


def _list_lines(sales: pl.DataFrame, tenant: Tenant) -> pl.DataFrame:
    lines = sales.with_columns(
        line_number=pl.int_range(1, pl.len() + 1).over("invoice"),
        sale_row=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    invoices = lines.group_by("invoice", maintain_order=True).agg(pl.col("at").first())
    order_ids = stable_ids(f"{tenant.slug}|order", invoices["invoice"], invoices["at"].dt.epoch("ms"))
    lines = lines.join(
        invoices.select("invoice", order_id=pl.Series(order_ids, dtype=pl.String)),
        on="invoice",
        how="left",
        maintain_order="left",
    )
    keys = lines.select(pl.concat_str("invoice", "line_number", separator="/")).to_series()
    line_ids = stable_ids(f"{tenant.slug}|order_line", keys, lines["at"].dt.epoch("ms"))
    return lines.with_columns(order_line_id=pl.Series(line_ids, dtype=pl.String))


def _list_returns(returns: pl.DataFrame, tenant: Tenant) -> pl.DataFrame:
    returns = returns.with_columns(
        return_row=pl.int_range(pl.len(), dtype=pl.Int64),
        units=-pl.col("quantity"),
        refund_cents=-pl.col("cents"),
    )
    ids = stable_ids(f"{tenant.slug}|return", returns["invoice"], returns["at"].dt.epoch("ms"))
    return returns.with_columns(order_return_id=pl.Series(ids, dtype=pl.String))


def _match(lines: pl.DataFrame, returns: pl.DataFrame, known: KnownHistory, tenant: Tenant) -> pl.DataFrame:
    """Match against the new lines and those that are in already; say which line each piece came from.

    Pieces of the day on which the line was sold are cancellations: those goods never left. A line that an
    earlier import shipped stays shipped, so what comes back of it is a return whatever the day.
    """
    old = known.open_lines.with_columns(
        sale_row=pl.int_range(pl.len(), dtype=pl.Int64) + lines.height,
        local_time=pl.from_epoch("placed_second")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(tenant.timezone)
        .dt.replace_time_zone(None)
        .cast(pl.Datetime("us")),
    )
    columns = [_SALE_ROW, "customer_id", "code", "local_time", "open_units"]
    sales = pl.concat([lines.with_columns(open_units="quantity").select(columns), old.select(columns)])
    pieces = match_returns(
        sales,
        returns.select(_RETURN_ROW, "customer_id", "code", "local_time", "units", cents="refund_cents"),
    )
    sold = pl.concat(
        [
            lines.select(_SALE_ROW, "order_line_id", "order_id", sold_on=pl.col("local_time").dt.date()),
            old.select(_SALE_ROW, order_line_id="id", order_id="order_id", sold_on=pl.lit(None, pl.Date)),
        ]
    )
    returned = returns.select(
        _RETURN_ROW, "order_return_id", "invoice", "code", "variant_id", "customer_uuid", "price_micro", "at",
        "local_time", returned_on=pl.col("local_time").dt.date(),
    )  # fmt: skip
    pieces = pieces.join(sold, on=_SALE_ROW, how="left", maintain_order="left").join(
        returned, on=_RETURN_ROW, how="left", maintain_order="left"
    )
    return pieces.with_columns(
        is_cancellation=(pl.col("sold_on") == pl.col("returned_on")).fill_null(False),
        is_known_line=pl.col(_SALE_ROW) >= lines.height,
        piece=pl.int_range(pl.len()).over(_RETURN_ROW),
    )


def _with_what_came_back(lines: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    matched = pieces.filter(pl.col(_SALE_ROW).is_not_null())
    units = pl.col("units")
    back = matched.group_by(_SALE_ROW).agg(
        cancelled_units=units.filter("is_cancellation").sum(),
        returned_units=units.filter(~pl.col("is_cancellation")).sum(),
    )
    return (
        lines.join(back, on=_SALE_ROW, how="left", maintain_order="left")
        .with_columns(pl.col("cancelled_units", "returned_units").fill_null(0))
        .with_columns(fulfilled_units=pl.col("quantity") - pl.col("cancelled_units"))
    )


def _list_charges(charges: pl.DataFrame, lines: pl.DataFrame, tenant: Tenant) -> pl.DataFrame:
    """Keep charges apart from goods; those of an invoice with goods belong to its order."""
    orders = lines.select("invoice", "order_id").unique("invoice")
    charges = charges.join(orders, on="invoice", how="left", maintain_order="left").with_columns(
        charge_kind=pl.when(pl.col("kind") == "bad_debt").then(pl.lit("bad_debt")).otherwise("charge_kind"),
        position=pl.int_range(pl.len()).over("invoice"),
    )
    keys = charges.select(pl.concat_str("invoice", "position", separator="/")).to_series()
    ids = stable_ids(f"{tenant.slug}|charge", keys, charges["at"].dt.epoch("ms"))
    return charges.with_columns(id=pl.Series(ids, dtype=pl.String))


def _list_orders(lines: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    quantity = pl.col("quantity").sum()
    orders = lines.group_by("order_id", maintain_order=True).agg(
        pl.col("invoice", "at", "local_time", "country", "customer_uuid").first(),
        subtotal_cents=pl.col("cents").sum(),
        is_cancelled=pl.col("cancelled_units").sum() == quantity,
        is_all_back=(pl.col("cancelled_units") + pl.col("returned_units")).sum() == quantity,
        is_part_back=(pl.col("cancelled_units") + pl.col("returned_units")).sum() > 0,
    )
    shipping = (
        charges.filter((pl.col("charge_kind") == "shipping") & pl.col("order_id").is_not_null())
        .group_by("order_id")
        .agg(shipping_cents=pl.col("cents").sum())
    )
    return orders.join(shipping, on="order_id", how="left", maintain_order="left").with_columns(
        pl.col("shipping_cents").fill_null(0)
    )


def money(cents: str) -> pl.Expr:
    """Return cents as pounds; exact in text, for a double holds 15 digits."""
    return pl.col(cents) / CENTS


def unit_money(micro: str) -> pl.Expr:
    """Return millionths as pounds."""
    return pl.col(micro) / MICRO


def import_note(invoice: str = "invoice") -> pl.Expr:
    """Return the note by which a later import knows the invoice again."""
    return pl.concat_str(pl.col(invoice), pl.lit(": "), pl.col("description").fill_null("no description"))


REFERENCE = pl.lit(IMPORT_REFERENCE)
