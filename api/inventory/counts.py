"""Cycle counts: a sheet is opened, units are counted while the shop goes on selling, and the sheet is closed.

What is counted is compared with what was on hand at the instant when it was entered, under the level's lock;
the difference is posted when the sheet is closed, as a ledger row of reason ``count``. So what came and went
before the entry is in the count, and what comes and goes after it stays as it was posted: no movement
meanwhile is counted twice or lost. Counting a variant again replaces its entry and its comparison. A variant
is on one open sheet of a location at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import IllegalTransition, InvalidContent, NotFound, UnknownReference, Violation
from api.inventory import count_queries, queries
from api.inventory.count_schemas import CountCreate, CountEntry, CountRead
from api.inventory.errors import CountIncomplete, CountOpen
from api.inventory.ledger import Movement, lock_levels, move_stock
from core.events.outbox import append_event
from core.ids import new_id

Row = sa.RowMapping
_MOST_LINES = 5000


async def open_count(
    connection: AsyncConnection, wanted: CountCreate, *, caller: Caller, now: datetime
) -> CountRead:
    """Open a sheet of the location's variants, or of those that are named.

    Raises
    ------
    CountOpen
        If some of them are on another open sheet of the location.
    """
    company_id = caller.require_company()
    if not await queries.exists_location(
        connection, company_id, wanted.location_id, shop_ids=caller.reachable_shop_ids
    ):
        raise UnknownReference("There is no such location.", pointer="/location_id")
    if wanted.variant_ids is None:
        variant_ids = await count_queries.variants_at(
            connection, company_id, wanted.location_id, limit=_MOST_LINES + 1
        )
        if len(variant_ids) > _MOST_LINES:
            raise InvalidContent(
                f"The location has more than {_MOST_LINES} variants: name those of this sheet.",
                pointer="/variant_ids",
            )
    else:
        variant_ids = list(dict.fromkeys(wanted.variant_ids))
        await _require_variants(connection, company_id, variant_ids, "/variant_ids/{}", wanted.variant_ids)
    count_id = new_id()
    await count_queries.insert_count(
        connection,
        {
            "company_id": company_id,
            "id": count_id,
            "count_number": await queries.next_document_number(connection, "CT", company_id, now),
            "location_id": wanted.location_id,
            "is_blind": wanted.is_blind,
            "note": wanted.note,
            "opened_by": caller.user_id,
        },
    )
    await _add_lines(connection, company_id, count_id, wanted.location_id, variant_ids)
    await _tell(connection, caller, count_id, "opened")
    return await read_count(connection, count_id, caller=caller)


async def read_count(connection: AsyncConnection, count_id: UUID, *, caller: Caller) -> CountRead:
    """Return a sheet of a location within the caller's reach; blind while it is open, if it is so."""
    count = await count_queries.get_count(
        connection, caller.require_company(), count_id, shop_ids=caller.reachable_shop_ids
    )
    if count is None:
        raise NotFound
    lines = await count_queries.lines_of(connection, count["company_id"], count_id)
    is_hidden = count["is_blind"] and count["status"] == "open"
    return CountRead.model_validate({**count, "lines": [_line(row, is_hidden=is_hidden) for row in lines]})


async def enter(
    connection: AsyncConnection,
    count_id: UUID,
    entries: Sequence[CountEntry],
    *,
    caller: Caller,
    now: datetime,
) -> CountRead:
    """Enter what was counted, and what is on hand at this instant beside it; what was found is added."""
    count = await _lock_open(connection, count_id, caller=caller, next_status="open")
    company_id, location_id = count["company_id"], count["location_id"]
    counted = {entry.variant_id: entry.counted_units for entry in entries}
    if len(counted) < len(entries):
        raise InvalidContent("A variant is entered twice.", pointer="/entries")
    named = [entry.variant_id for entry in entries]
    await _require_variants(connection, company_id, named, "/entries/{}/variant_id", named)
    levels = await lock_levels(connection, company_id, [(location_id, one) for one in counted])
    known = {row["variant_id"] for row in await count_queries.lines_of(connection, company_id, count_id)}
    await _add_lines(
        connection, company_id, count_id, location_id, [one for one in counted if one not in known]
    )
    await count_queries.set_counted(
        connection,
        company_id,
        count_id,
        counted={
            variant_id: (units, levels[location_id, variant_id].on_hand_units)
            for variant_id, units in counted.items()
        },
        counted_by=caller.user_id,
        at=now,
    )
    return await read_count(connection, count_id, caller=caller)


