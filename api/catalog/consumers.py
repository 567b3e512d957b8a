"""What the catalogue does about other domains' events: products count the units that were sold."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.events.outbox import first_payload
from core.events.relay import Consumer, Event

ORDER_CREATED = "order.created"
ORDER_CANCELLED = "order.cancelled"

# Products are locked by id, so that counters of orders with the same goods never wait in a circle.
_COUNT = sa.text(
    """
    with sold as (
        select variants.product_id, sum(line.units)::integer as units
        from unnest(cast(:variant_ids as uuid[]), cast(:units as integer[])) as line (variant_id, units)
        inner join variants on variants.company_id = :company_id and variants.id = line.variant_id
        group by variants.product_id
    ),

    locked as materialized (
        select products.id, sold.units
        from products
        inner join sold on products.company_id = :company_id and products.id = sold.product_id
        order by products.id
        for update of products
    )

    update products set sold_units = greatest(0, products.sold_units + locked.units)
    from locked
    where products.company_id = :company_id and products.id = locked.id
    """
)


async def count_sold_units(connection: AsyncConnection, event: Event) -> None:
    """Add the units of a placed order to its products; a cancelled order takes its own away again."""
    if event.type == ORDER_CREATED:
        await _count(connection, event.company_id, event.payload["lines"], sign=1)
        return
    created = await first_payload(
        connection, company_id=event.company_id, aggregate_id=event.aggregate_id, type=ORDER_CREATED
    )
    if created is not None:
        await _count(connection, event.company_id, created["lines"], sign=-1)


SOLD_UNITS = Consumer(
    name="catalog.sold_units",
    event_types=frozenset({ORDER_CREATED, ORDER_CANCELLED}),
    handle=count_sold_units,
)
CONSUMERS = (SOLD_UNITS,)


async def _count(
    connection: AsyncConnection, company_id: UUID, lines: Iterable[Mapping[str, Any]], *, sign: int
) -> None:
    counted = [(str(line["variant_id"]), sign * int(line["quantity_units"])) for line in lines]
    await connection.execute(
        _COUNT,
        {
            "company_id": company_id,
            "variant_ids": [variant_id for variant_id, _ in counted],
            "units": [units for _, units in counted],
        },
    )
