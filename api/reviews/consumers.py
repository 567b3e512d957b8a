"""What reviews do about other domains' events: one written before the delivery becomes verified by it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders.purchases import list_received
from api.reviews import queries
from core.events.relay import Consumer, Event

ORDER_DELIVERED = "order.delivered"


async def verify_reviews(connection: AsyncConnection, event: Event) -> None:
    """Mark the customer's reviews of what the order brought as verified."""
    received = await list_received(connection, event.company_id, event.aggregate_id)
    if received:
        await queries.verify_purchases(
            connection,
            event.company_id,
            customer_id=received[0].customer_id,
            product_ids=[purchase.product_id for purchase in received],
            order_id=event.aggregate_id,
        )


VERIFIED = Consumer(
    name="reviews.verified_purchases", event_types=frozenset({ORDER_DELIVERED}), handle=verify_reviews
)
CONSUMERS = (VERIFIED,)
