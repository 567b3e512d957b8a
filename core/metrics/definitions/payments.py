"""Money that moved, tries that failed, goods that were asked back, carts and views."""

from __future__ import annotations

from core.metrics.metric import Source
from core.metrics.subject import Subject

_SHOP = {"shop": "shop_id"}
_TRIED = "payments that were never tried are left out"
_KEPT = (
    "carts begun so long ago that unbought ones of their day were deleted are left out: as many days as the"
    " shortest life of an unbought cart after its last touch (setting cart_days when it was touched) or"
    " more; empty carts and those merged into another too"
)

SOURCES = (
    Source("receipts", "srv_receipts", "receipt_date", {**_SHOP, "payment_method": "method_code"}),
    Source(
        "payments",
        "srv_payments",
        "created_date",
        {**_SHOP, "payment_method": "method_code", "provider": "provider"},
    ),
    Source(
        "return_requests",
        "srv_returns",
        "requested_date",
        {
            **_SHOP,
            "product": "product_id",
            "variant": "variant_id",
            "return_stage": "stage",
            "return_reason": "reason_kind",
            "disposition": "disposition",
        },
    ),
    Source("carts", "srv_carts", "created_date", _SHOP),
    Source(
        "views",
        "srv_product_views_daily",
        "viewed_date",
        {**_SHOP, "product": "product_id", "category": "category_id"},
    ),
)

_RECEIPTS = Subject(
    "receipts",
    grain="company, payment or refund, order",
    time="receipt_date: day the money moved, company's time zone",
    unit="money",
    good="up",
)
_PAYMENTS = Subject(
    "payments",
    grain="company, payment, order",
    time="created_date: day the payment was begun, company's time zone",
)
_RETURNS = Subject(
    "return_requests",
    grain="company, line of a return",
    time="requested_date: day the return was asked for, company's time zone",
    unit="units",
    good="down",
)
_CARTS = Subject(
    "carts",
    grain="company, cart, shop",
    time="created_date: day the cart was begun, company's time zone",
    filters=_KEPT,
)
_VIEWS = Subject(
    "views",
    grain="company, shop, product, day",
    time="viewed_date: day of the view, company's time zone",
)