async def close_count(
    connection: AsyncConnection, count_id: UUID, *, leave_uncounted: bool, caller: Caller, now: datetime
) -> CountRead:
    """Post the differences and close the sheet.

    Raises
    ------
    CountIncomplete
        If something is not counted, unless it may be left.
    InsufficientStock
        If fewer units are there than are promised; then those promises must be taken back first.
    """
    count = await _lock_open(connection, count_id, caller=caller, next_status="closed")
    company_id = count["company_id"]
    lines = await count_queries.lines_of(connection, company_id, count_id)
    uncounted = [line["variant_id"] for line in lines if line["counted_units"] is None]
    if uncounted and not leave_uncounted:
        raise CountIncomplete(
            extensions={"variant_ids": uncounted[:100], "uncounted_variants": len(uncounted)}
        )
    await move_stock(
        connection,
        company_id=company_id,
        movements=[
            Movement(
                location_id=count["location_id"],
                variant_id=line["variant_id"],
                delta_units=line["counted_units"] - line["on_hand_when_counted_units"],
                reason="count",
                reference_type="count",
                reference_id=count_id,
            )
            for line in lines
            if line["counted_units"] != line["on_hand_when_counted_units"]
        ],
        actor_user_id=caller.user_id,
        occurred_at=now,
    )
    await _end(connection, count, "closed", caller=caller, now=now)
    return await read_count(connection, count_id, caller=caller)


async def cancel_count(
    connection: AsyncConnection, count_id: UUID, *, caller: Caller, now: datetime
) -> CountRead:
    """Throw a sheet away; stock stays as it is."""
    count = await _lock_open(connection, count_id, caller=caller, next_status="cancelled")
    await _end(connection, count, "cancelled", caller=caller, now=now)
    return await read_count(connection, count_id, caller=caller)


def _line(row: Row, *, is_hidden: bool) -> dict[str, Any]:
    counted, on_hand = row["counted_units"], row["on_hand_when_counted_units"]
    difference = None if counted is None else counted - on_hand
    hidden: dict[str, Any] = dict.fromkeys(
        ("expected_units", "on_hand_when_counted_units", "difference_units"), None
    )
    return {**row, "difference_units": difference} | (hidden if is_hidden else {})


async def _add_lines(
    connection: AsyncConnection,
    company_id: UUID,
    count_id: UUID,
    location_id: UUID,
    variant_ids: Sequence[UUID],
) -> None:
    taken = await count_queries.insert_lines(connection, company_id, count_id, location_id, variant_ids)
    if taken:
        raise CountOpen(extensions={"variant_ids": taken[:100]})


async def _require_variants(
    connection: AsyncConnection,
    company_id: UUID,
    variant_ids: Sequence[UUID],
    pointer: str,
    named: Sequence[UUID],
) -> None:
    unknown = await queries.unknown_variants(connection, company_id, variant_ids)
    if unknown:
        text = "There is no such variant."
        raise UnknownReference(
            text,
            violations=[
                Violation(pointer.format(index), UnknownReference.code, text)
                for index, one in enumerate(named)
                if one in unknown
            ],
        )


async def _lock_open(connection: AsyncConnection, count_id: UUID, *, caller: Caller, next_status: str) -> Row:
    count = await count_queries.get_count(
        connection, caller.require_company(), count_id, shop_ids=caller.reachable_shop_ids, lock=True
    )
    if count is None:
        raise NotFound
    if count["status"] != "open":
        raise IllegalTransition.between(count["status"], next_status)
    return count


async def _end(
    connection: AsyncConnection, count: Row, status: str, *, caller: Caller, now: datetime
) -> None:
    await count_queries.end_count(
        connection, count["company_id"], count["id"], status=status, closed_by=caller.user_id, at=now
    )
    await _tell(connection, caller, count["id"], status)


async def _tell(connection: AsyncConnection, caller: Caller, count_id: UUID, what: str) -> None:
    await append_event(
        connection,
        company_id=caller.require_company(),
        type=f"stock_count.{what}",
        aggregate_type="stock_count",
        aggregate_id=count_id,
        payload={"count_id": str(count_id)},
        actor_user_id=caller.user_id,
    )
