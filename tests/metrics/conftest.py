"""One small shop, written and published once by a whole round: tests of this folder read it only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.metrics.inventory import last_stock_day
from core.metrics.period import Period, last_days
from core.postgres.server import Server
from core.published import Snapshot, close_snapshots, open_snapshot
from core.settings import Settings
from pipelines.run import run_round
from tests.support.databases import fresh_copy
from tests.support.measured_shop import MeasuredShop, write_measured_shop


@pytest.fixture(scope="session")
def measured_shop(
    database_server: Server, session_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MeasuredShop]:
    """The shop as it stands in PostgreSQL, for an oracle in SQL, and as it is published."""
    home: Path = tmp_path_factory.mktemp("measured")
    settings = session_settings.model_copy(update={"home": home})
    with fresh_copy(database_server, session_settings) as database:
        shop = write_measured_shop(database, settings)
        result = run_round(settings, server=database_server, database=database.name)
        assert result.ok, result.reason
        yield shop
        close_snapshots()


@pytest.fixture
def snapshot(measured_shop: MeasuredShop) -> Iterator[Snapshot]:
    """The shop's published file."""
    with open_snapshot(measured_shop.settings, measured_shop.company_id) as opened:
        yield opened


@pytest.fixture
def year(snapshot: Snapshot) -> Period:
    """A year up to the horizon: a day of 23 hours and one of 25 lie in it."""
    day = last_stock_day(snapshot)
    assert day is not None
    return last_days(day, 365)
