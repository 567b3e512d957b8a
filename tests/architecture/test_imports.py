"""Imports go one way, and databases are opened in one place."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRIVATE_TO_A_DOMAIN = {"tables", "queries"}
OPENING_CALLS = {
    "psycopg.connect",
    "psycopg.Connection.connect",
    "psycopg.AsyncConnection.connect",
    "psycopg_pool.ConnectionPool",
    "psycopg_pool.AsyncConnectionPool",
    "sqlalchemy.create_engine",
    "sqlalchemy.ext.asyncio.create_async_engine",
    "adbc_driver_postgresql.dbapi.connect",
    "duckdb.connect",
}
# Alembic's entry point collects every domain's tables; it is no domain itself.
COLLECTORS = {"api/tables.py", "api/migrations/env.py"}


def test_import_contracts_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_imports_the_command() -> None:
    importers = [
        str(file.relative_to(ROOT))
        for package in ("core", "models", "api", "pipelines", "dashboards", "bench")
        for file in (ROOT / package).rglob("*.py")
        if any(target.split(".")[0] == "stockwise" for target in imported_names(file))
    ]

    assert importers == []


def test_tables_and_queries_of_a_domain_are_its_own() -> None:
    strangers = [
        f"{file.relative_to(ROOT)} imports {target}"
        for file in (ROOT / "api").rglob("*.py")
        if str(file.relative_to(ROOT)) not in COLLECTORS
        for target in imported_names(file)
        if is_private_to_another_domain(target, file)
    ]

    assert strangers == []


def test_databases_are_opened_in_core_only() -> None:
    offenders = [
        f"{file.relative_to(ROOT)} calls {call}"
        for package in ("models", "api", "pipelines", "dashboards")
        for file in (ROOT / package).rglob("*.py")
        for call in called_names(file) & OPENING_CALLS
    ]

    assert offenders == []


def is_private_to_another_domain(target: str, file: Path) -> bool:
    """``api.<domain>.tables`` or ``.queries``, or a name in them, seen from outside that domain."""
    parts = target.split(".")
    if len(parts) < 3 or parts[0] != "api" or parts[2] not in PRIVATE_TO_A_DOMAIN:
        return False
    return file.relative_to(ROOT / "api").parts[0] != parts[1]


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imported_names(file: Path) -> set[str]:
    """Full names that a module imports, at its top or inside functions."""
    return set(bindings(parsed(file)).values())


def bindings(tree: ast.Module) -> dict[str, str]:
    """Local name of each import, with the full name that it stands for."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bound.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module:
            bound.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return bound


def called_names(file: Path) -> set[str]:
    """Full names of what a module calls, as far as its imports tell."""
    tree = parsed(file)
    bound = bindings(tree)
    calls = (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {full_name(call, bound) for call in calls}


def full_name(call: str, bound: dict[str, str]) -> str:
    """Replace the longest bound beginning of a dotted name by what it stands for."""
    for local in sorted(bound, key=len, reverse=True):
        if call == local or call.startswith(f"{local}."):
            return bound[local] + call[len(local) :]
    return call
