"""Pages over a real API on a test's database, before and after a build is published."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.published import close_snapshots
from dashboards import context
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.pages import Pages
from tests.support.published import publish, small_plan
from tests.support.visitors import add_super_admin, add_visitor, run_api

BOLTS_SECRET = "Bolt's secret"


@pytest.fixture
def unpublished(
    fresh_database: FreshDatabase,
    two_companies: tuple[Company, Company],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pages]:
    """Pages over an API that has published nothing."""
    acme, bolt = two_companies
    with fresh_database.connect("owner") as owner:
        for role in ("company_admin", "shop_manager", "shop_staff", "buyer"):
            add_visitor(owner, f"{role}@acme.example", {acme: role})
        add_visitor(owner, "company_admin@bolt.example", {bolt: "company_admin"})
        add_visitor(owner, "admin@both.example", {acme: "company_admin", bolt: "company_admin"})
        add_visitor(owner, "shopper@acme.example", {acme: "customer"})
        add_super_admin(owner, "root@platform.example")
    settings = fresh_database.settings.model_copy(update={"home": tmp_path})
    with run_api(fresh_database, settings) as api:
        settings = settings.model_copy(update={"api_url": api.url})
        pages = Pages(settings, api, fresh_database, acme, bolt)
        monkeypatch.setattr(context, "settings", lambda: settings)
        monkeypatch.setattr(context, "visitor_cookie", lambda: pages.cookie)
        yield pages
    close_snapshots()


@pytest.fixture
def pages(unpublished: Pages) -> Pages:
    """Pages over a published build of two companies."""
    publish_plans(unpublished)
    return unpublished


def publish_plans(
    pages: Pages, *, build_id: str = "build-1", horizon_at: datetime | None = None, factor: int = 10
) -> None:
    """Publish a plan for each company; bolt sells ``factor`` times as much as acme, of another product."""
    bolt = dict(small_plan(pages.bolt, suggested_units=36))
    for table in ("srv_sales_daily", "srv_product_sales_daily"):
        bolt[table] = [_times(row, factor) for row in bolt[table]]
    for table in ("srv_products", "srv_restock_worklist", "srv_stock_levels"):
        bolt[table] = [{**row, "product_name": BOLTS_SECRET} for row in bolt[table]]
    publish(
        pages.settings,
        {pages.acme: small_plan(pages.acme), pages.bolt: bolt},
        build_id=build_id,
        horizon_at=horizon_at,
    )


def _times(row: Any, factor: int) -> dict[str, Any]:
    grown = (
        "net_sales_amount",
        "gross_sales_amount",
        "costed_net_sales_amount",
        "cost_amount",
        "margin_amount",
        "units",
    )
    return {name: value * factor if name in grown else value for name, value in row.items()}


@pytest.fixture
def publish_again() -> Any:
    """Publish, from within a test."""
    return publish_plans


@pytest.fixture
def bolts_secret() -> str:
    """A word that no one of acme may ever read."""
    return BOLTS_SECRET
