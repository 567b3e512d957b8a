"""SQL of product views: a batch is one statement, whatever its size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

# A product that was taken off sale since was seen all the same; a draft, or another shop's product, was not.
_RECORD = sa.text(
    """
    with told as (
        select * from jsonb_to_recordset(cast(:views as jsonb)) as view (
            place integer, product_id uuid, viewed_at timestamptz, duration_seconds numeric, source text,
            referrer_url text
        )
    ),

    seen as (
        select told.*
        from told
        inner join products on products.company_id = :company_id and told.product_id = products.id
        where products.status <> 'draft'
        and (cast(:shop_id as uuid) is null or products.shop_id is null or products.shop_id = :shop_id)
    ),

    recorded as (
        insert into product_views (
            company_id, product_id, shop_id, customer_id, session_key, viewed_at, duration_seconds, source,
            referrer_url
        )
        select
            :company_id, seen.product_id, cast(:shop_id as uuid), cast(:customer_id as uuid),
            cast(:session_key as text), seen.viewed_at, seen.duration_seconds, seen.source, seen.referrer_url
        from seen
        order by seen.place
    ),

    tallied as (
        insert into product_view_tallies (company_id, product_id, view_count)
        select :company_id, seen.product_id, count(*) from seen group by seen.product_id
    )

    select seen.place from seen
    """
)
_FIND_TALLIES = sa.text("select company_id from product_views_find_tallies()")
# Products are locked by id, as all who lock several do.
_COUNT = sa.text(
    """
    with taken as (
        delete from product_view_tallies
        where company_id = :company_id and id in (
            select tally.id from product_view_tallies as tally
            where tally.company_id = :company_id
            order by tally.id limit :limit for update skip locked
        )
        returning product_id, view_count
    ),

    summed as (
        select product_id, sum(view_count)::integer as view_count from taken group by product_id
    ),

    locked as materialized (
        select products.id, summed.view_count
        from products
        inner join summed on products.company_id = :company_id and products.id = summed.product_id
        order by products.id
        for no key update of products
    ),

    counted as (
        update products set view_count = products.view_count + locked.view_count
        from locked
        where products.company_id = :company_id and products.id = locked.id
    )

    select count(*)::integer from taken
    """
)
_PURGE = sa.text("select purge_product_views(:before, :limit)")


async def record(
    connection: AsyncConnection,
    company_id: UUID,
    views: Sequence[dict[str, Any]],
    *,
    shop_id: UUID | None,
    customer_id: UUID | None,
    session_key: str | None,
) -> set[int]:
    """Write the views of products that can be seen there, and return their places."""
    values = {
        "company_id": company_id,
        "views": json.dumps(views, default=str),
        "shop_id": shop_id,
        "customer_id": customer_id,
        "session_key": session_key,
    }
    return set((await connection.execute(_RECORD, values)).scalars())


async def find_tallies(connection: AsyncConnection) -> Sequence[UUID]:
    """Return the companies whose products do not count all views yet."""
    return list((await connection.execute(_FIND_TALLIES)).scalars())


async def count(connection: AsyncConnection, company_id: UUID, *, limit: int) -> int:
    """Add tallies to their products, once each; return how many."""
    return int(await connection.scalar(_COUNT, {"company_id": company_id, "limit": limit}) or 0)


async def purge(connection: AsyncConnection, *, before: datetime, limit: int) -> int:
    """Forget views of every company; return how many."""
    return int(await connection.scalar(_PURGE, {"before": before, "limit": limit}) or 0)
