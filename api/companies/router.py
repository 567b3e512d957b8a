"""Routes of companies."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from api.access import CurrentCaller, Scope
from api.companies import service
from api.companies.errors import UnknownTimeZone
from api.companies.schemas import CompanyPage, CompanyRead, CompanySettingsUpdate, CompanySummary
from api.dependencies import AppDatabase
from api.errors import NotFound, Unauthenticated, responses_for
from api.identity.service import companies_of
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.problems import request_id_of

router = APIRouter(prefix="/companies", tags=["companies"])


@router.get("", responses=responses_for(InvalidCursor))
async def list_companies(
    caller: CurrentCaller, database: AppDatabase, limit: PageLimit = 50, cursor: PageCursor = None
) -> CompanyPage:
    """List the companies that I belong to; super admins see all, by slug."""
    if caller.user_id is None:
        raise Unauthenticated
    binding = binding_of("slug", scope=caller.scope)
    after = decode_cursor(cursor, binding=binding, types=[str])
    after_slug = after[0] if after else ""
    own = {company.id: company for company in await companies_of(database, user_id=caller.user_id)}
    if caller.scope is Scope.PLATFORM:
        found = await service.list_all(database, user_id=caller.user_id, after_slug=after_slug, limit=limit)
    else:
        found = [
            service.CompanyName(company.id, company.slug, company.name)
            for company in own.values()
            if company.slug > after_slug
        ]
    rows, next_cursor = split_page(
        found, limit=limit, binding=binding, position_of=lambda company: [company.slug]
    )
    items = [
        CompanySummary(
            id=row.id, slug=row.slug, name=row.name, roles=own[row.id].roles if row.id in own else []
        )
        for row in rows
    ]
    return CompanyPage(items=items, next_cursor=next_cursor)


@router.get("/{company_id}", responses=responses_for(NotFound))
async def read_company(company_id: UUID, caller: CurrentCaller, database: AppDatabase) -> CompanyRead:
    """Read the company of my token, with its settings."""
    return CompanyRead.model_validate(await service.read(database, caller, company_id))


@router.patch("/{company_id}/settings", responses=responses_for(NotFound, UnknownTimeZone))
async def change_settings(
    company_id: UUID,
    wanted: CompanySettingsUpdate,
    caller: CurrentCaller,
    database: AppDatabase,
    request: Request,
) -> CompanyRead:
    """Change settings of the company; what is left out stays."""
    company = await service.change_settings(
        database, caller, company_id, wanted, request_id=request_id_of(request)
    )
    return CompanyRead.model_validate(company)
