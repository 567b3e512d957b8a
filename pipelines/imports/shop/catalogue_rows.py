"""Frames of places, suppliers, goods and customers that are new, named and shaped as their tables are."""

from datetime import datetime

import polars as pl

from pipelines.imports.shop.identities import Identities
from pipelines.imports.shop.known_shop import KnownShop, ShopCompany
from pipelines.imports.shop.lasting_ids import lasting_ids, look_up
from pipelines.imports.shop.order_rows import Frames, unit_money


def place_frames(ids: Identities, known: KnownShop, first_at: datetime) -> Frames:
    """Return shops and locations; a new shop draws on all locations, the default one first."""
    shops, locations = ids.shops.filter("is_new"), ids.locations.filter("is_new")
    at = pl.lit(first_at, pl.Datetime("us", "UTC"))
    ranked = ids.locations.sort(pl.col("location") != known.default_location, maintain_order=True)
    served = shops.join(ranked.with_row_index("priority", offset=1), how="cross")
    return [
        (
            "shops",
            shops.select(
                id="shop_id",
                name=pl.col("shop").str.replace_all("-", " ").str.to_titlecase(),
                slug="shop",
                created_at=at,
            ),
        ),
        ("locations", locations.select(id="location_id", code="location", name="location", created_at=at)),
        ("shop_locations", served.select("shop_id", "location_id", pl.col("priority").cast(pl.Int64))),
    ]


def catalogue_frames(
    ids: Identities,
    company: ShopCompany,
    first_moves: pl.DataFrame,
    purchases: pl.DataFrame,
    first_at: datetime,
) -> Frames:
    """Return suppliers, categories, products, variants, their terms and history.

    ``first_moves`` (``variant_id``, ``moved_at``) says since when a variant was there if its row doesn't;
    ``purchases`` is as `last_purchases` returns it.
    """
    start = pl.lit(first_at, pl.Datetime("us", "UTC"))
    variants = (
        ids.variants.filter("is_new")
        .pipe(look_up, first_moves, "variant_id", "moved_at")
        .with_columns(
            since=pl.coalesce("created_at", "moved_at", start), is_sold=pl.col("is_active").fill_null(True)
        )
    )  # fmt: skip
    return [
        ("suppliers", _suppliers(ids, company)),
        (
            "categories",
            ids.categories.filter("is_new").select(
                "slug", id="category_id", name="category", created_at=start
            ),
        ),
        ("products", _products(variants, ids)),
        (
            "variants",
            variants.select(
                "product_id", "sku", "barcode",
                id="variant_id", name="variant_name", is_active="is_sold", created_at="since",
                price_modifier_amount=unit_money("modifier_micro"),
                cost_amount=unit_money("cost_micro"),
            ),
        ),
        ("product_suppliers", _terms(variants, purchases, ids, company)),
        (
            "price_history",
            variants.select(
                "variant_id",
                id=lasting_ids(company, "price", variants["sku"]),
                unit_price_amount=unit_money("price_amount"),
                regular_price_amount=unit_money("price_amount"),
                valid_from="since",
                reason=pl.lit("Imported: the price of the products file"),
            ),
        ),
        (
            "cost_history",
            variants.filter(pl.col("cost_micro").is_not_null()).select(
                "variant_id",
                id=lasting_ids(company, "cost", variants.filter(pl.col("cost_micro").is_not_null())["sku"]),
                unit_cost_amount=unit_money("cost_micro"),
                valid_from="since",
                is_assumed=pl.lit(False),
                reason=pl.lit("Imported: the cost of the products file"),
            ),
        ),
    ]  # fmt: skip


def customer_frame(ids: Identities, first_orders: pl.DataFrame, first_at: datetime) -> pl.DataFrame:
    """Return new customers; ``first_orders`` has ``customer`` and ``ordered_at``."""
    start = pl.lit(first_at, pl.Datetime("us", "UTC"))
    new = look_up(ids.customers.filter("is_new"), first_orders, "customer", "ordered_at")
    return new.select(
        "email", "first_name", "last_name", "phone", "country",
        id="customer_id",
        external_code="customer",
        accepts_marketing=pl.col("accepts_marketing").fill_null(False),
        created_at=pl.coalesce("created_at", "ordered_at", start),
    )  # fmt: skip


def _shop_name() -> pl.Expr:
    return pl.col("shop").str.replace_all("-", " ").str.to_titlecase()


def _suppliers(ids: Identities, company: ShopCompany) -> pl.DataFrame:
    """Return suppliers with the lead time that most of their products quote."""
    quoted = (
        ids.variants.filter("is_new")
        .filter(pl.col("supplier").is_not_null() & pl.col("lead_time_days").is_not_null())
        .group_by("supplier", "lead_time_days")
        .len()
        .sort("supplier", "len", "lead_time_days", descending=[False, True, False])
        .unique("supplier", keep="first", maintain_order=True)
    )
    return (
        ids.suppliers.filter("is_new")
        .pipe(look_up, quoted, "supplier", "lead_time_days")
        .select(
            id="supplier_id",
            code="supplier",
            name="supplier",
            currency=pl.lit(company.currency),
            quoted_lead_time_days="lead_time_days",
        )
    )


def _products(variants: pl.DataFrame, ids: Identities) -> pl.DataFrame:
    since = variants.group_by("product_id").agg(pl.col("since").min(), pl.col("is_sold").any())
    priced = pl.col("price_amount") > 0
    status = pl.when(priced & pl.col("is_sold")).then(pl.lit("published")).otherwise(pl.lit("draft"))
    products = look_up(ids.products, since, "product_id", "since", "is_sold")
    return look_up(products, ids.categories, "category", "category_id").select(
        "name", "slug", "brand", "category_id",
        id="product_id",
        sku="product_sku",
        price_amount=unit_money("price_amount"),
        cost_amount=unit_money("cost_amount"),
        status=status,
        created_at="since",
        published_at=pl.when(status == "published").then("since"),
    )  # fmt: skip


def _terms(
    variants: pl.DataFrame, purchases: pl.DataFrame, ids: Identities, company: ShopCompany
) -> pl.DataFrame:
    """Return what a supplier asks for a variant: as its row says, else as it was bought last."""
    said = variants.filter(pl.col("supplier").is_not_null() & pl.col("cost_micro").is_not_null())
    said = look_up(said, ids.suppliers, "supplier", "supplier_id").with_columns(
        term_micro="cost_micro", currency=pl.lit(company.currency)
    )
    paid = variants.join(said, on="variant_id", how="anti", maintain_order="left")
    paid = paid.join(
        purchases.select("variant_id", "supplier_id", "currency", term_micro="unit_cost_amount"),
        on="variant_id",
        maintain_order="left",
    )
    columns = (
        "sku", "supplier_id", "variant_id", "supplier_sku", "lead_time_days", "term_micro", "currency",
        "moq_units", "pack_units",
    )  # fmt: skip
    terms = pl.concat([said.select(columns), paid.select(columns)])
    return terms.select(
        "supplier_id", "variant_id", "supplier_sku", "lead_time_days", "currency",
        id=lasting_ids(company, "product_supplier", terms["sku"]),
        unit_cost_amount=unit_money("term_micro"),
        moq_units=pl.col("moq_units").fill_null(1),
        pack_units=pl.col("pack_units").fill_null(1),
        is_preferred=pl.lit(True),
    )  # fmt: skip
