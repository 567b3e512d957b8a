"""Guests in tests: what they order without an account, and what they show to see it again."""

from typing import Any

from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.lifecycle import send, track
from tests.support.orders import place
from tests.support.payments import post as pay

EMAIL = "Ada.Guest@Example.com"


async def guest_order(
    api: Api,
    company: Company,
    storefront: dict[str, str],
    *,
    email: str | None = EMAIL,
    units: int = 4,
    is_paid: bool = True,
) -> dict[str, Any]:
    """Place an order through a storefront without an account, and pay for it."""
    more = {} if email is None else {"email": email}
    placed = await place(
        api, company, headers=storefront, quantity_units=units, customer_note="ring twice", **more
    )
    assert placed.status_code == 201, placed.text
    order: dict[str, Any] = placed.json()
    if is_paid:
        body = {"order_id": order["id"], "method": "credit_card"}
        payment = (await pay(api, "/intent", body, storefront)).json()
        paid = await pay(api, "/process", {"payment_id": payment["id"], "token": "tok_visa"}, storefront)
        assert paid.json()["payment_status"] == "paid", paid.text
    return order


async def deliver(api: Api, company: Company, order_id: str) -> None:
    """Send all of an order and let it arrive."""
    for shipment in (await send(api, company, order_id)).json()["items"]:
        assert (await track(api, company, order_id, shipment["id"], "delivered")).status_code == 201


def shown(storefront: dict[str, str], email: str = EMAIL) -> dict[str, str]:
    """Return the headers of a guest who shows an address."""
    return storefront | {"X-Order-Email": email}
