"""Customers of the small published build: three who take turns with guests, an order a day."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from tests.support.companies import Company

FIRST_DAY = date(2026, 11, 1)
SEGMENTS = {1: "at_risk", 2: "loyal", 3: "champions"}
_SPACE = UUID("5f1d4d0a-5d3b-4c4f-9c37-51f4a4a20b11")


def small_customers(company: Company) -> dict[str, Iterable[Mapping[str, Any]]]:
    """Day n sells n units for 10.00 at a cost of 6.00; each fourth order is a guest's.

    Customer k (n modulo 4) has five orders; customer 1 is the company's own. Each is expected to bring 100.
    """
    orders = [_order(company, number) for number in range(1, 21)]
    customers = [_customer(company, k, [n for n in range(1, 21) if n % 4 == k]) for k in (1, 2, 3)]
    method = {"model_name": "last_year_again", "customers_count": 3, "test_days": 60, "split_date": FIRST_DAY}
    error = {"mean_absolute_error_amount": 12, "root_mean_square_error_amount": 15, "bias_ratio": 0.1}
    return {
        "srv_orders": orders,
        "srv_customers": customers,
        "srv_customer_value_accuracy": [
            {**method, **error, "is_baseline": True, "is_chosen": True, "order_days_error_ratio": -0.2}
        ],
        "srv_basket_pairs": [
            {"product_id": company.product_id, "product_name": "Thing",
             "other_product_id": uuid5(_SPACE, str(company.product_id)), "other_product_name": "Cover",
             "rank": 1, "orders_count": 5, "product_orders_count": 20, "other_orders_count": 5,
             "baskets_count": 20, "support_ratio": 0.25, "confidence_ratio": 0.25,
             "other_confidence_ratio": 1.0, "lift": 1.0}
        ],
    }  # fmt: skip


def _order(company: Company, number: int) -> dict[str, Any]:
    customer = number % 4
    return {
        "order_number": f"ORD-{number:02}", "order_date": FIRST_DAY + timedelta(days=number - 1),
        "shop_id": company.shop_id, "customer_number": customer or None,
        "customer_segment": SEGMENTS.get(customer, "guest"), "is_first_order": 0 < number < 4,
        "units": number, "net_sales_amount": number * 10, "margin_amount": number * 4,
        "kept_net_sales_amount": number * 10,
    }  # fmt: skip


def _customer(company: Company, number: int, orders: list[int]) -> dict[str, Any]:
    units = sum(orders)
    return {
        "customer_number": number,
        "customer_id": company.customer_id if number == 1 else uuid5(_SPACE, f"{company.id}{number}"),
        "is_registered": True,
        "first_order_date": FIRST_DAY + timedelta(days=orders[0] - 1),
        "second_order_date": FIRST_DAY + timedelta(days=orders[1] - 1),
        "last_order_date": FIRST_DAY + timedelta(days=orders[-1] - 1),
        "is_back_within_90_days": True, "is_known_for_90_days": False,
        "orders_count": len(orders), "units": units, "net_sales_amount": units * 10,
        "margin_amount": units * 4, "kept_net_sales_amount": units * 10, "kept_margin_amount": units * 4,
        "recency_score": number, "frequency_score": 1, "monetary_score": number,
        "customer_segment": SEGMENTS[number], "alive_probability_ratio": None, "expected_orders": 5,
        "expected_value_amount": 100, "baseline_value_amount": 100,
        "lifetime_value_amount": units * 4 + 100, "model_name": "last_year_again", "model_version": "1",
        "training_end_date": FIRST_DAY + timedelta(days=19),
    }  # fmt: skip
