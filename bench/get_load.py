"""Pages read over HTTP as fast as the API answers: one process, one keep-alive connection per client.

Reads a `Load` as JSON from standard input and writes what it measured as JSON: a process of its own, which
takes little from what it measures.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass
from typing import cast

import uvloop

from bench.load_generator import content_length


@dataclass(frozen=True)
class Load:
    """How hard to read, and what: any of the paths, in no order."""

    host: str
    port: int
    seconds: float
    clients: int
    header: str
    paths: list[str]


@dataclass
class Measured:
    """What came back; ``first_bad`` is the start of an answer that was not 200."""

    answered: int = 0
    seconds: float = 0.0
    first_bad: str = ""


class Client(asyncio.Protocol):
    """Asks for a page, waits for the whole answer, asks for the next."""

    def __init__(self, load: Load, measured: Measured, deadline: float) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load, self._measured, self._deadline = load, measured, deadline
        self._random = random.Random()
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not separator or len(body) < content_length(head):
            return
        self._measured.answered += 1
        if not head.startswith(b"HTTP/1.1 200"):
            self._measured.first_bad = self._measured.first_bad or self._answer[:300].decode()
        if time.perf_counter() < self._deadline:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_result(None)

    def _send(self) -> None:
        self._answer = b""
        path = self._random.choice(self._load.paths)
        self._transport.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._load.host}\r\n{self._load.header}\r\n\r\n".encode()
        )


async def run(load: Load) -> Measured:
    """Let every client read until the time is over."""
    measured, loop = Measured(), asyncio.get_running_loop()
    began = time.perf_counter()
    clients = [Client(load, measured, began + load.seconds) for _ in range(load.clients)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, load.host, load.port)  # type: ignore[misc]
    await asyncio.gather(*(client.finished for client in clients))
    measured.seconds = time.perf_counter() - began
    return measured


if __name__ == "__main__":
    json.dump(vars(uvloop.run(run(Load(**json.load(sys.stdin))))), sys.stdout)
