"""SQL of reviews, votes, reports and the sums of ratings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from api.reviews.tables import product_ratings, review_reports, review_votes, reviews

Row = sa.RowMapping

_STAR_COLUMNS = ("one_star_count", "two_star_count", "three_star_count", "four_star_count", "five_star_count")
_PRODUCT = sa.text(
    """
    select id, shop_id, status = 'published' and is_active and archived_at is null as is_public
    from products where company_id = :company_id and id = :product_id
    """
)
_WRITER = sa.text(
    """
    select
        coalesce(customer.first_name, nullif(person.first_name, '')) as first_name,
        coalesce(customer.last_name, nullif(person.last_name, '')) as last_name,
        person.avatar_url
    from customers as customer
    left join users as person on customer.user_id = person.id
    where customer.company_id = :company_id and customer.id = :customer_id
    """
)
# Products that one of these shops alone sells, or that all sell.
_OF_SHOPS = sa.text(
    """
    exists (
        select from products
        where products.company_id = reviews.company_id and products.id = reviews.product_id
        and (products.shop_id is null or products.shop_id = any(cast(:shop_ids as uuid [])))
    )
    """
)


@dataclass(frozen=True)
class Order:
    """A sort: by a column, then by id, both in one direction."""

    column: sa.Column[Any]
    is_descending: bool
    read: Callable[[str], Any]

    def position_of(self, row: Row) -> tuple[Any, UUID]:
        """Return what a cursor names a row by."""
        return row[self.column.name], row["id"]


ORDERS = {
    "newest": Order(reviews.c.created_at, True, datetime.fromisoformat),
    "oldest": Order(reviews.c.created_at, False, datetime.fromisoformat),
    "helpful": Order(reviews.c.helpful_count, True, int),
    "rating_high": Order(reviews.c.rating, True, int),
    "rating_low": Order(reviews.c.rating, False, int),
}


@dataclass(frozen=True)
class ReviewFilter:
    """Which reviews are wanted; None: no limit."""

    product_id: UUID | None = None
    customer_id: UUID | None = None
    shop_ids: Collection[UUID] | None = None
    status: str | None = None
    rating: int | None = None
    rating_from: int | None = None
    rating_to: int | None = None
    is_verified_purchase: bool | None = None
    has_images: bool | None = None
    is_reported: bool | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Write the filter in SQL."""
        column = reviews.c
        equal = {
            column.product_id: self.product_id,
            column.customer_id: self.customer_id,
            column.status: self.status,
            column.rating: self.rating,
            column.is_verified_purchase: self.is_verified_purchase,
        }
        conditions = [name == value for name, value in equal.items() if value is not None]
        if self.shop_ids is not None:
            conditions.append(_OF_SHOPS.bindparams(shop_ids=list(self.shop_ids)))  # type: ignore[arg-type]
        if self.rating_from is not None:
            conditions.append(column.rating >= self.rating_from)
        if self.rating_to is not None:
            conditions.append(column.rating <= self.rating_to)
        if self.has_images is not None:
            conditions.append((sa.func.jsonb_array_length(column.images) > 0) == self.has_images)
        if self.is_reported is not None:
            conditions.append((column.report_count > 0) == self.is_reported)
        return conditions


