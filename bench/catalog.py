"""The product page over HTTP beside an endpoint that returns a constant; product files beside a bare copy.

The constant is a route of the same process, with the same middleware and the same check of the storefront's
key. Pages are 1,000 of the catalogue's 100,000 products, read before, as a storefront's popular ones are.
Files are 20,000 products for a company that has none: new, unchanged, then each with another price; the
baseline copies the same cells into a temporary table and inserts them into bare tables with the same columns
and indexes.
"""

from __future__ import annotations

import csv
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from api.catalog.transfer_runs import run_import
from api.identity.tokens import STOREFRONT_PREFIX, new_token, token_sha256
from bench.constant_api import CONSTANT_PATH
from bench.get_load import Load
from bench.own_home import START_SECONDS, own_api_home, own_environment
from bench.products import fill_products
from bench.report import BenchResult
from core.errors import StockwiseError
from core.postgres import migrate
from core.postgres.server import Server, open_server
from core.progress import Progress, SilentProgress
from core.settings import Settings

PRODUCTS, PAGES, ROWS = 100_000, 1_000, 20_000
CLIENTS = 8
_COMPANY, _IMPORTER = (UUID(int=0x7000_8000_0000_0000_0000 + number) for number in (1, 2))
_WORDS = (
    "alpine", "canvas", "cotton", "urban", "trail", "classic", "light", "storm", "merino", "linen", "oak",
    "river", "stone", "amber",
)  # fmt: skip
_SEED = """
    insert into companies (id, name, slug, currency) values (%(id)s, %(slug)s, %(slug)s, 'EUR');
    insert into shops (company_id, id, name, slug) values (%(id)s, %(id)s, 'Main', 'main');
    insert into locations (company_id, id, code, name) values (%(id)s, %(id)s, 'MAIN', 'Main');
    insert into shop_locations (company_id, shop_id, location_id) values (%(id)s, %(id)s, %(id)s);
    insert into categories (company_id, name, slug)
    values (%(id)s, 'Shoes', 'shoes'), (%(id)s, 'Bags', 'bags')
"""


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    products: int = PRODUCTS,
    rows: int = ROWS,
    seconds: float = 3,
    rounds: int = 5,
) -> BenchResult:
    """Measure both in a home folder of the benchmark's own.

    Raises
    ------
    StockwiseError
        If a page was refused, or a row of a file.
    """
    if files:
        raise StockwiseError("The benchmark of the catalogue reads no files.")
    progress = progress or SilentProgress()
    result = BenchResult("catalog")
    with _open(settings, progress, products=products) as (own, server):
        _measure_pages(result, own, server, progress, seconds=seconds, rounds=rounds)
        _measure_imports(result, own, server, progress, rows=rows)
    result.add("products", products, "products")
    return result


# Pages --------------------------------------------------------------------------------------------------
def _measure_pages(
    result: BenchResult, own: Settings, server: Server, progress: Progress, *, seconds: float, rounds: int
) -> None:
    key, paths = _storefront(server)
    rates: dict[str, list[float]] = {"page": [], "constant": []}
    with _api(own) as client, progress.step("reading pages", total=2 * rounds) as step:
        headers = {"X-Storefront-Key": key}
        for path in paths:
            if client.get(path, headers=headers).status_code != 200:
                raise StockwiseError(f"The API refused {path}.")
        sides = [("page", paths), ("constant", [CONSTANT_PATH])]
        for turn in range(rounds):
            for name, wanted in sides if turn % 2 else sides[::-1]:
                load = Load(
                    host=own.api_host, port=own.api_port, seconds=seconds, clients=CLIENTS,
                    header=f"X-Storefront-Key: {key}", paths=wanted,
                )  # fmt: skip
                rates[name].append(_read(load))
                step.advance()
    page, constant = (statistics.median(rates[name]) for name in ("page", "constant"))
    result.add("product_page_to_constant", page, "pages/s", baseline=constant)


def _storefront(server: Server) -> tuple[str, list[str]]:
    key = new_token(STOREFRONT_PREFIX)
    with psycopg.connect(server.dsn("owner"), autocommit=True) as owner:
        owner.execute(
            "insert into storefront_keys (company_id, shop_id, name, key_prefix, key_sha256)"
            " values (%s, %s, 'bench', %s, %s)",
            [_COMPANY, _COMPANY, key[:10], token_sha256(key)],
        )
        found = owner.execute(
            "select id from products where company_id = %s and status = 'published'"
            " order by md5(sku) limit %s",
            [_COMPANY, PAGES],
        )
        return key, [f"/api/v1/products/{product_id}" for (product_id,) in found]


def _read(load: Load) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.get_load"], input=json.dumps(asdict(load)), capture_output=True,
        text=True, check=True, timeout=load.seconds + START_SECONDS,
    )  # fmt: skip
    measured = json.loads(done.stdout)
    if measured["first_bad"]:
        raise StockwiseError(f"The API refused: {measured['first_bad']}")
    return float(measured["answered"] / measured["seconds"])


