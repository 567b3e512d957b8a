"""Products: list, read, create, change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import CurrentCaller
from api.catalog import queries, service
from api.catalog.schemas import ProductCreate, ProductRead, ProductStatus, ProductSummary, ProductUpdate
from api.dependencies import AppDatabase, Now
from api.errors import (
    IDEMPOTENCY_ERRORS,
    AlreadyExists,
    NotFound,
    StaleVersion,
    UnknownReference,
    responses_for,
)
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/products", tags=["products"])


@router.get("", responses=responses_for(InvalidCursor))
async def list_products(
    caller: CurrentCaller,
    database: AppDatabase,
    status: ProductStatus | None = None,
    category_id: UUID | None = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="In name, SKU or brand")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[ProductSummary]:
    """List products with prices and availability, newest first. Shoppers see what is published."""
    wanted = replace(service.visible_to(caller), status=status, category_id=category_id, words=q)
    binding = binding_of("products", **vars(wanted))
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_products(
            connection,
            company_id,
            wanted,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
        page, next_cursor = split_page(
            rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
        )
        items = await service.describe(connection, page, caller=caller)
    return Page(items=[ProductSummary.model_validate(item) for item in items], next_cursor=next_cursor)


@router.get("/{product_id}", responses=responses_for(NotFound))
async def read_product(
    product_id: UUID, caller: CurrentCaller, database: AppDatabase, response: Response
) -> ProductRead:
    """Read a product with its variants. The ETag names its version, for If-Match."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        product = await service.read_product(connection, product_id, caller=caller)
    response.headers["ETag"] = service.etag_of(product)
    return ProductRead.model_validate(product)


@router.post(
    "",
    status_code=201,
    response_model=ProductRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists, UnknownReference),
)
async def create_product(
    product: ProductCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Create a product with its variants; one without options gets one variant."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await service.create_product(connection, product, caller=caller, now=now)
        return Outcome(ProductRead.model_validate(created), resource_id=created["id"])

    return await answer_once(database, keyed, work)


_UPDATE_ERRORS = responses_for(NotFound, AlreadyExists, UnknownReference, StaleVersion)


@router.put("/{product_id}", responses=_UPDATE_ERRORS)
@router.patch("/{product_id}", responses=_UPDATE_ERRORS)
async def update_product(
    product_id: UUID,
    changes: ProductUpdate,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=200, description="The ETag that was read")] = None,
) -> ProductRead:
    """Change a product and its variants; what is left out stays. Status ``archived`` takes it off sale."""

    async def work(connection: AsyncConnection) -> dict[str, object]:
        return await service.update_product(
            connection, product_id, changes, caller=caller, if_match=if_match, now=now
        )

    product = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    response.headers["ETag"] = service.etag_of(product)
    return ProductRead.model_validate(product)
