"""Supply: what suppliers were asked for, what came, when, and how late."""

from __future__ import annotations

from core.metrics.metric import Format, GoodDirection, Metric, Source, Unit

_WHO = {"supplier": "supplier_id", "location": "location_id", "variant": "variant_id"}
_CAME = "received_date: day of the receipt, company time zone"
_SENT = "sent_date: day the restock order was sent, company time zone"

# One table by two days: what came in a period, and what became of what was ordered in it.
SOURCES = (
    Source("purchase_receipts", "srv_purchase_receipts", "received_date", _WHO),
    Source("purchase_orders", "srv_purchase_receipts", "sent_date", _WHO),
    Source("purchases_open", "srv_purchase_receipts", None, _WHO),
)


def _metric(
    name: str,
    title: str,
    definition: str,
    *,
    expression: str,
    formula: str = "",
    source: str = "purchase_receipts",
    unit: Unit = "units",
    shown_as: Format = "integer",
    good: GoodDirection = "none",
    needs: tuple[str, ...] = (),
) -> Metric:
    time = {"purchase_receipts": _CAME, "purchase_orders": _SENT}
    return Metric(
        name=name,
        title=title,
        definition=definition,
        formula=formula or expression,
        grain="company, restock order line, receipt",
        time_column=time.get(source, "state at the build's horizon"),
        unit=unit,
        format=shown_as,
        good_direction=good,
        source="" if needs else source,
        expression=expression,
        needs=needs,
    )


METRICS = (
    _metric(
        "purchased_units",
        "Units bought",
        "Units received on restock orders, on the day they came.",
        expression="sum(received_units)",
    ),
    _metric(
        "purchased_amount",
        "Purchases",
        "Cost of the units received, on the day they came, in the company's currency at the order's exchange"
        " rate; without tax and freight.",
        expression="sum(received_amount)",
        unit="money",
        shown_as="money",
    ),
    _metric(
        "receipts_count",
        "Receipts",
        "Receipts of restock order lines; a line that came in parts counts once for each.",
        expression="count(received_date)",
        unit="count",
    ),
    _metric(
        "lead_time_days",
        "Lead time",
        "Mean calendar days from the day an order was sent to the day of each receipt; what is still open is"
        " not in it.",
        expression="avg(lead_time_days)",
        unit="days",
        shown_as="days",
        good="down",
    ),
    _metric(
        "expected_receipts_count",
        "Receipts with an expected day",
        "Receipts of lines for which a day of delivery was expected.",
        expression="count(case when received_date is not null then is_late end)",
        unit="count",
    ),
    _metric(
        "punctual_receipts_count",
        "Receipts on time",
        "Receipts on the expected day or before.",
        expression="count(case when received_date is not null and not is_late then 1 end)",
        unit="count",
        good="up",
    ),
    _metric(
        "on_time_ratio",
        "On time",
        "Share of the receipts with an expected day that came on it or before.",
        expression="punctual_receipts_count / nullif(expected_receipts_count, 0)",
        needs=("punctual_receipts_count", "expected_receipts_count"),
        unit="ratio",
        shown_as="percent",
        good="up",
    ),
    _metric(
        "delivered_units",
        "Units delivered of those ordered",
        "Of the restock orders sent in the period, the units that have come, whenever they came.",
        expression="sum(received_units)",
        source="purchase_orders",
    ),
    _metric(
        "undelivered_units",
        "Units given up",
        "Of the restock orders sent in the period, the units that will not come: closed short or cancelled.",
        expression="sum(cancelled_units)",
        source="purchase_orders",
        good="down",
    ),
    _metric(
        "supplier_fill_ratio",
        "Delivered in full",
        "Share of the units ordered in the period that came, of those that came or were given up; what is"
        " still open is not judged.",
        expression="delivered_units / nullif(delivered_units + undelivered_units, 0)",
        needs=("delivered_units", "undelivered_units"),
        unit="ratio",
        shown_as="percent",
        good="up",
    ),
    _metric(
        "open_purchase_units",
        "Units on order",
        "Units still to come of restock orders that were sent, at the build's horizon.",
        expression="sum(case when sent_date is not null then open_units else 0 end)",
        source="purchases_open",
    ),
    _metric(
        "late_open_units",
        "Units overdue",
        "Units still to come after the day they were expected, at the build's horizon.",
        expression="sum(case when is_late then open_units else 0 end)",
        source="purchases_open",
        good="down",
    ),
)
