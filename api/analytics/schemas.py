"""What the analytics routes give. Money is in the company's currency, which every answer names."""

from __future__ import annotations

from datetime import date

from api.published import BuildRead
from api.schemas import Amount, OutputModel, PricedModel


class PeriodRead(OutputModel):
    """Days in the company's time zone, both included."""

    first_date: date
    last_date: date


class TotalsRead(OutputModel):
    orders_count: int
    units: int
    gross_sales_amount: Amount
    discount_amount: Amount
    net_sales_amount: Amount
    tax_amount: Amount
    shipping_amount: Amount
    returns_amount: Amount
    margin_amount: Amount
    average_order_value_amount: Amount | None


class SellerRead(OutputModel):
    product_id: str
    sku: str
    product_name: str
    units: int
    net_sales_amount: Amount
    margin_amount: Amount


class Report(PricedModel):
    build: BuildRead
    currency: str
    timezone: str


class DashboardRead(Report):
    period: PeriodRead
    totals: TotalsRead
    previous_period: PeriodRead
    previous_totals: TotalsRead
    best_sellers: list[SellerRead]
    worst_sellers: list[SellerRead]


class SalesDayRead(OutputModel):
    sales_date: date
    orders_count: int
    units: int
    net_sales_amount: Amount
    returns_amount: Amount
    margin_amount: Amount
    average_order_value_amount: Amount | None


class SalesRead(Report):
    period: PeriodRead
    totals: TotalsRead
    days: list[SalesDayRead]


class ProductsRead(Report):
    period: PeriodRead
    best_sellers: list[SellerRead]
    worst_sellers: list[SellerRead]


class StockStatusRead(OutputModel):
    stock_status: str
    items_count: int
    on_hand_units: int
    reserved_units: int
    available_units: int
    stock_value_amount: Amount
    items_without_cost_count: int


class StockLevelRead(OutputModel):
    location_id: str
    location_name: str
    variant_id: str
    sku: str
    product_name: str
    on_hand_units: int
    reserved_units: int
    available_units: int
    low_stock_threshold_units: int
    stock_status: str


class InventoryRead(Report):
    statuses: list[StockStatusRead]
    lowest: list[StockLevelRead]


class MetricRead(OutputModel):
    """What a figure means."""

    name: str
    title: str
    definition: str
    formula: str
    unit: str
    good_direction: str


class MetricList(OutputModel):
    items: list[MetricRead]
