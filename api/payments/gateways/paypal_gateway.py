"""PayPal, by its server SDK: one Orders v2 order per payment.

Sources: developer.paypal.com/docs/api/orders/v2, developer.paypal.com/docs/api/payments/v2,
developer.paypal.com/api/rest/reference/idempotency, developer.paypal.com/api/rest/webhooks/rest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import requests
from paypalserversdk.configuration import Environment
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from api.payments.gateways.contract import (
    CALL_TIMEOUT_SECONDS,
    AnswerLost,
    CardDetails,
    EventKind,
    GatewayOutcome,
    GatewayRequest,
    KeptMethod,
    NotBelieved,
    OutcomeStatus,
    WebhookEvent,
)
from api.payments.gateways.paypal_signature import believe
from core.money import currency_digits

# PayPal takes no decimals of these either (developer.paypal.com/api/rest/reference/currency-codes).
_WHOLE_AT_PAYPAL = frozenset({"HUF", "JPY", "TWD"})
_EVENT_KINDS: Mapping[str, EventKind] = {
    "CHECKOUT.ORDER.APPROVED": "approved",
    "PAYMENT.AUTHORIZATION.CREATED": "authorised",
    "PAYMENT.AUTHORIZATION.VOIDED": "voided",
    "PAYMENT.CAPTURE.COMPLETED": "captured",
    "PAYMENT.CAPTURE.DENIED": "failed",
    "PAYMENT.CAPTURE.DECLINED": "failed",
    "PAYMENT.CAPTURE.REFUNDED": "refunded",
    "PAYMENT.REFUND.FAILED": "refund_failed",
}
_REFUND_STATUSES: Mapping[str, OutcomeStatus] = {
    "COMPLETED": "refunded",
    "FAILED": "failed",
    "CANCELLED": "failed",
}


@dataclass(frozen=True)
class PayPalCredentials:
    """What a company gets from PayPal's developer dashboard."""

    client_id: str
    client_secret: str
    webhook_id: str


