"""What buyers in tests need: coupons, further shops, checkouts."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg

from core.ids import new_id
from tests.support.api_client import Api
from tests.support.api_processes import ApiProcesses
from tests.support.companies import Company

CHECKOUTS = "/api/v1/checkouts"
ADDRESS = {"full_name": "Ada", "address_line1": "Street 1", "city": "Berlin", "country": "DE"}


def add_coupon(api: Api | ApiProcesses, company: Company, code: str, **terms: Any) -> UUID:
    """Write a coupon of 10 % if ``terms`` (columns) do not say otherwise."""
    row = {"company_id": company.id, "id": new_id(), "code": code, "kind": "percentage", "value": 10} | terms
    return _insert(api, "coupons", row)


def add_campaign(api: Api | ApiProcesses, company: Company, **terms: Any) -> UUID:
    """Write a campaign."""
    row = {"company_id": company.id, "id": new_id(), "name": f"Campaign {uuid4()}"} | terms
    return _insert(api, "coupon_campaigns", row)


def add_shop(api: Api | ApiProcesses, company: Company) -> UUID:
    """Write a second shop that draws on the first one's location."""
    shop_id = new_id()
    _insert(api, "shops", {"company_id": company.id, "id": shop_id, "name": "B", "slug": f"b-{shop_id}"})
    with _owner(api) as owner:
        owner.execute(
            "insert into shop_locations (company_id, shop_id, location_id) values (%s, %s, %s)",
            [company.id, shop_id, company.location_id],
        )
    return shop_id


def uses_of(api: Api | ApiProcesses, coupon_id: UUID) -> tuple[int, int]:
    """Return what a coupon counts, and how many of its uses were not given back."""
    [(counted, live)] = api.rows(
        "select used_count, (select count(*) from coupon_redemptions"
        " where coupon_id = coupons.id and given_back_at is null) from coupons where id = %s",
        [coupon_id],
    )
    return counted, live


async def check_out(
    client: httpx.AsyncClient,
    cart_id: str,
    headers: dict[str, str],
    *,
    key: str | None = None,
    **changes: Any,
) -> httpx.Response:
    """Buy a cart."""
    body = {"cart_id": cart_id, "shipping_address": ADDRESS, **changes}
    return await client.post(
        CHECKOUTS, json=body, headers={"Idempotency-Key": key or str(uuid4()), **headers}
    )


def _insert(api: Api | ApiProcesses, table: str, row: dict[str, Any]) -> UUID:
    columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
    with _owner(api) as owner:
        owner.execute(f"insert into {table} ({columns}) values ({places})", list(row.values()))
    row_id: UUID = row["id"]
    return row_id


def _owner(api: Api | ApiProcesses) -> AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]:
    return api.database.connect("owner") if isinstance(api, Api) else api.owner()
