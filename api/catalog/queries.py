"""SQL of products and variants."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.catalog.tables import categories, products, variants

Row = sa.RowMapping

_TERMS = sa.text(
    """
    select
        variant.id,
        variant.product_id,
        variant.sku,
        variant.name,
        variant.barcode,
        variant.options,
        variant.price_modifier_amount,
        variant.weight_kg,
        variant.image_url,
        variant.display_order,
        variant.is_active,
        variant.is_discontinued,
        variant.row_xid::text::bigint as row_xid,
        terms.unit_price_amount,
        terms.regular_price_amount,
        terms.unit_cost_amount,
        terms.is_sellable
    from variants as variant
    inner join variant_terms as terms
        on variant.company_id = terms.company_id and variant.id = terms.variant_id
    where variant.company_id = :company_id and variant.product_id = any(cast(:product_ids as uuid []))
    and variant.archived_at is null
    order by variant.display_order, variant.sku
    """
)


@dataclass(frozen=True)
class ProductFilter:
    """Which products a reader may see and wants to see; None: no limit.

    ``equal`` holds columns and values, ``ranges`` (column, comparison, value), ``specifications`` names
    and values that all must be there.
    """

    is_public: bool = False
    shop_ids: Collection[UUID] | None = None
    category_id: UUID | None = None
    has_subcategories: bool = False
    words: str | None = None
    tag: str | None = None
    equal: tuple[tuple[str, Any], ...] = ()
    ranges: tuple[tuple[str, str, Any], ...] = ()
    specifications: tuple[tuple[str, str], ...] = ()

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Write the filter in SQL."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.is_public:
            conditions += [
                products.c.status == "published",
                products.c.is_active,
                products.c.archived_at.is_(None),
            ]
        if self.shop_ids is not None:
            conditions.append(sa.or_(products.c.shop_id.is_(None), products.c.shop_id.in_(self.shop_ids)))
        if self.category_id is not None:
            conditions.append(self._in_category(self.category_id))
        if self.words is not None:
            found = [
                column.icontains(self.words, autoescape=True)
                for column in (products.c.name, products.c.sku, products.c.brand)
            ]
            conditions.append(sa.or_(*found))
        if self.tag is not None:
            conditions.append(products.c.tags.contains([self.tag]))
        conditions += [products.c[name] == value for name, value in self.equal]
        conditions += [_COMPARE[how](products.c[name], value) for name, how, value in self.ranges]
        if self.specifications:
            conditions.append(products.c.specifications.contains(dict(self.specifications)))
        return conditions

    def _in_category(self, category_id: UUID) -> sa.ColumnElement[bool]:
        if not self.has_subcategories:
            return products.c.category_id == category_id
        inside = categories.alias("inside")
        root = sa.select(categories.c.path).where(
            categories.c.company_id == products.c.company_id, categories.c.id == category_id
        )
        subtree = sa.select(inside.c.id).where(
            inside.c.company_id == products.c.company_id, inside.c.path.startswith(root.scalar_subquery())
        )
        return products.c.category_id.in_(subtree)


_COMPARE: Mapping[str, Callable[[Any, Any], sa.ColumnElement[bool]]] = {
    "gte": operator.ge,
    "lte": operator.le,
    "gt": operator.gt,
    "lt": operator.lt,
    "eq": operator.eq,
}


async def list_products(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: ProductFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return products, newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(products)
        .where(products.c.company_id == company_id, *wanted.conditions())
        .order_by(products.c.created_at.desc(), products.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(products.c.created_at, products.c.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def get_product(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: ProductFilter,
    *,
    product_id: UUID | None = None,
    slug: str | None = None,
    for_update: bool = False,
) -> Row | None:
    """Return the product with this id, or with this slug, if the filter lets it through."""
    named = products.c.id == product_id if slug is None else products.c.slug == slug
    statement = sa.select(products).where(products.c.company_id == company_id, named, *wanted.conditions())
    if for_update:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def find_products(
    connection: AsyncConnection, company_id: UUID, product_ids: Collection[UUID], wanted: ProductFilter
) -> Sequence[Row]:
    """Return those of the products that the filter lets through."""
    statement = sa.select(products).where(
        products.c.company_id == company_id, products.c.id.in_(product_ids), *wanted.conditions()
    )
    return (await connection.execute(statement)).mappings().all()


async def count_products(connection: AsyncConnection, company_id: UUID, product_ids: Collection[UUID]) -> int:
    """Count those of the products that are there."""
    statement = sa.select(sa.func.count()).where(
        products.c.company_id == company_id, products.c.id.in_(product_ids)
    )
    return int(await connection.scalar(statement) or 0)


async def list_variants(
    connection: AsyncConnection, company_id: UUID, product_ids: Sequence[UUID]
) -> Sequence[Row]:
    """Return the variants of the products, with what they sell for and cost now."""
    values = {"company_id": company_id, "product_ids": list(product_ids)}
    return (await connection.execute(_TERMS, values)).mappings().all()


async def insert_product(
    connection: AsyncConnection, product: Mapping[str, Any], product_variants: Sequence[Mapping[str, Any]]
) -> None:
    """Insert a product, then its variants, whose first prices the triggers write down."""
    await connection.execute(sa.insert(products).values(**product))
    for variant in product_variants:
        await connection.execute(sa.insert(variants).values(**variant))


async def update_product(
    connection: AsyncConnection, company_id: UUID, product_id: UUID, values: Mapping[str, Any]
) -> None:
    await connection.execute(
        sa.update(products)
        .where(products.c.company_id == company_id, products.c.id == product_id)
        .values(**values)
    )


async def insert_variant(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(sa.insert(variants).values(**values))


async def update_variant(
    connection: AsyncConnection,
    company_id: UUID,
    product_id: UUID,
    variant_id: UUID,
    values: Mapping[str, Any],
) -> None:
    """Change a variant, if it is this product's."""
    statement = (
        sa.update(variants)
        .where(
            variants.c.company_id == company_id,
            variants.c.product_id == product_id,
            variants.c.id == variant_id,
        )
        .values(**values)
    )
    await connection.execute(statement)


async def exists_category(connection: AsyncConnection, company_id: UUID, category_id: UUID) -> bool:
    statement = sa.select(
        sa.exists().where(
            categories.c.company_id == company_id,
            categories.c.id == category_id,
            categories.c.archived_at.is_(None),
        )
    )
    return bool((await connection.execute(statement)).scalar_one())


async def exists_shop(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> bool:
    statement = sa.text(
        "select exists (select from shops where company_id = :company_id and id = :shop_id"
        " and archived_at is null)"
    )
    values = {"company_id": company_id, "shop_id": shop_id}
    return bool((await connection.execute(statement, values)).scalar_one())


async def exists_member(connection: AsyncConnection, company_id: UUID, user_id: UUID) -> bool:
    statement = sa.text(
        "select exists (select from memberships where company_id = :company_id and user_id = :user_id"
        " and is_active)"
    )
    values = {"company_id": company_id, "user_id": user_id}
    return bool((await connection.execute(statement, values)).scalar_one())
