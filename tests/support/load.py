"""Buyers who order all the time, and remember what they were told."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.support.api_processes import ApiProcesses
from tests.support.companies import Company

ORDERS = "/api/v1/orders"


@dataclass
class Told:
    """Order ids by key for what was acknowledged; requests without an answer; other answers by code."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: dict[str, dict[str, object]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)


async def order_until(
    api: ApiProcesses, company: Company, skus: Sequence[str], stop: asyncio.Event, *, buyers: int
) -> Told:
    """Let ``buyers`` order random SKUs until ``stop`` is set; a lost connection is an unanswered request."""
    told = Told()
    headers = api.token(company)

    async def buy() -> None:
        async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
            while not stop.is_set():
                key = str(uuid4())
                chosen = random.sample(list(skus), k=min(3, len(skus)))
                body: dict[str, object] = {
                    "shop_id": str(company.shop_id),
                    "lines": [{"sku": sku, "quantity_units": 1} for sku in chosen],
                }
                await send(client, told, headers, key, body)

    await asyncio.gather(*(buy() for _ in range(buyers)))
    return told


async def send(
    client: httpx.AsyncClient, told: Told, headers: dict[str, str], key: str, body: dict[str, object]
) -> None:
    """Order once, and note what came of it."""
    try:
        answer = await client.post(ORDERS, json=body, headers={"Idempotency-Key": key, **headers})
    except httpx.TransportError:
        told.unanswered[key] = body
        await asyncio.sleep(0.1)
        return
    if answer.status_code == 201:
        told.acknowledged[key] = answer.json()["id"]
    elif answer.status_code == 503:
        told.unanswered[key] = body
        await asyncio.sleep(0.1)
    else:
        told.others[answer.json()["code"]] += 1


async def resolve(api: ApiProcesses, company: Company, told: Told) -> int:
    """Repeat what was not answered, with its key, until all is known; return how many had committed."""
    headers, replayed = api.token(company), 0
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        for key, body in told.unanswered.items():
            for _ in range(100):
                try:
                    answer = await client.post(ORDERS, json=body, headers={"Idempotency-Key": key, **headers})
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                    continue
                if answer.status_code == 201:
                    break
                await asyncio.sleep(0.1)
            assert answer.status_code == 201, answer.text
            told.acknowledged[key] = answer.json()["id"]
            replayed += "Idempotent-Replayed" in answer.headers
    return replayed
