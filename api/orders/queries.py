"""SQL of orders, except their placement (``placement.sql``) and their lines (`api.orders.lines`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import GuestProof
from api.orders.tables import order_cancellation_lines, order_cancellations, order_lines, orders
from api.rows import one_row

Row = Mapping[str, Any]

_WITH_PARCEL = sa.text(
    "exists (select from shipments where shipments.company_id = orders.company_id"
    " and shipments.order_id = orders.id and shipments.tracking_number = :tracking_number)"
)
_BOUGHT_IN_SESSION = sa.text(
    "exists (select from checkouts where checkouts.company_id = orders.company_id"
    " and checkouts.id = orders.checkout_id and checkouts.session_sha256 = :session_sha256)"
)


@dataclass(frozen=True)
class OrderFilter:
    """Which orders a reader may see and wants to see; None: no limit."""

    reachable_shop_ids: Collection[UUID] | None = None
    own_customer_id: UUID | None = None
    guest_proof: GuestProof | None = None
    shop_id: UUID | None = None
    customer_id: UUID | None = None
    status: str | None = None
    payment_status: str | None = None
    order_number: str | None = None
    tracking_number: str | None = None
    variant_id: UUID | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Write the filter in SQL."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.reachable_shop_ids is not None:
            conditions.append(orders.c.shop_id.in_(self.reachable_shop_ids))
        if self.guest_proof is not None:
            conditions += _is_guest_s(self.guest_proof)
        if self.placed_from is not None:
            conditions.append(orders.c.placed_at >= self.placed_from)
        if self.placed_until is not None:
            conditions.append(orders.c.placed_at < self.placed_until)
        equal = {
            orders.c.customer_id: (self.own_customer_id, self.customer_id),
            orders.c.shop_id: (self.shop_id,),
            orders.c.status: (self.status,),
            orders.c.payment_status: (self.payment_status,),
            orders.c.order_number: (self.order_number,),
        }
        for column, values in equal.items():
            conditions += [column == value for value in values if value is not None]
        if self.tracking_number is not None:
            with_parcel = _WITH_PARCEL.bindparams(tracking_number=self.tracking_number)
            conditions.append(cast("sa.ColumnElement[bool]", with_parcel))
        if self.variant_id is not None:
            of_variant = sa.select(order_lines.c.order_id).where(
                order_lines.c.company_id == orders.c.company_id,
                order_lines.c.order_id == orders.c.id,
                order_lines.c.variant_id == self.variant_id,
            )
            conditions.append(of_variant.exists())
        return conditions


async def list_orders(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: OrderFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return orders, newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(orders)
        .where(orders.c.company_id == company_id, *wanted.conditions())
        .order_by(orders.c.placed_at.desc(), orders.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(orders.c.placed_at, orders.c.id) < sa.tuple_(*after))
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def find_order(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, wanted: OrderFilter
) -> Row | None:
    """Return an order without its lines, if the filter lets it through."""
    found = sa.select(orders).where(
        orders.c.company_id == company_id, orders.c.id == order_id, *wanted.conditions()
    )
    return one_row(await connection.execute(found))


async def find_numbered_order(
    connection: AsyncConnection, company_id: UUID, order_number: str, wanted: OrderFilter
) -> Row | None:
    """Return an order without its lines by its number, if the filter lets it through."""
    found = sa.select(orders).where(
        orders.c.company_id == company_id, orders.c.order_number == order_number, *wanted.conditions()
    )
    return one_row(await connection.execute(found))


async def lock_order(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, wanted: OrderFilter
) -> Row | None:
    """Return an order that nobody else changes until this transaction ends."""
    statement = (
        sa.select(orders)
        .where(orders.c.company_id == company_id, orders.c.id == order_id, *wanted.conditions())
        .with_for_update()
    )
    return one_row(await connection.execute(statement))


async def update_order(connection: AsyncConnection, order: Row, **values: Any) -> None:
    """Write columns of a locked order."""
    await connection.execute(
        sa.update(orders)
        .where(orders.c.company_id == order["company_id"], orders.c.id == order["id"])
        .values(**values)
    )


async def insert_cancellation(
    connection: AsyncConnection, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> None:
    """Write a cancellation with its lines."""
    await connection.execute(sa.insert(order_cancellations).values(**values))
    if lines:
        await connection.execute(sa.insert(order_cancellation_lines).values(list(lines)))


async def order_amounts(
    connection: AsyncConnection, company_id: UUID, order_ids: Collection[UUID]
) -> Sequence[Row]:
    """Return what orders cost and how much of it was cancelled, by id."""
    cancelled = (
        sa.select(sa.func.coalesce(sa.func.sum(order_cancellations.c.total_amount), 0))
        .where(
            order_cancellations.c.company_id == orders.c.company_id,
            order_cancellations.c.order_id == orders.c.id,
        )
        .scalar_subquery()
    )
    statement = (
        sa.select(orders, cancelled.label("cancelled_amount"))
        .where(orders.c.company_id == company_id, orders.c.id.in_(order_ids))
        .order_by(orders.c.id)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def expired_order_ids(
    connection: AsyncConnection, company_id: UUID, *, at: datetime, limit: int
) -> Sequence[UUID]:
    """Return pending orders that held their stock for longer than they may."""
    statement = (
        sa.select(orders.c.id)
        .where(
            orders.c.company_id == company_id,
            orders.c.status == "pending",
            orders.c.reservation_expires_at <= at,
        )
        .order_by(orders.c.reservation_expires_at, orders.c.id)
        .limit(limit)
    )
    return (await connection.execute(statement)).scalars().all()


async def find_companies_with_completable(connection: AsyncConnection, *, at: datetime) -> Sequence[UUID]:
    """Return the companies, of all, with delivered orders whose return window has passed."""
    statement = sa.text("select company_id from orders_find_completable(:at)")
    return (await connection.execute(statement, {"at": at})).scalars().all()


async def completable_order_ids(
    connection: AsyncConnection, company_id: UUID, *, delivered_until: datetime, limit: int
) -> Sequence[UUID]:
    """Return delivered orders that nothing of is on its way back, the oldest first."""
    statement = sa.text(
        "select id from orders where company_id = :company_id and status = 'delivered'"
        " and delivered_at <= :delivered_until and not exists ("
        " select from order_returns where order_returns.company_id = orders.company_id"
        " and order_returns.order_id = orders.id and order_returns.status in ('requested', 'approved'))"
        " order by delivered_at, id limit :limit"
    )
    values = {"company_id": company_id, "delivered_until": delivered_until, "limit": limit}
    return (await connection.execute(statement, values)).scalars().all()


def _is_guest_s(proof: GuestProof) -> list[sa.ColumnElement[bool]]:
    """Compare an order with what a guest shows: either is enough.

    An address, which others may know, opens orders of the storefront's own shop; a token, which nobody can
    guess, all that were bought with its cart. An order of a customer, of staff or of an import never opens
    this way, nor one whose buyer was erased and that has no address any more.
    """
    shown: list[sa.ColumnElement[bool]] = []
    if proof.email is not None:
        by_address = sa.func.lower(orders.c.email) == sa.func.lower(proof.email)
        shown.append(sa.and_(orders.c.shop_id == proof.shop_id, by_address))
    if proof.session_sha256 is not None:
        in_session = _BOUGHT_IN_SESSION.bindparams(session_sha256=proof.session_sha256)
        shown.append(cast("sa.ColumnElement[bool]", in_session))
    return [
        orders.c.placed_by == "guest",
        orders.c.customer_id.is_(None),
        orders.c.email.is_not(None),
        sa.or_(sa.false(), *shown),
    ]
