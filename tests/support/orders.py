"""Orders in tests: their bodies, what they wrote, and whether stock still adds up."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from core.ids import new_id
from tests.support.api_client import Api
from tests.support.api_processes import ApiProcesses
from tests.support.companies import Company

TABLES = (
    "orders",
    "order_lines",
    "reservations",
    "order_history",
    "events",
    "idempotency_keys",
    "stock_ledger",
)
_DIFFERENCES = """
    select
        company_id, location_id, variant_id,
        level.on_hand_units, ledger.units as ledger_units, level.reserved_units, live.units as live_units
    from stock_levels as level
    full join (
        select company_id, location_id, variant_id, sum(delta_units) as units
        from stock_ledger group by company_id, location_id, variant_id
    ) as ledger using (company_id, location_id, variant_id)
    full join (
        select company_id, location_id, variant_id, sum(reserved_units) as units
        from reservations where status = 'live' group by company_id, location_id, variant_id
    ) as live using (company_id, location_id, variant_id)
    where coalesce(level.on_hand_units, 0) <> coalesce(ledger.units, 0)
    or coalesce(level.reserved_units, 0) <> coalesce(live.units, 0)
    or level.available_units < 0 and not level.allow_backorder
"""
_BROKEN_ORDERS = """
    select orders.id from orders
    where not exists (select from order_lines where order_lines.order_id = orders.id)
    or (select count(*) from order_history where order_id = orders.id and from_status is null) <> 1
    or (select count(*) from events where aggregate_id = orders.id and type = 'order.created') <> 1
    or (
        select count(*) from idempotency_keys
        where resource_id = orders.id and scope like 'POST place_order %'
    ) <> 1
    or (select sum(quantity_units) from order_lines where order_id = orders.id)
        <> (select sum(reserved_units) from reservations where owner_id = orders.id)
"""
_EVENTS_WITHOUT_ORDER = """
    select events.id from events
    where events.aggregate_type = 'order'
    and not exists (select from orders where orders.id = events.aggregate_id)
"""


def order_body(company: Company, *, quantity_units: int = 1, **changes: Any) -> dict[str, Any]:
    """Return an order of the company's one product, with ``changes``."""
    lines = [{"sku": company.sku, "quantity_units": quantity_units}]
    return {"shop_id": str(company.shop_id), "lines": lines} | changes


async def place(
    api: Api,
    company: Company,
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    quantity_units: int = 1,
    **changes: Any,
) -> httpx.Response:
    """Place an order, as the company's admin if not told otherwise."""
    credential = api.token("company_admin", company) if headers is None else headers
    return await api.client.post(
        "/api/v1/orders",
        json=order_body(company, quantity_units=quantity_units, **changes),
        headers={"Idempotency-Key": key or str(uuid4()), **credential},
    )


def add_variant(
    api: Api | ApiProcesses,
    company: Company,
    sku: str,
    *,
    on_hand_units: int = 100,
    status: str = "published",
) -> str:
    """Add a product of one variant, with stock at the company's location, and return its SKU."""
    values = {
        "company": company.id,
        "product": new_id(),
        "variant": new_id(),
        "location": company.location_id,
        "sku": sku,
        "slug": sku.lower(),
        "status": status,
        "units": on_hand_units,
    }
    with _owner(api) as owner:
        owner.execute(
            "insert into products (company_id, id, sku, slug, name, price_amount, status)"
            " values (%(company)s, %(product)s, %(sku)s, %(slug)s, %(sku)s, 10, %(status)s)",
            values,
        )
        owner.execute(
            "insert into variants (company_id, id, product_id, sku)"
            " values (%(company)s, %(variant)s, %(product)s, %(sku)s)",
            values,
        )
        if on_hand_units:
            owner.execute(
                "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
                " values (%(company)s, %(location)s, %(variant)s, %(units)s, 'opening')",
                values,
            )
    return sku


def add_variants(api: ApiProcesses, company: Company, count: int) -> list[str]:
    """Add products with stock that does not run out, and return their SKUs and the company's first."""
    names = [f"V-{place}" for place in range(count)]
    return [company.sku, *(add_variant(api, company, sku, on_hand_units=1_000_000) for sku in names)]


def _owner(api: Api | ApiProcesses) -> AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]:
    return api.database.connect("owner") if isinstance(api, Api) else api.owner()


def counts(api: Api) -> dict[str, int]:
    """Count the rows of every table that an order writes."""
    return {table: api.scalar(f"select count(*) from {table}") for table in TABLES}


def assert_stock_adds_up(api: Api | ApiProcesses) -> None:
    """Stock equals its ledger and live reservations, however its orders came."""
    assert api.rows(_DIFFERENCES) == []


def assert_all_adds_up(api: Api | ApiProcesses) -> None:
    """Stock equals its ledger and live reservations, and no order is half there, by SQL of our own."""
    assert_stock_adds_up(api)
    assert api.rows(_BROKEN_ORDERS) == []
    assert api.rows(_EVENTS_WITHOUT_ORDER) == []
