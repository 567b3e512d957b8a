"""The API over a published build of two companies."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.api_client import Api, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.published import publish, small_plan


@pytest.fixture
async def reported(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], tmp_path: Path
) -> AsyncIterator[tuple[Api, Company]]:
    """One unit went on the first of November, two on the second, … 20 on the 20th; 8 of 218 are in stock."""
    acme, bolt = two_companies
    settings = fresh_database.settings.model_copy(update={"home": tmp_path})
    publish(settings, {acme: small_plan(acme), bolt: small_plan(bolt)})
    async with open_api(replace(fresh_database, settings=settings)) as api:
        yield api, acme
