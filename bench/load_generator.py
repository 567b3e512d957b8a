"""Orders over HTTP as fast as the API answers: one process, one keep-alive connection per client.

Reads a `Load` as JSON from standard input and writes what it measured as JSON. It is a process of its own
and parses only what it must, so that it takes little from what it measures.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, cast

import uvloop

LINES_PER_ORDER = 3


@dataclass(frozen=True)
class Buyer:
    """Who orders where: a token, and the shop."""

    authorization: str
    shop_id: str


@dataclass(frozen=True)
class Load:
    """How hard to order, and from which SKUs: the whole numbers from ``first_sku`` on."""

    host: str
    port: int
    seconds: float
    buyers: list[Buyer]
    first_sku: int
    sku_count: int
    # In every order, if it is named.
    hot_sku: int | None = None


@dataclass
class Measured:
    """What came back. Orders under way at the end are waited for and counted."""

    placed: int = 0
    refused: int = 0
    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """Sends an order, waits for the whole answer, sends the next."""

    def __init__(self, load: Load, buyer: Buyer, measured: Measured, deadline: float) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load, self._buyer, self._measured, self._deadline = load, buyer, measured, deadline
        self._random = random.Random()
        self._answer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not separator or len(body) < content_length(head):
            return
        now = time.perf_counter()
        self._measured.milliseconds.append((now - self._sent_at) * 1000)
        if head.startswith(b"HTTP/1.1 201"):
            self._measured.placed += 1
        else:
            self._measured.refused += 1
        if now < self._deadline:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_result(None)

    def _send(self) -> None:
        skus = [
            self._load.first_sku + self._random.randrange(self._load.sku_count)
            for _ in range(LINES_PER_ORDER)
        ]
        if self._load.hot_sku is not None:
            skus[0] = self._load.hot_sku
        lines = ",".join(f'{{"sku":"{sku}","quantity_units":1}}' for sku in skus)
        body = f'{{"shop_id":"{self._buyer.shop_id}","lines":[{lines}]}}'
        self._answer = b""
        self._sent_at = time.perf_counter()
        self._transport.write(
            f"POST /api/v1/orders HTTP/1.1\r\nHost: {self._load.host}\r\n"
            f"Authorization: {self._buyer.authorization}\r\nIdempotency-Key: {uuid.uuid4()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )


async def run(load: Load) -> Measured:
    """Let every buyer order until the time is over."""
    measured = Measured()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    clients = []
    for buyer in load.buyers:
        client = Client(load, buyer, measured, began + load.seconds)
        clients.append(client)
        await loop.create_connection(lambda client=client: client, load.host, load.port)  # type: ignore[misc]
    await asyncio.gather(*(client.finished for client in clients))
    measured.seconds = time.perf_counter() - began
    return measured


def content_length(head: bytes) -> int:
    """Length of the body that an answer's head announces; 0 if it announces none."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _load_of(content: dict[str, Any]) -> Load:
    return Load(**{**content, "buyers": [Buyer(**buyer) for buyer in content["buyers"]]})


if __name__ == "__main__":
    result = uvloop.run(run(_load_of(json.load(sys.stdin))))
    json.dump(vars(result), sys.stdout)
