"""Categories: the tree, its pages, and what their products are specified by."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.access import CurrentCaller
from api.catalog import category_service as service
from api.catalog.category_schemas import (
    CategoryCreate,
    CategoryRead,
    CategoryTree,
    CategoryUpdate,
    Specification,
    Specifications,
    SpecificationValue,
)
from api.catalog.category_tree import read_kept_tree
from api.catalog.errors import CategoryCircle, CategoryInUse
from api.catalog.tables import DEEPEST_LEVEL, categories
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, AppKeptBodies, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, Conflict, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/categories", tags=["categories"])
SlugPath = Annotated[str, Path(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=100)]


@router.get("", responses=responses_for(InvalidCursor))
async def list_categories(
    caller: CurrentCaller,
    database: AppDatabase,
    parent_id: UUID | None = None,
    level: Annotated[int | None, Query(ge=0, le=DEEPEST_LEVEL)] = None,
    is_active: bool | None = None,
    is_archived: bool = False,
    cursor: PageCursor = None,
    limit: PageLimit = 100,
) -> Page[CategoryRead]:
    """List categories, the upper ones first, each level in its display order."""
    filters = {"parent_id": parent_id, "level": level, "is_active": is_active}
    binding = binding_of("categories", **filters, is_archived=is_archived)
    after = decode_cursor(cursor, binding=binding, types=(int, int, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await service.list_categories(
            connection,
            caller=caller,
            filters=filters,
            is_archived=is_archived,
            after=(after[0], after[1], after[2]) if after else None,
            limit=limit,
        )
    page, next_cursor = split_page(
        rows,
        limit=limit,
        binding=binding,
        position_of=lambda row: (row["level"], row["display_order"], row["id"]),
    )
    return Page(items=[service.read_of(row) for row in page], next_cursor=next_cursor)


@router.get("/tree", response_model=CategoryTree)
async def read_tree(
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    kept: AppKeptBodies,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the whole tree, with the products of each branch counted."""
    return (await read_kept_tree(database, kept, caller)).answer(request)


@router.get("/by-slug/{slug}", response_model=CategoryRead, responses=responses_for(NotFound))
async def read_category_by_slug(
    slug: SlugPath,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a category by the name in its address."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        row = await service.read_category(connection, categories.c.slug == slug, caller=caller)
    return answer(service.read_of(row), request, service.VOLATILE)


@router.get("/{category_id}", response_model=CategoryRead, responses=responses_for(NotFound))
async def read_category(
    category_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a category. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        row = await service.read_category(connection, categories.c.id == category_id, caller=caller)
    return answer(service.read_of(row), request, service.VOLATILE)


@router.get("/{category_id}/specifications", responses=responses_for(NotFound))
async def list_specifications(
    category_id: UUID, caller: CurrentCaller, database: AppDatabase
) -> Specifications:
    """List what the products in a category, and inside it, are specified by: facets with their counts."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        found = await service.list_specifications(connection, category_id, caller=caller)
    return Specifications(
        items=[
            Specification(
                name=name,
                values=[SpecificationValue(value=value, product_count=count) for value, count in values],
            )
            for name, values in found.items()
        ]
    )


@router.post(
    "",
    status_code=201,
    response_model=CategoryRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists, UnknownReference, Conflict),
)
async def create_category(
    category: CategoryCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Create a category."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await service.create_category(connection, category, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.patch(
    "/{category_id}",
    response_model=CategoryRead,
    responses=responses_for(
        NotFound, AlreadyExists, UnknownReference, CategoryCircle, CategoryInUse, *VERSION_ERRORS
    ),
)
async def update_category(
    category_id: UUID,
    changes: CategoryUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Change or move a category; what is left out stays."""

    async def work(connection: AsyncConnection) -> CategoryRead:
        return await service.update_category(
            connection, category_id, changes, caller=caller, if_match=if_match, now=now
        )

    company_id = caller.require_company()
    category = await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)
    return answer(category, request, service.VOLATILE)


@router.delete(
    "/{category_id}", status_code=204, responses=responses_for(NotFound, CategoryInUse, *VERSION_ERRORS)
)
async def archive_category(
    category_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a category that is empty."""

    async def work(connection: AsyncConnection) -> CategoryRead:
        changes = CategoryUpdate(is_archived=True)
        return await service.update_category(
            connection, category_id, changes, caller=caller, if_match=if_match, now=now
        )

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
