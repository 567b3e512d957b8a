"""The job that numbers and prints invoices and credit notes, without a gap.

A number is given and its document written in one transaction, under the counter's row lock, which nobody else
takes: what fails leaves no gap, and twins of the job take turns.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fulfilment.rendering import render
from api.fulfilment.tables import invoice_files, invoice_requests, invoices
from core.events.outbox import append_event
from core.ids import new_id
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

MOST_PER_COMPANY = 200
PREFIXES = {"invoice": "INV", "credit_note": "CN"}
_FIND_COMPANIES = sa.text("select company_id from invoices_find_waiting()")
# A credit note waits for the invoice that it corrects.
_WAITING = sa.text(
    """
    select waiting.id
    from invoice_requests as waiting
    where waiting.company_id = :company_id and waiting.issued_at is null
    order by waiting.requested_at, waiting.kind desc, waiting.id
    limit :limit
    """
)
_ADD_COUNTER = sa.text(
    "insert into invoice_counters (company_id, kind) values (:company_id, :kind) on conflict do nothing"
)
_LOCK_COUNTER = sa.text(
    "select last_number from invoice_counters where company_id = :company_id and kind = :kind for update"
)
_RAISE_COUNTER = sa.text(
    "update invoice_counters set last_number = :number where company_id = :company_id and kind = :kind"
)
_SELLER = sa.text(
    """
    select
        company.name, company.address, company.contact_email, company.contact_phone, company.website,
        company.timezone, shop.name as shop_name
    from companies as company
    inner join orders on company.id = orders.company_id and orders.id = :order_id
    inner join shops as shop on orders.company_id = shop.company_id and orders.shop_id = shop.id
    where company.id = :company_id
    """
)


async def issue_invoices(database: Database, now: datetime) -> int:
    """Issue what was asked for until now, the oldest first; return how many documents."""
    async with transaction(database, company_id=None) as connection:
        company_ids: list[UUID] = list((await connection.execute(_FIND_COMPANIES)).scalars())
    issued = 0
    for company_id in company_ids:
        async with transaction(database, company_id=company_id) as connection:
            values = {"company_id": company_id, "limit": MOST_PER_COMPANY}
            request_ids: list[UUID] = list((await connection.execute(_WAITING, values)).scalars())
        for request_id in request_ids:
            issued += await _issue_one(database, company_id, request_id, now)
    return issued


async def _issue_one(database: Database, company_id: UUID, request_id: UUID, now: datetime) -> bool:
    async def work(connection: AsyncConnection) -> bool:
        return await issue(connection, company_id, request_id, now=now)

    return await run_in_transaction(database, work, company_id=company_id)


async def issue(connection: AsyncConnection, company_id: UUID, request_id: UUID, *, now: datetime) -> bool:
    """Give a request its number and its document; False if a twin has, or its invoice is not there yet."""
    wanted = (
        (
            await connection.execute(
                sa.select(invoice_requests).where(
                    invoice_requests.c.company_id == company_id, invoice_requests.c.id == request_id
                )
            )
        )
        .mappings()
        .one()
    )
    number = await _next_number(connection, company_id, wanted["kind"])
    is_waiting = await connection.scalar(
        sa.select(invoice_requests.c.issued_at.is_(None)).where(
            invoice_requests.c.company_id == company_id, invoice_requests.c.id == request_id
        )
    )
    corrected = await _corrected(connection, company_id, wanted) if wanted["kind"] == "credit_note" else None
    if not is_waiting or (wanted["kind"] == "credit_note" and corrected is None):
        return False
    await connection.execute(
        _RAISE_COUNTER, {"company_id": company_id, "kind": wanted["kind"], "number": number}
    )
    document = await _complete(connection, company_id, dict(wanted), corrected, number, now)
    await _write(connection, company_id, dict(wanted), corrected, number, document, now)
    return True


async def _next_number(connection: AsyncConnection, company_id: UUID, kind: str) -> int:
    values = {"company_id": company_id, "kind": kind}
    await connection.execute(_ADD_COUNTER, values)
    return int((await connection.execute(_LOCK_COUNTER, values)).scalar_one()) + 1


async def _corrected(
    connection: AsyncConnection, company_id: UUID, wanted: sa.RowMapping
) -> dict[str, Any] | None:
    statement = sa.select(invoices.c.id, invoices.c.invoice_number, invoices.c.issued_date).where(
        invoices.c.company_id == company_id,
        invoices.c.kind == "invoice",
        invoices.c.order_id == wanted["order_id"],
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def _complete(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: dict[str, Any],
    corrected: dict[str, Any] | None,
    number: int,
    now: datetime,
) -> dict[str, Any]:
    """Add to the order's part who sells, the number and the day."""
    seller = dict(
        (await connection.execute(_SELLER, {"company_id": company_id, "order_id": wanted["order_id"]}))
        .mappings()
        .one()
    )
    zone = ZoneInfo(seller.pop("timezone"))
    placed = datetime.fromisoformat(wanted["document"]["placed_at"])
    return {
        **wanted["document"],
        "kind": wanted["kind"],
        "number": f"{PREFIXES[wanted['kind']]}-{number:06d}",
        "issued_date": now.astimezone(zone).date().isoformat(),
        "placed_date": placed.astimezone(zone).date().isoformat(),
        "seller": seller,
        "corrects": None
        if corrected is None
        else {
            "invoice_number": corrected["invoice_number"],
            "issued_date": corrected["issued_date"].isoformat(),
        },
    }


async def _write(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: dict[str, Any],
    corrected: dict[str, Any] | None,
    number: int,
    document: dict[str, Any],
    now: datetime,
) -> None:
    invoice_id = new_id()
    await connection.execute(
        sa.insert(invoices).values(
            company_id=company_id,
            id=invoice_id,
            order_id=wanted["order_id"],
            kind=wanted["kind"],
            sequence_number=number,
            invoice_number=document["number"],
            source_id=wanted["source_id"],
            corrects_invoice_id=None if corrected is None else corrected["id"],
            currency=document["currency"],
            net_amount=document["net_amount"],
            tax_amount=document["tax_amount"],
            total_amount=document["total_amount"],
            document=document,
            issued_date=datetime.fromisoformat(document["issued_date"]).date(),
            issued_at=now,
        )
    )
    pdf = render(document)
    await connection.execute(
        sa.insert(invoice_files).values(
            company_id=company_id,
            invoice_id=invoice_id,
            pdf=pdf,
            pdf_sha256=hashlib.sha256(pdf).digest(),
        )
    )
    await connection.execute(
        sa.update(invoice_requests)
        .where(invoice_requests.c.company_id == company_id, invoice_requests.c.id == wanted["id"])
        .values(issued_at=now)
    )
    await _tell(connection, company_id, wanted, invoice_id, document)


async def _tell(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: dict[str, Any],
    invoice_id: UUID,
    document: dict[str, Any],
) -> None:
    await append_event(
        connection,
        company_id=company_id,
        type=f"{wanted['kind']}.issued",
        aggregate_type=wanted["kind"],
        aggregate_id=invoice_id,
        payload={
            "order_id": str(wanted["order_id"]),
            "invoice_id": str(invoice_id),
            "invoice_number": document["number"],
            "currency": document["currency"],
            "total_amount": document["total_amount"],
        },
    )
