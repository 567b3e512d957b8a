"""What the company has already, so that nothing is doubled and new rows fit to what is there."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import LiteralString
from uuid import UUID

import polars as pl

from core.errors import StockwiseError
from core.money import currency_digits
from core.postgres.connect import Connection
from pipelines.imports.bulk import copy_query
from pipelines.imports.import_transaction import slug_of
from pipelines.imports.shop.mapping import CompanyPart
from pipelines.imports.stable_ids import stable_id

_TEXT = pl.String
_MAIN_SHOP, _MAIN_LOCATION = "main", "MAIN"
_RETURN_WINDOW_DAYS = 30
_QUERIES: dict[str, tuple[LiteralString, dict[str, type[pl.DataType]]]] = {
    "orders": ("select external_code from orders where external_code is not null", {"order": _TEXT}),
    "variants": (
        "select variant.sku, replace(variant.id::text, '-', ''), product.sku,"
        " replace(product.id::text, '-', ''), (product.price_amount * 1000000)::bigint,"
        " (coalesce(variant.cost_amount, product.cost_amount) * 1000000)::bigint, product.name,"
        " coalesce(variant.barcode, '') from variants as variant"
        " join products as product on product.company_id = variant.company_id"
        " and product.id = variant.product_id",
        {
            "sku": _TEXT, "variant_id": _TEXT, "product_sku": _TEXT, "product_id": _TEXT,
            "product_price_micro": pl.Int64, "cost_micro": pl.Int64, "product_name": _TEXT, "barcode": _TEXT,
        },
    ),
    "slugs": ("select slug from products", {"slug": _TEXT}),
    "customers": (
        "select replace(id::text, '-', ''), external_code, email from customers",
        {"customer_id": _TEXT, "customer": _TEXT, "email": _TEXT},
    ),
    "purchase_orders": ("select replace(id::text, '-', '') from restock_orders", {"restock_order_id": _TEXT}),
    "suppliers": (
        "select replace(id::text, '-', ''), code from suppliers", {"supplier_id": _TEXT, "supplier": _TEXT},
    ),
    "categories": (
        "select replace(id::text, '-', ''), name, slug from categories where parent_id is null",
        {"category_id": _TEXT, "category": _TEXT, "slug": _TEXT},
    ),
    "shops": ("select replace(id::text, '-', ''), slug from shops order by created_at, id",
              {"shop_id": _TEXT, "shop": _TEXT}),
    "locations": ("select replace(id::text, '-', ''), code from locations where kind <> 'in_transit'"
                  " order by created_at, id", {"location_id": _TEXT, "location": _TEXT}),
    "moves": (
        "select replace(location_id::text, '-', '') || replace(variant_id::text, '-', ''),"
        " extract(epoch from occurred_at)::bigint, delta_units from stock_ledger",
        {"variant_id": _TEXT, "second": pl.Int64, "delta_units": pl.Int64},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class ShopCompany:
    """Whose history it becomes, and how its money and days are counted."""

    company_id: str
    name: str
    slug: str
    currency: str
    timezone: str
    prices_include_tax: bool
    tax_micropercent: int
    is_new: bool
    return_window: timedelta = timedelta(days=_RETURN_WINDOW_DAYS)

    @property
    def amount_digits(self) -> int:
        """Decimals of the company's currency."""
        return currency_digits(self.currency)


@dataclass(frozen=True)
class KnownShop:
    """Frames of what is there, as `_QUERIES` names their columns, and the places that stand for none."""

    frames: dict[str, pl.DataFrame] = field(repr=False)
    default_shop: str
    default_location: str

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.frames[name]


def find_company(connection: Connection, name: str, part: CompanyPart) -> ShopCompany:
    """Return the company of this name, or one that is yet to be made.

    Raises
    ------
    StockwiseError
        If the mapping says another currency or time zone than the company has, or none for a new one.
    """
    slug = slug_of(name)
    found = connection.execute("select company_id from auth_find_company(%s)", (slug,)).fetchone()
    if found is not None:
        return _existing(connection, UUID(str(found[0])), slug, part)
    if part.currency is None or part.timezone is None:
        raise StockwiseError(
            f"There is no company {slug!r} yet, and the mapping file names no currency and time zone for it.",
            hint='[company] currency = "EUR", timezone = "Europe/Berlin" in the mapping file.',
        )
    return ShopCompany(
        company_id=str(UUID(stable_id("import|company", slug, 0))),
        name=name,
        slug=slug,
        currency=part.currency,
        timezone=part.timezone,
        prices_include_tax=part.prices_include_tax,
        tax_micropercent=round(part.tax_percent * 1_000_000),
        is_new=True,
    )


def read_known_shop(connection: Connection, company: ShopCompany, part: CompanyPart) -> KnownShop:
    """Read all that new rows have to fit to; the transaction is bound to the company."""
    if company.is_new:
        frames = {name: pl.DataFrame(schema=schema) for name, (_, schema) in _QUERIES.items()}
    else:
        frames = {name: copy_query(connection, query, schema) for name, (query, schema) in _QUERIES.items()}
    shops, locations = frames["shops"]["shop"].to_list(), frames["locations"]["location"].to_list()
    return KnownShop(
        frames,
        default_shop=part.shop or (shops[0] if shops else _MAIN_SHOP),
        default_location=part.location or (locations[0] if locations else _MAIN_LOCATION),
    )


def _existing(connection: Connection, company_id: UUID, slug: str, part: CompanyPart) -> ShopCompany:
    with connection.transaction():
        connection.execute("select set_config('app.company_id', %s, true)", [str(company_id)])
        row = connection.execute(
            "select name, currency, timezone, prices_include_tax, (tax_rate * 100000000)::bigint,"
            " return_window_days from companies"
        ).fetchone()
    assert row is not None, "its slug has just been found"
    name, currency, timezone, is_included, tax, window_days = row
    for what, said, kept in (("currency", part.currency, currency), ("time zone", part.timezone, timezone)):
        if said is not None and said != kept:
            raise StockwiseError(
                f"The company {slug!r} has the {what} {kept}, the mapping file says {said}.",
                hint="Correct the mapping file, or import into another company: --company NAME.",
            )
    return ShopCompany(
        company_id=str(company_id),
        name=name,
        slug=slug,
        currency=currency,
        timezone=timezone,
        prices_include_tax=is_included,
        tax_micropercent=tax,
        is_new=False,
        return_window=timedelta(days=window_days),
    )
