"""Use cases of size charts: one per category and gender."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import queries
from api.catalog.display_schemas import SizeChartCreate, SizeChartRead, SizeChartUpdate
from api.catalog.records import Condition, Row, get_record, insert_record, list_records, tell, update_record
from api.catalog.schemas import ProductRead
from api.catalog.tables import size_charts
from api.catalog.viewers import is_shopper
from api.conditional import require_version
from api.errors import InvalidContent, NotFound, UnknownReference
from api.media.service import require_urls

VOLATILE = {"updated_at": True}
_NEVER_NULL = ("name", "gender", "measurements", "is_active")
# The nearest category above the product wins, then the chart of its gender, then the one for all.
_FITTING = sa.text(
    """
    select size_charts.*
    from size_charts
    left join categories as own on own.company_id = size_charts.company_id and own.id = :category_id
    left join categories as above
        on above.company_id = size_charts.company_id and above.id = size_charts.category_id
    where size_charts.company_id = :company_id and size_charts.is_active and size_charts.archived_at is null
    and size_charts.gender in (coalesce(cast(:gender as text), 'unisex'), 'unisex')
    and (size_charts.category_id is null or starts_with(own.path, above.path))
    order by coalesce(above.level, -1) desc, size_charts.gender = 'unisex'
    limit 1
    """
)


def visible(caller: Caller) -> list[Condition]:
    """Return what hides charts from the caller."""
    shown: list[Condition] = [size_charts.c.archived_at.is_(None)]
    return [*shown, size_charts.c.is_active] if is_shopper(caller) else shown


async def list_size_charts(
    connection: AsyncConnection,
    *,
    caller: Caller,
    category_id: UUID | None,
    gender: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """List charts by name."""
    conditions = visible(caller)
    if category_id is not None:
        conditions.append(size_charts.c.category_id == category_id)
    if gender is not None:
        conditions.append(size_charts.c.gender == gender)
    return await list_records(
        connection,
        size_charts,
        caller.require_company(),
        conditions,
        order=("name", "id"),
        after=after,
        limit=limit,
    )


async def read_size_chart(
    connection: AsyncConnection, chart_id: UUID, *, caller: Caller, for_update: bool = False
) -> SizeChartRead:
    """Return a chart."""
    row = await get_record(
        connection,
        size_charts,
        caller.require_company(),
        chart_id,
        *visible(caller),
        for_update=for_update,
    )
    if row is None:
        raise NotFound
    return SizeChartRead.model_validate(row)


async def find_for_product(
    connection: AsyncConnection, product: ProductRead, *, caller: Caller
) -> SizeChartRead:
    """Return the chart that fits a product best."""
    values = {
        "company_id": caller.require_company(),
        "category_id": product.category_id,
        "gender": product.gender,
    }
    row = (await connection.execute(_FITTING, values)).mappings().one_or_none()
    if row is None:
        raise NotFound("No size chart fits the product.")
    return SizeChartRead.model_validate(row)


async def create_size_chart(
    connection: AsyncConnection, chart: SizeChartCreate, *, caller: Caller
) -> SizeChartRead:
    """Create the chart of a category and gender."""
    company_id = caller.require_company()
    values = chart.model_dump()
    await _require_references(connection, company_id, values)
    row = await insert_record(connection, size_charts, {**values, "company_id": company_id})
    await tell(connection, "size_chart.created", row, user_id=caller.user_id)
    return SizeChartRead.model_validate(row)


async def update_size_chart(
    connection: AsyncConnection,
    chart_id: UUID,
    changes: SizeChartUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> SizeChartRead:
    """Change a chart; what is left out stays."""
    company_id = caller.require_company()
    current = await read_size_chart(connection, chart_id, caller=caller, for_update=True)
    require_version(if_match, current, VOLATILE)
    values = changes.model_dump(exclude_unset=True)
    for name in _NEVER_NULL:
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    await _require_references(connection, company_id, values)
    row = await update_record(connection, size_charts, company_id, chart_id, values)
    await tell(connection, "size_chart.updated", row, user_id=caller.user_id)
    return SizeChartRead.model_validate(row)


async def archive_size_chart(
    connection: AsyncConnection, chart_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Archive a chart: another of its category and gender may take its place."""
    company_id = caller.require_company()
    current = await read_size_chart(connection, chart_id, caller=caller, for_update=True)
    require_version(if_match, current, VOLATILE)
    row = await update_record(connection, size_charts, company_id, chart_id, {"archived_at": now})
    await tell(connection, "size_chart.archived", row, user_id=caller.user_id)


async def _require_references(connection: AsyncConnection, company_id: UUID, values: dict[str, Any]) -> None:
    category_id = values.get("category_id")
    if category_id is not None and not await queries.exists_category(connection, company_id, category_id):
        raise UnknownReference("There is no such category.", pointer="/category_id")
    urls = {f"/{name}": values.get(name) for name in ("image_cm_url", "image_inch_url")}
    await require_urls(connection, company_id, urls)
