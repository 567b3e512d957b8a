"""Frames of products, their assumed suppliers and terms, and customers, shaped as their tables are."""

import polars as pl

from pipelines.imports.history_rows import SalesHistory, Tenant, unit_money
from pipelines.imports.parameters import ImportParameters
from pipelines.imports.stable_ids import stable_ids


def catalogue_rows(
    history: SalesHistory, tenant: Tenant, parameters: ImportParameters
) -> list[tuple[str, pl.DataFrame]]:
    """Return suppliers, products, variants, their terms and history, and customers."""
    products = history.products
    supplier_ids = stable_ids(
        f"{tenant.slug}|supplier",
        [supplier.code for supplier in parameters.suppliers],
        [0] * len(parameters.suppliers),
    )
    suppliers = pl.DataFrame(
        {
            "id": supplier_ids,
            "code": [supplier.code for supplier in parameters.suppliers],
            "name": [supplier.name for supplier in parameters.suppliers],
            "currency": [tenant.currency] * len(supplier_ids),
            "quoted_lead_time_days": [supplier.quoted_lead_time_days for supplier in parameters.suppliers],
            "working_weekdays": [supplier.working_weekdays for supplier in parameters.suppliers],
            "minimum_order_amount": [supplier.minimum_order_amount for supplier in parameters.suppliers],
            "is_assumed": [True] * len(supplier_ids),
        }
    )
    terms = pl.DataFrame(
        {
            "supplier": list(range(len(supplier_ids))),
            "supplier_id": supplier_ids,
            "moq_units": [supplier.moq_units for supplier in parameters.suppliers],
            "pack_units": [supplier.pack_units for supplier in parameters.suppliers],
            "lead_time_days": [supplier.quoted_lead_time_days for supplier in parameters.suppliers],
        }
    )
    return [
        ("suppliers", suppliers),
        ("products", _products(products)),
        (
            "variants",
            products.select(id="variant_id", product_id="product_id", sku="code", created_at="first_at"),
        ),
        (
            "product_suppliers",
            products.join(terms, on="supplier", maintain_order="left").select(
                "supplier_id",
                "variant_id",
                "moq_units",
                "pack_units",
                "lead_time_days",
                id=_lasting_ids(tenant, "product_supplier", products["code"]),
                unit_cost_amount=unit_money("cost_micro"),
                currency=pl.lit(tenant.currency),
                is_preferred=pl.lit(True),
                is_assumed=pl.lit(True),
            ),
        ),
        (
            "price_history",
            products.filter("is_priced").select(
                "variant_id",
                id=_lasting_ids(tenant, "price", products.filter("is_priced")["code"]),
                unit_price_amount=unit_money("price_micro"),
                regular_price_amount=unit_money("price_micro"),
                valid_from="first_at",
                reason=pl.lit("Charged most often in the last year of the imported history"),
            ),
        ),
        (
            "cost_history",
            products.filter("is_priced").select(
                "variant_id",
                id=_lasting_ids(tenant, "cost", products.filter("is_priced")["code"]),
                unit_cost_amount=unit_money("cost_micro"),
                valid_from="first_at",
                is_assumed=pl.lit(True),
                reason=pl.lit("Assumed share of the price"),
            ),
        ),
        (
            "customers",
            history.customers.select(
                "country", id="customer_uuid", external_code="customer_id", created_at="first_at"
            ),
        ),
    ]


def _lasting_ids(tenant: Tenant, kind: str, codes: pl.Series) -> pl.Series:
    return pl.Series("id", stable_ids(f"{tenant.slug}|{kind}", codes, [0] * len(codes)), dtype=pl.String)


def _products(products: pl.DataFrame) -> pl.DataFrame:
    slug = pl.col("code").str.to_lowercase().str.replace_all("[^a-z0-9]+", "-")
    return products.select(
        id="product_id",
        sku="code",
        slug=slug,
        name="product_name",
        price_amount=unit_money("price_micro"),
        cost_amount=unit_money("cost_micro"),
        # A code that was never sold at a price can't be sold now.
        status=pl.when("is_priced").then(pl.lit("published")).otherwise(pl.lit("draft")),
        is_assumed=pl.lit(True),
        created_at="first_at",
        published_at=pl.when("is_priced").then("first_at"),
    )
