"""Variants of a product: add, generate, read, change, archive."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.access import CurrentCaller
from api.catalog import variants
from api.catalog.errors import LastVariant
from api.catalog.schemas import ProductRead, VariantCreate, VariantPatch, VariantRead
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, Conflict, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/products/{product_id}/variants", tags=["products"])
_WRITE_ERRORS = (NotFound, AlreadyExists, UnknownReference)


@router.get("/{variant_id}", response_model=VariantRead, responses=responses_for(NotFound))
async def read_variant(
    product_id: UUID,
    variant_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a variant. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        variant = await variants.read_variant(connection, product_id, variant_id, caller=caller)
    return answer(variant, request, variants.VOLATILE)


@router.post(
    "",
    status_code=201,
    response_model=VariantRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, *_WRITE_ERRORS, Conflict),
)
async def add_variant(
    product_id: UUID, variant: VariantCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a variant to a product."""

    async def work(connection: AsyncConnection) -> Outcome:
        added = await variants.add_variant(connection, product_id, variant, caller=caller)
        return Outcome(added, resource_id=added.id)

    return await answer_once(database, keyed, work)


@router.post(
    "/generate",
    status_code=201,
    response_model=ProductRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, AlreadyExists, Conflict),
)
async def generate_variants(
    product_id: UUID, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a variant for each combination of the product's options that has none yet."""

    async def work(connection: AsyncConnection) -> Outcome:
        product = await variants.generate_variants(connection, product_id, caller=caller)
        return Outcome(product, resource_id=product.id)

    return await answer_once(database, keyed, work)


@router.patch(
    "/{variant_id}",
    response_model=VariantRead,
    responses=responses_for(*_WRITE_ERRORS, *VERSION_ERRORS),
)
async def update_variant(
    product_id: UUID,
    variant_id: UUID,
    changes: VariantPatch,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a variant; what is left out stays."""

    async def work(connection: AsyncConnection) -> VariantRead:
        return await variants.update_variant(
            connection, product_id, variant_id, changes, caller=caller, if_match=if_match
        )

    company_id = caller.require_company()
    variant = await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)
    return answer(variant, request, variants.VOLATILE)


@router.delete(
    "/{variant_id}", status_code=204, responses=responses_for(NotFound, LastVariant, *VERSION_ERRORS)
)
async def archive_variant(
    product_id: UUID,
    variant_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> None:
    """Archive a variant: it is sold no more, and its orders, stock and history keep it."""

    async def work(connection: AsyncConnection) -> None:
        await variants.archive_variant(
            connection, product_id, variant_id, caller=caller, if_match=if_match, now=now
        )

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
