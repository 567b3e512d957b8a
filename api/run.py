"""Serves the API by uvicorn, in one process or several: ``stockwise serve``."""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from core.errors import StockwiseError
from core.logging import configure_logging
from core.postgres.server import Server, open_server
from core.settings import Settings, child_environment, load_settings

GRACE_SECONDS = 10
_BACKLOG = 2048


class PortBusyError(StockwiseError):
    """Something else listens on the address."""


def serve(settings: Settings, workers: int = 1) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are answered first, for ``GRACE_SECONDS`` at most.

    With several workers this process opens the database server and watches over the workers, which join
    it; each has its own pools.

    Raises
    ------
    PortBusyError
        If the port is taken.
    """
    with (
        _listen(settings.api_host, settings.api_port) as listener,
        open_server(settings) as server,
        _calm_signals(),
    ):
        if workers == 1:
            config = _config(settings, _build(settings, server))
            uvicorn.Server(config).run(sockets=[listener])
            return
        os.environ.update(child_environment(settings))
        config = _config(settings, "api.run:worker_app", workers=workers)
        Multiprocess(config, sockets=[listener]).run()


def worker_app() -> FastAPI:
    """Build the application in a worker process, with its parent's settings."""
    settings = load_settings()
    configure_logging(settings)
    return _build(settings)


def _build(settings: Settings, server: Server | None = None) -> FastAPI:
    """Build the application, and leave it out of every later collection of garbage.

    A start makes half a million objects that all stay: to look through them again and again takes a fifth of
    its time, and later makes requests wait.
    """
    gc.disable()
    try:
        # Imported late: who only watches over workers needs neither the seconds nor the memory.
        from api.app import create_app

        app = create_app(settings, server=server)
    finally:
        gc.enable()
    gc.collect()
    gc.freeze()
    return app


def _config(settings: Settings, app: FastAPI | str, *, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        workers=workers,
        factory=isinstance(app, str),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PortBusyError(
                    f"The API cannot listen on {host}:{port}: {error.strerror}.",
                    hint="Choose another address with --host and --port.",
                ) from None
            raise PortBusyError(
                f"Port {port} on {host} is in use.",
                hint="Stop the program that listens there, or choose another port with --port.",
            ) from None
        listener.set_inheritable(True)
        yield listener


@contextmanager
def _calm_signals() -> Iterator[None]:
    """Let the signals that end uvicorn end nothing else: it raises them again when it is done."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
