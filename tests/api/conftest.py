"""Fixtures of the API's tests."""

import logging
from collections.abc import AsyncIterator

import pytest
import structlog

from tests.support.api_client import Api, open_api
from tests.support.databases import FreshDatabase


@pytest.fixture(autouse=True, scope="session")
def _quiet_logs() -> None:
    """Let errors be seen among hundreds of requests."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )


@pytest.fixture
async def api(fresh_database: FreshDatabase) -> AsyncIterator[Api]:
    """The application on this test's own database."""
    async with open_api(fresh_database) as opened:
        yield opened
