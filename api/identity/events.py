"""Events about a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from core.events.outbox import append_event


async def record_user_event(
    connection: AsyncConnection,
    company_id: UUID | None,
    user_id: UUID,
    type: str,
    payload: dict[str, Any],
) -> None:
    """Write an event about a person; what happens outside any company has no tenant to tell."""
    if company_id is not None:
        await append_event(
            connection,
            company_id=company_id,
            type=type,
            aggregate_type="user",
            aggregate_id=user_id,
            payload=payload,
            actor_user_id=user_id,
        )