async def list_reviews(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: ReviewFilter,
    *,
    order: Order,
    after: tuple[Any, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return reviews, one more than ``limit`` when there is a next page."""
    keys = (order.column, reviews.c.id)
    statement = (
        sa.select(reviews)
        .where(reviews.c.company_id == company_id, reviews.c.archived_at.is_(None), *wanted.conditions())
        .order_by(*(key.desc() if order.is_descending else key for key in keys))
        .limit(limit + 1)
    )
    if after is not None:
        here, there = sa.tuple_(*keys), sa.tuple_(*after)
        statement = statement.where(here < there if order.is_descending else here > there)
    return (await connection.execute(statement)).mappings().all()


async def get_review(
    connection: AsyncConnection,
    company_id: UUID,
    review_id: UUID,
    wanted: ReviewFilter,
    *,
    for_update: bool = False,
) -> Row | None:
    """Return a review, if the filter lets it through."""
    statement = sa.select(reviews).where(
        reviews.c.company_id == company_id,
        reviews.c.id == review_id,
        reviews.c.archived_at.is_(None),
        *wanted.conditions(),
    )
    if for_update:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def insert_review(connection: AsyncConnection, values: Mapping[str, Any]) -> Row | None:
    """Insert a review; None: the customer has one of this product."""
    statement = (
        pg_insert(reviews)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=["company_id", "customer_id", "product_id"],
            index_where=reviews.c.archived_at.is_(None),
        )
        .returning(*reviews.c)
    )
    return (await connection.execute(statement)).mappings().one_or_none()


async def update_review(
    connection: AsyncConnection, company_id: UUID, review_id: UUID, values: Mapping[str, Any]
) -> Row:
    statement = (
        sa.update(reviews)
        .where(reviews.c.company_id == company_id, reviews.c.id == review_id)
        .values(**values)
        .returning(*reviews.c)
    )
    return (await connection.execute(statement)).mappings().one()


async def verify_purchases(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    customer_id: UUID,
    product_ids: Sequence[UUID],
    order_id: UUID,
) -> int:
    """Mark a customer's reviews of products that an order brought; return how many were not yet."""
    statement = (
        sa.update(reviews)
        .where(
            reviews.c.company_id == company_id,
            reviews.c.customer_id == customer_id,
            reviews.c.product_id.in_(product_ids),
            reviews.c.order_id.is_(None),
        )
        .values(order_id=order_id, is_verified_purchase=True)
    )
    return (await connection.execute(statement)).rowcount


async def change_rating(
    connection: AsyncConnection, company_id: UUID, product_id: UUID, *, removed: int | None, added: int | None
) -> dict[int, int]:
    """Take away and add one review's stars under the lock of the product's sums; return the histogram."""
    key = {"company_id": company_id, "product_id": product_id}
    await connection.execute(pg_insert(product_ratings).values(**key).on_conflict_do_nothing())
    changes = {
        name: product_ratings.c[name] + (int(stars == added) - int(stars == removed))
        for stars, name in enumerate(_STAR_COLUMNS, start=1)
        if stars in (added, removed)
    }
    statement = (
        sa.update(product_ratings)
        .where(product_ratings.c.company_id == company_id, product_ratings.c.product_id == product_id)
        .values(**changes)
        .returning(*product_ratings.c)
    )
    return _histogram((await connection.execute(statement)).mappings().one())


async def get_histogram(connection: AsyncConnection, company_id: UUID, product_id: UUID) -> dict[int, int]:
    statement = sa.select(product_ratings).where(
        product_ratings.c.company_id == company_id, product_ratings.c.product_id == product_id
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return {} if row is None else _histogram(row)


async def vote(connection: AsyncConnection, company_id: UUID, review_id: UUID, customer_id: UUID) -> int:
    """Note that a customer found a review helpful; return how many votes that added, 0 or 1."""
    values = {"company_id": company_id, "review_id": review_id, "customer_id": customer_id}
    statement = (
        pg_insert(review_votes).values(**values).on_conflict_do_nothing().returning(review_votes.c.created_at)
    )
    return len((await connection.execute(statement)).all())


async def take_back_vote(
    connection: AsyncConnection, company_id: UUID, review_id: UUID, customer_id: UUID
) -> int:
    """Forget a customer's vote; return how many votes that took away, 0 or 1."""
    statement = sa.delete(review_votes).where(
        review_votes.c.company_id == company_id,
        review_votes.c.review_id == review_id,
        review_votes.c.customer_id == customer_id,
    )
    return (await connection.execute(statement)).rowcount


async def insert_report(connection: AsyncConnection, values: Mapping[str, Any]) -> Row | None:
    """Insert a report; None: the customer has reported this review."""
    statement = (
        pg_insert(review_reports).values(**values).on_conflict_do_nothing().returning(*review_reports.c)
    )
    return (await connection.execute(statement)).mappings().one_or_none()


async def list_reports(
    connection: AsyncConnection, company_id: UUID, review_id: UUID, *, limit: int
) -> Sequence[Row]:
    """Return the newest reports of a review."""
    statement = (
        sa.select(review_reports)
        .where(review_reports.c.company_id == company_id, review_reports.c.review_id == review_id)
        .order_by(review_reports.c.created_at.desc(), review_reports.c.customer_id)
        .limit(limit)
    )
    return (await connection.execute(statement)).mappings().all()


async def get_product(connection: AsyncConnection, company_id: UUID, product_id: UUID) -> Row | None:
    """Return a product's shop, and whether shoppers see it."""
    values = {"company_id": company_id, "product_id": product_id}
    return (await connection.execute(_PRODUCT, values)).mappings().one_or_none()


async def get_writer(connection: AsyncConnection, company_id: UUID, customer_id: UUID) -> Row | None:
    """Return a customer's names and picture."""
    values = {"company_id": company_id, "customer_id": customer_id}
    return (await connection.execute(_WRITER, values)).mappings().one_or_none()


def _histogram(row: Row) -> dict[int, int]:
    return {stars: row[name] for stars, name in enumerate(_STAR_COLUMNS, start=1)}
