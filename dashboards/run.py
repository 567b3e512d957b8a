"""Serves the dashboards with Streamlit in this process."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from core.errors import StockwiseError
from core.settings import Settings
from dashboards import context
from dashboards.theme import theme_options

SCRIPT = Path(__file__).with_name("app.py")


def serve(settings: Settings) -> None:
    """Serve until Ctrl-C.

    Raises
    ------
    StockwiseError
        If the port is taken.
    """
    _require_free(settings.dashboards_host, settings.dashboards_port)
    context.configure(settings)
    from streamlit.web import bootstrap

    options = streamlit_options(settings)
    bootstrap.load_config_options(flag_options=options)
    bootstrap.run(str(SCRIPT), False, [], options)


def streamlit_options(settings: Settings) -> dict[str, Any]:
    """Return Streamlit's options: no telemetry, no details of errors to strangers, our theme."""
    return {
        "server_address": settings.dashboards_host,
        "server_port": settings.dashboards_port,
        "server_headless": True,
        "server_fileWatcherType": "none",
        "server_maxCacheDataSize": "500MiB",
        "browser_gatherUsageStats": False,
        "browser_serverAddress": settings.dashboards_host,
        "client_showErrorDetails": "none",
        "client_toolbarMode": "viewer",
        **theme_options(),
    }


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StockwiseError(
                f"The dashboards can't listen on {host}:{port}: {error.strerror}.",
                hint="Choose another port with --port or STOCKWISE_DASHBOARDS_PORT.",
            ) from None
