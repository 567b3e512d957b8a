"""Payments in tests: the buyer's steps, the worker's round, a provider's signed webhooks."""

import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.payments.desk import PaymentDesk, open_desk
from api.payments.gateways.local import sign
from api.payments.gateways.opening import local_webhook_keys
from api.payments.jobs import see_to_payments
from core.time import utc_now
from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.orders import place

PAYMENTS = "/api/v1/payments"


async def post(
    api: Api, path: str, body: Any, headers: Mapping[str, str], *, key: str | None = None
) -> httpx.Response:
    """Send a keyed request to a payment route."""
    keyed = {"Idempotency-Key": key or str(uuid4()), **headers}
    return await api.client.post(f"{PAYMENTS}{path}", json=body, headers=keyed)


async def placed_order(api: Api, company: Company, *, quantity_units: int = 2) -> dict[str, Any]:
    """Place an order as the company's customer: two units for 20.00."""
    response = await place(
        api, company, headers=api.token("customer", company), quantity_units=quantity_units
    )
    assert response.status_code == 201, response.text
    order: dict[str, Any] = response.json()
    return order


async def intent(
    api: Api, company: Company, order_id: str, *, method: str = "credit_card", **more: Any
) -> dict[str, Any]:
    """Say that an order is to be paid."""
    body = {"order_id": order_id, "method": method, **more}
    response = await post(api, "/intent", body, api.token("customer", company))
    assert response.status_code == 201, response.text
    payment: dict[str, Any] = response.json()
    return payment


async def process(
    api: Api, company: Company, payment_id: str, token: str | None, *, key: str | None = None, **more: Any
) -> httpx.Response:
    """Pay with a token."""
    body = {"payment_id": payment_id, "token": token, **more}
    return await post(api, "/process", body, api.token("customer", company), key=key)


async def paid_order(
    api: Api, company: Company, *, token: str = "tok_visa", quantity_units: int = 2
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Place and pay an order; return the order as placed and the payment."""
    order = await placed_order(api, company, quantity_units=quantity_units)
    payment = await intent(api, company, order["id"])
    response = await process(api, company, payment["id"], token)
    assert response.status_code == 200, response.text
    assert response.json()["payment_status"] == "paid", response.text
    return order, response.json()


async def refund(
    api: Api, company: Company, payment_id: str, body: Any = None, *, key: str | None = None
) -> httpx.Response:
    """Give money back, as the company's admin."""
    headers = api.token("company_admin", company)
    return await post(api, f"/{payment_id}/refund", body or {}, headers, key=key)


def desk_of(api: Api) -> PaymentDesk:
    """Return a desk on the API's own database."""
    return open_desk(api.app.state.database, api.app.state.settings)


async def run_worker(api: Api) -> int:
    """Let the worker see to payments once."""
    return await see_to_payments(desk_of(api), clock=api.app.state.clock)


def local_event(event_type: str, payment: Mapping[str, Any], **data: Any) -> dict[str, Any]:
    """Return an event of the local gateway about a payment."""
    named = {
        "payment_id": payment["id"],
        "gateway_payment_id": f"lpay_{UUID(payment['id']).hex}",
        "amount": payment["amount"],
        "currency": payment["currency"],
    }
    return {"id": f"evt_{uuid4().hex}", "type": event_type, "data": named | data}


async def send_local(
    api: Api,
    company: Company,
    event: Mapping[str, Any],
    *,
    at: float | None = None,
    body: bytes | None = None,
    account: UUID | None = None,
) -> httpx.Response:
    """Send a signed webhook of the local gateway; ``body`` replaces what was signed."""
    signed = json.dumps(event).encode()
    key = local_webhook_keys(desk_of(api).vault, company.id)[0]
    signature = sign(signed, key, at=int(time.time() if at is None else at))
    return await api.client.post(
        f"{PAYMENTS}/webhooks/local?account={account or company.id}",
        content=body or signed,
        headers={"Local-Signature": signature},
    )


def charges(api: Api, kind: str = "charge") -> int:
    """Count what the local gateway's own books say."""
    count: int = api.scalar("select count(*) from local_gateway_entries where kind = %s", [kind])
    return count


def now_seconds() -> float:
    return utc_now().timestamp()
