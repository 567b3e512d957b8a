"""Ids of everything that rows refer to by a code: those that are there, and new ones that last."""

from dataclasses import dataclass

import polars as pl

from pipelines.imports.shop.acceptance import Accepted
from pipelines.imports.shop.known_shop import KnownShop, ShopCompany
from pipelines.imports.shop.lasting_ids import lasting_ids, slug_expression

_SLUG_TAIL = 8


@dataclass(frozen=True)
class Identities:
    """By code: the id, ``is_new``, and for what is new the columns that its table needs."""

    variants: pl.DataFrame
    products: pl.DataFrame
    customers: pl.DataFrame
    shops: pl.DataFrame
    locations: pl.DataFrame
    suppliers: pl.DataFrame
    categories: pl.DataFrame


def identify(accepted: Accepted, known: KnownShop, company: ShopCompany) -> Identities:
    """Give an id to every code in the accepted rows."""
    rows = accepted.tables.rows
    orders, purchases, stock = rows["orders"], rows["purchase_orders"], rows["stock"]
    location_codes = pl.concat(
        [pl.Series("location", [known.default_location]), orders["location"], stock["location"],
         purchases["location"]]
    )  # fmt: skip
    shop_codes = pl.concat([pl.Series("shop", [known.default_shop]), orders["shop"]])
    supplier_codes = pl.concat([rows["products"]["supplier"], purchases["supplier"]])
    variants, products = _goods(rows["products"], known, company)
    return Identities(
        variants=variants,
        products=products,
        customers=_customers(rows["customers"], orders, accepted.aliases, company),
        shops=_by_code("shop", shop_codes, known["shops"], company),
        locations=_by_code("location", location_codes, known["locations"], company),
        suppliers=_by_code("supplier", supplier_codes, known["suppliers"], company),
        categories=_categories(rows["products"]["category"], known, company),
    )


def _by_code(name: str, codes: pl.Series, known: pl.DataFrame, company: ShopCompany) -> pl.DataFrame:
    column = f"{name}_id"
    there = known.select(name, column, is_new=pl.lit(False))
    new = codes.drop_nulls().alias(name).to_frame().unique(maintain_order=True)
    new = new.join(there, on=name, how="anti", maintain_order="left")
    ids = lasting_ids(company, name, new[name]).alias(column)
    return pl.concat([there, new.with_columns(ids, is_new=pl.lit(True))])


def _goods(new: pl.DataFrame, known: KnownShop, company: ShopCompany) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the variants, and the products that are new, each with what its first variant says."""
    there = known["variants"]
    parents = there.select("product_sku", "product_id", "product_price_micro", "product_name").unique(
        "product_sku", keep="first", maintain_order=True
    )
    first = new.unique("product_sku", keep="first", maintain_order=True)
    made = first.join(parents, on="product_sku", how="anti", maintain_order="left")
    made = made.with_columns(lasting_ids(company, "product", made["product_sku"]).alias("product_id"))
    made = made.with_columns(slug=_slugs(made["product_sku"], made["product_id"], known["slugs"]["slug"]))
    all_parents = pl.concat(
        [
            parents,
            made.select("product_sku", "product_id", product_price_micro="price_amount", product_name="name"),
        ]
    )
    variants = new.join(all_parents, on="product_sku", how="left", maintain_order="left").with_columns(
        lasting_ids(company, "variant", new["sku"]).alias("variant_id"),
        cost_micro="cost_amount",
        modifier_micro=pl.col("price_amount") - pl.col("product_price_micro"),
        is_new=pl.lit(True),
    )
    old = there.select("sku", "variant_id", "product_id", "product_name", "cost_micro", is_new=pl.lit(False))
    return pl.concat([variants, old], how="diagonal"), made


def _customers(
    new: pl.DataFrame, orders: pl.DataFrame, aliases: pl.DataFrame, company: ShopCompany
) -> pl.DataFrame:
    """Return all customers; one that only orders name is made with its key alone."""
    bare = orders.select("customer").drop_nulls().unique(maintain_order=True)
    bare = bare.join(new, on="customer", how="anti", maintain_order="left").join(
        aliases, on="customer", how="anti", maintain_order="left"
    )
    made = pl.concat([new, bare], how="diagonal")
    made = made.with_columns(
        lasting_ids(company, "customer", made["customer"]).alias("customer_id"), is_new=pl.lit(True)
    )
    return pl.concat([made, aliases.with_columns(is_new=pl.lit(False))], how="diagonal")


def _categories(names: pl.Series, known: KnownShop, company: ShopCompany) -> pl.DataFrame:
    found = _by_code("category", names, known["categories"].select("category", "category_id"), company)
    taken = known["categories"]["slug"]
    made = found.filter("is_new")
    slugs = _slugs(made["category"], made["category_id"], taken)
    return found.join(made.select("category", slug=slugs), on="category", how="left", maintain_order="left")


def _slugs(names: pl.Series, ids: pl.Series, taken: pl.Series) -> pl.Series:
    """Return addresses; where two would be alike or nothing is left, the id tells them apart."""
    frame = pl.DataFrame({"name": names, "id": ids}).with_columns(base=slug_expression("name").fill_null(""))
    is_plain = (
        (pl.col("base") != "") & pl.col("base").is_first_distinct() & ~pl.col("base").is_in(taken.implode())
    )
    told_apart = pl.concat_str("base", pl.col("id").str.slice(-_SLUG_TAIL), separator="-").str.strip_chars(
        "-"
    )
    return frame.select(slug=pl.when(is_plain).then("base").otherwise(told_apart)).to_series()
