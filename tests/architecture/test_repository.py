"""What may be tracked: no machine's paths, no registry's hosts, nothing without a hash or a reason."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPENDENCIES_RECORD = ROOT / "docs" / "decisions" / "0007-dependencies.md"
LARGEST_FILE_BYTES = 1_000_000
# The API's own description, written from the code: clients are made from it, and its changes are reviewed.
LARGE_BUT_NO_DATA = {"docs/reference/openapi.json"}
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+|Users/\w+)/")
REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org")


def tracked_texts() -> dict[str, str]:
    """Text of every tracked file, by name."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    texts: dict[str, str] = {}
    for name in filter(None, listed.split("\0")):
        file = ROOT / name
        if file.exists() and file.suffix not in {".png", ".ico", ".woff2"}:
            texts[name] = file.read_text(encoding="utf-8")
    return texts


def test_tracked_files_name_no_machine() -> None:
    assert [name for name, text in tracked_texts().items() if MACHINE_PATHS.search(text)] == []


def test_tracked_files_name_no_package_registry() -> None:
    assert [name for name, text in tracked_texts().items() if REGISTRY_HOSTS.search(text)] == []


def test_no_data_sets_are_tracked() -> None:
    too_large = {name for name in tracked_texts() if (ROOT / name).stat().st_size > LARGEST_FILE_BYTES}

    assert too_large - LARGE_BUT_NO_DATA == set()


@pytest.mark.parametrize(("name", "least"), [("requirements.lock", 100), ("requirements-spark.lock", 50)])
def test_every_locked_package_has_a_hash(name: str, least: int) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock.strip())

    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert len(entries) > least


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-spark.lock"])
def test_the_locks_have_no_addresses(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")

    assert re.findall(r"://|--(?:extra-)?index|--find-links", lock) == []


def test_every_dependency_is_locked() -> None:
    everything = locked_packages("requirements.lock")
    needed = direct_dependencies(with_extras=False)
    extras = set(direct_dependencies(with_extras=True)) - set(needed)

    assert [name for name in needed if name not in everything] == []
    assert extras - locked_packages("requirements-spark.lock") == set()


def test_every_dependency_has_a_reason() -> None:
    reasons = dict(
        re.findall(
            r"^\| `([^`]+)` \| (.+?) \|$", DEPENDENCIES_RECORD.read_text(encoding="utf-8"), re.MULTILINE
        )
    )

    assert {canonical(name) for name in reasons} == set(direct_dependencies(with_extras=True))
    assert [name for name, reason in reasons.items() if len(reason) < 10] == []


def locked_packages(name: str) -> set[str]:
    """Canonical names in a lock."""
    lock = (ROOT / name).read_text(encoding="utf-8")
    return {canonical(package) for package in re.findall(r"^([A-Za-z0-9._-]+)==", lock, flags=re.MULTILINE)}


def direct_dependencies(*, with_extras: bool) -> list[str]:
    """Canonical names in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values() if with_extras else []
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    return [canonical(re.split(r"[\[<>=~! ]", requirement)[0]) for requirement in wanted]


def canonical(name: str) -> str:
    """The form in which package names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()
