"""Money that moved, tries that failed, goods that were asked back, carts and views."""

from __future__ import annotations

from core.metrics.metric import Format, GoodDirection, Metric, Source, Unit
from core.metrics.rounding import amount_per

_SHOP = {"shop": "shop_id"}
_METHOD = {"payment_method": "method_code", "provider": "provider"}
_TIMES = {
    "receipts": "receipt_date: day the money moved, company's time zone",
    "payments": "created_date: day the payment was begun, company's time zone",
    "return_requests": "requested_date: day the return was asked for, company's time zone",
    "carts": "created_date: day the cart was begun, company's time zone",
    "views": "viewed_date: day of the view, company's time zone",
}
_GRAINS = {
    "receipts": "company, payment or refund, order",
    "payments": "company, payment, order",
    "return_requests": "company, line of a return",
    "carts": "company, cart, shop",
    "views": "company, shop, product, day",
}

SOURCES = (
    Source("receipts", "srv_receipts", "receipt_date", {**_SHOP, "payment_method": "method_code"}),
    Source("payments", "srv_payments", "created_date", {**_SHOP, **_METHOD}),
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


def _metric(
    name: str,
    title: str,
    definition: str,
    *,
    formula: str,
    expression: str,
    source: str = "",
    needs: tuple[str, ...] = (),
    of: str = "",
    unit: Unit = "count",
    shown_as: Format = "integer",
    good: GoodDirection = "none",
    filters: str = "",
) -> Metric:
    """A figure of a source, or derived from others (``of`` then names the source of its days)."""
    return Metric(
        name=name,
        title=title,
        definition=definition,
        formula=formula,
        grain=_GRAINS[of or source],
        time_column=_TIMES[of or source],
        unit=unit,
        format=shown_as,
        good_direction=good,
        source=source,
        expression=expression,
        needs=needs,
        filters=filters,
    )


def _money(name: str, title: str, definition: str, *, source: str, good: GoodDirection = "up") -> Metric:
    return _metric(
        name, title, definition, formula=f"sum of {name}", expression=f"sum({name})", source=source,
        unit="money", shown_as="money", good=good,
    )  # fmt: skip


def _share(
    name: str,
    title: str,
    definition: str,
    part: str,
    whole: str,
    *,
    of: str,
    good: GoodDirection = "down",
    filters: str = "",
) -> Metric:
    return _metric(
        name, title, definition, formula=f"{part} / {whole}", expression=f"{part} / nullif({whole}, 0)",
        needs=(part, whole), of=of, unit="ratio", shown_as="percent", good=good, filters=filters,
    )  # fmt: skip


_TRIED = "payments that were never tried are left out"
_KEPT = (
    "carts begun so long ago that unbought ones of their day were deleted are left out: as many days as the"
    " shortest life of an unbought cart after its last touch (setting cart_days when it was touched) or more;"
    " empty carts and those merged into another too"
)

_RECEIPTS = (
    _money(
        "captured_amount",
        "Money taken",
        "Money taken for orders, with tax and shipping, on the day it was taken.",
        source="receipts",
    ),
    _money(
        "refunded_amount",
        "Money paid back",
        "Money paid back on orders, with tax and shipping, on the day it went back; refunds that are pending"
        " or failed are left out.",
        source="receipts",
        good="down",
    ),
    _metric(
        "net_receipts_amount",
        "Net receipts",
        "Money taken less money paid back, each on its own day, with tax and shipping.",
        formula="captured_amount - refunded_amount",
        expression="captured_amount - refunded_amount",
        needs=("captured_amount", "refunded_amount"),
        of="receipts",
        unit="money",
        shown_as="money",
        good="up",
    ),
)

_PAYMENTS = (
    _metric(
        "payments_count",
        "Payments tried",
        "Different payments begun in the period of which the provider was asked at least once.",
        formula="different payment_id with attempts_count > 0",
        expression="count(distinct payment_id) filter (where attempts_count > 0)",
        source="payments",
        filters=_TRIED,
    ),
    _metric(
        "failed_payments_count",
        "Payments failed",
        "Payments begun in the period whose last try failed and that were not paid since.",
        formula="different payment_id with transaction_status failed",
        expression="count(distinct payment_id) filter (where attempts_count > 0"
        " and transaction_status = 'failed')",
        source="payments",
        good="down",
        filters=_TRIED,
    ),
    _share(
        "payment_failure_ratio",
        "Payment failure rate",
        "Payments whose last try failed and that were not paid since, as a share of the payments tried.",
        "failed_payments_count",
        "payments_count",
        of="payments",
        filters=_TRIED,
    ),
    _metric(
        "payment_attempts_count",
        "Payment attempts",
        "Times that a provider was asked to charge, on the day the payment was begun; a payment of several"
        " shops counts in that of its first order.",
        formula="sum of attempts_count",
        expression="sum(attempts_count) filter (where is_first_order_of_payment)",
        source="payments",
    ),
    _metric(
        "failed_payment_attempts_count",
        "Failed payment attempts",
        "Of the payment attempts, those that failed, also where a later one succeeded.",
        formula="sum of failed_attempts_count",
        expression="sum(failed_attempts_count) filter (where is_first_order_of_payment)",
        source="payments",
        good="down",
    ),
    _share(
        "payment_attempt_failure_ratio",
        "Payment attempts failed (share)",
        "Payment attempts that failed, also where a later one succeeded, as a share of all attempts.",
        "failed_payment_attempts_count",
        "payment_attempts_count",
        of="payments",
    ),
)

_RETURNS = (
    _metric(
        "return_requests_count",
        "Returns asked for",
        "Different returns by the day they were asked for, whatever became of them.",
        formula="different order_return_id",
        expression="count(distinct order_return_id)",
        source="return_requests",
        good="down",
    ),
    _metric(
        "return_requested_units",
        "Units asked back",
        "Units of the returns asked for, whatever became of them.",
        formula="sum of units",
        expression="sum(units)",
        source="return_requests",
        unit="units",
        good="down",
    ),
    _metric(
        "restocked_units",
        "Units restocked",
        "Units that came back and went on sale again, by the day the return was asked for.",
        formula="sum of returned_units with disposition restocked",
        expression="sum(returned_units) filter (where disposition = 'restocked')",
        source="return_requests",
        unit="units",
    ),
    _metric(
        "written_off_units",
        "Units written off",
        "Units that came back and can't be sold, by the day the return was asked for.",
        formula="sum of returned_units with disposition written_off",
        expression="sum(returned_units) filter (where disposition = 'written_off')",
        source="return_requests",
        unit="units",
        good="down",
    ),
)

_CARTS = (
    _metric(
        "carts_count",
        "Carts",
        "Different carts with something in them, by the day they were begun; merged ones count once.",
        formula="different cart_id",
        expression="count(distinct cart_id) filter (where is_all_kept)",
        source="carts",
        filters=_KEPT,
    ),
    _metric(
        "converted_carts_count",
        "Carts ordered",
        "Carts begun in the period that became orders.",
        formula="different cart_id with cart_status converted",
        expression="count(distinct cart_id) filter (where is_all_kept and cart_status = 'converted')",
        source="carts",
        good="up",
        filters=_KEPT,
    ),
    _metric(
        "abandoned_carts_count",
        "Carts abandoned",
        "Carts begun in the period that were left and not ordered since.",
        formula="different cart_id with cart_status abandoned",
        expression="count(distinct cart_id) filter (where is_all_kept and cart_status = 'abandoned')",
        source="carts",
        good="down",
        filters=_KEPT,
    ),
    _metric(
        "abandoned_carts_value_amount",
        "Value left in carts",
        "Units by price of the carts begun in the period that were left and not ordered since, as priced"
        " (with tax where prices include it).",
        formula="sum of value_amount with cart_status abandoned",
        expression="sum(value_amount) filter (where is_all_kept and cart_status = 'abandoned')",
        source="carts",
        unit="money",
        shown_as="money",
        good="down",
        filters=_KEPT,
    ),
    _metric(
        "finished_carts_count",
        "Carts ordered or abandoned",
        "Carts begun in the period that were either ordered or left; those still in use are not finished.",
        formula="different cart_id with cart_status converted or abandoned",
        expression="count(distinct cart_id) filter (where is_all_kept"
        " and cart_status in ('converted', 'abandoned'))",
        source="carts",
        filters=_KEPT,
    ),
    _share(
        "cart_abandonment_ratio",
        "Cart abandonment rate",
        "Carts that were left, as a share of those begun in the period that were either ordered or left.",
        "abandoned_carts_count",
        "finished_carts_count",
        of="carts",
        filters=_KEPT,
    ),
    _metric(
        "average_abandoned_cart_value_amount",
        "Value of an abandoned cart",
        "Value left in carts by the carts that were left.",
        formula="abandoned_carts_value_amount / abandoned_carts_count",
        expression=amount_per("abandoned_carts_value_amount", "abandoned_carts_count"),
        needs=("abandoned_carts_value_amount", "abandoned_carts_count"),
        of="carts",
        unit="money",
        shown_as="money",
        filters=_KEPT,
    ),
)

_VIEWS = (
    _metric(
        "product_views_count",
        "Product views",
        "Times that products were looked at, by guests too; views are kept for 400 days (setting"
        " product_view_days).",
        formula="sum of views_count",
        expression="sum(views_count)",
        source="views",
        good="up",
    ),
    _metric(
        "timed_views_count",
        "Views with a duration",
        "Product views of which the storefront told how long they lasted.",
        formula="sum of timed_views_count",
        expression="sum(timed_views_count)",
        source="views",
    ),
    _metric(
        "view_seconds",
        "Seconds looked at",
        "Seconds that products were looked at, of the views with a duration.",
        formula="sum of duration_seconds",
        expression="sum(duration_seconds)",
        source="views",
        shown_as="decimal",
    ),
    _metric(
        "seconds_per_view",
        "Seconds per view",
        "Mean seconds of the views with a duration.",
        formula="view_seconds / timed_views_count",
        expression="view_seconds / nullif(timed_views_count, 0)",
        needs=("view_seconds", "timed_views_count"),
        of="views",
        shown_as="decimal",
    ),
    _metric(
        "units_per_100_views",
        "Units sold per 100 views",
        "Units ordered and not cancelled in the period per 100 views of products in it.",
        formula="100 * units / product_views_count",
        expression="100.0 * units / nullif(product_views_count, 0)",
        needs=("units", "product_views_count"),
        of="views",
        unit="units",
        shown_as="decimal",
        good="up",
    ),
    _share(
        "view_to_order_ratio",
        "Views that became orders",
        "Orders placed in the period by views of products in it: how many orders a view brings, not which.",
        "orders_count",
        "product_views_count",
        of="views",
        good="up",
    ),
)

METRICS = (*_RECEIPTS, *_PAYMENTS, *_RETURNS, *_CARTS, *_VIEWS)
