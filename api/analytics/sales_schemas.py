"""What the reports of sales give. Money is in the company's currency, which every answer names."""

from __future__ import annotations

from datetime import date

from api.analytics.schemas import PeriodRead, Report, SellerRead
from api.schemas import Amount, OutputModel

Figure = str | int | float | None


class TotalsRead(OutputModel):
    """Headline figures; those of whole orders are null where a category is asked about."""

    orders_count: int | None
    guest_orders_count: int | None
    guest_orders_ratio: float | None
    units: int
    units_per_order: float | None
    gross_sales_amount: Amount
    list_sales_amount: Amount
    discount_amount: Amount
    discount_ratio: float | None
    net_sales_amount: Amount
    tax_amount: Amount
    shipping_amount: Amount | None
    returned_units: int
    returns_amount: Amount
    returns_units_ratio: float | None
    returns_amount_ratio: float | None
    net_sales_after_returns_amount: Amount
    cost_amount: Amount
    margin_amount: Amount
    margin_ratio: float | None
    average_order_value_amount: Amount | None


class ShopFiguresRead(OutputModel):
    shop_id: str
    shop_name: str | None
    net_sales_amount: Amount
    margin_amount: Amount
    units: int
    orders_count: int | None


class DashboardRead(Report):
    period: PeriodRead
    totals: TotalsRead
    previous_period: PeriodRead | None
    previous_totals: TotalsRead | None
    shops: list[ShopFiguresRead]
    best_sellers: list[SellerRead]
    worst_sellers: list[SellerRead]


class FigureColumnRead(OutputModel):
    """What a figure is called, and what it is counted in."""

    name: str
    title: str
    unit: str
    format: str


class GroupRead(OutputModel):
    """A shop, category, product …; both null for what has none."""

    id: str | None
    name: str | None


class FigureRowRead(OutputModel):
    """Figures of one bucket, one group, or both; money is decimal text, ratios are 0 to 1."""

    first_date: date | None
    # The bucket is not over, or reaches beyond the period.
    is_incomplete: bool
    group: GroupRead | None
    values: dict[str, Figure]
    previous: dict[str, Figure] | None


class FiguresRead(Report):
    """Figures by name: ``columns`` say what each is."""

    period: PeriodRead
    previous_period: PeriodRead | None
    columns: list[FigureColumnRead]
    totals: dict[str, Figure]
    previous_totals: dict[str, Figure] | None
    rows: list[FigureRowRead]
    # Whether ``limit`` left rows out.
    has_more: bool


class SalesRead(FiguresRead):
    interval: str | None
    group_by: str | None


class NewProductRead(SellerRead):
    category_name: str | None
    introduced_date: date


class ProductClassRead(OutputModel):
    """Variants of one ABC and XYZ class, with the last 365 days' sales; XYZ is null for the new ones."""

    abc_class: str
    xyz_class: str | None
    variants_count: int
    units: int
    net_sales_amount: Amount
    margin_amount: Amount


class ProductsRead(Report):
    """``classes`` are of the whole company: there are none where shops are asked about."""

    period: PeriodRead
    best_sellers: list[SellerRead]
    worst_sellers: list[SellerRead]
    new_products: list[NewProductRead]
    classes: list[ProductClassRead]


class StandingRead(OutputModel):
    """A shop among the company's shops that sold or took back anything, by net sales."""

    net_sales_rank: int | None
    shops_count: int
    net_sales_share_ratio: float | None


class ShopPerformanceRead(FiguresRead):
    """``standing`` tells of other shops: shop roles get none."""

    shop_id: str
    shop_name: str
    interval: str
    standing: StandingRead | None
    best_sellers: list[SellerRead]
    worst_sellers: list[SellerRead]


class CompanyCountsRead(OutputModel):
    """What there is as of the build's horizon."""

    shops_count: int
    locations_count: int
    products_count: int
    sellable_products_count: int
    variants_count: int
    customers_count: int
    suppliers_count: int
    first_sales_date: date | None
    last_sales_date: date | None


class EverRead(OutputModel):
    """Sales of all days."""

    orders_count: int
    units: int
    net_sales_amount: Amount


class CompanyStatsRead(FiguresRead):
    company_id: str
    company_name: str
    counts: CompanyCountsRead
    ever: EverRead
    shops: list[ShopFiguresRead]
