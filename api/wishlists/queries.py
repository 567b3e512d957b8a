"""SQL of wishlists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.wishlists.tables import wishlist_items, wishlists

Row = sa.RowMapping

_COUNT = (
    sa.select(sa.func.count())
    .where(
        wishlist_items.c.company_id == wishlists.c.company_id, wishlist_items.c.wishlist_id == wishlists.c.id
    )
    .correlate(wishlists)
    .scalar_subquery()
    .label("item_count")
)

# Of a product without a named variant: its first one for sale names the SKU, the cheapest the price.
_ITEMS = sa.text(
    """
    select
        item.id,
        item.product_id,
        item.variant_id,
        coalesce(offer.sku, product.sku) as sku,
        product.name as product_name,
        product.slug as product_slug,
        offer.variant_name,
        coalesce(offer.image_url, product.images -> 0 ->> 'url') as image_url,
        company.currency,
        offer.unit_price_amount,
        coalesce(offer.is_sold, false) as is_sold,
        item.priority,
        item.notes,
        item.added_at
    from wishlist_items as item
    inner join companies as company on item.company_id = company.id
    inner join products as product on item.company_id = product.company_id and item.product_id = product.id
    left join lateral (
        select
            min(terms.sku) filter (where item.variant_id is not null) as sku,
            min(terms.variant_name) filter (where item.variant_id is not null) as variant_name,
            min(terms.image_url) filter (where item.variant_id is not null) as image_url,
            coalesce(
                min(terms.unit_price_amount) filter (where terms.is_sellable), min(terms.unit_price_amount)
            ) as unit_price_amount,
            bool_or(terms.is_sellable) as is_sold
        from variant_terms as terms
        where terms.company_id = item.company_id
        and terms.variant_id in (
            select variant.id from variants as variant
            where variant.company_id = item.company_id and variant.product_id = item.product_id
            and (item.variant_id is null or variant.id = item.variant_id)
        )
    ) as offer on true
    where item.company_id = :company_id and item.wishlist_id = :wishlist_id
    order by item.priority desc, item.added_at desc, item.id
    """
)
_SOLD = """
    select terms.product_id, terms.variant_id
    from variants as variant
    inner join variant_terms as terms
        on variant.company_id = terms.company_id and variant.id = terms.variant_id
    where variant.company_id = :company_id and variant.{column} = :id and terms.is_sellable
    and (cast(:shop_id as uuid) is null or terms.shop_id is null or terms.shop_id = :shop_id)
    order by terms.variant_id
    limit 2
"""
_SOLD_OF_PRODUCT = sa.text(_SOLD.format(column="product_id"))
_SOLD_VARIANT = sa.text(_SOLD.format(column="id"))
_ADD_DEFAULT = sa.text(
    """
    insert into wishlists (company_id, customer_id, name, is_default)
    select :company_id, :customer_id, :name, true
    where not exists (
        select from wishlists where company_id = :company_id and customer_id = :customer_id and is_default
    )
    on conflict do nothing
    """
)


async def list_wishlists(
    connection: AsyncConnection,
    company_id: UUID,
    customer_id: UUID,
    *,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return a customer's lists by name, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(wishlists, _COUNT)
        .where(*_mine(company_id, customer_id))
        .order_by(wishlists.c.name, wishlists.c.id)
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(wishlists.c.name, wishlists.c.id) > sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def lock_customer(connection: AsyncConnection, company_id: UUID, customer_id: UUID) -> None:
    """Let one request at a time make lists for a customer, or change which is the default."""
    await connection.execute(
        sa.text("select id from customers where company_id = :company_id and id = :id for update"),
        {"company_id": company_id, "id": customer_id},
    )


async def find_wishlist(
    connection: AsyncConnection,
    company_id: UUID,
    customer_id: UUID,
    wishlist_id: UUID | None,
    *,
    for_update: bool = False,
) -> Row | None:
    """Return one of a customer's lists; without an id, the default one."""
    which = wishlists.c.is_default if wishlist_id is None else wishlists.c.id == wishlist_id
    statement = sa.select(wishlists, _COUNT).where(*_mine(company_id, customer_id), which)
    if for_update:
        statement = statement.with_for_update(of=wishlists)
    found: Row | None = (await connection.execute(statement)).mappings().one_or_none()
    return found


async def find_shared(connection: AsyncConnection, company_id: UUID, share_token: str) -> Row | None:
    """Return the public list with this token."""
    statement = sa.select(wishlists).where(
        wishlists.c.company_id == company_id, wishlists.c.share_token == share_token, wishlists.c.is_public
    )
    return (await connection.execute(statement)).mappings().one_or_none()


