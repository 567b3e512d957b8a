"""Use cases of what is saved for later: out of the cart, back into it, or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts import queries, saved_queries
from api.carts.editing import Edit, Wanted, add_wanted, finish, locked_cart, open_cart
from api.carts.errors import CartLimitExceeded, TooFewAvailable
from api.carts.owners import CartOwner
from api.carts.reading import offers_of
from api.carts.rules import Line, problems_of
from api.errors import NotFound


async def save_line(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, line_id: UUID, *, edit: Edit
) -> dict[str, Any]:
    """Move a line out of the cart, to be thought over."""
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    found = await queries.list_lines(connection, company_id, cart["id"], [line_id])
    if not found:
        raise NotFound
    if await saved_queries.count_saved(connection, company_id, owner) >= edit.policy.most_saved:
        raise CartLimitExceeded(extensions={"most_saved": edit.policy.most_saved})
    row = found[0]
    line = Line((row["variant_id"], row["shop_id"]), row["quantity_units"], row["unit_price_amount"])
    expires_at = edit.expires_at if owner.customer_id is None else None
    await saved_queries.save(connection, company_id, owner, [line], now=edit.now, expires_at=expires_at)
    removed = await queries.delete_lines(connection, company_id, cart["id"], [line_id])
    return await finish(connection, cart, edit=edit, removed=removed)


async def move_to_cart(
    connection: AsyncConnection,
    company_id: UUID,
    owner: CartOwner,
    item_id: UUID,
    *,
    quantity_units: int | None,
    edit: Edit,
) -> dict[str, Any]:
    """Move units from what is saved into the cart; what is not moved stays saved."""
    cart = await open_cart(connection, company_id, owner, edit=edit)
    item = await saved_queries.lock_saved(connection, company_id, owner, item_id)
    if item is None:
        raise NotFound
    units = quantity_units or item["quantity_units"]
    if units > item["quantity_units"]:
        raise TooFewAvailable(
            "Not so many are saved.", pointer="/quantity_units", extensions={"saved": item["quantity_units"]}
        )
    if units == item["quantity_units"]:
        await saved_queries.delete_saved(connection, company_id, owner, item_id)
    else:
        await saved_queries.lower_saved(connection, company_id, item_id, units=units)
    return await add_wanted(
        connection, cart, [Wanted((item["variant_id"], item["shop_id"]), units, "")], edit=edit
    )


async def show_saved(
    connection: AsyncConnection, company_id: UUID, rows: Sequence[sa.RowMapping]
) -> list[dict[str, Any]]:
    """Write saved items as they are now."""
    keys = [(row["variant_id"], row["shop_id"]) for row in rows]
    offers = await offers_of(connection, company_id, keys, cart_id=None)
    shown: list[dict[str, Any]] = []
    for row, key in zip(rows, keys, strict=True):
        offer, saved_price = offers[key], row["unit_price_amount"]
        now_price = offer.terms.unit_price_amount
        shown.append(
            {
                **row,
                **offer.description,
                "available_units": offer.terms.available_units,
                "previous_unit_price_amount": None if saved_price == now_price else saved_price,
                "problems": problems_of(
                    offer.terms,
                    quantity_units=row["quantity_units"],
                    accepted_unit_price_amount=saved_price,
                ),
            }
        )
    return shown


async def forget_saved(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, item_id: UUID
) -> None:
    """Forget something that was saved."""
    if not await saved_queries.delete_saved(connection, company_id, owner, item_id):
        raise NotFound
