"""What the worker does for reports: make those that wait, remove the files that were kept long enough.

A report is claimed for some minutes. A worker that is killed leaves it claimed, and another one takes it
then; after some tries it is failed. A file is stored under a name of its try, whole or not at all, and only
then its row says that it succeeded.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import ApiError, Forbidden, ServiceUnavailable
from api.identity.rules import grant_for
from api.identity.service import living_person
from api.media.storage import open_store
from api.permissions import load_permissions, route_key
from api.published import read_snapshot
from api.reports import queries, rules
from api.reports.schemas import QuestionWrite
from api.reports.service import ADDRESS, Order, finished, made, storage_key
from core.failpoints import reach
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction
from core.reports.asking import MOST_ROWS
from core.settings import Settings
from core.time import Clock

MOST_FILES_AT_ONCE: Final = 500
MOST_REPORTS_AT_ONCE: Final = 20
_INTERRUPTED = "The report was begun several times and could not be ended. Narrow it, or try again later."
log = structlog.get_logger(__name__)


async def see_to_reports(database: Database, settings: Settings, *, clock: Clock) -> int:
    """Make reports that wait and remove old files, of every company; return how many."""
    async with transaction(database, company_id=None) as connection:
        company_ids = await queries.find_due(connection, at=clock())
    done = 0
    for company_id in company_ids:
        for _ in range(MOST_REPORTS_AT_ONCE):
            run = await _claim(database, company_id, at=clock())
            if run is None:
                break
            done += await _make(database, settings, run, clock=clock)
        done += await _remove_expired(database, settings, company_id, at=clock())
    return done


async def _claim(database: Database, company_id: UUID, *, at: datetime) -> queries.Row | None:
    async def work(connection: AsyncConnection) -> queries.Row | None:
        return await queries.claim_run(connection, company_id, at=at, until=at + rules.CLAIM)

    return await run_in_transaction(database, work, company_id=company_id)


async def _make(database: Database, settings: Settings, run: queries.Row, *, clock: Clock) -> bool:
    """Make one report; a refusal is its end, and what breaks on the way is tried again."""
    try:
        if run["tries"] > rules.MOST_TRIES:
            values = _failed("report_interrupted", _INTERRUPTED, clock)
        else:
            values = await _made(database, settings, run, clock=clock)
    except ServiceUnavailable:
        raise  # it is tried again when its claim is over
    except ApiError as refusal:
        log.warning("report_failed", report_id=str(run["id"]), code=refusal.code)
        values = _failed(refusal.code, refusal.detail, clock)

    async def work(connection: AsyncConnection) -> bool:
        return await queries.finish_run(connection, run, values)

    is_ours = await run_in_transaction(database, work, company_id=run["company_id"])
    store, order = open_store(settings), _order_of(run)
    left = [storage_key(order, f"{run['id']}-{number}") for number in range(1, run["tries"])]
    if not is_ours and "storage_key" in values:
        left.append(values["storage_key"])
    for key in left:  # what tries that were killed had stored
        await store.remove(key)
    return is_ours


def _failed(code: str, detail: str, clock: Clock) -> dict[str, Any]:
    return {"status": "failed", "error_code": code, "error_detail": detail, "finished_at": clock()}


async def _made(database: Database, settings: Settings, run: queries.Row, *, clock: Clock) -> dict[str, Any]:
    shop_ids = rules.common_reach(run["shop_ids"], await _reach_now(database, run))
    order = replace(_order_of(run), shop_ids=shop_ids)
    now = clock()
    report, content = await read_snapshot(
        settings, order.company_id, lambda snapshot: made(snapshot, order, now=now, most_rows=MOST_ROWS)
    )
    key = storage_key(order, f"{run['id']}-{run['tries']}")
    await open_store(settings).save(key, content)
    reach("report_saved", settings)
    return finished(report, content, key=key, now=clock(), settings=settings) | {"shop_ids": order.shop_ids}


def _order_of(run: queries.Row) -> Order:
    return Order(
        company_id=run["company_id"],
        title=run["title"],
        question=QuestionWrite.model_validate(run["question"]),
        format=run["format"],
        shop_ids=run["shop_ids"],
        definition_id=run["definition_id"],
    )


async def _reach_now(database: Database, run: queries.Row) -> frozenset[UUID] | None:
    """Return the shops that whoever asked reaches by now; None: the whole company.

    Raises
    ------
    Forbidden
        If they may not make reports here any more.
    """
    user_id, company_id = run["requested_by"], run["company_id"]
    async with transaction(database, company_id=company_id, user_id=user_id) as connection:
        person = await living_person(connection, user_id)
    grant = grant_for(person, company_id=company_id, customer_id=None, session_id=new_id())
    scope = load_permissions()[route_key("POST", ADDRESS)].scope_for(grant.roles)
    if scope is None:
        raise Forbidden("Whoever asked for this report may not make it any more.")
    caller = Caller(kind="person", scope=scope, roles=grant.roles, shop_ids=grant.shop_ids)
    return caller.reachable_shop_ids


async def _remove_expired(database: Database, settings: Settings, company_id: UUID, *, at: datetime) -> int:
    """Remove the files whose time is over; what is interrupted between file and row is done again."""
    async with transaction(database, company_id=company_id) as connection:
        expired = await queries.expired_files(connection, company_id, at=at, limit=MOST_FILES_AT_ONCE)
    store = open_store(settings)
    for row in expired:
        await store.remove(row["storage_key"])
        async with transaction(database, company_id=company_id) as connection:
            await queries.mark_expired(connection, company_id, row["id"])
    return len(expired)
