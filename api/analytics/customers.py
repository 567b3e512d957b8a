"""The customers' report: who buys, who comes back, what they are worth; names come from PostgreSQL alone."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.access import Caller
from api.analytics.customer_schemas import CustomersRead, Segment
from api.analytics.service import Question, head, period_of, require_known, shops_of
from api.analytics.visit import RESPONSES, CurrentVisit, From, Limit, Shop, To
from api.dependencies import AppDatabase
from api.identity.customer_names import customer_names
from api.published import mark_version, read_snapshot
from core.metrics import customers as figures
from core.metrics.ask import Filters, ask
from core.metrics.period import Period
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.published import Snapshot

BUYERS = (
    "customers_count", "new_customers_count", "returning_customers_count", "new_customers_ratio",
    "repeat_rate_ratio", "customer_orders_count", "orders_per_customer", "customer_net_sales_amount",
    "net_sales_per_customer_amount",
)  # fmt: skip
BUCKETS = (
    "customers_count", "new_customers_count", "returning_customers_count", "new_customer_net_sales_amount",
    "returning_customer_net_sales_amount",
)  # fmt: skip
VALUES = (
    "valued_customers_count", "lifetime_value_amount", "expected_value_amount",
    "average_lifetime_value_amount",
)  # fmt: skip
# Who may read customers by name: they administer the company's people, and erase them.
_NAMING_ROLES = frozenset({"company_admin", "super_admin"})
Bucket = Literal["day", "week", "month"]

router = APIRouter(prefix="/analytics", tags=["analytics"])


@dataclass(frozen=True)
class OfCustomers:
    """What the report is narrowed to beside days and shops, and how long its lists are."""

    segment: Segment | None
    by: Bucket
    limit: int

    def filters(self, question: Question) -> Filters:
        segments = None if self.segment is None else (self.segment,)
        return Filters(shop_ids=question.shop_ids, customer_segments=segments)


@router.get("/customers", response_model=CustomersRead, responses=RESPONSES)
async def read_customers(
    visit: CurrentVisit,
    database: AppDatabase,
    first_date: From = None,
    last_date: To = None,
    shop_id: Shop = None,
    segment: Annotated[Segment | None, Query(description="Customers of one segment")] = None,
    by: Annotated[Bucket, Query(description="Buckets of the period")] = "day",
    limit: Limit = 20,
) -> Any:
    """New and returning customers of a period, cohorts, segments, lifetime values, products bought together.

    Without dates, the last 28 days of the data. Shop roles see their shops' orders; lifetime values, best
    customers and pairs are of the whole company and come without ``shop_id``. ``segment`` narrows totals,
    buckets, lifetime values and best customers.
    """
    wanted = None if shop_id is None else str(shop_id)
    question = Question(
        first_date=first_date, last_date=last_date, shop_ids=shops_of(visit.caller, wanted), now=visit.now
    )
    narrowed = OfCustomers(segment, by, limit)

    def read(snapshot: Snapshot) -> dict[str, Any]:
        require_known(snapshot, shop_id=wanted, category_id=None)
        return customers_report(snapshot, question, narrowed)

    company_id = visit.caller.require_company()
    report = await read_snapshot(visit.settings, company_id, read)
    names = await _names(database, company_id, visit.caller, report)
    version = _version(visit.version(report["build"].build_id, company_id), names)
    if visit.known == f'"{version}"':
        return Response(status_code=304)
    mark_version(visit.response, version)
    return report


def customers_report(snapshot: Snapshot, question: Question, narrowed: OfCustomers) -> dict[str, Any]:
    """Answer the question from one snapshot, without names; each figure is the registry's."""
    period = period_of(snapshot, question)
    shops, filters = question.shop_ids, narrowed.filters(question)
    buyers = ask(snapshot, measures=BUYERS, period=period, filters=filters, compare="previous")
    return {
        **head(snapshot, question),
        "period": period,
        "totals": buyers.totals,
        "previous_period": buyers.previous_period,
        "previous_totals": buyers.previous_totals,
        "buckets": _buckets(snapshot, period, filters, narrowed.by),
        "retention": figures.retention(snapshot, period, shop_ids=shops),
        "cohorts": figures.cohorts(snapshot, shop_ids=shops),
        "segments": figures.rfm_segments(snapshot, shop_ids=shops),
        **(_NOTHING_OF_COMPANY if shops is not None else _of_company(snapshot, narrowed)),
    }


_NOTHING_OF_COMPANY = dict.fromkeys(("lifetime_value", "best_customers", "basket_pairs"))


def _of_company(snapshot: Snapshot, narrowed: OfCustomers) -> dict[str, Any]:
    best = figures.top_customers(snapshot, segment=narrowed.segment, limit=narrowed.limit)
    return {
        "lifetime_value": _lifetime_value(snapshot, narrowed.segment),
        "best_customers": [{**row, "name": None} for row in best],
        "basket_pairs": figures.basket_pairs(snapshot, limit=narrowed.limit),
    }


def _buckets(snapshot: Snapshot, period: Period, filters: Filters, by: Bucket) -> list[dict[str, Any]]:
    answer = ask(snapshot, measures=BUCKETS, dimensions=(by,), period=period, filters=filters)
    return [{"first_date": row[by], **row} for row in answer.rows]


def _lifetime_value(snapshot: Snapshot, segment: str | None) -> dict[str, Any]:
    filters = Filters(customer_segments=None if segment is None else (segment,))
    model = figures.value_model(snapshot)
    return {
        **ask(snapshot, measures=VALUES, period=None, filters=filters).totals,
        "model_name": model[0] if model else None,
        "training_end_date": model[1] if model else None,
        "groups": figures.clv(snapshot, segment=segment),
        "accuracy": figures.value_accuracy(snapshot),
    }


async def _names(
    database: Database, company_id: UUID, caller: Caller, report: dict[str, Any]
) -> dict[UUID, str]:
    """Put names to the best customers where the caller may read them; return those that were put."""
    best = report["best_customers"]
    if not best or not _NAMING_ROLES & caller.roles:
        return {}
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        names = await customer_names(connection, company_id, [UUID(row["customer_id"]) for row in best])
    for row in best:
        row["name"] = names.get(UUID(row["customer_id"]))
    return names


def _version(version: str, names: dict[UUID, str]) -> str:
    """Tell what was sent: the version of the figures, and the names, which are erased between builds."""
    if not names:
        return version
    told = sha256(repr(sorted(names.items())).encode()).hexdigest()
    return f"{version}.{told[:16]}"
