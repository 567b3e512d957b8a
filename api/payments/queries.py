"""SQL of payments, their allocations, history and refunds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from api.payments.rows import Row as Row
from api.payments.rows import all_rows, one_row
from api.payments.tables import (
    payment_allocations,
    payment_details,
    payment_history,
    payment_methods,
    payment_refunds,
    payments,
)
from core.ids import new_id

_NEXT_NUMBER = sa.text(
    "select document_number('TXN', nextval('transaction_number_seq'), :at, companies.timezone)"
    " from companies where companies.id = :company_id"
)


@dataclass(frozen=True)
class PaymentFilter:
    """Which payments a reader may see and wants to see; None: no limit."""

    reachable_shop_ids: Collection[UUID] | None = None
    own_customer_id: UUID | None = None
    is_guests_only: bool = False
    customer_id: UUID | None = None
    order_id: UUID | None = None
    checkout_id: UUID | None = None
    status: str | None = None
    payment_status: str | None = None
    provider: str | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Write the filter in SQL."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.reachable_shop_ids is not None:
            conditions.append(_has_allocation(payment_allocations.c.shop_id.in_(self.reachable_shop_ids)))
        if self.order_id is not None:
            conditions.append(_has_allocation(payment_allocations.c.order_id == self.order_id))
        if self.is_guests_only:
            conditions.append(payments.c.customer_id.is_(None))
        if self.created_from is not None:
            conditions.append(payments.c.created_at >= self.created_from)
        if self.created_until is not None:
            conditions.append(payments.c.created_at < self.created_until)
        equal = {
            payments.c.customer_id: (self.own_customer_id, self.customer_id),
            payments.c.checkout_id: (self.checkout_id,),
            payments.c.status: (self.status,),
            payments.c.payment_status: (self.payment_status,),
            payments.c.provider: (self.provider,),
        }
        for column, values in equal.items():
            conditions += [column == value for value in values if value is not None]
        return conditions


EVERY_PAYMENT = PaymentFilter()
_COLUMNS = (*payments.c, payment_methods.c.code.label("method_code"))
_JOINED = payments.join(
    payment_methods,
    sa.and_(
        payments.c.company_id == payment_methods.c.company_id,
        payments.c.payment_method_id == payment_methods.c.id,
    ),
)


async def find_payment(
    connection: AsyncConnection,
    company_id: UUID,
    payment_id: UUID,
    wanted: PaymentFilter = EVERY_PAYMENT,
    *,
    is_locked: bool = False,
) -> Row | None:
    """Return a payment; locked, nobody else changes it until this transaction ends."""
    statement = (
        sa.select(*_COLUMNS)
        .select_from(_JOINED)
        .where(payments.c.company_id == company_id, payments.c.id == payment_id, *wanted.conditions())
    )
    if is_locked:
        statement = statement.with_for_update(of=payments, key_share=True)
    return await one_row(connection, statement)


async def find_open_payment(connection: AsyncConnection, company_id: UUID, source_id: UUID) -> Row | None:
    """Return the one payment of a checkout or direct order that was not cancelled, locked."""
    statement = (
        sa.select(*_COLUMNS)
        .select_from(_JOINED)
        .where(
            payments.c.company_id == company_id,
            payments.c.source_id == source_id,
            payments.c.status != "cancelled",
        )
        .with_for_update(of=payments, key_share=True)
    )
    return await one_row(connection, statement)


async def payments_of_order(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> Sequence[Row]:
    """Return an order's payments, the one that captured most first, locked by id."""
    statement = (
        sa.select(*_COLUMNS)
        .select_from(_JOINED)
        .where(
            payments.c.company_id == company_id,
            _has_allocation(payment_allocations.c.order_id == order_id),
        )
        .order_by(payments.c.id)
        .with_for_update(of=payments, key_share=True)
    )
    rows = await all_rows(connection, statement)
    return sorted(rows, key=lambda row: -row["captured_amount"])


