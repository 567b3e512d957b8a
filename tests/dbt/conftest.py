"""One small warehouse, built once: most tests only read it."""

from collections.abc import Iterator

import pytest

from core.warehouse import Warehouse
from pipelines.transform import TransformResult, build
from tests.dbt.raw_rows import open_warehouse
from tests.dbt.two_shops import two_shops


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The raw rows of `two_shops`; nothing is built yet."""
    with open_warehouse(tmp_path_factory.mktemp("small"), two_shops()) as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def small_marts(small_warehouse: Warehouse) -> tuple[Warehouse, TransformResult]:
    """The same with staging, intermediate and marts built and tested."""
    return small_warehouse, build(small_warehouse.settings, "warehouse")
