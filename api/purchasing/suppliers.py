"""Use cases of suppliers and their terms."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.conditional import require_version
from api.errors import InvalidContent, NotFound, UnknownReference
from api.purchasing import queries
from api.purchasing.errors import SupplierHasOpenOrders
from api.purchasing.schemas import SupplierCreate, SupplierRead, SupplierUpdate, TermsRead, TermsWrite
from core.ids import new_id
from core.money import UnsupportedCurrencyError, currency_digits


async def create_supplier(
    connection: AsyncConnection, supplier: SupplierCreate, *, company_id: UUID
) -> SupplierRead:
    """Add a supplier; its code is unique in the company."""
    try:
        currency_digits(supplier.currency)
    except UnsupportedCurrencyError as error:
        raise InvalidContent(str(error), pointer="/currency") from None
    values = {**supplier.model_dump(), "company_id": company_id, "id": new_id()}
    return _supplier(await queries.insert_supplier(connection, values))


async def read_supplier(
    connection: AsyncConnection, supplier_id: UUID, *, lock: bool = False
) -> SupplierRead:
    row = await queries.get_supplier(connection, supplier_id, lock=lock)
    if row is None:
        raise NotFound
    return _supplier(row)


async def update_supplier(
    connection: AsyncConnection, supplier_id: UUID, changes: SupplierUpdate, *, if_match: str | None
) -> SupplierRead:
    """Change some of a supplier's fields."""
    current = await read_supplier(connection, supplier_id, lock=True)
    require_version(if_match, current)
    values = changes.model_dump(exclude_unset=True)
    return _supplier(await queries.update_supplier(connection, supplier_id, values)) if values else current


async def archive_supplier(
    connection: AsyncConnection, supplier_id: UUID, *, if_match: str | None, now: datetime
) -> SupplierRead:
    """Take a supplier and its terms out of use; what was ordered and received there stays.

    Raises
    ------
    SupplierHasOpenOrders
        If something ordered there has not come in, been closed or cancelled yet.
    """
    current = await read_supplier(connection, supplier_id, lock=True)
    require_version(if_match, current)
    if current.archived_at is not None:
        return current
    if numbers := await queries.open_order_numbers(connection, supplier_id):
        raise SupplierHasOpenOrders(extensions={"restock_numbers": numbers})
    await queries.archive_terms(connection, supplier_id, None, at=now)
    values = {"archived_at": now, "is_active": False}
    return _supplier(await queries.update_supplier(connection, supplier_id, values))


async def read_terms(connection: AsyncConnection, supplier_id: UUID, variant_id: UUID) -> TermsRead:
    """Return what a variant costs at a supplier."""
    await read_supplier(connection, supplier_id)
    found = await queries.list_terms(connection, supplier_id, [variant_id])
    if not found:
        raise NotFound
    return _terms(found[0])


async def put_terms(
    connection: AsyncConnection,
    supplier_id: UUID,
    variant_id: UUID,
    terms: TermsWrite,
    *,
    company_id: UUID,
    if_match: str | None,
) -> TermsRead:
    """Record what a variant costs at a supplier; the change is kept in the terms' history.

    Terms that are there already are changed by version. A variant has one preferred supplier: the others
    stop being it.
    """
    supplier = await read_supplier(connection, supplier_id, lock=True)
    if supplier.archived_at is not None:
        raise NotFound
    if not await queries.lock_variant(connection, variant_id):
        raise UnknownReference("There is no such variant.", pointer="/path/variant_id")
    known = await queries.list_terms(connection, supplier_id, [variant_id])
    if known:
        require_version(if_match, _terms(known[0]))
    if len({step.min_units for step in terms.price_breaks}) < len(terms.price_breaks):
        raise InvalidContent("Two price breaks begin at the same quantity.", pointer="/price_breaks")
    if terms.is_preferred:
        await queries.unprefer_others(connection, supplier_id, variant_id)
    values = {
        **terms.model_dump(exclude={"price_breaks"}),
        "price_breaks": [
            {"min_units": step.min_units, "unit_cost_amount": str(step.unit_cost_amount)}
            for step in sorted(terms.price_breaks, key=lambda step: step.min_units)
        ],
        "company_id": company_id,
        "supplier_id": supplier_id,
        "variant_id": variant_id,
        "currency": supplier.currency,
    }
    return _terms(await queries.put_terms(connection, values))


async def archive_terms(
    connection: AsyncConnection, supplier_id: UUID, variant_id: UUID, *, if_match: str | None, now: datetime
) -> None:
    """Stop ordering a variant from a supplier; orders on their way are not touched."""
    await read_supplier(connection, supplier_id, lock=True)
    require_version(if_match, await read_terms(connection, supplier_id, variant_id))
    await queries.archive_terms(connection, supplier_id, variant_id, at=now)


def _supplier(row: queries.Row) -> SupplierRead:
    return SupplierRead.model_validate(dict(row))


def _terms(row: queries.Row) -> TermsRead:
    return TermsRead.model_validate(dict(row))