METRICS = (
    _RECEIPTS.sum(
        "captured_amount", "Money taken",
        "Money taken for orders, with tax and shipping, on the day it was taken.",
    ),
    _RECEIPTS.sum(
        "refunded_amount", "Money paid back",
        "Money paid back on orders, with tax and shipping, on the day it went back; refunds that are pending"
        " or failed are left out.",
        good="down",
    ),
    _RECEIPTS.measure(
        "net_receipts_amount", "Net receipts",
        "Money taken less money paid back, each on its own day, with tax and shipping.",
        "captured_amount - refunded_amount", needs=("captured_amount", "refunded_amount"),
    ),
    _PAYMENTS.measure(
        "payments_count", "Payments tried",
        "Different payments begun in the period of which the provider was asked at least once.",
        "count(distinct payment_id) filter (where attempts_count > 0)",
        formula="different payment_id with attempts_count > 0", filters=_TRIED,
    ),
    _PAYMENTS.measure(
        "failed_payments_count", "Payments failed",
        "Payments begun in the period whose last try failed and that were not paid since.",
        "count(distinct payment_id) filter (where attempts_count > 0 and transaction_status = 'failed')",
        formula="different payment_id with transaction_status failed", good="down", filters=_TRIED,
    ),
    _PAYMENTS.share(
        "payment_failure_ratio", "Payment failure rate",
        "Payments whose last try failed and that were not paid since, as a share of the payments tried.",
        "failed_payments_count", "payments_count", good="down", filters=_TRIED,
    ),
    _PAYMENTS.measure(
        "payment_attempts_count", "Payment attempts",
        "Times that a provider was asked to charge, on the day the payment was begun; a payment of several"
        " shops counts in that of its first order.",
        "sum(attempts_count) filter (where is_first_order_of_payment)", formula="sum of attempts_count",
    ),
    _PAYMENTS.measure(
        "failed_payment_attempts_count", "Failed payment attempts",
        "Of the payment attempts, those that failed, also where a later one succeeded.",
        "sum(failed_attempts_count) filter (where is_first_order_of_payment)",
        formula="sum of failed_attempts_count", good="down",
    ),
    _PAYMENTS.share(
        "payment_attempt_failure_ratio", "Payment attempts failed (share)",
        "Payment attempts that failed, also where a later one succeeded, as a share of all attempts.",
        "failed_payment_attempts_count", "payment_attempts_count", good="down",
    ),
    _RETURNS.measure(
        "return_requests_count", "Returns asked for",
        "Different returns by the day they were asked for, whatever became of them.",
        "count(distinct order_return_id)", formula="different order_return_id", unit="count",
    ),
    _RETURNS.sum(
        "return_requested_units", "Units asked back",
        "Units of the returns asked for, whatever became of them.",
        "units",
    ),
    _RETURNS.measure(
        "restocked_units", "Units restocked",
        "Units that came back and went on sale again, by the day the return was asked for.",
        "sum(returned_units) filter (where disposition = 'restocked')",
        formula="sum of returned_units with disposition restocked", good="none",
    ),
    _RETURNS.measure(
        "written_off_units", "Units written off",
        "Units that came back and can't be sold, by the day the return was asked for.",
        "sum(returned_units) filter (where disposition = 'written_off')",
        formula="sum of returned_units with disposition written_off",
    ),
    _CARTS.measure(
        "carts_count", "Carts",
        "Different carts with something in them, by the day they were begun; merged ones count once.",
        "count(distinct cart_id) filter (where is_all_kept)", formula="different cart_id",
    ),
    _CARTS.measure(
        "converted_carts_count", "Carts ordered",
        "Carts begun in the period that became orders.",
        "count(distinct cart_id) filter (where is_all_kept and cart_status = 'converted')",
        formula="different cart_id with cart_status converted", good="up",
    ),
    _CARTS.measure(
        "abandoned_carts_count", "Carts abandoned",
        "Carts begun in the period that were left and not ordered since.",
        "count(distinct cart_id) filter (where is_all_kept and cart_status = 'abandoned')",
        formula="different cart_id with cart_status abandoned", good="down",
    ),
    _CARTS.measure(
        "abandoned_carts_value_amount", "Value left in carts",
        "Units by price of the carts begun in the period that were left and not ordered since, as priced"
        " (with tax where prices include it).",
        "sum(value_amount) filter (where is_all_kept and cart_status = 'abandoned')",
        formula="sum of value_amount with cart_status abandoned", unit="money", good="down",
    ),
    _CARTS.measure(
        "finished_carts_count", "Carts ordered or abandoned",
        "Carts begun in the period that were either ordered or left; those still in use are not finished.",
        "count(distinct cart_id) filter (where is_all_kept and cart_status in ('converted', 'abandoned'))",
        formula="different cart_id with cart_status converted or abandoned",
    ),
    _CARTS.share(
        "cart_abandonment_ratio", "Cart abandonment rate",
        "Carts that were left, as a share of those begun in the period that were either ordered or left.",
        "abandoned_carts_count", "finished_carts_count", good="down",
    ),
    _CARTS.per(
        "average_abandoned_cart_value_amount", "Value of an abandoned cart",
        "Value left in carts by the carts that were left.",
        "abandoned_carts_value_amount", "abandoned_carts_count",
    ),
    _VIEWS.sum(
        "product_views_count", "Product views",
        "Times that products were looked at, by guests too; views are kept for 400 days (setting"
        " product_view_days).",
        "views_count", good="up",
    ),
    _VIEWS.sum(
        "timed_views_count", "Views with a duration",
        "Product views of which the storefront told how long they lasted.",
    ),
    _VIEWS.sum(
        "view_seconds", "Seconds looked at",
        "Seconds that products were looked at, of the views with a duration.",
        "duration_seconds", shown_as="decimal",
    ),
    _VIEWS.per(
        "seconds_per_view", "Seconds per view",
        "Mean seconds of the views with a duration.",
        "view_seconds", "timed_views_count", unit="count",
    ),
    _VIEWS.measure(
        "units_per_100_views", "Units sold per 100 views",
        "Units ordered and not cancelled in the period per 100 views of products in it.",
        "100.0 * units / nullif(product_views_count, 0)", formula="100 * units / product_views_count",
        needs=("units", "product_views_count"), unit="units", shown_as="decimal", good="up",
    ),
    _VIEWS.share(
        "view_to_order_ratio", "Views that became orders",
        "Orders placed in the period by views of products in it: how many orders a view brings, not which.",
        "orders_count", "product_views_count", good="up",
    ),
)  # fmt: skip
