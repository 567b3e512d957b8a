"""Imports of small files into a database of the test's own."""

from pathlib import Path

import pytest

from tests.pipelines.imports.retail_files import Shop
from tests.support.databases import FreshDatabase


@pytest.fixture
def shop(fresh_database: FreshDatabase, tmp_path: Path) -> Shop:
    """A company without history, and a folder for its files."""
    return Shop(fresh_database, tmp_path)