class PayPalGateway:
    """PayPal with one company's application."""

    def __init__(
        self, credentials: PayPalCredentials, *, is_live: bool, session: requests.Session | None = None
    ) -> None:
        self._webhook_id = credentials.webhook_id
        self._session = session or requests.Session()
        self._client = PaypalServersdkClient(
            client_credentials_auth_credentials=ClientCredentialsAuthCredentials(
                o_auth_client_id=credentials.client_id, o_auth_client_secret=credentials.client_secret
            ),
            environment=Environment.PRODUCTION if is_live else Environment.SANDBOX,
            http_client_instance=self._session,
            timeout=CALL_TIMEOUT_SECONDS,
            max_retries=0,
            override_http_client_configuration=False,
        )

    async def authorise(self, request: GatewayRequest) -> GatewayOutcome:
        """Make the order; the buyer approves it at PayPal, unless a vaulted token stands for that."""
        wallet: dict[str, Any] = {}
        if request.token is not None:
            wallet["vault_id"] = request.token
        if request.return_url is not None:
            wallet["experience_context"] = {
                "return_url": request.return_url,
                "cancel_url": request.return_url,
                "user_action": "PAY_NOW",
            }
        body = {
            "intent": "CAPTURE" if request.is_captured_at_once else "AUTHORIZE",
            "purchase_units": [
                {
                    "reference_id": str(request.payment_id),
                    "custom_id": str(request.payment_id),
                    "invoice_id": f"{request.transaction_number}-{request.key[:8]}",
                    "amount": _money(request.amount, request.currency),
                }
            ],
            "payment_source": {"paypal": wallet},
        }
        options = {"body": body, "paypal_request_id": request.key, "prefer": "return=representation"}
        return await self._order(lambda: self._client.orders.create_order(options))

    async def confirm(self, request: GatewayRequest) -> GatewayOutcome:
        """Capture or authorise the order that the buyer approved."""
        options = {
            "id": request.gateway_payment_id,
            "paypal_request_id": request.key,
            "prefer": "return=representation",
        }
        orders = self._client.orders
        call = orders.capture_order if request.is_captured_at_once else orders.authorize_order
        outcome = await self._order(lambda: call(options))
        if outcome.failure_code in ("ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_AUTHORIZED"):
            return await self._order(lambda: orders.get_order({"id": request.gateway_payment_id}))
        return outcome

    async def capture(self, request: GatewayRequest) -> GatewayOutcome:
        """Capture the authorisation; what is left over is released."""
        options = {
            "authorization_id": request.gateway_authorisation_id,
            "paypal_request_id": request.key,
            "prefer": "return=representation",
            "body": {"amount": _money(request.amount, request.currency), "final_capture": True},
        }
        answer = await _ask(lambda: self._client.payments.capture_authorized_payment(options))
        return answer if isinstance(answer, GatewayOutcome) else _capture_outcome(answer)

    async def void(self, request: GatewayRequest) -> GatewayOutcome:
        """Void the authorisation; an order that nobody approved lapses by itself."""
        if request.gateway_authorisation_id is None:
            return GatewayOutcome("voided")
        options = {
            "authorization_id": request.gateway_authorisation_id,
            "paypal_request_id": request.key,
        }
        answer = await _ask(lambda: self._client.payments.void_payment(options))
        return answer if isinstance(answer, GatewayOutcome) else GatewayOutcome("voided", answer=answer)

    async def refund(self, request: GatewayRequest) -> GatewayOutcome:
        """Refund the capture in part or whole."""
        options = {
            "capture_id": request.gateway_capture_id,
            "paypal_request_id": request.key,
            "prefer": "return=representation",
            "body": {
                "amount": _money(request.amount, request.currency),
                "custom_id": str(request.refund_id),
            },
        }
        answer = await _ask(lambda: self._client.payments.refund_captured_payment(options))
        if isinstance(answer, GatewayOutcome):
            return answer
        return GatewayOutcome(
            _REFUND_STATUSES.get(str(answer.get("status")), "pending"),
            amount=_amount(answer),
            gateway_refund_id=str(answer["id"]),
            failure_reason=_reason(answer),
            answer=_brief(answer),
        )

    async def keep(self, request: GatewayRequest) -> KeptMethod:
        """Turn an approved setup token into a payment token."""
        body = {"payment_source": {"token": {"id": request.token, "type": "SETUP_TOKEN"}}}
        options = {"paypal_request_id": request.key, "body": body}
        answer = await _ask(lambda: self._client.vault.create_payment_token(options))
        if isinstance(answer, GatewayOutcome):
            raise AnswerLost
        customer = answer.get("customer") or {}
        source = answer.get("payment_source") or {}
        return KeptMethod(str(answer["id"]), customer.get("id"), _card(source) or CardDetails(brand="paypal"))

    async def believe(self, body: bytes, headers: Mapping[str, str], *, now: float) -> WebhookEvent:
        """Check PayPal's RSA signature, then read."""
        await asyncio.to_thread(
            believe, body, headers, webhook_id=self._webhook_id, session=self._session, now=now
        )
        try:
            return self.read(json.loads(body))
        except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError):
            raise NotBelieved from None

    def read(self, content: Mapping[str, Any]) -> WebhookEvent:
        """Read an event; its resource is an order, an authorisation, a capture or a refund."""
        event_type, resource = str(content["event_type"]), content["resource"]
        kind = _EVENT_KINDS.get(event_type)
        if kind is None:
            return WebhookEvent(str(content["id"]), event_type)
        related = (resource.get("supplementary_data") or {}).get("related_ids") or {}
        is_refund, is_order = kind in ("refunded", "refund_failed"), kind == "approved"
        resource_id, order_id = str(resource["id"]), related.get("order_id")
        capture_id = _up(resource, "captures") if is_refund else None
        custom_id = resource.get("custom_id") or _first(resource.get("purchase_units")).get("custom_id")
        amount = resource.get("amount") or {}
        return WebhookEvent(
            id=str(content["id"]),
            type=event_type,
            kind=kind,
            payment_id=None if is_refund else _uuid(custom_id),
            refund_id=_uuid(custom_id) if is_refund else None,
            references=tuple(str(one) for one in (order_id, capture_id, resource_id) if one),
            gateway_payment_id=resource_id if is_order else order_id,
            gateway_authorisation_id=resource_id if "AUTHORIZATION" in event_type else None,
            gateway_capture_id=resource_id if ".CAPTURE." in event_type and not is_refund else capture_id,
            gateway_refund_id=resource_id if is_refund else None,
            amount=None if not amount else Decimal(str(amount["value"])),
            currency=amount.get("currency_code"),
            failure_reason=_reason(resource),
        )

    async def _order(self, call: Callable[[], Any]) -> GatewayOutcome:
        answer = await _ask(call)
        return answer if isinstance(answer, GatewayOutcome) else _order_outcome(answer)


