"""Supply: what suppliers were asked for, what came, when, and how late."""

from __future__ import annotations

from core.metrics.metric import Source
from core.metrics.subject import Subject

_WHO = {"supplier": "supplier_id", "location": "location_id", "variant": "variant_id"}
_GRAIN = "company, restock order line, receipt"

# One table by two days: what came in a period, and what became of what was ordered in it.
SOURCES = (
    Source("purchase_receipts", "srv_purchase_receipts", "received_date", _WHO),
    Source("purchase_orders", "srv_purchase_receipts", "sent_date", _WHO),
    Source("purchases_open", "srv_purchase_receipts", None, _WHO),
)

_RECEIPTS = Subject(
    "purchase_receipts",
    grain=_GRAIN,
    time="received_date: day of the receipt, company time zone",
    unit="units",
)
_ORDERED = Subject(
    "purchase_orders",
    grain=_GRAIN,
    time="sent_date: day the restock order was sent, company time zone",
    unit="units",
)
_OPEN = Subject("purchases_open", grain=_GRAIN, time="state at the build's horizon", unit="units")

METRICS = (
    _RECEIPTS.sum(
        "purchased_units", "Units bought",
        "Units received on restock orders, on the day they came.",
        "received_units",
    ),
    _RECEIPTS.sum(
        "purchased_amount", "Purchases",
        "Cost of the units received, on the day they came, in the company's currency at the order's exchange"
        " rate; without tax and freight.",
        "received_amount", unit="money",
    ),
    _RECEIPTS.measure(
        "receipts_count", "Receipts",
        "Receipts of restock order lines; a line that came in parts counts once for each.",
        "count(received_date)", unit="count",
    ),
    _RECEIPTS.measure(
        "lead_time_days", "Lead time",
        "Mean calendar days from the day an order was sent to the day of each receipt; what is still open is"
        " not in it.",
        "avg(lead_time_days)", unit="days", shown_as="days", good="down",
    ),
    _RECEIPTS.measure(
        "expected_receipts_count", "Receipts with an expected day",
        "Receipts of lines for which a day of delivery was expected.",
        "count(case when received_date is not null then is_late end)", unit="count",
    ),
    _RECEIPTS.measure(
        "punctual_receipts_count", "Receipts on time",
        "Receipts on the expected day or before.",
        "count(case when received_date is not null and not is_late then 1 end)", unit="count", good="up",
    ),
    _RECEIPTS.share(
        "on_time_ratio", "On time",
        "Share of the receipts with an expected day that came on it or before.",
        "punctual_receipts_count", "expected_receipts_count", good="up",
    ),
    _ORDERED.sum(
        "delivered_units", "Units delivered of those ordered",
        "Of the restock orders sent in the period, the units that have come, whenever they came.",
        "received_units",
    ),
    _ORDERED.sum(
        "undelivered_units", "Units given up",
        "Of the restock orders sent in the period, the units that will not come: closed short or cancelled.",
        "cancelled_units", good="down",
    ),
    _ORDERED.measure(
        "supplier_fill_ratio", "Delivered in full",
        "Share of the units ordered in the period that came, of those that came or were given up; what is"
        " still open is not judged.",
        "delivered_units / nullif(delivered_units + undelivered_units, 0)",
        formula="delivered_units / (delivered_units + undelivered_units)",
        needs=("delivered_units", "undelivered_units"), unit="ratio", good="up",
    ),
    _OPEN.measure(
        "open_purchase_units", "Units on order",
        "Units still to come of restock orders that were sent, at the build's horizon.",
        "sum(case when sent_date is not null then open_units else 0 end)",
    ),
    _OPEN.measure(
        "late_open_units", "Units overdue",
        "Units still to come after the day they were expected, at the build's horizon.",
        "sum(case when is_late then open_units else 0 end)", good="down",
    ),
)  # fmt: skip