async def list_payments(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: PaymentFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return payments, newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(*_COLUMNS)
        .select_from(_JOINED)
        .where(payments.c.company_id == company_id, *wanted.conditions())
        .order_by(payments.c.created_at.desc(), payments.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(payments.c.created_at, payments.c.id) < sa.tuple_(*after))
    return await all_rows(connection, statement)


async def add_payment(connection: AsyncConnection, *, at: datetime, **values: Any) -> UUID:
    """Insert a payment with its number and return its id."""
    payment_id = new_id()
    number = await connection.scalar(_NEXT_NUMBER, {"at": at, "company_id": values["company_id"]})
    await connection.execute(
        sa.insert(payments).values(id=payment_id, transaction_number=number, created_at=at, **values)
    )
    return payment_id


async def change_payment(connection: AsyncConnection, payment: Mapping[str, Any], **values: Any) -> None:
    """Write new values into a locked payment."""
    await connection.execute(
        sa.update(payments)
        .where(payments.c.company_id == payment["company_id"], payments.c.id == payment["id"])
        .values(**values)
    )


async def list_allocations(connection: AsyncConnection, company_id: UUID, payment_id: UUID) -> Sequence[Row]:
    """Return a payment's shares, by order."""
    statement = (
        sa.select(payment_allocations)
        .where(payment_allocations.c.company_id == company_id, payment_allocations.c.payment_id == payment_id)
        .order_by(payment_allocations.c.order_id)
    )
    return await all_rows(connection, statement)


async def set_allocations(
    connection: AsyncConnection,
    company_id: UUID,
    payment_id: UUID,
    shares: Sequence[tuple[UUID, UUID, Decimal]],
) -> None:
    """Replace the shares (order, shop, amount) of a payment of which nothing was captured."""
    await connection.execute(
        sa.delete(payment_allocations).where(
            payment_allocations.c.company_id == company_id, payment_allocations.c.payment_id == payment_id
        )
    )
    await connection.execute(
        sa.insert(payment_allocations),
        [
            {
                "company_id": company_id,
                "payment_id": payment_id,
                "order_id": order_id,
                "shop_id": shop_id,
                "amount": amount,
            }
            for order_id, shop_id, amount in shares
        ],
    )


async def add_to_allocation(
    connection: AsyncConnection, allocation: Mapping[str, Any], **amounts: Decimal
) -> bool:
    """Add to amounts of a share; False, and nothing changed, if refunds would exceed what was captured."""
    table = payment_allocations.c
    values = {table[name]: table[name] + amount for name, amount in amounts.items()}
    reserved = values.get(table.refund_reserved_amount, table.refund_reserved_amount)
    captured = values.get(table.captured_amount, table.captured_amount)
    result = await connection.execute(
        sa.update(payment_allocations)
        .where(
            table.company_id == allocation["company_id"],
            table.id == allocation["id"],
            reserved <= captured,
        )
        .values({column.name: value for column, value in values.items()})
    )
    return bool(result.rowcount)


async def write_history(
    connection: AsyncConnection,
    payment: Mapping[str, Any],
    to_status: str,
    *,
    at: datetime,
    note: str | None = None,
    refund_id: UUID | None = None,
    changed_by: UUID | None = None,
) -> None:
    """Add a line to a payment's history."""
    await connection.execute(
        sa.insert(payment_history).values(
            company_id=payment["company_id"],
            payment_id=payment["id"],
            refund_id=refund_id,
            from_status=payment["payment_status"],
            to_status=to_status,
            note=note,
            changed_by=changed_by,
            occurred_at=at,
        )
    )


async def list_history(connection: AsyncConnection, company_id: UUID, payment_id: UUID) -> Sequence[Row]:
    """Return a payment's history, oldest first."""
    statement = (
        sa.select(payment_history)
        .where(payment_history.c.company_id == company_id, payment_history.c.payment_id == payment_id)
        .order_by(payment_history.c.occurred_at, payment_history.c.id)
        .limit(500)
    )
    return await all_rows(connection, statement)


async def save_details(connection: AsyncConnection, payment: Mapping[str, Any], **sealed: str | None) -> None:
    """Write what is encrypted about a payment."""
    statement = insert(payment_details).values(
        company_id=payment["company_id"], payment_id=payment["id"], **sealed
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["company_id", "payment_id"], set_={**sealed, "updated_at": sa.func.now()}
        )
    )


async def find_details(connection: AsyncConnection, company_id: UUID, payment_id: UUID) -> Row | None:
    """Return what is encrypted about a payment."""
    statement = sa.select(payment_details).where(
        payment_details.c.company_id == company_id, payment_details.c.payment_id == payment_id
    )
    return await one_row(connection, statement)


async def add_refund(connection: AsyncConnection, **values: Any) -> UUID:
    """Insert a refund and return its id."""
    refund_id = new_id()
    await connection.execute(sa.insert(payment_refunds).values(id=refund_id, **values))
    return refund_id


async def find_refund(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    refund_id: UUID | None = None,
    key: str | None = None,
    payment_id: UUID | None = None,
    gateway_refund_id: str | None = None,
) -> Row | None:
    """Return a refund by what it is known by."""
    statement = sa.select(payment_refunds).where(payment_refunds.c.company_id == company_id)
    named = {"id": refund_id, "key": key, "payment_id": payment_id, "gateway_refund_id": gateway_refund_id}
    for name, value in named.items():
        if value is not None:
            statement = statement.where(payment_refunds.c[name] == value)
    return await one_row(connection, statement.limit(1))


async def list_refunds(connection: AsyncConnection, company_id: UUID, payment_id: UUID) -> Sequence[Row]:
    """Return a payment's refunds, oldest first."""
    statement = (
        sa.select(payment_refunds)
        .where(payment_refunds.c.company_id == company_id, payment_refunds.c.payment_id == payment_id)
        .order_by(payment_refunds.c.created_at, payment_refunds.c.id)
        .limit(500)
    )
    return await all_rows(connection, statement)


async def change_refund(connection: AsyncConnection, refund: Mapping[str, Any], **values: Any) -> None:
    """Write new values into a refund, under its payment's lock."""
    await connection.execute(
        sa.update(payment_refunds)
        .where(payment_refunds.c.company_id == refund["company_id"], payment_refunds.c.id == refund["id"])
        .values(**values)
    )


def _has_allocation(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        payment_allocations.c.company_id == payments.c.company_id,
        payment_allocations.c.payment_id == payments.c.id,
        condition,
    )


async def find_by_reference(
    connection: AsyncConnection, company_id: UUID, provider: str, references: Sequence[str]
) -> UUID | None:
    """Return the payment that the provider knows by one of these names."""
    if not references:
        return None
    statement = sa.select(payments.c.id).where(
        payments.c.company_id == company_id,
        payments.c.provider == provider,
        sa.or_(
            payments.c.gateway_payment_id.in_(references),
            payments.c.gateway_authorisation_id.in_(references),
            payments.c.gateway_capture_id.in_(references),
        ),
    )
    payment_id: UUID | None = (await connection.execute(statement.limit(1))).scalar()
    return payment_id
