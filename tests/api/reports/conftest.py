"""The API over a published build of two companies, the first with two shops."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from core.ids import new_id
from core.published import close_snapshots
from tests.support.api_client import Api, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.published import publish, small_plan

REPORTS = "/api/v1/analytics/reports"
DEFINITIONS = "/api/v1/analytics/report-definitions"
WEEK = {"kind": "fixed", "first_date": "2026-11-14", "last_date": "2026-11-20"}


@dataclass
class Reporting:
    """An API with numbers to report: acme's second shop sells twice what its first one does."""

    api: Api
    acme: Company
    bolt: Company
    second_shop_id: UUID

    async def post(self, path: str, body: Any, who: dict[str, str], **headers: str) -> httpx.Response:
        sent = {"Idempotency-Key": str(uuid4())} | who | headers
        return await self.api.client.post(path, json=body, headers=sent)

    async def get(self, path: str, who: dict[str, str]) -> httpx.Response:
        return await self.api.client.get(path, headers=who)

    def admin(self, company: Company | None = None) -> dict[str, str]:
        return self.api.token("company_admin", company or self.acme)

    def manager(self, *shop_ids: UUID, user_id: UUID | None = None) -> dict[str, str]:
        return self.api.token("shop_manager", self.acme, shop_ids=shop_ids, user_id=user_id)


def tables_of(company: Company, second_shop_id: UUID) -> dict[str, Any]:
    tables: dict[str, Any] = dict(small_plan(company))
    for name in ("srv_sales_daily", "srv_product_sales_daily"):
        doubled = [
            {
                column: value * 2 if column.endswith(("amount", "units")) else value
                for column, value in row.items()
            }
            | {"shop_id": second_shop_id}
            for row in tables[name]
        ]
        tables[name] = [*tables[name], *doubled]
    tables["srv_shops"] = [
        *tables["srv_shops"],
        {"shop_id": second_shop_id, "shop_name": "=Second shop", "is_active": True},
    ]
    return tables


@pytest.fixture
async def reporting(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], tmp_path: Path
) -> AsyncIterator[Reporting]:
    async with _open(fresh_database, two_companies, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def _open(
    database: FreshDatabase, companies: tuple[Company, Company], home: Path
) -> AsyncIterator[Reporting]:
    acme, bolt = companies
    settings = database.settings.model_copy(update={"home": home})
    second = new_id()
    publish(settings, {acme: tables_of(acme, second), bolt: small_plan(bolt)})
    async with open_api(replace(database, settings=settings)) as api:
        yield Reporting(api, acme, bolt, second)
    close_snapshots()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how many rows are few enough to be answered at once."""
    from api.reports import service

    return lambda rows: monkeypatch.setattr(service, "ROWS_AT_ONCE", rows)
