"""Search: products by words and filters, with counts by facet."""

from __future__ import annotations

from fastapi import APIRouter

from api.access import CurrentCaller
from api.dependencies import AppDatabase
from api.errors import responses_for
from api.pagination import InvalidCursor
from api.search import service
from api.search.schemas import SearchQueries, SearchResult
from core.postgres.transaction import transaction

router = APIRouter(prefix="/products/search", tags=["search"])


@router.get("", responses=responses_for(InvalidCursor))
async def search_products(
    wanted: SearchQueries, caller: CurrentCaller, database: AppDatabase
) -> SearchResult:
    """Find published products by words and filters, and how many each further filter would leave.

    Every word must be found, as the beginning of one at least. Found are products with a variant on sale.
    """
    search, binding = service.read_query(wanted, caller=caller)
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        found = await service.search_products(connection, search, binding=binding, caller=caller)
    return SearchResult.model_validate(found)
