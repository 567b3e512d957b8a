"""What the inventory report gives. Money is in the company's currency, units are whole, ratios are 0 to 1."""

from __future__ import annotations

from datetime import date

from api.analytics.schemas import PeriodRead, Report
from api.schemas import Amount, OutputModel


class InventoryTotalsRead(OutputModel):
    """The period's figures; what each means is at ``/analytics/metrics`` by its name."""

    stock_value_amount: Amount
    stock_units: int
    average_stock_amount: Amount
    stock_cost_of_sales_amount: Amount
    inventory_turnover: float | None
    days_of_supply: float | None
    gmroi: float | None
    sell_through_ratio: float | None
    fill_rate_ratio: float | None
    stock_out_hours: float
    lost_units: float
    lost_sales_amount: Amount
    shrinkage_amount: Amount
    uncosted_stock_units: int


class ValuationRead(OutputModel):
    """Stock at the end of the period's last day, by first in first out and by the moving average."""

    stock_units: int
    fifo_amount: Amount
    average_amount: Amount


class AgeBucketRead(OutputModel):
    """Stock that has lain where it is for so many days; its value is what it cost when it came."""

    age_days: str
    stock_units: int
    stock_value_amount: Amount
    value_ratio: float | None
    items_count: int


class CategoryStockRead(OutputModel):
    """Null names products without a category."""

    category_id: str | None
    category_name: str | None
    average_stock_amount: Amount
    stock_value_amount: Amount
    stock_cost_of_sales_amount: Amount
    inventory_turnover: float | None
    days_of_supply: float | None
    gmroi: float | None
    sell_through_ratio: float | None


class StockOutRead(OutputModel):
    variant_id: str
    sku: str | None
    product_name: str | None
    variant_name: str | None
    location_id: str
    location_name: str | None
    lost_sales_amount: Amount
    lost_units: float
    stock_out_hours: float
    stock_out_days: int


class SupplierRead(OutputModel):
    supplier_id: str
    supplier_name: str | None
    purchased_amount: Amount
    purchased_units: int
    receipts_count: int
    lead_time_days: float | None
    on_time_ratio: float | None
    supplier_fill_ratio: float | None
    open_purchase_units: int
    late_open_units: int


class StockStatusRead(OutputModel):
    """Stock at the build's horizon by status, valued at today's cost."""

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


class DeadStockRead(OutputModel):
    """Lies for 90 days or longer and was not asked for in the last 90."""

    variant_id: str
    sku: str | None
    product_name: str | None
    variant_name: str | None
    location_id: str
    location_name: str | None
    stock_units: int
    stock_value_amount: Amount
    oldest_age_days: int
    last_demand_date: date | None


class InventoryRead(Report):
    period: PeriodRead
    totals: InventoryTotalsRead
    valuation: ValuationRead
    ageing: list[AgeBucketRead]
    categories: list[CategoryStockRead]
    stock_outs: list[StockOutRead]
    suppliers: list[SupplierRead]
    dead_stock: list[DeadStockRead]
    statuses: list[StockStatusRead]
    lowest: list[StockLevelRead]
