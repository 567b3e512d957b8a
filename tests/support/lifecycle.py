"""An order's way in tests: paid, sent in parts, delivered, cancelled in parts, returned."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from core.ids import new_id
from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.orders import add_variant, place
from tests.support.payments import intent, process

ORDERS = "/api/v1/orders"
RETURNS = "/api/v1/returns"


async def post(
    api: Api, path: str, body: Any, headers: dict[str, str], *, key: str | None = None
) -> httpx.Response:
    """Send a keyed request."""
    return await api.client.post(path, json=body, headers={"Idempotency-Key": key or str(uuid4()), **headers})


async def ordered(api: Api, company: Company, *, is_paid: bool = True, **lines: int) -> dict[str, Any]:
    """Place an order of these SKUs as the company's customer, and pay for it."""
    wanted = [{"sku": sku, "quantity_units": units} for sku, units in lines.items()]
    wanted = wanted or [{"sku": company.sku, "quantity_units": 4}]
    answer = await place(api, company, headers=api.token("customer", company), lines=wanted)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    if is_paid:
        payment = await intent(api, company, order["id"])
        paid = await process(api, company, payment["id"], "tok_visa")
        assert paid.json()["payment_status"] == "paid", paid.text
    return order


async def read(api: Api, company: Company, order_id: str, *expand: str) -> dict[str, Any]:
    """Read an order as staff."""
    answer = await api.client.get(
        f"{ORDERS}/{order_id}", params={"expand": list(expand)}, headers=api.token("company_admin", company)
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def cancel(
    api: Api, company: Company, order_id: str, lines: dict[str, int] | None = None
) -> httpx.Response:
    """Cancel an order, or units of its lines, as staff."""
    body: dict[str, Any] = {"reason": "changed my mind"}
    if lines is not None:
        body["lines"] = units_of(lines)
    return await post(api, f"{ORDERS}/{order_id}/cancel", body, api.token("shop_staff", company))


async def send(
    api: Api, company: Company, order_id: str, lines: dict[str, int] | None = None, **more: Any
) -> httpx.Response:
    """Send an order, or units of its lines, as staff."""
    body = more if lines is None else more | {"lines": units_of(lines)}
    return await post(api, f"{ORDERS}/{order_id}/shipments", body, api.token("shop_staff", company))


async def track(
    api: Api, company: Company, order_id: str, shipment_id: str, status: str, **more: Any
) -> httpx.Response:
    """Tell what became of a shipment."""
    path = f"{ORDERS}/{order_id}/shipments/{shipment_id}/events"
    return await post(api, path, {"status": status} | more, api.token("shop_staff", company))


async def delivered(api: Api, company: Company, **lines: int) -> dict[str, Any]:
    """Order, pay, send and deliver; return the order as it is then."""
    order = await ordered(api, company, **lines)
    shipments = (await send(api, company, order["id"])).json()["items"]
    for shipment in shipments:
        assert (await track(api, company, order["id"], shipment["id"], "delivered")).status_code == 201
    return await read(api, company, order["id"])


async def ask_return(
    api: Api, company: Company, order_id: str, lines: dict[str, int] | None = None
) -> httpx.Response:
    """Ask for a return as the customer."""
    body: dict[str, Any] = {"reason": "too small"}
    if lines is not None:
        body["lines"] = units_of(lines)
    return await post(api, f"{ORDERS}/{order_id}/return", body, api.token("customer", company))


async def step(
    api: Api, company: Company, return_id: str, name: str, body: Any = None, *, role: str = "shop_manager"
) -> httpx.Response:
    """Approve, reject, receive or refund a return."""
    return await post(api, f"{RETURNS}/{return_id}/{name}", body or {}, api.token(role, company))


async def receive(
    api: Api, company: Company, asked: dict[str, Any], *, written_off: int = 0, missing: int = 0
) -> httpx.Response:
    """Take in all units of a return's first line but the missing ones."""
    line = asked["lines"][0]
    units = line["quantity_units"] - written_off - missing
    body = {
        "lines": [{"return_line_id": line["id"], "restocked_units": units, "written_off_units": written_off}]
    }
    return await step(api, company, asked["id"], "receive", body, role="shop_staff")


def units_of(lines: dict[str, int]) -> list[dict[str, Any]]:
    """Write units by order line as the routes take them."""
    return [{"order_line_id": line_id, "quantity_units": units} for line_id, units in lines.items()]


def add_location(api: Api, company: Company, code: str, sku: str, *, on_hand_units: int) -> UUID:
    """Add a second location on which the shop draws, with stock of one SKU."""
    location_id = new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into locations (company_id, id, code, name) values (%s, %s, %s, %s)",
            [company.id, location_id, code, code],
        )
        owner.execute(
            "insert into shop_locations (company_id, shop_id, location_id, priority) values (%s, %s, %s, 2)",
            [company.id, company.shop_id, location_id],
        )
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " select company_id, %s, id, %s, 'opening' from variants where company_id = %s and sku = %s",
            [location_id, on_hand_units, company.id, sku],
        )
    return location_id


def priced(api: Api, company: Company, sku: str, price_amount: str, *, units: int = 100) -> str:
    """Add a variant with a price."""
    add_variant(api, company, sku, on_hand_units=units)
    with api.database.connect("owner") as owner:
        owner.execute(
            "update products set price_amount = %s where company_id = %s and sku = %s",
            [price_amount, company.id, sku],
        )
    return sku


def levels(api: Api) -> list[tuple[Any, ...]]:
    """On hand, reserved and available of every level."""
    return api.rows(
        "select on_hand_units, reserved_units, available_units from stock_levels"
        " order by location_id, variant_id"
    )


def refunds(api: Api) -> list[tuple[Any, ...]]:
    """Amount and reason of every refund that was asked for."""
    return api.rows("select amount::text, reason from payment_refunds order by created_at, id")
