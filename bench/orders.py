"""Orders per second through HTTP, against pgbench running the very SQL that the API executes.

Both sides place orders of three lines: tenant bound in the same round trip, row-level security, events,
idempotency rows, the same server and durability; HTTP adds the token check and everything an answer needs.
Rounds alternate, so that a slow minute of the machine hits both. Then the same with one hot variant: every
order of every client has it, of one company, so that all follow one another at its row. The API admits
``placements_at_once`` of them per process (a figure of the result); pgbench has no such limit.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict

from api.identity.tokens import AccessTokens, Grant
from api.orders.placement import PLACEMENT_FILE
from bench.load_generator import Buyer, Load
from bench.own_home import own_api, own_api_home
from bench.report import BenchResult
from core.errors import StockwiseError
from core.postgres import migrate
from core.postgres.binaries import program, shared_libraries_folder
from core.postgres.pools import serving_dsn
from core.postgres.server import Server, open_server
from core.progress import Progress, SilentProgress
from core.secrets import load_secrets
from core.settings import Settings

COMPANIES = 10
SKUS = 2_000
FIRST_SKU = 10_000_000
HOT_FROM_CLIENTS = 2
LONGEST_WAIT_SECONDS = 60


@dataclass
class Side:
    """What one side did in all rounds at one number of clients."""

    rates: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Median orders per second of the rounds."""
        return statistics.median(self.rates)

    def percentile(self, share: float) -> float:
        """Latency that ``share`` of all orders stayed below."""
        ordered = sorted(self.milliseconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(frozen=True)
class Bench:
    """The server, the API in front of it, and the settings of both."""

    settings: Settings
    server: Server
    seconds: float


@dataclass(frozen=True)
class Shape:
    """What is ordered: three random SKUs of ten companies, or one of them the same for all."""

    name: str
    is_hot: bool


SPREAD = Shape("", is_hot=False)
HOT = Shape("hot_", is_hot=True)


def run(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    progress: Progress | None = None,
    seconds: float = 5,
    rounds: int = 4,
    clients: Sequence[int] = (1, 8, 32),
) -> BenchResult:
    """Measure both sides in a home folder of the benchmark's own.

    Raises
    ------
    StockwiseError
        If an order was refused, or the database holds other orders than were acknowledged.
    """
    if files:
        raise StockwiseError("The benchmark of orders reads no files.")
    progress = progress or SilentProgress()
    result = BenchResult("orders")
    acknowledged = 0
    with _open_bench(settings, progress, seconds=seconds) as bench:
        for shape in (SPREAD, HOT):
            rates: dict[int, float] = {}
            for client_count in clients:
                if shape.is_hot and client_count < HOT_FROM_CLIENTS:
                    continue
                http, pgbench = Side(), Side()
                title = f"{client_count} clients, {'one hot variant' if shape.is_hot else 'spread'}"
                with progress.step(title, total=2 * rounds) as step:
                    for turn in range(rounds):
                        sides = [(_run_http, http), (_run_pgbench, pgbench)]
                        for measure, side in sides if turn % 2 == 0 else reversed(sides):
                            acknowledged += measure(bench, client_count, side, shape)
                            step.advance()
                rates[client_count] = http.rate
                _report(result, client_count, http, pgbench, shape)
            if shape.is_hot and len(rates) > 1:
                most, least = max(rates), min(rates)
                result.add(f"hot_c{most}_to_c{least}", rates[most], "orders/s", baseline=rates[least])
        stored = _count_orders(bench.server)
    if stored != acknowledged:
        raise StockwiseError(f"The database holds {stored} orders, but {acknowledged} were acknowledged.")
    result.add("placements_at_once", settings.placements_at_once, "orders")
    result.add("orders_stored_to_acknowledged", stored, "orders", baseline=acknowledged)
    return result


def pgbench_script(*, is_hot: bool = False) -> str:
    """Return ``placement.sql`` as a pgbench script: one pipeline, its parameters bound to variables.

    pgbench has no arrays and no nulls, so the lines' arrays are built from three variables and the
    parameters that a plain order leaves out are written as null. Nothing else of the file is touched.
    """
    written = {
        "line_variant_ids": "array[null, null, null]",
        "line_skus": "array[:sku_1, :sku_2, :sku_3]",
        "line_quantities": "array[1, 1, 1]",
        "shipping_method": "null",
        "customer_note": "null",
        "expected_total_amount": "null",
        "line_discounts": "null",
        "line_tax_rates": "null",
        "line_expected_prices": "null",
        "tax_country": "null",
        "tax_region": "null",
        "shipping_amount": "null",
        "coupon_code": "null",
        "checkout_id": "null",
        "cart_id": "null",
        "is_part_of_checkout": "null",
    }

    def write(parameter: re.Match[str]) -> str:
        return written.get(parameter[1], parameter[0])

    file = PLACEMENT_FILE.read_text(encoding="utf-8")
    statements = re.sub(r"(?<!:):([a-z_][a-z0-9_]*)", write, file)
    head = _PGBENCH_HEAD
    if is_hot:
        head = head.replace(f"1 + :client_id % {COMPANIES}", "1").replace(
            f"sku_1 random({FIRST_SKU}, {FIRST_SKU + SKUS - 1})", f"sku_1 {FIRST_SKU}"
        )
    return head + statements + "\\endpipeline\n"


# Each client is one company's customer, like the clients over HTTP; the ids are the number of the company.
_PGBENCH_HEAD = rf"""
\if :is_bound = 0
select
    ('00000000-0000-7000-8000-' || lpad((1 + :client_id % {COMPANIES})::text, 12, '0')) as company_id,
    ('00000000-0000-7000-8000-' || lpad((1 + :client_id % {COMPANIES})::text, 12, '0')) as shop_id,
    ('00000000-0000-7000-8000-' || lpad((1 + :client_id % {COMPANIES})::text, 12, '0')) as customer_id,
    ('00000000-0000-7000-8000-' || lpad((1 + :client_id % {COMPANIES})::text, 12, '0')) as user_id
\gset
\set is_bound 1
\endif
\set sku_1 random({FIRST_SKU}, {FIRST_SKU + SKUS - 1})
\set sku_2 random({FIRST_SKU}, {FIRST_SKU + SKUS - 1})
\set sku_3 random({FIRST_SKU}, {FIRST_SKU + SKUS - 1})
\set key random(1, 9000000000000000000)
\startpipeline
"""
_PGBENCH_VARIABLES = {
    "is_bound": "0",
    "scope": "POST place_order pgbench",
    "request_sha256": "\\x" + 32 * "ab",
    "request_id": "pgbench",
    "placed_by": "customer",
    "email": "buyer@example.com",
    "shipping_address": "{}",
    "billing_address": "{}",
}

_SEED = f"""
    insert into users (id, email, password_hash)
    select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'buyer' || n || '@example.com', '-'
    from generate_series(1, {COMPANIES}) as n;

    insert into companies (id, name, slug, currency, timezone, tax_rate, owner_user_id)
    select id, 'Company', 'company-' || right(id::text, 4), 'EUR', 'Europe/Berlin', 0.19, id from users;

    insert into shops (company_id, id, name, slug) select id, id, 'Main', 'main' from companies;
    insert into locations (company_id, id, code, name) select id, id, 'MAIN', 'Main' from companies;
    insert into shop_locations (company_id, shop_id, location_id) select id, id, id from companies;
    insert into customers (company_id, id, user_id, email)
    select id, id, id, 'buyer@example.com' from companies;

    insert into products (company_id, id, sku, slug, name, price_amount, cost_amount, status)
    select
        company.id, uuidv7(), ({FIRST_SKU} + n)::text, 'product-' || n, 'Product ' || n,
        5.99 + n % 40, 3 + n % 20, 'published'
    from companies as company, generate_series(0, {SKUS - 1}) as n;
    insert into variants (company_id, id, product_id, sku) select company_id, id, id, sku from products;
    insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)
    select company_id, company_id, id, 1000000, 'opening' from variants;
    analyze;
"""


@contextmanager
def _open_bench(settings: Settings, progress: Progress, *, seconds: float) -> Iterator[Bench]:
    """Start a server and an API of the benchmark's own, with ten companies of 2,000 SKUs."""
    with own_api_home(settings) as own, open_server(own) as server:
        with progress.step(f"making {COMPANIES} companies of {SKUS:,} SKUs"):
            migrate.upgrade(server)
            with psycopg.connect(server.dsn("owner"), autocommit=True) as owner:
                owner.execute(_SEED)
        with own_api(own):
            for shape in (SPREAD, HOT):
                script = pgbench_script(is_hot=shape.is_hot)
                (own.home / f"{shape.name}placement.pgbench").write_text(script, encoding="utf-8")
            yield Bench(own, server, seconds)


def _run_http(bench: Bench, client_count: int, side: Side, shape: Shape) -> int:
    tokens = AccessTokens(key=load_secrets(bench.settings).jwt_key, lifetime=timedelta(hours=1))
    load = Load(
        host=bench.settings.api_host,
        port=bench.settings.api_port,
        seconds=bench.seconds,
        buyers=[
            _buyer(tokens, 1 if shape.is_hot else 1 + place % COMPANIES) for place in range(client_count)
        ],
        first_sku=FIRST_SKU,
        sku_count=SKUS,
        hot_sku=FIRST_SKU if shape.is_hot else None,
    )
    finished = subprocess.run(
        [sys.executable, "-m", "bench.load_generator"],
        input=json.dumps(asdict(load)),
        cwd=Path(__file__).resolve().parent.parent,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=bench.seconds + LONGEST_WAIT_SECONDS,
    )
    measured = json.loads(finished.stdout)
    if measured["refused"]:
        raise StockwiseError(f"The API refused {measured['refused']} orders.")
    side.rates.append(measured["placed"] / measured["seconds"])
    side.milliseconds += measured["milliseconds"]
    return int(measured["placed"])


def _buyer(tokens: AccessTokens, number: int) -> Buyer:
    company_id = UUID(f"00000000-0000-7000-8000-{number:012}")
    grant = Grant(
        user_id=company_id,
        email="buyer@example.com",
        roles=frozenset({"customer"}),
        company_id=company_id,
        customer_id=company_id,
    )
    return Buyer(f"Bearer {tokens.issue(grant, now=datetime.now(UTC))}", str(company_id))


def _run_pgbench(bench: Bench, client_count: int, side: Side, shape: Shape) -> int:
    dsn = conninfo_to_dict(serving_dsn(bench.server.dsn("app"), bench.settings))
    environment = dict(os.environ) | {
        "PGHOST": str(dsn["host"]),
        "PGPORT": str(dsn.get("port") or 5432),
        "PGUSER": str(dsn["user"]),
        "PGPASSWORD": str(dsn["password"]),
        "PGDATABASE": str(dsn["dbname"]),
        "PGOPTIONS": str(dsn["options"]),
        "LD_LIBRARY_PATH": str(shared_libraries_folder()),
    }
    log = bench.settings.home / "pgbench_log"
    command = [str(program("pgbench")), "-n", "-M", "prepared", "-j", "2"]
    command += ["-c", str(client_count), "-T", f"{bench.seconds:.0f}", "-l", f"--log-prefix={log}"]
    for name, value in _PGBENCH_VARIABLES.items():
        command += ["-D", f"{name}={value}"]
    command += ["-f", str(bench.settings.home / f"{shape.name}placement.pgbench")]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    processed = re.search(r"actually processed: (\d+)", finished.stdout)
    rate = re.search(r"tps = ([0-9.]+)", finished.stdout)
    if finished.returncode or processed is None or rate is None:
        raise StockwiseError(f"pgbench failed: {finished.stderr.strip().splitlines()[-1:]}")
    side.rates.append(float(rate[1]))
    for file in bench.settings.home.glob("pgbench_log.*"):
        with file.open(encoding="ascii") as lines:
            side.milliseconds += [int(line.split()[2]) / 1000 for line in lines]
        file.unlink()
    return int(processed[1])


def _report(result: BenchResult, client_count: int, http: Side, pgbench: Side, shape: Shape) -> None:
    name = f"c{client_count}"
    ratio = f"hot_to_pgbench_{name}" if shape.is_hot else f"http_to_pgbench_{name}"
    result.add(ratio, http.rate, "orders/s", baseline=pgbench.rate)
    for title, share in (("p50", 0.5), ("p99", 0.99)):
        latency = http.percentile(share)
        baseline = pgbench.percentile(share)
        result.add(f"{shape.name}http_{title}_{name}", latency, "ms", baseline=baseline)
    if not shape.is_hot:
        p50, p99 = http.percentile(0.5), http.percentile(0.99)
        result.add(f"http_p99_to_p50_{name}", p99, "ms", baseline=p50)


def _count_orders(server: Server) -> int:
    with psycopg.connect(server.dsn("owner"), autocommit=True) as owner:
        row = owner.execute("select count(*) from orders").fetchone()
    assert row is not None
    return int(row[0])
