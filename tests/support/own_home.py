"""Homes with an embedded server of a test's own, and what tests of it ask."""

import time
from pathlib import Path

import psycopg
import pytest

from core.errors import StockwiseError
from core.postgres import postmaster
from core.postgres.server import Server, open_server
from core.settings import Settings, load_settings
from tests.support.databases import FAST_OPTIONS


def settings_of(home: Path) -> Settings:
    return load_settings({"home": home}).model_copy(update={"database_url": None})


def open_fast(home: Path) -> Server:
    return open_server(settings_of(home), options=FAST_OPTIONS)


def ask(server: Server, query: str) -> object:
    with psycopg.connect(server.dsn("owner"), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def wait_until_nobody_serves(home: Path) -> None:
    while postmaster._processes_in(home / "postgres"):
        time.sleep(0.01)


def refusal(home: Path) -> StockwiseError:
    with pytest.raises(StockwiseError) as caught:
        open_fast(home)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value
