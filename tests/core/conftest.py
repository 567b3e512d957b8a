"""Fixtures of the tests of the embedded server: folders and homes that can be broken."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.postgres.server import open_server
from tests.support.databases import FAST_OPTIONS
from tests.support.own_home import settings_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder on a short path that every user may enter."""
    made = Path(tempfile.mkdtemp(prefix="sw-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def made_home() -> Iterator[Path]:
    """A home whose server was started and stopped once; tests copy it instead of running initdb."""
    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as made:
        Path(made).chmod(0o755)
        with open_server(settings_of(Path(made)), options=FAST_OPTIONS):
            pass
        yield Path(made)


@pytest.fixture
def home(made_home: Path, folder: Path) -> Path:
    """A stopped home of this test's own."""
    copy = folder / "home"
    shutil.copytree(made_home, copy)
    owner = (made_home / "postgres").stat()
    for path in [copy / "postgres", *(copy / "postgres").rglob("*"), copy / "socket"]:
        os.chown(path, owner.st_uid, owner.st_gid)
    return copy
