"""The API with one more route, which returns a constant: same middleware, same check of who calls."""

from __future__ import annotations

from typing import cast

import uvicorn
from fastapi import FastAPI, Response

from api.access import Gatekeeper
from api.app import create_app
from api.catalog.router import read_product, router
from core.logging import configure_logging
from core.settings import load_settings

CONSTANT_PATH = "/api/v1/products/constant/bytes"


async def read_constant() -> Response:
    """Return the same few bytes to whoever may read a product."""
    return Response(b'{"status":"ok"}', media_type="application/json")


def add_constant(app: FastAPI) -> None:
    """Put the constant's route among the product's, so that both are found in about the same time."""
    router.add_api_route("/constant/bytes", read_constant, methods=["GET"])
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
