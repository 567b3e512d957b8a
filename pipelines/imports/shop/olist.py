"""Olist's public data set (Brazilian orders 2016 to 2018) as a shop's history.

Its nine CSV files, or Parquet copies of them. Prices are on the order items alone, one item per unit; the
same person has a customer row per order; sellers stand for suppliers. It has neither stock nor costs.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pipelines.imports.raw_files import PROBLEM, ImportFileError
from pipelines.imports.shop.layout import CUSTOMERS, LINES, ORDERS, PRODUCTS, Table
from pipelines.imports.shop.mapping import CompanyPart, FormatPart, Mapping, TablePart
from pipelines.imports.shop.raw_tables import LINE, RawTable, read_rows
from pipelines.imports.shop.values import scaled, text

_STATUSES = {
    "created": "pending", "approved": "confirmed", "processing": "processing", "invoiced": "processing",
    "shipped": "shipped", "delivered": "completed", "unavailable": "cancelled", "canceled": "cancelled",
}  # fmt: skip
_FORMAT = FormatPart(dates=("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M"))
_MAPPING = Mapping(
    company=CompanyPart(currency="BRL", timezone="America/Sao_Paulo", prices_include_tax=True),
    format=_FORMAT,
    orders=TablePart(values={"status": _STATUSES}),
)
_COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": (
        "order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_approved_at",
        "order_delivered_carrier_date", "order_delivered_customer_date",
    ),
    "order_items": ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
    "customers": ("customer_id", "customer_unique_id"),
    "products": ("product_id", "product_category_name"),
}  # fmt: skip
_TRANSLATION = "product_category_name_translation"
_CODE_LETTERS = 8


def read_olist(folder: Path) -> tuple[Sequence[RawTable], Mapping]:
    """Read the data set's folder into the tables of the layout.

    Raises
    ------
    ImportFileError
        If a file that is needed is missing, broken, or lacks a column.
    """
    files = {name: _find(folder, name) for name in _COLUMNS}
    frames = {name: _read(file, _COLUMNS[name]) for name, file in files.items()}
    items = frames["order_items"]
    persons = (
        frames["customers"].select("customer_id", "customer_unique_id").unique("customer_id", keep="first")
    )
    tables = [
        _raw(PRODUCTS, files["products"], _products(frames["products"], items, _translations(folder))),
        _customers(files["customers"], frames["customers"]),
        _raw(ORDERS, files["orders"], _orders(frames["orders"], items, persons)),
        _raw(LINES, files["order_items"], _lines(items)),
    ]
    return tables, _MAPPING


def _find(folder: Path, name: str) -> Path:
    found = _look_for(folder, name)
    if found is None:
        raise ImportFileError(
            f"{folder} holds no olist_{name}_dataset.csv and no {name}.parquet.",
            hint="Name the folder of the data set, with the names its files were published under.",
        )
    return found


def _look_for(folder: Path, name: str) -> Path | None:
    stems = (f"olist_{name}_dataset", name)
    files = [folder / f"{stem}{suffix}" for stem in stems for suffix in (".csv", ".parquet")]
    return next((file for file in files if file.is_file()), None)


def _read(file: Path, columns: Sequence[str]) -> pl.DataFrame:
    frame = read_rows(file, _FORMAT, _names_once)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ImportFileError(f"{file} is not Olist's: it has no column {', '.join(missing)}.")
    return frame


def _names_once(header: Sequence[str]) -> list[str]:
    return [name if name not in header[:place] else f"{name} {place}" for place, name in enumerate(header)]


def _translations(folder: Path) -> pl.DataFrame:
    """Return English names of categories; without the file there are none."""
    file = _look_for(folder, _TRANSLATION)
    if file is None:
        return pl.DataFrame(schema={"product_category_name": pl.String, "category": pl.String})
    frame = read_rows(file, _FORMAT, _names_once)
    names = [name for name in frame.columns if name.startswith("product_category_name")]
    theirs = next(name for name in names if not name.endswith("english"))
    english = next(name for name in names if name.endswith("english"))
    return frame.select(product_category_name=theirs, category=english).unique(
        "product_category_name", keep="first"
    )


def _products(products: pl.DataFrame, items: pl.DataFrame, translations: pl.DataFrame) -> pl.DataFrame:
    """Name a product by its category and code, price it and give it the seller as most of its items do."""
    category = pl.coalesce("category", "product_category_name")
    label = category.fill_null("product").str.replace_all("_", " ").str.to_titlecase()
    return (
        products.join(translations, on="product_category_name", how="left", maintain_order="left")
        .join(_most_frequent(items, "price"), on="product_id", how="left", maintain_order="left")
        .join(_most_frequent(items, "seller_id"), on="product_id", how="left", maintain_order="left")
        .select(
            LINE, PROBLEM,
            sku="product_id",
            name=pl.concat_str(label, pl.col("product_id").str.head(_CODE_LETTERS), separator=" "),
            category=category,
            price_amount="price",
            supplier="seller_id",
        )
    )  # fmt: skip


def _most_frequent(items: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return each product's most frequent value; of equally frequent ones the greatest."""
    counted = items.filter(pl.col(column).is_not_null()).group_by("product_id", column).len()
    return (
        counted.sort("product_id", "len", column, descending=[False, True, True])
        .unique("product_id", keep="first", maintain_order=True)
        .drop("len")
    )


def _customers(file: Path, customers: pl.DataFrame) -> RawTable:
    persons = customers.unique("customer_unique_id", keep="first", maintain_order=True)
    raw = _raw(
        CUSTOMERS, file, persons.select(LINE, PROBLEM, customer="customer_unique_id", country=pl.lit("BR"))
    )
    return RawTable(raw.table, raw.source, raw.frame, (), merged_rows=customers.height - persons.height)


def _orders(orders: pl.DataFrame, items: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    cents = items.select("order_id", cents=scaled(items["freight_value"], _FORMAT, 2))
    freight = cents.group_by("order_id").agg(
        shipping=pl.when(pl.col("cents").is_null().any())
        .then(pl.lit("not readable"))
        .otherwise((pl.col("cents").sum() / 100).round(2).cast(pl.String))
    )
    return (
        orders.join(freight, on="order_id", how="left", maintain_order="left")
        .join(persons, on="customer_id", how="left", maintain_order="left")
        .select(
            LINE, PROBLEM,
            order="order_id",
            placed_at="order_purchase_timestamp",
            customer=pl.coalesce("customer_unique_id", "customer_id"),
            status=text(orders["order_status"]).str.to_lowercase(),
            confirmed_at="order_approved_at",
            shipped_at="order_delivered_carrier_date",
            delivered_at="order_delivered_customer_date",
            shipping_amount="shipping",
            country=pl.lit("BR"),
        )
    )  # fmt: skip


def _lines(items: pl.DataFrame) -> pl.DataFrame:
    return items.select(
        LINE, PROBLEM,
        order="order_id",
        sku="product_id",
        quantity_units=pl.lit(1, pl.Int64),
        unit_price_amount="price",
        line_number="order_item_id",
    )  # fmt: skip


def _raw(table: Table, file: Path, frame: pl.DataFrame) -> RawTable:
    return RawTable(table, file.name, frame, ())
