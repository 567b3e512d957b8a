"""Use cases of product views: record a batch, count it, forget it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import InvalidContent, Violation
from api.views import queries, rules
from api.views.errors import ViewsRefused
from api.views.schemas import RefusedView, ViewBatch, ViewsRecorded, ViewWrite
from core.events.outbox import append_event
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

MOST_TALLIES_AT_ONCE = 5_000
MOST_PURGED_AT_ONCE = 5_000
_SENTENCES = {
    "unknown_reference": "There is no such product.",
    "viewed_in_future": "The view lies in the future.",
    "viewed_too_long_ago": "The view is older than a week.",
}
_FIELDS = {"unknown_reference": "product_id"}


async def record_views(
    connection: AsyncConnection, batch: ViewBatch, *, caller: Caller, now: datetime
) -> ViewsRecorded:
    """Record what can be recorded of a batch, and name the rest; all refused is a refusal."""
    company_id = caller.require_company()
    if caller.customer_id is None and batch.session_id is None:
        raise InvalidContent("Name the guest's session.", pointer="/session_id")
    key = None if batch.session_id is None else rules.session_key(company_id, batch.session_id)
    refused = {
        place: reason
        for place, view in enumerate(batch.views)
        if (reason := rules.bad_time(view.viewed_at, now=now)) is not None
    }
    told = [
        {**view.model_dump(), "place": place, "viewed_at": min(view.viewed_at, now)}
        for place, view in enumerate(batch.views)
        if place not in refused
    ]
    recorded = await queries.record(
        connection,
        company_id,
        told,
        shop_id=caller.shop_id,
        customer_id=caller.customer_id,
        session_key=key,
    )
    faults = [
        _refusal(place, view, refused.get(place, "unknown_reference"))
        for place, view in enumerate(batch.views)
        if place not in recorded
    ]
    if not recorded:
        raise ViewsRefused(violations=[_violation(fault) for fault in faults])
    await _tell(connection, [batch.views[place] for place in sorted(recorded)], caller=caller, key=key)
    return ViewsRecorded(recorded_count=len(recorded), refused=faults)


async def count_views(database: Database) -> int:
    """Add what was recorded to the products' counts, in every company; return how many tallies."""
    async with transaction(database, company_id=None) as connection:
        company_ids = await queries.find_tallies(connection)
    counted = 0
    for company_id in company_ids:

        async def work(connection: AsyncConnection, company_id: UUID = company_id) -> int:
            return await queries.count(connection, company_id, limit=MOST_TALLIES_AT_ONCE)

        counted += await run_in_transaction(database, work, company_id=company_id)
    return counted


async def purge_views(database: Database, *, before: datetime) -> int:
    """Forget the views recorded before ``before``, of every company; return how many."""
    purged = 0
    while True:
        async with transaction(database, company_id=None) as connection:
            batch = await queries.purge(connection, before=before, limit=MOST_PURGED_AT_ONCE)
        purged += batch
        if batch < MOST_PURGED_AT_ONCE:
            return purged


def _refusal(place: int, view: ViewWrite, code: str) -> RefusedView:
    return RefusedView.model_validate(
        {"place": place, "product_id": view.product_id, "code": code, "detail": _SENTENCES[code]}
    )


def _violation(fault: RefusedView) -> Violation:
    field = _FIELDS.get(fault.code, "viewed_at")
    return Violation(f"/views/{fault.place}/{field}", fault.code, fault.detail)


async def _tell(
    connection: AsyncConnection, views: Sequence[ViewWrite], *, caller: Caller, key: str | None
) -> None:
    """Write one event for the batch: who looked, and how often at what."""
    counts = Counter(str(view.product_id) for view in views)
    await append_event(
        connection,
        company_id=caller.require_company(),
        type="product.viewed",
        aggregate_type="product_views",
        aggregate_id=new_id(),
        payload={
            "customer_id": None if caller.customer_id is None else str(caller.customer_id),
            "session_key": key,
            "shop_id": None if caller.shop_id is None else str(caller.shop_id),
            "products": [{"product_id": name, "view_count": count} for name, count in counts.items()],
        },
        actor_user_id=caller.user_id,
    )