# Files --------------------------------------------------------------------------------------------------
def _measure_imports(
    result: BenchResult, own: Settings, server: Server, progress: Progress, *, rows: int
) -> None:
    kinds = {"new": "created_rows", "again": "unchanged_rows", "changed": "updated_rows"}
    with progress.step("loading product files", total=len(kinds) + 1) as step:
        file = own.home / "products.csv"
        bare = _bare_copy(server, write_products(file, rows)) * 60
        step.advance()
        for kind, expected in kinds.items():
            write_products(file, rows, dearer=kind == "changed")
            report = run_import(own, file, company="importer")
            if getattr(report, expected) != rows:
                raise StockwiseError(f"Of {rows} rows {getattr(report, expected)} are {expected}: {report}")
            result.add(
                f"import_{kind}_per_minute", report.rows / report.seconds * 60, "products/min", baseline=bare
            )
            step.advance()


def write_products(file: Path, count: int, *, dearer: bool = False) -> list[dict[str, str]]:
    """Write a file of products as shops have them, the same for the same count; return its rows."""
    choose = random.Random(1)
    rows = []
    for number in range(count):
        price = choose.randrange(500, 20_000) + (100 if dearer else 0)
        rows.append(
            {
                "sku": f"IMPORT-{number:07}",
                "name": f"{' '.join(choose.sample(_WORDS, 3)).title()} {number}",
                "short_description": " ".join(choose.choices(_WORDS, k=8)),
                "description": " ".join(choose.choices(_WORDS, k=40)),
                "brand": choose.choice(_WORDS).title(),
                "category": choose.choice(("shoes", "bags")),
                "price_amount": f"{price / 100:.2f}",
                "cost_amount": f"{choose.randrange(100, 400) / 100:.2f}",
                "images": json.dumps([{"url": f"https://images.example.com/{number}.jpg", "alt": ""}]),
                "specifications": json.dumps({"material": choose.choice(_WORDS), "care": "cold"}),
                "tags": "|".join(choose.sample(_WORDS, 3)),
                "barcode": f"40{number:011}",
                "weight_kg": "0.450",
                "status": "published",
            }
        )
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _bare_copy(server: Server, rows: Sequence[dict[str, str]]) -> float:
    """Return products a second of the baseline: nothing is checked, resolved, recorded or told."""
    names = [name for name in rows[0] if name not in ("category", "tags", "images", "specifications")]
    with psycopg.connect(server.dsn("owner")) as owner:
        owner.execute("create temporary table bare_products (like products including all) on commit drop")
        owner.execute("create temporary table bare_variants (like variants including all) on commit drop")
        began = time.perf_counter()
        owner.execute(f"create temporary table cells ({', '.join(f'{name} text' for name in rows[0])})")
        with owner.cursor() as cursor, cursor.copy("copy cells from stdin") as copy:
            for row in rows:
                copy.write_row(list(row.values()))
        typed = {"price_amount": "numeric", "cost_amount": "numeric", "weight_kg": "numeric"}
        listed = ", ".join(f"{name}::{typed.get(name, 'text')}" for name in names)
        owner.execute(
            f"insert into bare_products (company_id, slug, specifications, {', '.join(names)})"
            f" select %s, lower(sku), specifications::jsonb, {listed} from cells",
            [_IMPORTER],
        )
        owner.execute(
            "insert into bare_variants (company_id, product_id, sku)"
            " select company_id, id, sku from bare_products"
        )
        owner.commit()
        return len(rows) / (time.perf_counter() - began)


# Both ---------------------------------------------------------------------------------------------------
@contextmanager
def _open(settings: Settings, progress: Progress, *, products: int) -> Iterator[tuple[Settings, Server]]:
    """Start a server of the benchmark's own, with a catalogue."""
    with own_api_home(settings) as own, open_server(own) as server:
        with progress.step(f"making {products:,} products"):
            migrate.upgrade(server)
            with psycopg.connect(server.dsn("owner"), autocommit=True) as owner:
                for company_id, slug in ((_COMPANY, "company"), (_IMPORTER, "importer")):
                    for statement in _SEED.split(";"):
                        owner.execute(statement, {"id": company_id, "slug": slug})
                fill_products(owner, _COMPANY, products)
                owner.execute("analyze")
        yield own, server


@contextmanager
def _api(own: Settings) -> Iterator[httpx.Client]:
    own.logs_folder.mkdir(parents=True, exist_ok=True)
    with (own.logs_folder / "constant_api.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.constant_api"],
            env={**own_environment(own), "PYTHONPATH": os.getcwd()}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            with httpx.Client(base_url=own.api_url, timeout=30, trust_env=False) as client:
                _wait(client, process)
                yield client
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise StockwiseError("The API did not start; its log is in the benchmark's home.")
