"""Fixtures of the API's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.support.api_client import Api, open_api
from tests.support.databases import FreshDatabase


@pytest.fixture
async def api(fresh_database: FreshDatabase) -> AsyncIterator[Api]:
    """The application on this test's own database."""
    async with open_api(fresh_database) as opened:
        yield opened
