"""Fixtures of the tests with several API processes."""

from collections.abc import Iterator

import pytest

from tests.support.api_processes import ApiProcesses, run_api


@pytest.fixture(scope="module")
def api_processes() -> Iterator[ApiProcesses]:
    """Two API processes on one database; each test has a company of its own."""
    with run_api(workers=2) as api:
        yield api
