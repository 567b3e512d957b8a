"""Ports that nobody listens on."""

import socket
from contextlib import ExitStack


def free_port() -> int:
    """Return a port that is free now."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Return different ports that are free now."""
    with ExitStack() as open_together:
        listeners = [open_together.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]
