"""Serves the dashboards with Streamlit in this process."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from core.errors import StockwiseError
from core.settings import Settings
from dashboards import context

SCRIPT = Path(__file__).with_name("app.py")

# Okabe and Ito's colours: told apart by people who see colours differently.
CATEGORICAL_COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"]


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
        # Named for both schemes: a colour of neither would switch the dark one off.
        "theme_light_primaryColor": "#0072B2",
        "theme_dark_primaryColor": "#56B4E9",
        "theme_light_chartCategoricalColors": CATEGORICAL_COLOURS,
        "theme_dark_chartCategoricalColors": CATEGORICAL_COLOURS,
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
