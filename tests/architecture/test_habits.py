"""Habits that a reviewer would have to look for in every change."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "models", "api", "pipelines", "dashboards")
# settings reads the environment; telemetry sets the libraries' switches before they are imported; run hands
# the settings to uvicorn's workers, and transform to dbt's profile, which have no other way to be told.
MAY_TOUCH_THE_ENVIRONMENT = {"core/settings.py", "core/telemetry.py", "api/run.py", "pipelines/transform.py"}
SWITCHES = r"pytest\.(mark\.(skip|xfail)\b|importorskip)"


def package_files() -> list[Path]:
    return [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def names_in(tree: ast.Module) -> set[str]:
    """Dotted names and plain names that a module uses."""
    plain = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return plain | {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        name_of(file)
        for file in package_files()
        if names_in(parsed(file)) & {"os.environ", "os.getenv", "environ", "getenv"}
    }

    assert readers <= MAY_TOUCH_THE_ENVIRONMENT


def test_packages_never_print() -> None:
    printing = [
        f"{name_of(file)}:{node.lineno}"
        for file in package_files()
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert printing == []


def test_no_test_is_switched_off() -> None:
    """A test may ask for root or for a mount; what it cannot have is named by pytest's summary."""
    command = ["git", "grep", "-nE", SWITCHES, "--", "tests", ":!tests/architecture"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert found.stdout == ""
