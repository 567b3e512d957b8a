"""SQL of the buyers' decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from api.planning.tables import plan_decisions

# A decision is known to a build if it committed before the build's horizon. Its time is its transaction's
# start, and such a transaction ends within seconds: a minute's margin counts none as known that is not.
_MARGIN = timedelta(minutes=1)

_DECISIONS = sa.text(
    """
    select distinct on (decision.variant_id, decision.location_id)
        decision.variant_id, decision.location_id, decision.decision, decision.decided_units,
        decision.restock_order_id, decision.decided_at, restock_orders.restock_number
    from plan_decisions as decision
    left join restock_orders
        on decision.company_id = restock_orders.company_id and decision.restock_order_id = restock_orders.id
    where decision.variant_id = any(:variant_ids)
    and (decision.plan_run_id = :plan_run_id or decision.decided_at > :since)
    and restock_orders.cancelled_at is null
    order by decision.variant_id, decision.location_id, decision.decided_at desc
    """
)


async def decisions_since(
    connection: AsyncConnection, variant_ids: Sequence[UUID], *, plan_run_id: str, horizon_at: datetime
) -> dict[tuple[UUID, UUID], sa.RowMapping]:
    """Return the newest decision per (variant, location) that the build's numbers can't know yet.

    An order that was cancelled again leaves its item open for another decision.
    """
    parameters = {
        "variant_ids": list(variant_ids),
        "plan_run_id": plan_run_id,
        "since": horizon_at - _MARGIN,
    }
    rows = (await connection.execute(_DECISIONS, parameters)).mappings().all()
    return {(row["variant_id"], row["location_id"]): row for row in rows}


async def lock_items(connection: AsyncConnection, items: Sequence[tuple[UUID, UUID]]) -> None:
    """Take the decision on these (variant, location) pairs for this transaction, always in one order.

    Two buyers who approve overlapping lists at once queue here, and the second sees the first's decision.
    """
    keys = sorted({f"{variant_id}|{location_id}" for variant_id, location_id in items})
    await connection.execute(
        sa.text(
            """
            select pg_advisory_xact_lock(hashtextextended('plan_decision|' || item, 0))
            from unnest(cast(:keys as text[])) with ordinality as keys (item, place) order by place
            """
        ),
        {"keys": keys},
    )


async def insert_decisions(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write decisions; a run's proposal that was decided and whose order was cancelled is decided anew."""
    insert = postgresql.insert(plan_decisions)
    statement = insert.on_conflict_do_update(
        index_elements=["company_id", "plan_run_id", "variant_id", "location_id", "supplier_id"],
        set_={
            name: insert.excluded[name]
            for name in (
                "decision",
                "decided_units",
                "reason",
                "restock_order_id",
                "decided_by",
                "decided_at",
            )
        },
    )
    await connection.execute(statement, list(rows))
