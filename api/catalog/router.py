"""Products: list, read, create, change, archive."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.access import CurrentCaller
from api.catalog import queries, service, size_charts
from api.catalog.display_schemas import SizeChartRead
from api.catalog.errors import PriceNotBelowRegular
from api.catalog.pages import AppProductPages
from api.catalog.product_filters import ProductQueries
from api.catalog.schemas import ProductCreate, ProductRead, ProductSummary, ProductUpdate, RelatedProducts
from api.catalog.viewers import viewer_of
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/products", tags=["products"])
SlugPath = Annotated[str, Path(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=100)]
_UPDATE_ERRORS = responses_for(
    NotFound, AlreadyExists, UnknownReference, PriceNotBelowRegular, *VERSION_ERRORS
)


@router.get("", responses=responses_for(InvalidCursor))
async def list_products(
    wanted: ProductQueries, caller: CurrentCaller, database: AppDatabase
) -> Page[ProductSummary]:
    """List products with prices and availability, newest first. Shoppers see what is published."""
    narrowed = wanted.filter(service.visible_to(caller))
    binding = binding_of("products", **vars(narrowed))
    after = decode_cursor(wanted.cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_products(
            connection,
            company_id,
            narrowed,
            after=None if after is None else (after[0], after[1]),
            limit=wanted.limit,
        )
        page, next_cursor = split_page(
            rows, limit=wanted.limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
        )
        items = await service.describe(connection, page, caller=caller)
    return Page(items=[ProductSummary.model_validate(item) for item in items], next_cursor=next_cursor)


@router.get("/by-slug/{slug}", response_model=ProductRead, responses=responses_for(NotFound))
async def read_product_by_slug(
    slug: SlugPath,
    request: Request,
    caller: CurrentCaller,
    pages: AppProductPages,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a product by the name in its address."""
    return (await pages.read(viewer_of(caller), slug=slug)).answer(request)


@router.get("/{product_id}", response_model=ProductRead, responses=responses_for(NotFound))
async def read_product(
    product_id: UUID,
    request: Request,
    caller: CurrentCaller,
    pages: AppProductPages,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a product with its variants. The ETag names its version, for If-Match."""
    return (await pages.read(viewer_of(caller), product_id=product_id)).answer(request)


@router.get("/{product_id}/related", responses=responses_for(NotFound))
async def list_related_products(
    product_id: UUID, caller: CurrentCaller, database: AppDatabase
) -> RelatedProducts:
    """List the products that were named as related, in that order. Shoppers see what is published."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        items = await service.read_related(connection, product_id, caller=caller)
    return RelatedProducts(items=[ProductSummary.model_validate(item) for item in items])


@router.get("/{product_id}/size-chart", responses=responses_for(NotFound))
async def read_size_chart_of_product(
    product_id: UUID, caller: CurrentCaller, database: AppDatabase
) -> SizeChartRead:
    """Read the size chart that fits a product best: of its category or one above, and of its gender."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        product = await service.read_product(connection, product_id, caller=caller)
        return await size_charts.find_for_product(connection, product, caller=caller)


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
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.put("/{product_id}", response_model=ProductRead, responses=_UPDATE_ERRORS)
@router.patch("/{product_id}", response_model=ProductRead, responses=_UPDATE_ERRORS)
async def update_product(
    product_id: UUID,
    changes: ProductUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Change a product and its variants; what is left out stays. Status ``archived`` takes it off sale."""

    async def work(connection: AsyncConnection) -> ProductRead:
        return await service.update_product(
            connection, product_id, changes, caller=caller, if_match=if_match, now=now
        )

    company_id = caller.require_company()
    product = await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)
    return answer(product, request, service.VOLATILE)


@router.delete("/{product_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_product(
    product_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a product: it is sold no more, and its orders, stock and history keep it."""

    async def work(connection: AsyncConnection) -> None:
        changes = ProductUpdate(status="archived")
        await service.update_product(
            connection, product_id, changes, caller=caller, if_match=if_match, now=now
        )

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
