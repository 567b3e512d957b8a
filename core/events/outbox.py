"""Domain events: rows written in the transaction of the change that they tell of.

A change that rolls back leaves no event; one that commits leaves exactly one. `core.events.relay` delivers.
An event's type is ``<aggregate>.<past participle>``: ``order.created``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.events.tables import events
from core.ids import new_id


async def append_event(
    connection: AsyncConnection,
    *,
    company_id: UUID,
    type: str,
    aggregate_type: str,
    aggregate_id: UUID,
    payload: Mapping[str, Any],
    actor_user_id: UUID | None = None,
    request_id: str | None = None,
) -> UUID:
    """Write an event in the open transaction and return its id.

    ``payload`` must be JSON: ids and amounts as text. The aggregate's row is locked by the change itself,
    so the events of one aggregate are written in the order of its changes.
    """
    event_id = new_id()
    await connection.execute(
        events.insert().values(
            company_id=company_id,
            id=event_id,
            type=type,
            aggregate_type=aggregate_type,
            aggregate_id=aggregate_id,
            payload=dict(payload),
            actor_user_id=actor_user_id,
            request_id=request_id,
        )
    )
    return event_id


@dataclass(frozen=True)
class NewEvent:
    """An event that is not written yet; ``payload`` must be JSON."""

    type: str
    aggregate_type: str
    aggregate_id: UUID
    payload: Mapping[str, Any]


async def append_events(
    connection: AsyncConnection,
    wanted: Sequence[NewEvent],
    *,
    company_id: UUID,
    actor_user_id: UUID | None = None,
) -> None:
    """Write many events in the open transaction and in their order, in one statement."""
    if not wanted:
        return
    await connection.execute(
        events.insert().values(
            [
                {
                    "company_id": company_id,
                    "id": new_id(),
                    "type": event.type,
                    "aggregate_type": event.aggregate_type,
                    "aggregate_id": event.aggregate_id,
                    "payload": dict(event.payload),
                    "actor_user_id": actor_user_id,
                }
                for event in wanted
            ]
        )
    )


async def first_payload(
    connection: AsyncConnection, *, company_id: UUID, aggregate_id: UUID, type: str
) -> Mapping[str, Any] | None:
    """Return what the first event of a type told about an aggregate of the bound company."""
    query = (
        sa.select(events.c.payload)
        .where(
            events.c.company_id == company_id,
            events.c.aggregate_id == aggregate_id,
            events.c.type == type,
        )
        .order_by(events.c.sequence)
        .limit(1)
    )
    found: Mapping[str, Any] | None = await connection.scalar(query)
    return found
