"""Who sees which payments, and what of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import NotFound
from api.payments import queries
from api.payments.queries import PaymentFilter
from api.payments.schemas import PaymentRead, RefundRead
from api.payments.vault import Vault
from api.permissions import Scope


def visible_to(caller: Caller) -> PaymentFilter:
    """Return the filter that leaves the payments which the caller may see.

    A storefront's key is public: without a person it reaches guests' payments only.
    """
    if caller.scope is Scope.OWN:
        if caller.customer_id is None:
            raise NotFound
        return PaymentFilter(own_customer_id=caller.customer_id)
    return PaymentFilter(
        reachable_shop_ids=caller.reachable_shop_ids, is_guests_only=caller.kind == "storefront"
    )


async def find_payment(
    connection: AsyncConnection, payment_id: UUID, *, caller: Caller, is_locked: bool = False
) -> queries.Row:
    """Return a payment that the caller may see."""
    found = await queries.find_payment(
        connection, caller.require_company(), payment_id, visible_to(caller), is_locked=is_locked
    )
    if found is None:
        raise NotFound
    return found


async def read_payment(
    connection: AsyncConnection, payment_id: UUID, *, caller: Caller, vault: Vault
) -> PaymentRead:
    """Return a payment as callers see it."""
    payment = await find_payment(connection, payment_id, caller=caller)
    company_id = payment["company_id"]
    details = await queries.find_details(connection, company_id, payment_id)
    card, action = (
        None if details is None or details[name] is None else vault.open(details[name])
        for name in ("details_encrypted", "action_encrypted")
    )
    allocations = await queries.list_allocations(connection, company_id, payment_id)
    return PaymentRead.model_validate(
        {
            **summary(payment),
            "card": card,
            "action": action,
            "allocations": [dict(share) for share in allocations],
        }
    )


def summary(payment: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payment's row under the names of the API."""
    return {**payment, "method": payment["method_code"]}


async def read_refund(
    connection: AsyncConnection, payment_id: UUID, *, caller: Caller, refund_id: UUID
) -> RefundRead:
    """Return a refund of a payment that the caller may see."""
    payment = await find_payment(connection, payment_id, caller=caller)
    refund = await queries.find_refund(
        connection, payment["company_id"], refund_id=refund_id, payment_id=payment_id
    )
    if refund is None:
        raise NotFound
    return RefundRead.model_validate(dict(refund))