async def _ask(call: Callable[[], Any]) -> dict[str, Any] | GatewayOutcome:
    """Call the SDK beside the event loop; return PayPal's answer, or its refusal as an outcome."""
    try:
        answer = await asyncio.to_thread(call)
    except requests.RequestException as error:
        raise AnswerLost from error
    except ApiException as error:
        return _refusal(error)
    text = getattr(answer, "text", None)
    content: dict[str, Any] = json.loads(text) if text else {}
    return content


def _refusal(error: ApiException) -> GatewayOutcome:
    """Read an error document (developer.paypal.com/api/rest/responses)."""
    if error.response_code >= 500 or error.response_code in (401, 408, 409, 429):
        raise AnswerLost from error
    try:
        content = json.loads(error.response.text or "{}")
    except ValueError:
        raise AnswerLost from error
    detail = _first(content.get("details"))
    code = detail.get("issue") or content.get("name")
    if code == "ORDER_NOT_APPROVED":
        return GatewayOutcome("action_required", failure_code=code, answer={"name": content.get("name")})
    return GatewayOutcome(
        "failed",
        failure_code=code,
        failure_reason=detail.get("description") or content.get("message"),
        answer={"name": content.get("name"), "debug_id": content.get("debug_id")},
    )


def _order_outcome(order: Mapping[str, Any]) -> GatewayOutcome:
    dealt = _first(order.get("purchase_units")).get("payments") or {}
    capture, authorisation = _first(dealt.get("captures")), _first(dealt.get("authorizations"))
    card = _card(order.get("payment_source") or {})
    if capture:
        outcome = _capture_outcome(capture)
    elif authorisation:
        is_good = authorisation.get("status") in ("CREATED", "PENDING")
        outcome = GatewayOutcome("authorised" if is_good else "failed", amount=_amount(authorisation))
    else:
        outcome = GatewayOutcome("action_required", action=_approval(order))
    return GatewayOutcome(
        outcome.status,
        amount=outcome.amount,
        gateway_payment_id=order.get("id"),
        gateway_authorisation_id=authorisation.get("id"),
        gateway_capture_id=capture.get("id"),
        failure_code=outcome.failure_code,
        failure_reason=outcome.failure_reason,
        action=outcome.action,
        card=card,
        answer=_brief(order),
    )


def _capture_outcome(capture: Mapping[str, Any]) -> GatewayOutcome:
    statuses: Mapping[str, OutcomeStatus] = {"COMPLETED": "captured", "PENDING": "pending"}
    status = statuses.get(str(capture.get("status")), "failed")
    return GatewayOutcome(
        status,
        amount=_amount(capture),
        gateway_capture_id=capture.get("id"),
        failure_code=str(capture.get("status")) if status == "failed" else None,
        failure_reason=_reason(capture),
        answer=_brief(capture),
    )


def _approval(order: Mapping[str, Any]) -> Mapping[str, Any]:
    links = {link.get("rel"): link.get("href") for link in order.get("links") or ()}
    return {"type": "redirect", "url": links.get("payer-action") or links.get("approve")}


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    digits = 0 if currency in _WHOLE_AT_PAYPAL else currency_digits(currency)
    return {"currency_code": currency, "value": f"{amount:.{digits}f}"}


def _amount(thing: Mapping[str, Any]) -> Decimal | None:
    value = (thing.get("amount") or {}).get("value")
    return None if value is None else Decimal(str(value))


def _brief(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {name: thing.get(name) for name in ("id", "status", "intent") if thing.get(name) is not None}


def _reason(thing: Mapping[str, Any]) -> str | None:
    reason = (thing.get("status_details") or {}).get("reason")
    return None if reason is None else str(reason)


def _card(source: Mapping[str, Any]) -> CardDetails | None:
    card = source.get("card")
    if card:
        return CardDetails(card.get("brand"), card.get("last_digits"), holder_name=card.get("name"))
    return CardDetails(brand="paypal") if source.get("paypal") else None


def _up(resource: Mapping[str, Any], what: str) -> str | None:
    for link in resource.get("links") or ():
        if link.get("rel") == "up" and f"/{what}/" in str(link.get("href")):
            return str(link["href"]).rsplit("/", 1)[1]
    return None


def _first(things: Any) -> Mapping[str, Any]:
    return things[0] if isinstance(things, list) and things else {}


def _uuid(text: Any) -> UUID | None:
    try:
        return None if text is None else UUID(str(text))
    except ValueError:
        return None
