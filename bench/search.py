"""Searches of a catalogue through HTTP, beside the same page's SQL run by psycopg alone.

The SQL is in ``bench/sql/search_*.sql``, with every value written out: what the API sends for the addresses
below (a test holds the two together). Both sides fetch all rows, in turns, so that a slow minute hits both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import psycopg
from psycopg import sql

from api.access import Caller
from api.identity.tokens import AccessTokens, Grant
from api.permissions import Scope
from api.search.queries import compose
from api.search.schemas import SearchQuery
from api.search.service import read_query
from api.search.statement import SETTINGS
from bench.own_home import own_api, own_api_home
from bench.products import fill_products
from bench.report import BenchResult
from core.errors import StockwiseError
from core.postgres import migrate
from core.postgres.pools import serving_dsn
from core.postgres.server import Server, open_server
from core.progress import Progress, SilentProgress
from core.secrets import load_secrets
from core.settings import Settings

PRODUCTS = 100_000
COMPANY = UUID(int=0x7000_8000_0000_0000_0001)
SQL_FOLDER = Path(__file__).parent / "sql"

# What a buyer does: looks for a word, narrows it down, or browses a department with filters. The
# department's id is the md5 of "category 0 3", as `fill_products` makes it.
SEARCHES: dict[str, list[tuple[str, str]]] = {
    "words": [("q", "néna")],
    "words_narrowed": [
        ("q", "néna"), ("brand", "Brand 3"), ("brand", "Brand 7"), ("availability", "in_stock"),
        ("unit_price_amount[gte]", "20"), ("unit_price_amount[lt]", "250"), ("sort", "price"),
    ],
    "category_narrowed": [
        ("category_id", "d28f1f25-b047-5afc-2a4e-26e737ddedb9"), ("attribute", "origin:DE"),
        ("attribute", "origin:FR"), ("rating_average[gte]", "3"),
        ("availability", "in_stock"), ("sort", "popularity"),
    ],
}  # fmt: skip
_LISTS = {"brand", "availability", "attribute", "category_id"}
_SEED = f"""
    insert into users (id, email, password_hash) values ('{COMPANY}', 'admin@example.com', '-');
    insert into companies (id, name, slug, currency) values ('{COMPANY}', 'Company', 'company', 'EUR');
    insert into shops (company_id, id, name, slug) values ('{COMPANY}', '{COMPANY}', 'Main', 'main');
    insert into locations (company_id, id, code, name) values ('{COMPANY}', '{COMPANY}', 'MAIN', 'Main');
    insert into shop_locations (company_id, shop_id, location_id)
    values ('{COMPANY}', '{COMPANY}', '{COMPANY}');
"""


@dataclass(frozen=True)
class Sides:
    """The API, and a connection of psycopg's own as the app's role."""

    client: httpx.Client
    connection: psycopg.Connection[Any]


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    rounds: int = 20,
    products: int = PRODUCTS,
) -> BenchResult:
    """Measure both sides in a home folder of the benchmark's own.

    Raises
    ------
    StockwiseError
        If a search was refused, or the two sides found different numbers of products.
    """
    if files:
        raise StockwiseError("The benchmark of search reads no files.")
    progress = progress or SilentProgress()
    result = BenchResult("search")
    result.add("products", products, "products")
    with _open_sides(settings, progress, products) as sides:
        for name, parameters in SEARCHES.items():
            statement = file_of(name).read_text(encoding="utf-8")
            address = f"/api/v1/products/search?{urlencode(parameters)}"
            http: list[float] = []
            alone: list[float] = []
            with progress.step(f"searching: {name}", total=rounds) as step:
                for _ in range(rounds):
                    found = _run_http(sides, address, http)
                    if _run_sql(sides, statement, alone) != found:
                        raise StockwiseError(f"HTTP and SQL found different numbers of products: {name}.")
                    step.advance()
            result.add(f"{name}_found", found, "products")
            result.add(
                f"http_to_sql_{name}", statistics.median(http), "ms", baseline=statistics.median(alone)
            )
    return result


def file_of(name: str) -> Path:
    """Return the file that holds a search's SQL."""
    return SQL_FOLDER / f"search_{name}.sql"


def written(name: str) -> str:
    """Write a search as the API sends it: binding, settings and statement, its values written out."""
    caller = Caller(
        kind="person", scope=Scope.COMPANY, roles=frozenset({"company_admin"}), company_id=COMPANY
    )
    content: dict[str, Any] = {}
    for key, value in SEARCHES[name]:
        content[key] = [*content.get(key, []), value] if key in _LISTS else value
    search, _ = read_query(SearchQuery.model_validate(content), caller=caller)
    statement, parameters = compose(COMPANY, search)
    for key in sorted(parameters, key=len, reverse=True):
        statement = statement.replace(f":{key}", sql.Literal(parameters[key]).as_string(None))
    lines = "\n".join(line.rstrip() for line in statement.strip().splitlines())
    return (
        f"-- {name} of bench/search.py, as the API sends it; written by python -m bench.search.\n"
        f"begin;\nselect set_config('app.company_id', '{COMPANY}', true);\n"
        f"{SETTINGS};\n\n{lines};\n\ncommit;\n"
    )


@contextmanager
def _open_sides(settings: Settings, progress: Progress, products: int) -> Iterator[Sides]:
    with own_api_home(settings) as own, open_server(own) as server:
        with progress.step(f"making {products:,} products"):
            _fill(server, products)
        with own_api(own):
            dsn = serving_dsn(server.dsn("app"), own)
            with psycopg.connect(dsn, autocommit=True) as connection, _client(own) as client:
                yield Sides(client, connection)


def _fill(server: Server, products: int) -> None:
    migrate.upgrade(server)
    with psycopg.connect(server.dsn("owner"), autocommit=True) as owner:
        owner.execute(_SEED)
        fill_products(owner, COMPANY, products)


def _client(settings: Settings) -> httpx.Client:
    tokens = AccessTokens(key=load_secrets(settings).jwt_key, lifetime=timedelta(hours=1))
    grant = Grant(
        user_id=COMPANY, email="admin@example.com", roles=frozenset({"company_admin"}), company_id=COMPANY
    )
    bearer = {"Authorization": f"Bearer {tokens.issue(grant, now=datetime.now(UTC))}"}
    return httpx.Client(base_url=settings.api_url, headers=bearer, timeout=60, trust_env=False)


def _run_http(sides: Sides, address: str, milliseconds: list[float]) -> int:
    began = time.perf_counter()
    answer = sides.client.get(address)
    milliseconds.append((time.perf_counter() - began) * 1000)
    if not answer.is_success:
        raise StockwiseError(f"The API refused: {answer.status_code} {answer.text[:200]}")
    return int(answer.json()["product_count"])


def _run_sql(sides: Sides, statement: str, milliseconds: list[float]) -> int:
    began = time.perf_counter()
    cursor = sides.connection.execute(statement)
    rows = []
    while True:
        if cursor.description is not None:
            rows = cursor.fetchall()
        if not cursor.nextset():
            break
    milliseconds.append((time.perf_counter() - began) * 1000)
    return int(rows[0][0])


if __name__ == "__main__":
    for search_name in SEARCHES:
        file_of(search_name).write_text(written(search_name), encoding="utf-8")
