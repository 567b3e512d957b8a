"""Stripe and PayPal as a local server: the answers are the providers' published examples, with our numbers.

- Stripe: docs.stripe.com/api/payment_intents/object, docs.stripe.com/api/refunds/object,
  docs.stripe.com/api/errors, docs.stripe.com/api/idempotent_requests;
- PayPal: developer.paypal.com/docs/api/orders/v2 (create, capture, authorize),
  developer.paypal.com/docs/api/payments/v2 (refund, void), developer.paypal.com/api/rest/authentication.

Like them, it does nothing twice under one idempotency key. Whatever says "timeout" is done, and its first
answer gets lost.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

INTENT = {
    "id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "object": "payment_intent",
    "amount": 2000,
    "amount_capturable": 0,
    "amount_received": 0,
    "capture_method": "automatic",
    "client_secret": "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH",
    "currency": "usd",
    "last_payment_error": None,
    "latest_charge": None,
    "livemode": False,
    "metadata": {},
    "next_action": None,
    "status": "requires_payment_method",
}
REFUND = {
    "id": "re_1Nispe2eZvKYlo2Cd31jOCgZ",
    "object": "refund",
    "amount": 1000,
    "charge": "ch_1NirD82eZvKYlo2CIvbtLWuY",
    "currency": "usd",
    "metadata": {},
    "payment_intent": "pi_1GszsK2eZvKYlo2CfhZyoZLp",
    "reason": None,
    "status": "succeeded",
}
TOKEN = {
    "access_token": "A21AAFEpH4PsADK7qSS7pSRsgzfENtu-Q1ysgEDVDESseMHBYXVJYE8ovjj68elIDy8nF26AwPhfXTIe",
    "token_type": "Bearer",
    "app_id": "APP-80W284485P519543T",
    "expires_in": 31668,
}
ORDER = {
    "id": "5O190127TN364715T",
    "status": "PAYER_ACTION_REQUIRED",
    "payment_source": {"paypal": {}},
    "links": [
        {
            "href": "https://api-m.paypal.com/v2/checkout/orders/5O190127TN364715T",
            "rel": "self",
            "method": "GET",
        },
        {
            "href": "https://www.paypal.com/checkoutnow?token=5O190127TN364715T",
            "rel": "payer-action",
            "method": "GET",
        },
    ],
}
CAPTURE_ID, AUTHORISATION_ID, REFUND_ID = "3C679366HH908993F", "0AW2184448108334S", "1JU08902781691411"
DECLINED = {
    "name": "UNPROCESSABLE_ENTITY",
    "details": [
        {
            "issue": "INSTRUMENT_DECLINED",
            "description": "The instrument presented was either declined by the processor or bank, or it"
            " can't be used for this payment.",
        }
    ],
    "message": "The requested action could not be performed, semantically incorrect, or failed business"
    " validation.",
    "debug_id": "a4ec5ee3c2e9d",
}


@dataclass
class Stub:
    """What the providers were asked, and what they did."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    intent: dict[str, Any] = field(default_factory=lambda: dict(INTENT))
    order: dict[str, Any] = field(default_factory=lambda: dict(ORDER))
    certificate: bytes = b""
    is_declined: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> int:
        """Count what was done, once per idempotency key."""
        return sum(name == what for name, _ in self.done)


