"""Fixtures of the tests with several API processes."""

from collections.abc import Iterator

import pytest

from tests.support.api_processes import ApiProcesses, run_api


@pytest.fixture(scope="session")
def api_processes() -> Iterator[ApiProcesses]:
    """Two API processes on one database; each test has a company of its own. No buyer is sent away."""
    with run_api(workers=2, placement_wait_seconds=60) as api:
        yield api
