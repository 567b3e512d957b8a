"""The API is killed between the provider's charge and its record: the buyer's retry charges nothing twice."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.api_processes import run_api
from tests.support.orders import order_body

pytestmark = pytest.mark.slow


def test_a_charge_whose_record_was_killed_is_found_again_and_made_once() -> None:
    with run_api(failpoint="payment_called") as api:
        company = api.add_company(on_hand_units=5)

        def send(path: str, body: Any, key: str) -> httpx.Response:
            headers = {"Idempotency-Key": key, **api.token(company)}
            return httpx.post(f"{api.url}/api/v1{path}", json=body, headers=headers, timeout=30)

        order = send("/orders", order_body(company), str(uuid4())).json()
        intent = {"order_id": order["id"], "method": "credit_card"}
        payment = send("/payments/intent", intent, str(uuid4())).json()
        body, key = {"payment_id": payment["id"], "token": "tok_visa"}, str(uuid4())
        with pytest.raises(httpx.TransportError):
            send("/payments/process", body, key)
        assert api.scalar("select count(*) from local_gateway_entries") == 1
        assert api.scalar("select captured_amount from payments") == 0
        api.restart_with(failpoint=None)
        with api.owner() as owner:
            owner.execute("update payment_operations set claimed_until = now()")  # a minute passes
        again = send("/payments/process", body, key)
        assert (again.status_code, again.json()["payment_status"]) == (200, "paid"), again.text
        assert api.scalar("select count(*) from local_gateway_entries") == 1
        assert api.scalar("select count(*) from payment_operations where status = 'succeeded'") == 1
        assert api.scalar("select status from orders") == "confirmed"
