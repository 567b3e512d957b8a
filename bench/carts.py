"""What editing a cart costs by its number of lines: a cart of 200 lines beside one of two, over HTTP.

Requests to the two carts alternate, so that a slow minute of the machine hits both.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg

from api.identity.tokens import AccessTokens, Grant
from bench.own_home import own_api, own_api_home
from bench.report import BenchResult
from core.errors import StockwiseError
from core.postgres import migrate
from core.postgres.server import open_server
from core.progress import Progress, SilentProgress
from core.secrets import load_secrets
from core.settings import Settings

SIZES = (2, 200)
_COMPANY = uuid.UUID(int=0x7000_8000_0000_0000_0001)
_CART = "/api/v1/cart"

_SEED = f"""
    insert into users (id, email, password_hash) values ('{_COMPANY}', 'buyer@example.com', '-');
    insert into companies (id, name, slug, currency, tax_rate) values
        ('{_COMPANY}', 'Company', 'company', 'EUR', 0.19);
    insert into shops (company_id, id, name, slug) values ('{_COMPANY}', '{_COMPANY}', 'Main', 'main');
    insert into locations (company_id, id, code, name) values ('{_COMPANY}', '{_COMPANY}', 'MAIN', 'Main');
    insert into shop_locations (company_id, shop_id, location_id) values
        ('{_COMPANY}', '{_COMPANY}', '{_COMPANY}');
    insert into products (company_id, id, sku, slug, name, price_amount, status)
    select '{_COMPANY}', uuidv7(), 'P-' || n, 'product-' || n, 'Product ' || n, 5.99 + n % 40, 'published'
    from generate_series(0, 1999) as n;
    insert into variants (company_id, id, product_id, sku) select company_id, id, id, sku from products;
    insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)
    select company_id, company_id, id, 1000000, 'opening' from variants;
    insert into customers (company_id, id)
    select '{_COMPANY}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid
    from unnest(array{list(SIZES)}) as n;
    analyze;
"""


@dataclass
class Cart:
    """A customer's cart of some size, and how long requests to it took."""

    client: httpx.Client
    size: int
    line_id: str = ""
    milliseconds: dict[str, list[float]] = field(default_factory=dict)

    def measure(self, name: str, method: str, path: str, body: Any = None) -> None:
        """Send a request and note its time."""
        began = time.perf_counter()
        answer = self.client.request(method, path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
        self.milliseconds.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        if not answer.is_success:
            raise StockwiseError(f"The API refused: {answer.status_code} {answer.text[:200]}")

    def median(self, name: str) -> float:
        """Median time of the requests of this name."""
        return statistics.median(self.milliseconds[name])


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    rounds: int = 150,
) -> BenchResult:
    """Measure a line's change, an addition and a read of both carts, in a home folder of its own.

    Raises
    ------
    StockwiseError
        If a request was refused.
    """
    if files:
        raise StockwiseError("The benchmark of carts reads no files.")
    progress = progress or SilentProgress()
    result = BenchResult("carts")
    with _open_carts(settings, progress) as carts, progress.step("editing carts", total=rounds) as step:
        for turn in range(rounds):
            for request in _REQUESTS.values():
                for cart in carts if turn % 2 else carts[::-1]:
                    request(cart, turn)
            step.advance()
    small, large = carts
    for name in _REQUESTS:
        result.add(f"{name}_{small.size}_lines", small.median(name), "ms")
        result.add(f"{name}_{large.size}_lines", large.median(name), "ms", baseline=small.median(name))
    return result


def _edit(cart: Cart, turn: int) -> None:
    cart.measure("edit", "PUT", f"{_CART}/items/{cart.line_id}", {"quantity_units": 1 + turn % 5})


def _add(cart: Cart, turn: int) -> None:
    item = {"sku": "P-0", "shop_id": str(_COMPANY), "quantity_units": 1}
    cart.measure("add", "POST", f"{_CART}/items", {"items": [item]})


def _read(cart: Cart, turn: int) -> None:
    cart.measure("read", "GET", _CART)


_REQUESTS: dict[str, Callable[[Cart, int], None]] = {"edit": _edit, "add": _add, "read": _read}


@contextmanager
def _open_carts(settings: Settings, progress: Progress) -> Iterator[list[Cart]]:
    """Start a server and an API of the benchmark's own, and fill the carts."""
    with own_api_home(settings) as own, open_server(own) as server:
        with progress.step("making a company of 2,000 SKUs"):
            migrate.upgrade(server)
            with psycopg.connect(server.dsn("owner"), autocommit=True) as owner:
                owner.execute(_SEED)
        with own_api(own):
            yield [_fill(own, size) for size in SIZES]


def _fill(settings: Settings, size: int) -> Cart:
    tokens = AccessTokens(key=load_secrets(settings).jwt_key, lifetime=timedelta(hours=1))
    grant = Grant(
        user_id=_COMPANY,
        email="buyer@example.com",
        roles=frozenset({"customer"}),
        company_id=_COMPANY,
        customer_id=uuid.UUID(f"00000000-0000-7000-8000-{size:012}"),
    )
    bearer = {"Authorization": f"Bearer {tokens.issue(grant, now=datetime.now(UTC))}"}
    client = httpx.Client(base_url=settings.api_url, headers=bearer, timeout=30, trust_env=False)
    cart = Cart(client, size)
    items = [{"sku": f"P-{place}", "shop_id": str(_COMPANY), "quantity_units": 1} for place in range(size)]
    cart.measure("fill", "POST", f"{_CART}/items", {"items": items})
    cart.line_id = client.get(_CART).json()["lines"][-1]["id"]
    return cart
