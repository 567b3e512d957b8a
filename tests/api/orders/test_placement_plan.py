"""The plan of ``placement.sql``: by key, row by row, however large the tables have grown since then."""

import re
from uuid import uuid4

import psycopg

from api.orders.placement import PLACEMENT_FILE, load_statements
from bench.orders import _SEED, pgbench_script
from core.money import _DIGITS
from tests.support.databases import FreshDatabase


def test_no_table_is_read_from_end_to_end(fresh_database: FreshDatabase) -> None:
    """10 companies × 2,000 SKUs, row-level security on, a generic plan."""
    with fresh_database.connect("owner") as owner:
        owner.execute(_SEED)
    plan = explain_placement(fresh_database)
    assert "Index Scan using pk_stock_levels" in plan
    assert "Index Scan using pk_variants" in plan
    assert not re.findall(r"Seq Scan on \w+|Hash Join|Merge Join", plan)
    keys = re.findall(r"pk_stock_levels.*?\n\s+Index Cond: (.*)", plan)
    assert len(keys) == 3  # locked, read, raised
    assert all(name in key for key in keys for name in ("company_id", "location_id", "variant_id"))


def test_the_plan_of_an_empty_database_is_by_key_too(fresh_database: FreshDatabase) -> None:
    plan = explain_placement(fresh_database)
    assert not re.findall(r"Seq Scan on \w+|Hash Join|Merge Join", plan)


def test_pgbench_runs_the_very_file() -> None:
    """Nothing but the parameters differs between what the API sends and what pgbench is given."""
    parameter = r"(?<!:):[a-z_][a-z0-9_]*|array\[[^\]]*\](?=::)|null(?=::)"
    file = PLACEMENT_FILE.read_text(encoding="utf-8")
    script = pgbench_script()
    body = script.partition("\\startpipeline\n")[2].removesuffix("\\endpipeline\n")
    assert re.sub(parameter, "?", body) == re.sub(parameter, "?", file)


def test_sql_and_python_agree_on_the_decimals_of_currencies(fresh_database: FreshDatabase) -> None:
    with fresh_database.connect("owner") as owner:
        rows = owner.execute(
            "select code, minor_unit_digits(code) from unnest(%s::text[]) as code", [list(_DIGITS)]
        ).fetchall()
    assert dict(rows) == _DIGITS


def explain_placement(database: FreshDatabase) -> str:
    """Return the generic plans that a serving connection would make."""
    key, *statements = load_statements(PLACEMENT_FILE)
    values = {"company_id": str(uuid4()), "user_id": None, "scope": "test", "key": str(uuid4())}
    plans: list[str] = []
    with psycopg.connect(database.dsn("app")) as app:
        cursor = psycopg.RawCursor(app)
        cursor.execute(key[0].sql, [values[name] for name in key[1]])
        for statement, names in statements:
            name = statement.name.decode()
            cursor.execute(f"prepare {name} as ".encode() + statement.sql)
            nulls = ", ".join(["null"] * len(names))
            plans += [row[0] for row in cursor.execute(f"explain execute {name}({nulls})".encode())]
    return "\n".join(plans)
