"""SQL of those who keep coupons and campaigns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.coupons.tables import (
    coupon_campaigns,
    coupon_categories,
    coupon_customers,
    coupon_products,
    coupon_redemption_orders,
    coupon_redemptions,
    coupons,
)
from api.currency import company_currency

Row = sa.RowMapping
RESTRICTIONS: Mapping[str, tuple[sa.Table, str]] = {
    "product_ids": (coupon_products, "product_id"),
    "category_ids": (coupon_categories, "category_id"),
    "customer_ids": (coupon_customers, "customer_id"),
}


@dataclass(frozen=True)
class CouponFilter:
    """Which coupons a reader may see and wants to see; None: no limit."""

    reachable_shop_ids: Collection[UUID] | None = None
    shop_id: UUID | None = None
    campaign_id: UUID | None = None
    code: str | None = None
    kind: str | None = None
    is_active: bool | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Write the filter in SQL; archived coupons are not listed."""
        conditions = [coupons.c.archived_at.is_(None), *reachable(coupons, self.reachable_shop_ids)]
        for name in ("shop_id", "campaign_id", "code", "kind", "is_active"):
            value = getattr(self, name)
            if value is not None:
                conditions.append(coupons.c[name] == value)
        return conditions


def reachable(table: sa.Table, shop_ids: Collection[UUID] | None) -> list[sa.ColumnElement[bool]]:
    """Rows of these shops and of the whole company; None: all."""
    if shop_ids is None:
        return []
    return [sa.or_(table.c.shop_id.is_(None), table.c.shop_id.in_(shop_ids))]


async def list_coupons(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: CouponFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return coupons, newest first, one more than ``limit`` when there is a next page."""
    statement = _select_coupons().where(coupons.c.company_id == company_id, *wanted.conditions())
    return await _page(connection, coupons, statement, after=after, limit=limit)


async def get_coupon(
    connection: AsyncConnection, company_id: UUID, coupon_id: UUID, *, lock: bool = False
) -> Row | None:
    """Return a coupon with its restrictions; archived ones too."""
    statement = _select_coupons().where(coupons.c.company_id == company_id, coupons.c.id == coupon_id)
    if lock:
        await connection.execute(
            sa.select(coupons.c.id)
            .where(coupons.c.company_id == company_id, coupons.c.id == coupon_id)
            .with_for_update()
        )
    row: Row | None = (await connection.execute(statement)).mappings().one_or_none()
    return row


async def insert(connection: AsyncConnection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Add a row."""
    await connection.execute(sa.insert(table).values(**values))


async def update(
    connection: AsyncConnection, table: sa.Table, company_id: UUID, row_id: UUID, values: Mapping[str, Any]
) -> None:
    """Change a row."""
    await connection.execute(
        sa.update(table).where(table.c.company_id == company_id, table.c.id == row_id).values(**values)
    )


async def restrict(
    connection: AsyncConnection, company_id: UUID, coupon_id: UUID, name: str, ids: Collection[UUID]
) -> None:
    """Say anew what or whom a coupon is for."""
    table, column = RESTRICTIONS[name]
    await connection.execute(
        sa.delete(table).where(table.c.company_id == company_id, table.c.coupon_id == coupon_id)
    )
    if ids:
        rows = [{"company_id": company_id, "coupon_id": coupon_id, column: one} for one in sorted(set(ids))]
        await connection.execute(sa.insert(table), rows)


async def list_campaigns(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return campaigns, newest first, one more than ``limit`` when there is a next page."""
    statement = sa.select(coupon_campaigns).where(
        coupon_campaigns.c.company_id == company_id,
        coupon_campaigns.c.archived_at.is_(None),
        *reachable(coupon_campaigns, shop_ids),
    )
    return await _page(connection, coupon_campaigns, statement, after=after, limit=limit)


async def get_campaign(
    connection: AsyncConnection, company_id: UUID, campaign_id: UUID, *, lock: bool = False
) -> Row | None:
    """Return a campaign."""
    statement = sa.select(coupon_campaigns).where(
        coupon_campaigns.c.company_id == company_id, coupon_campaigns.c.id == campaign_id
    )
    if lock:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def list_redemptions(
    connection: AsyncConnection,
    company_id: UUID,
    coupon_id: UUID,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return the uses of a coupon, newest first, one more than ``limit`` when there is a next page."""
    share = coupon_redemption_orders
    order_ids = sa.select(share.c.order_id).where(
        share.c.company_id == coupon_redemptions.c.company_id,
        share.c.redemption_id == coupon_redemptions.c.id,
    )
    statement = sa.select(
        coupon_redemptions,
        company_currency(coupon_redemptions.c.company_id),
        sa.func.array(order_ids.scalar_subquery()).label("order_ids"),
    ).where(coupon_redemptions.c.company_id == company_id, coupon_redemptions.c.coupon_id == coupon_id)
    return await _page(connection, coupon_redemptions, statement, after=after, limit=limit)


def _select_coupons() -> sa.Select[Any]:
    arrays = [
        sa.func.array(
            sa.select(table.c[column])
            .where(table.c.company_id == coupons.c.company_id, table.c.coupon_id == coupons.c.id)
            .order_by(table.c[column])
            .scalar_subquery()
        ).label(name)
        for name, (table, column) in RESTRICTIONS.items()
    ]
    return sa.select(coupons, company_currency(coupons.c.company_id), *arrays)


async def _page(
    connection: AsyncConnection,
    table: sa.Table,
    statement: sa.Select[Any],
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    statement = statement.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit + 1)
    if after is not None:
        statement = statement.where(sa.tuple_(table.c.created_at, table.c.id) < sa.tuple_(*after))
    rows: Sequence[Row] = (await connection.execute(statement)).mappings().all()
    return rows
