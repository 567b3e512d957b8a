"""The API under test: in this process, on a test's own database, with tokens that need no login."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.identity.tokens import STOREFRONT_PREFIX, Grant, new_token, token_sha256
from core.ids import new_id
from tests.support.companies import Company
from tests.support.databases import FreshDatabase

ADDRESS = "http://api.test"


@dataclass(frozen=True)
class Api:
    """The application, a client for it, and its database."""

    app: FastAPI
    client: httpx.AsyncClient
    database: FreshDatabase

    def token(
        self,
        role: str | Iterable[str],
        company: Company | None,
        *,
        user_id: UUID | None = None,
        customer_id: UUID | None = None,
        shop_ids: Iterable[UUID] | None = None,
        approval_limit_amount: Decimal | None = None,
    ) -> dict[str, str]:
        """Return the header of a person's token; shop roles are bound to the company's shop if not told."""
        roles = frozenset([role] if isinstance(role, str) else role)
        if shop_ids is None and company is not None and roles & {"shop_manager", "shop_staff"}:
            shop_ids = [company.shop_id]
        if user_id is None:
            user_id = company.admin_user_id if company is not None else new_id()
        if customer_id is None and company is not None and "customer" in roles:
            customer_id = company.customer_id
        grant = Grant(
            user_id=user_id,
            email="person@example.com",
            roles=roles,
            company_id=company.id if company else None,
            shop_ids=None if shop_ids is None else frozenset(shop_ids),
            customer_id=customer_id,
            approval_limit_amount=approval_limit_amount,
        )
        token = self.app.state.gatekeeper.tokens.issue(grant, now=datetime.now(UTC))
        return {"Authorization": f"Bearer {token}"}

    def storefront(self, company: Company) -> dict[str, str]:
        """Make a storefront's key for the company's shop and return its header."""
        key = new_token(STOREFRONT_PREFIX)
        with self.database.connect("owner") as owner:
            owner.execute(
                "insert into storefront_keys (company_id, shop_id, name, key_prefix, key_sha256)"
                " values (%s, %s, 'test', %s, %s)",
                [company.id, company.shop_id, key[:10], token_sha256(key)],
            )
        return {"X-Storefront-Key": key}

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Query the database past row-level security."""
        with self.database.connect("owner") as owner:
            return owner.execute(sql, parameters).fetchall()

    def scalar(self, sql: str, parameters: Any = None) -> Any:
        """Query one value past row-level security."""
        return self.rows(sql, parameters)[0][0]


@dataclass
class TestClock:
    """A clock that a test moves."""

    __test__ = False
    moved: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.moved


@asynccontextmanager
async def open_api(
    database: FreshDatabase, *, clock: TestClock | None = None, **changed_settings: Any
) -> AsyncIterator[Api]:
    """Start the application and a client; failures inside the application are answers, not exceptions."""
    settings = database.settings.model_copy(update=changed_settings)
    app = create_app(settings, server=database.server, database=database.name, clock=clock or TestClock())
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, timeout=30) as client:
            yield Api(app, client, database)


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is a whole problem document of this kind, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["type"] == f"urn:stockwise:problem:{code}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert set(problem) >= {"title", "detail", "instance", "errors"}
    assert "Traceback" not in response.text
    return problem