async def count_wishlists(connection: AsyncConnection, company_id: UUID, customer_id: UUID) -> int:
    statement = sa.select(sa.func.count()).where(*_mine(company_id, customer_id))
    return int((await connection.execute(statement)).scalar_one())


async def add_wishlist(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(wishlists.insert().values(**values))


async def add_default(connection: AsyncConnection, company_id: UUID, customer_id: UUID, name: str) -> None:
    """Make the customer's default list, unless there is one."""
    values = {"company_id": company_id, "customer_id": customer_id, "name": name}
    await connection.execute(_ADD_DEFAULT, values)


async def clear_default(connection: AsyncConnection, company_id: UUID, customer_id: UUID) -> None:
    """Leave no list the default: another one is about to be."""
    await connection.execute(
        wishlists.update()
        .where(*_mine(company_id, customer_id), wishlists.c.is_default)
        .values(is_default=False)
    )


async def update_wishlist(
    connection: AsyncConnection, company_id: UUID, wishlist_id: UUID, values: Mapping[str, Any]
) -> None:
    await connection.execute(
        wishlists.update()
        .where(wishlists.c.company_id == company_id, wishlists.c.id == wishlist_id)
        .values(**values)
    )


async def delete_wishlist(connection: AsyncConnection, company_id: UUID, wishlist_id: UUID) -> None:
    """Delete a list and what is on it."""
    items = wishlist_items.c
    await connection.execute(
        wishlist_items.delete().where(items.company_id == company_id, items.wishlist_id == wishlist_id)
    )
    await connection.execute(
        wishlists.delete().where(wishlists.c.company_id == company_id, wishlists.c.id == wishlist_id)
    )


async def list_items(connection: AsyncConnection, company_id: UUID, wishlist_id: UUID) -> Sequence[Row]:
    """Return what is on a list, the most wanted first, with what it costs now."""
    values = {"company_id": company_id, "wishlist_id": wishlist_id}
    return (await connection.execute(_ITEMS, values)).mappings().all()


async def find_sold(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    product_id: UUID | None = None,
    variant_id: UUID | None = None,
    shop_id: UUID | None = None,
) -> Sequence[Row]:
    """Return up to two variants that are for sale: the one named, or those of the product."""
    statement = _SOLD_VARIANT if variant_id is not None else _SOLD_OF_PRODUCT
    values = {"company_id": company_id, "id": variant_id or product_id, "shop_id": shop_id}
    return (await connection.execute(statement, values)).mappings().all()


async def find_item(
    connection: AsyncConnection, company_id: UUID, wishlist_id: UUID, item_id: UUID
) -> Row | None:
    """Return something on a list, whose lock the caller has."""
    statement = sa.select(wishlist_items).where(*_item(company_id, wishlist_id, item_id))
    return (await connection.execute(statement)).mappings().one_or_none()


async def has_item(
    connection: AsyncConnection,
    company_id: UUID,
    wishlist_id: UUID,
    product_id: UUID,
    variant_id: UUID | None,
) -> bool:
    """Tell whether the list has this product in this variant; without one, the product as a whole."""
    items = wishlist_items.c
    statement = sa.select(
        sa.exists().where(
            items.company_id == company_id,
            items.wishlist_id == wishlist_id,
            items.product_id == product_id,
            items.variant_id.is_not_distinct_from(variant_id),
        )
    )
    return bool((await connection.execute(statement)).scalar_one())


async def add_item(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(wishlist_items.insert().values(**values))


async def update_item(
    connection: AsyncConnection,
    company_id: UUID,
    wishlist_id: UUID,
    item_id: UUID,
    values: Mapping[str, Any],
) -> None:
    await connection.execute(
        wishlist_items.update().where(*_item(company_id, wishlist_id, item_id)).values(**values)
    )


async def delete_item(
    connection: AsyncConnection, company_id: UUID, wishlist_id: UUID, item_id: UUID
) -> bool:
    """Take something off a list; tell whether it was on it."""
    deleted = await connection.execute(
        wishlist_items.delete().where(*_item(company_id, wishlist_id, item_id))
    )
    return deleted.rowcount == 1


async def note_change(
    connection: AsyncConnection, company_id: UUID, wishlist_id: UUID, *, now: datetime
) -> None:
    """Note when something on the list was changed."""
    await update_wishlist(connection, company_id, wishlist_id, {"updated_at": now})


def _mine(company_id: UUID, customer_id: UUID) -> list[sa.ColumnElement[bool]]:
    return [wishlists.c.company_id == company_id, wishlists.c.customer_id == customer_id]


def _item(company_id: UUID, wishlist_id: UUID, item_id: UUID) -> list[sa.ColumnElement[bool]]:
    items = wishlist_items.c
    return [items.company_id == company_id, items.wishlist_id == wishlist_id, items.id == item_id]