@contextmanager
def run_stub() -> Iterator[Stub]:
    """Serve on a port of its own."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            is_json = "json" in (self.headers.get("Content-Type") or "")
            self._respond(json.loads(raw or "{}") if is_json else dict(parse_qsl(raw)))

        def _respond(self, body: dict[str, Any]) -> None:
            if self.path.startswith("/certs/"):
                self._write(200, stub.certificate)
                return
            key = self.headers.get("Idempotency-Key") or self.headers.get("PayPal-Request-Id") or ""
            with stub.lock:
                stub.asked.append((f"{self.command} {self.path}", key, body))
                is_new = not key or key not in stub.answers
                if is_new:
                    status, answer = _act(stub, self.command, self.path, key, body)
                    stub.answers[key] = (status, json.loads(json.dumps(answer)))
                else:
                    status, answer = stub.answers[key]
            if is_new and "timeout" in json.dumps(body):
                self.close_connection = True  # it is done, and the answer gets lost
                return
            self._write(status, json.dumps(answer).encode())

        def _write(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _act(stub: Stub, method: str, path: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if path.startswith("/v1/oauth2/token"):
        return 200, TOKEN
    if path.startswith("/v1/payment_intents"):
        return _stripe_intent(stub, method, path, key, body)
    if path.startswith("/v1/refunds"):
        stub.done.append(("refund", key))
        names = {name[9:-1]: value for name, value in body.items() if name.startswith("metadata[")}
        amount, intent_id = int(body["amount"]), body["payment_intent"]
        return 200, REFUND | {"amount": amount, "payment_intent": intent_id, "metadata": names}
    if path.endswith("/refund"):
        stub.done.append(("refund", key))
        return 201, {"id": REFUND_ID, "status": "COMPLETED", "amount": body["amount"]}
    if path.endswith("/void"):
        stub.done.append(("void", key))
        return 204, {}
    if "/authorizations/" in path and path.endswith("/capture"):
        stub.done.append(("capture", key))
        return 201, {"id": CAPTURE_ID, "status": "COMPLETED", "amount": body["amount"], "final_capture": True}
    return _paypal_order(stub, method, path, key, body)


def _stripe_intent(
    stub: Stub, method: str, path: str, key: str, body: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    intent, step = stub.intent, path.rsplit("/", 1)[1]
    if method == "GET":
        return 200, intent
    if step == "capture":
        stub.done.append(("capture", key))
        count = int(body["amount_to_capture"])
        intent |= {"status": "succeeded", "amount_received": count, "amount_capturable": 0}
        return 200, intent
    if step == "cancel":
        stub.done.append(("void", key))
        intent |= {"status": "canceled"}
        return 200, intent
    if step == "payment_intents":
        names = {name[9:-1]: value for name, value in body.items() if name.startswith("metadata[")}
        intent |= {
            "amount": int(body["amount"]),
            "currency": body["currency"],
            "capture_method": body["capture_method"],
            "metadata": names,
        }
    token = body.get("payment_method")
    if token is None:
        return 200, intent
    if token == "pm_card_chargeDeclined":
        error = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "generic_decline",
            "message": "Your card was declined.",
        }
        intent |= {"last_payment_error": error}
        return 402, {"error": error | {"payment_intent": intent}}
    if token == "pm_card_authenticationRequired":
        step_at_bank = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/3d"}}
        intent |= {"status": "requires_action", "next_action": step_at_bank}
        return 200, intent
    stub.done.append(("charge", key))
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
    else:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    intent |= {"latest_charge": "ch_1NirD82eZvKYlo2CIvbtLWuY", "next_action": None}
    return 200, intent


def _paypal_order(
    stub: Stub, method: str, path: str, key: str, body: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    order = stub.order
    if method == "GET":
        return 200, order
    if path == "/v2/checkout/orders":
        order |= {"intent": body["intent"], "purchase_units": body["purchase_units"]}
        return 201, order
    if stub.is_declined:
        return 422, DECLINED
    if order["status"] == "PAYER_ACTION_REQUIRED":
        return 422, DECLINED | {"details": [{"issue": "ORDER_NOT_APPROVED", "description": "Payer has not"}]}
    stub.done.append(("charge", key))
    [unit] = order["purchase_units"]
    dealt = (
        {"captures": [{"id": CAPTURE_ID, "status": "COMPLETED", "amount": unit["amount"]}]}
        if path.endswith("/capture")
        else {"authorizations": [{"id": AUTHORISATION_ID, "status": "CREATED", "amount": unit["amount"]}]}
    )
    order |= {"status": "COMPLETED", "purchase_units": [unit | {"payments": dealt}]}
    return 201, order
