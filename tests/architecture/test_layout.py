"""The house as the README draws it: folders, names and sizes of files."""

import ast
import subprocess
from collections import Counter
from pathlib import Path

from tests.support.scheduling import LONGEST, TOGETHER

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "models", "api", "pipelines", "dashboards")
FOLDERS = {*PACKAGES, "dbt", "bench", "tests", "docs", ".ci", ".streamlit"}
LONGEST_MODULE_LINES = 400
LONGEST_SELF_EXPLAINING_LINES = 15


def tracked_files(*patterns: str) -> list[Path]:
    """Files that git tracks and that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists()]


def modules() -> list[Path]:
    return tracked_files("*.py")


def package_modules() -> list[Path]:
    return [file for file in modules() if file.relative_to(ROOT).parts[0] in PACKAGES]


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_nothing_lies_outside_the_folders_of_the_house() -> None:
    folders = {
        file.relative_to(ROOT).parts[0] for file in tracked_files() if len(file.relative_to(ROOT).parts) > 1
    }

    assert folders <= FOLDERS


def test_every_package_is_there() -> None:
    assert [name for name in PACKAGES if not (ROOT / name / "__init__.py").exists()] == []


def test_dbt_folder_is_no_package() -> None:
    """With an ``__init__.py`` it would hide the library of that name."""
    assert not list((ROOT / "dbt").rglob("__init__.py"))


def test_test_folders_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_test_files_have_unique_names() -> None:
    counted = Counter(file.name for file in tracked_files("tests/**/test_*.py", "tests/test_*.py"))

    assert [name for name, count in counted.items() if count > 1] == []


def test_the_files_and_folders_that_run_first_are_there() -> None:
    assert [name for name in (*LONGEST, *TOGETHER) if not (ROOT / name).exists()] == []


def test_a_module_fits_on_a_few_screens() -> None:
    too_long = [
        name_of(file)
        for file in modules()
        if len(file.read_text("utf-8").splitlines()) > LONGEST_MODULE_LINES
    ]

    assert too_long == []


def test_modules_and_public_functions_say_what_they_are_for() -> None:
    silent = [where for file in package_modules() for where in undocumented(file)]

    assert silent == []


def undocumented(file: Path) -> list[str]:
    """The module and its longer functions without docstring; Alembic's revisions have fixed names."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and (node.end_lineno or 0) - node.lineno >= LONGEST_SELF_EXPLAINING_LINES
    ]
    if "versions" in file.parts:
        functions = []
    silent: list[ast.Module | ast.FunctionDef | ast.AsyncFunctionDef] = (
        [tree, *functions] if tree.body else []
    )
    return [
        f"{name_of(file)}: {getattr(node, 'name', 'module')}"
        for node in silent
        if ast.get_docstring(node) is None
    ]
