"""The API with one more route, which returns a constant: same middleware, same check of who calls."""

from __future__ import annotations

from typing import cast

import uvicorn
from fastapi import Depends, FastAPI, Response

from api.access import Gatekeeper, authorize
from api.app import create_app
from api.catalog.router import read_product
from core.logging import configure_logging
from core.settings import load_settings

CONSTANT_PATH = "/api/v1/products/constant"
_PRODUCT_PATH = "/api/v1/products/{product_id}"


async def read_constant() -> Response:
    """Return the same few bytes to whoever may read a product."""
    return Response(b'{"status":"ok"}', media_type="application/json")


def add_constant(app: FastAPI) -> None:
    """Put the constant's route just before the product's, so that both are found in the same time."""
    app.add_api_route(CONSTANT_PATH, read_constant, methods=["GET"], dependencies=[Depends(authorize)])
    routes = app.router.routes
    place = next(n for n, route in enumerate(routes) if getattr(route, "path", "") == _PRODUCT_PATH)
    routes.insert(place, routes.pop())
    gatekeeper = cast(Gatekeeper, app.state.gatekeeper)
    allowed = gatekeeper.permissions["GET", read_product]
    gatekeeper.permissions = {**gatekeeper.permissions, ("GET", read_constant): allowed}


if __name__ == "__main__":
    settings = load_settings()
    configure_logging(settings)
    served = create_app(settings)
    add_constant(served)
    uvicorn.run(
        served, host=settings.api_host, port=settings.api_port, loop="uvloop", http="httptools", ws="none",
        log_config=None, access_log=False,
    )  # fmt: skip
