"""The application: one deployable made of domains, put together here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import cache
from threading import Lock
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from api.access import Gatekeeper, authorize
from api.addresses import Addresses
from api.analytics.router import router as analytics_router
from api.carts.router import router as carts_router
from api.catalog.pages import ProductPages
from api.catalog.routes import router as catalog_router
from api.checkout.router import router as checkout_router
from api.companies.router import router as companies_router
from api.coupons.routes import router as coupons_router
from api.framing import OwnAddresses, RequestFrame
from api.fulfilment.router import router as fulfilment_router
from api.health import router as health_router
from api.identity.pages import router as pages_router
from api.identity.routes import router as identity_router
from api.identity.storefronts import storefront_finder
from api.identity.tokens import AccessTokens
from api.inventory.routes import router as inventory_router
from api.kept import open_kept_bodies
from api.media.router import router as media_router
from api.openapi import describe, query_names_of
from api.orders.admission import admission_of
from api.orders.routes import router as orders_router
from api.payments.routes import router as payments_router
from api.permissions import RouteKey, RoutePermission, bind_permissions, load_permissions
from api.planning.router import router as planning_router
from api.problems import add_problem_handlers
from api.purchasing.router import router as purchasing_router
from api.reports.router import router as reports_router
from api.returns.router import router as returns_router
from api.reviews.router import router as reviews_router
from api.search.router import router as search_router
from api.shipping.router import router as shipping_router
from api.shops.router import router as shops_router
from api.taxes.router import router as taxes_router
from api.views.router import router as views_router
from api.wishlists.router import router as wishlists_router
from core.postgres.pools import open_database
from core.postgres.server import Server, open_server
from core.secrets import load_secrets
from core.settings import Settings
from core.time import Clock, utc_now
from core.version import VERSION

PREFIX = "/api/v1"
# In the order in which routes are matched: the busiest first, and reports and search before the catalogue,
# because /products/recommendations is no product's id.
DOMAIN_ROUTERS = (
    orders_router,
    checkout_router,
    coupons_router,
    fulfilment_router,
    returns_router,
    carts_router,
    analytics_router,
    reports_router,
    search_router,
    catalog_router,
    inventory_router,
    identity_router,
    companies_router,
    shops_router,
    purchasing_router,
    planning_router,
    payments_router,
    reviews_router,
    shipping_router,
    taxes_router,
    views_router,
    wishlists_router,
    media_router,
)
_ALLOWED_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Cart-Token",
    "X-Request-Id",
    "X-Storefront-Key",
]
_EXPOSED_HEADERS = ["ETag", "Idempotent-Replayed", "Retry-After", "X-Cart-Token", "X-Request-Id"]

_described: list[dict[str, Any]] = []
_describing = Lock()

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    *,
    server: Server | None = None,
    database: str | None = None,
    clock: Clock = utc_now,
) -> FastAPI:
    """Build the API. Its lifespan opens the server (unless one is given) and the pools.

    Raises
    ------
    PermissionsError
        If a route has no row in ``docs/reference/permissions.csv``.
    """
    permissions = load_permissions()
    app = FastAPI(
        title="Stockwise",
        summary="Orders, stock, suppliers and restock plans of shops.",
        description="Money is a decimal string, times are UTC, errors are RFC 9457 problems with codes.",
        version=VERSION,
        lifespan=_lifespan(settings, server, database),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    add_problem_handlers(app)
    _add_middleware(app, settings)
    app.state.settings = settings
    app.state.clock = clock
    app.state.admission = admission_of(settings)
    app.state.addresses = _addresses()
    app.router.routes.extend(_served_routes())
    app.openapi = lambda: _describe_once(app, permissions)  # type: ignore[method-assign]
    tokens = AccessTokens(
        key=load_secrets(settings).jwt_key, lifetime=timedelta(minutes=settings.access_token_minutes)
    )
    app.state.gatekeeper = Gatekeeper(
        tokens=tokens,
        find_storefront=storefront_finder(app),
        permissions=bind_permissions(app, permissions),
        query_names=query_names_of(app),
    )
    return app


@cache
def _served_routes() -> tuple[BaseRoute, ...]:
    """Put the routes together once for all applications of a process: it takes most of a start."""
    every = APIRouter(dependencies=[Depends(authorize)])
    for router in DOMAIN_ROUTERS:
        every.include_router(router, prefix=PREFIX)
    for router in (pages_router, health_router, _description_router()):
        every.include_router(router)
    return tuple(every.routes)


@cache
def _addresses() -> Addresses:
    return Addresses(_served_routes())


def _describe_once(app: FastAPI, permissions: Mapping[RouteKey, RoutePermission]) -> dict[str, Any]:
    """Describe the routes when somebody asks: it takes seconds, and few processes are ever asked."""
    with _describing:
        if not _described:
            _described.append(describe(app, permissions))
        return _described[0]


def _lifespan(settings: Settings, server: Server | None, database: str | None) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            opened = server or stack.enter_context(open_server(settings))
            app.state.server = opened
            app.state.database = await stack.enter_async_context(
                open_database(opened, settings, database=database)
            )
            app.state.kept = await stack.enter_async_context(
                open_kept_bodies(settings.cache_url, most_bodies=settings.product_pages)
            )
            app.state.product_pages = ProductPages(app.state.database, app.state.kept)
            yield

    return lifespan


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    # The last added is the outermost: a refusal is framed like every answer.
    app.add_middleware(OwnAddresses, addresses=_addresses())
    app.add_middleware(RequestFrame, is_production=settings.environment == "production")
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
            allow_credentials=False,
            max_age=600,
        )


def _description_router() -> APIRouter:
    router = APIRouter(tags=["platform"])

    @router.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    def read_openapi(request: Request) -> dict[str, Any]:
        """Describe the API (OpenAPI 3.1). Not async: the first time, other requests go on meanwhile."""
        document: dict[str, Any] = request.app.openapi()
        return document

    return router
