"""Fixtures of the pipelines' tests: a lake in a folder of the test's own."""

from pathlib import Path

import pytest

from core.settings import load_settings
from tests.support.databases import FreshDatabase
from tests.support.feeds import Lake


@pytest.fixture
def lake(fresh_database: FreshDatabase, tmp_path: Path) -> Lake:
    """An empty lake that is fed from the test's database."""
    return Lake(load_settings({"home": tmp_path / "home"}), fresh_database.dsn("reader"))
