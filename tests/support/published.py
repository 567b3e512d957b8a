"""A published build made by hand: its tables have the columns that the dbt contracts promise."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from core.ids import new_id
from core.published import POINTER, BuildInfo, build_folder
from core.settings import Settings
from tests.support.companies import Company
from tests.support.published_customers import small_customers

CONTRACTS = Path(__file__).parents[2] / "dbt" / "models" / "serving"
RUN_ID = "run-1"
CATEGORY_ID = "0197c000-0000-7000-8000-000000000001"
FIRST_DAY = date(2026, 11, 1)
LAST_DAY = date(2026, 11, 20)
Rows = Iterable[Mapping[str, Any]]


def publish(
    settings: Settings,
    tables: Mapping[Company, Mapping[str, Rows]],
    *,
    build_id: str = "build-1",
    horizon_at: datetime | None = None,
) -> BuildInfo:
    """Publish one file per company with these rows; columns that a row leaves out are null."""
    horizon_at = horizon_at or datetime.now(UTC) - timedelta(minutes=5)
    build = BuildInfo(
        build_id=build_id, built_at=horizon_at + timedelta(minutes=1), horizon_at=horizon_at, feed_pull_id="p"
    )
    folder = build_folder(settings, build_id)
    folder.mkdir(parents=True)
    for company, rows in tables.items():
        _write_file(folder / f"{company.id}.duckdb", company, rows)
    _write_platform(folder / "platform.duckdb", list(tables))
    (folder / "build.json").write_text(build.model_dump_json())
    pointer = settings.published_folder / POINTER
    draft = pointer.with_suffix(".draft")
    draft.write_text(build_id)
    draft.replace(pointer)
    return build


@cache
def contract_columns() -> dict[str, dict[str, str]]:
    """Return the promised columns with their types, per serving table."""
    models = [
        model
        for file in CONTRACTS.glob("*.yml")
        for model in yaml.safe_load(file.read_text()).get("models", [])
    ]
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in models
    }


def small_plan(company: Company, *, supplier_id: object = None, suggested_units: int = 24) -> dict[str, Rows]:
    """One shop with twenty days of sales, one item, and one proposal for it."""
    series_id = f"{company.variant_id}|{company.location_id}"
    days = [FIRST_DAY + timedelta(days=number) for number in range(20)]
    keys = {"series_id": series_id, "variant_id": company.variant_id, "location_id": company.location_id}
    future = [LAST_DAY + timedelta(days=number) for number in range(1, 15)]
    return {
        "srv_company": [
            {"name": company.slug, "slug": company.slug, "currency": "EUR", "timezone": "UTC",
             "data_origin": "live", "horizon_date": LAST_DAY, "minor_unit_digits": 2}
        ],
        "srv_shops": [{"shop_id": company.shop_id, "shop_name": "Main shop", "is_active": True}],
        "srv_categories": [
            {"category_id": CATEGORY_ID, "category_name": "Kitchen", "category_path": "Home > Kitchen",
             "top_category_id": CATEGORY_ID, "level": 1, "is_active": True}
        ],
        "srv_category_tree": [{"ancestor_category_id": CATEGORY_ID, "category_id": CATEGORY_ID}],
        "srv_sales_daily": [_sales(company, day, units=number) for number, day in enumerate(days, start=1)],
        "srv_product_sales_daily": [
            _product_sales(company, day, units=number) for number, day in enumerate(days, start=1)
        ],
        "srv_products": [
            {"product_id": company.product_id, "variant_id": company.variant_id, "sku": company.sku,
             "product_name": "Thing", "category_id": CATEGORY_ID, "category_name": "Kitchen",
             "top_category_id": CATEGORY_ID, "is_sellable": True, "unit_price_amount": 10,
             "unit_cost_amount": 6}
        ],
        "srv_stock_levels": [
            {"location_id": company.location_id, "location_name": "Main store",
             "variant_id": company.variant_id, "sku": company.sku, "product_name": "Thing",
             "on_hand_units": 8, "reserved_units": 1, "available_units": 7,
             "low_stock_threshold_units": 10, "stock_status": "low_stock"}
        ],
        **small_stock(company, supplier_id or company.supplier_id),
        **small_customers(company),
        "srv_demand_daily": [
            keys | {"demand_date": day, "demand_units": number, "is_out_of_stock": number == 3}
            for number, day in enumerate(days, start=1)
        ],
        "srv_forecast_daily": [
            keys
            | {"forecast_date": day, "mean_units": 2.5, "p10_units": 0, "p50_units": 2, "p90_units": 6,
               "model_name": "tsb", "model_version": "1", "training_end_date": LAST_DAY}
            for day in future
        ],
        "srv_forecast_accuracy": [
            {"model_name": "tsb", "is_baseline": False, "wape": 0.8},
            {"model_name": "seasonal_naive", "is_baseline": True, "wape": 1.1},
        ],
        "srv_stock_projection": [
            {"series_id": series_id, "projection_date": day, "stock_p10_units": 0,
             "stock_p50_units": 7 - number, "stock_p90_units": 8, "stockout_probability_ratio": number / 20}
            for number, day in enumerate(future)
        ],
        "srv_recommendations": [
            {"customer_id": company.customer_id, "shelf": "for_you", "rank": 1, "item_id": company.product_id,
             "product_name": "Thing", "reason_code": "BOUGHT_BEFORE", "reason_count": 3,
             "reason_last_date": LAST_DAY}
        ],
        "srv_recommendations_popular": [
            {"item_id": company.product_id, "product_name": "Thing", "rank": 1, "buyers": 9}
        ],
        "srv_restock_worklist": [
            _proposal(company, keys, supplier_id or company.supplier_id, suggested_units)
        ],
    }  # fmt: skip


def small_stock(company: Company, supplier_id: object) -> dict[str, Rows]:
    """218 came on the first day for 6.00 each, a day late; as many went as were sold, and 8 are left.

    On the third day nothing was there for an hour; a month before, four came that were written off at once.
    """
    where = {"location_id": company.location_id, "variant_id": company.variant_id}
    days = [FIRST_DAY + timedelta(days=number) for number in range(20)]
    left = [218 - number * (number + 1) // 2 for number in range(21)]
    nothing = dict.fromkeys(("adjusted_units", "transferred_units", "lost_units", "returned_units"), 0)
    spans = [
        {"span_date": day, "days_count": 1, "demand_units": number, "wanted_units": number,
         "short_units": 1 if number == 4 else 0, "net_sales_amount": number * 10,
         "margin_amount": number * 4, "opening_units": 0 if number == 1 else left[number - 1],
         "received_units": 218 if number == 1 else 0, "sold_units": number,
         "closing_units": left[number], "unit_cost_amount": 6}
        for number, day in enumerate(days, start=1)
    ]  # fmt: skip
    return {
        "srv_locations": [{"location_id": company.location_id, "location_name": "Main store"}],
        "srv_suppliers": [{"supplier_id": supplier_id, "supplier_name": "Severn"}],
        "srv_shop_locations": [{"shop_id": company.shop_id, "location_id": company.location_id}],
        "srv_stock_spans": [where | nothing | span for span in spans],
        "srv_category_stock_spans": [_of_category(company, nothing | span) for span in spans],
        "srv_stock_layers": [
            where
            | {"stock_movement_id": f"layer-{units}", "layer_date": day, "reason": "receipt", "units": units,
               "occurred_at": datetime.combine(day, time(8), UTC), "on_hand_before_units": 0,
               "cumulative_units": came, "unit_cost_amount": 6}
            for day, units, came in ((FIRST_DAY - timedelta(days=31), 4, 4), (FIRST_DAY, 218, 222))
        ],
        "srv_stock_out_days": [
            where
            | {"stock_date": days[2], "out_of_stock_seconds": 3600, "expected_units": 0.5, "lost_units": 0.5,
               "lost_sales_amount": 5}
        ],
        "srv_purchase_receipts": [
            where
            | {"purchase_receipt_id": "receipt-1", "supplier_id": supplier_id, "state": "received",
               "ordered_units": 218, "received_units": 218, "open_units": 0, "cancelled_units": 0,
               "sent_date": FIRST_DAY - timedelta(days=12), "expected_date": FIRST_DAY - timedelta(days=1),
               "received_date": FIRST_DAY, "lead_time_days": 12, "is_late": True, "received_amount": 1308}
        ],
    }  # fmt: skip


def _of_category(company: Company, span: Mapping[str, Any]) -> dict[str, Any]:
    """The stock of a category that has one variant."""
    shared = {
        name: value for name, value in span.items() if name in contract_columns()["srv_category_stock_spans"]
    }
    return shared | {
        "location_id": company.location_id, "category_id": CATEGORY_ID, "top_category_id": CATEGORY_ID,
        "closing_value_amount": span["closing_units"] * span["unit_cost_amount"], "uncosted_units": 0,
        "lost_value_amount": span["lost_units"] * span["unit_cost_amount"],
        "cost_of_sales_amount": span["sold_units"] * span["unit_cost_amount"],
    }  # fmt: skip


def _sales(company: Company, day: date, *, units: int) -> dict[str, Any]:
    """Sales of a day: each unit for 10.00 net, at a cost of 6.00; one order a day, no returns."""
    return {
        "shop_id": company.shop_id, "shop_name": "Main shop", "sales_date": day, "orders_count": 1,
        "units": units, "gross_sales_amount": units * 10, "discount_amount": 0,
        "net_sales_amount": units * 10, "tax_amount": 0, "shipping_amount": 0, "returns_amount": 0,
        "costed_net_sales_amount": units * 10, "cost_amount": units * 6, "margin_amount": units * 4,
    }  # fmt: skip


def _product_sales(company: Company, day: date, *, units: int) -> dict[str, Any]:
    return {
        "shop_id": company.shop_id, "variant_id": company.variant_id, "product_id": company.product_id,
        "sku": company.sku, "sales_date": day, "units": units, "net_sales_amount": units * 10,
        "costed_net_sales_amount": units * 10, "cost_amount": units * 6, "margin_amount": units * 4,
    }  # fmt: skip


def _proposal(company: Company, keys: Mapping[str, Any], supplier_id: object, units: int) -> dict[str, Any]:
    return {
        **keys,
        "proposal_id": new_id(), "run_id": RUN_ID, "rank": 1, "product_id": company.product_id,
        "sku": company.sku, "product_name": "Thing", "location_name": "Main store",
        "supplier_id": supplier_id, "supplier_name": "Supplier", "suggested_units": units,
        "window_demand_units": 20, "safety_units": units - 20 + 7 - 1, "projected_stock_units": 7,
        "on_order_units": 0, "raw_need_units": units - 1, "moq_rounding_units": 0, "pack_rounding_units": 1,
        "currency": "EUR", "unit_cost_amount": 6, "cost_amount": units * 6, "value_amount": 55,
        "order_by_date": LAST_DAY, "expected_arrival_date": LAST_DAY + timedelta(days=6),
        "projected_stockout_date": LAST_DAY + timedelta(days=4), "stockout_probability_ratio": 0.7,
        "fill_rate_ratio": 0.97, "cycle_service_ratio": 0.9, "is_assumed": False,
    }  # fmt: skip


def _write_file(file: Path, company: Company, tables: Mapping[str, Rows]) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("begin")  # else each row is written to the disk by itself
        for table, columns in contract_columns().items():
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table {table} ({listed})")
            for row in tables.get(table, ()):
                values = {"company_id": str(company.id), **row}
                names, marks = ", ".join(values), ", ".join("?" * len(values))
                connection.execute(
                    f"insert into {table} ({names}) values ({marks})",
                    [_plain(item) for item in values.values()],
                )
        connection.execute("commit")
        connection.execute("checkpoint")


def _write_platform(file: Path, companies: list[Company]) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table platform_companies (company_id varchar, slug varchar)")
        for company in companies:
            connection.execute(
                "insert into platform_companies values (?, ?)", [str(company.id), company.slug]
            )


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float, str, bool, date, type(None))) else str(value)
